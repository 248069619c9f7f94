/** What decides about a video for who asks, read for just this question. */
import { required } from '../../lib/contract/env.ts';
import { evidenceOf } from '../shared/evidence.ts';
import { fromOf } from '../shared/from.ts';
import { readVideo } from '../shared/videos.ts';
import type { Viewer } from '../shared/viewer.ts';
import type { Asked } from './access.ts';

/** `headers` where it matters where from: who changes a video does so from anywhere. */
export async function ask(id: string, viewer: Viewer, headers: Parameters<typeof fromOf>[0] = {}): Promise<Asked> {
  const record = await readVideo(id);
  const from = fromOf(headers, required('PUBLIC_URL'));
  return { viewer, record, from, ...(await evidenceOf(record, viewer, from)), now: Math.floor(Date.now() / 1000) };
}
