/** A video record for tests; every field can be changed. */
import { newRecord } from '../../../lambdas/upload/draft.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';

export function aRecord(changes: Partial<VideoRecord> = {}): VideoRecord {
  const { expiresAt: _, ...record } = newRecord({
    id: 'a'.repeat(20),
    owner: 'olga',
    draft: {
      title: 'Our day',
      description: '',
      tags: [],
      visibility: 'private',
      filename: 'day.mp4',
      type: 'video/mp4',
    },
    upload: { kind: 'form', slot: 0 },
    now: Date.parse('2026-01-02T03:04:05Z'),
    expireSeconds: 60,
  });
  return { ...record, status: 'ready', progress: 100, ...changes };
}

/** `n` as a video id. */
export const idOf = (n: number): string => String(n).padStart(20, 'v');
