/** Which run has a source: decided by one conditional write on the video's record. */
import type { VideoRecord } from '../../lib/contract/video.ts';
import { freeSlot } from '../shared/slots.ts';
import { announce, changeVideo, readVideo } from '../shared/videos.ts';

export type Claim =
  | { readonly kind: 'mine'; readonly record: VideoRecord; readonly revision: number }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'missing' };

/** What a record allows this run to do. Pure. */
export function decide(
  record: VideoRecord | undefined,
  execution: string,
): 'claim' | 'continue' | 'duplicate' | 'missing' {
  if (!record || record.status === 'deleted') return 'missing';
  // The same run again: Step Functions retried the step.
  if (record.slicing?.execution === execution) return 'continue';
  if (record.slicing) return 'duplicate';
  return record.status === 'uploading' || record.status === 'uploaded' ? 'claim' : 'duplicate';
}

/**
 * Claims the video for this run, once; a retry of the run finds it claimed and goes on. `bytes`: size of the source;
 * undefined when it is not there, so that only a retry can go on.
 */
export async function claim(videoId: string, execution: string, bytes: number | undefined): Promise<Claim> {
  const found = await readVideo(videoId);
  const decision = decide(found, execution);
  if (decision === 'missing' || decision === 'duplicate') return { kind: decision };
  if (decision === 'claim' && bytes === undefined) return { kind: 'missing' };
  const record = decision === 'continue' ? found! : await take(found!, execution, bytes!);
  if (!record) return { kind: 'duplicate' };
  await freeSlot(record);
  if (record.status === 'uploaded') await announce(record, 'uploaded');
  return { kind: 'mine', record, revision: record.slicing!.revision };
}

async function take(found: VideoRecord, execution: string, bytes: number): Promise<VideoRecord | undefined> {
  const taken = await changeVideo(
    found.id,
    {
      set: {
        slicing: { execution, revision: found.revision + 1 },
        bytes: { ...found.bytes, source: bytes },
        progress: 0,
      },
      remove: ['expiresAt'],
      // The upload may have said so already; then its time stays.
      ...(found.status === 'uploading' && { status: 'uploaded' as const }),
    },
    { from: [found.status], execution, orUnclaimed: true },
  );
  if (taken) return taken;
  // Lost to another run, or the upload's own step came in between: then the second look decides.
  const now = await readVideo(found.id);
  if (now && now.status !== found.status && decide(now, execution) === 'claim') return take(now, execution, bytes);
  return undefined;
}
