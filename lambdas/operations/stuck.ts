/** Videos that are being worked on and make no progress: what is worked on says so in its record, every few seconds. */
import { RUN_DAYS } from '../../lib/contract/slicing.ts';
import type { VideoStatus } from '../../lib/contract/video.ts';
import { videosIn } from './in-state.ts';

/** In these a video waits for slicing. One that is being uploaded waits for a person; what is pulled has its own queue. */
const WAITING: readonly VideoStatus[] = ['uploaded', 'probed', 'playable'];

export interface Stuck {
  readonly id: string;
  readonly status: VideoStatus;
  /** When its record last changed, ISO 8601. */
  readonly since: string;
}

/**
 * Those whose record has not changed for `minutes`, the newest video first. `now` is epoch ms. Looks back as far as a run may
 * last: no run is about what is older.
 */
export async function stuckVideos(now: number, minutes: number): Promise<Stuck[]> {
  const iso = (ago: number) => new Date(now - ago).toISOString();
  const waiting = await videosIn(WAITING, iso(RUN_DAYS * 86_400_000));
  const before = iso(minutes * 60_000);
  return waiting
    .map(({ id, status, updatedAt }) => ({
      id: String(id),
      status: status as VideoStatus,
      since: String(updatedAt),
    }))
    .filter(({ since }) => since < before);
}
