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
  return { kind: 'mine', record, revision: record.slicing!.revision };
}

async function take(found: VideoRecord, execution: string, bytes: number): Promise<VideoRecord | undefined> {
  // The upload may have said so already; then its time stays.
  const arrived =
    found.status === 'uploaded'
      ? found
      : await changeVideo(
          found.id,
          { status: 'uploaded', set: { bytes: { ...found.bytes, source: bytes } } },
          { from: [found.status] },
        );
  // The upload's own step came in between, or another run: then the second look decides.
  if (!arrived) {
    const now = await readVideo(found.id);
    return now && now.status !== found.status && decide(now, execution) === 'claim'
      ? await take(now, execution, bytes)
      : undefined;
  }
  // Before the claim: a run that broke off in between does it again, and one that has its claim, and may ask for a place
  // thousands of times, does not.
  await freeSlot(arrived);
  await announce(arrived, 'uploaded');
  const slicing = { execution, revision: arrived.revision + 1 };
  return await changeVideo(
    arrived.id,
    { set: { slicing, bytes: { ...arrived.bytes, source: bytes }, progress: 0 }, remove: ['expiresAt', 'chunksDone'] },
    { from: ['uploaded'], execution, orUnclaimed: true },
  );
}
