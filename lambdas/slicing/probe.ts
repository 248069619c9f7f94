/** First step: claim the video, find out what the source is, refuse it or plan its slicing. */
import type { Context } from 'aws-lambda';
import { costOptions } from '../../lib/contract/cost.ts';
import { json, required } from '../../lib/contract/env.ts';
import { parseUploadKey } from '../../lib/contract/keys.ts';
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import {
  probeResult,
  probeTask,
  slicingOptions,
  type ProbeResult,
  type SlicingOptions,
} from '../../lib/contract/slicing.ts';
import { hasPicture, type SourceInfo } from '../../lib/contract/source.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { logger } from '../shared/logger.ts';
import { announce, changeVideo, readVideo } from '../shared/videos.ts';
import { accept, removeStray } from './accept.ts';
import { afford, architecture } from './budget.ts';
import { begin } from './begin.ts';
import { claim } from './claim.ts';
import { chooseEngine } from './engine.ts';
import { refuse } from './failing.ts';
import { checkBytes, fits } from './facts.ts';
import { lookAt } from './look.ts';
import { planLadder } from './ladder-run.ts';
import { startMeter } from './meter.ts';
import { headObject, type ObjectRef } from './objects.ts';
import { holdPlace, leavePlace } from './place.ts';
import { planSlicing } from './plan.ts';
import { Refusal } from './refusal.ts';
import { withIndex } from './remux.ts';
import { worthRemuxing } from './remuxer.ts';
import type { SegmentTable } from './segment-table.ts';
import { atATime } from './share.ts';
import { storeRun, storeTable } from './store-table.ts';
import { step } from './transient.ts';
import { Stopped } from './watch.ts';

/** Kept of the Lambda's time for marking the video when inspection takes all of the rest. */
const RESERVE_MS = 10_000;

export const handler = step(async (input: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => {
  const used = startMeter();
  const { execution, event } = probeTask.parse(input);
  const { bucket, object } = event.detail;
  const upload = parseUploadKey(object.key);
  if (upload === undefined || bucket.name !== required('SOURCE_BUCKET')) return ignored('not an upload of ours');
  const { videoId, form } = upload;
  if (event.ladder) {
    return planLadder({ videoId, execution, used, timeoutMs: context.getRemainingTimeInMillis() - RESERVE_MS });
  }
  const arrived: ObjectRef = { bucket: bucket.name, key: object.key };
  const head = await headObject(arrived);
  // What a form posted is gone once it was accepted: then only a retry goes on.
  if (!head && !form) return ignored('the object is gone');
  const claimed = await claim(videoId, execution, head?.size);
  if (claimed.kind !== 'mine') {
    const known = claimed.kind === 'duplicate';
    if (head) await removeStray(videoId, arrived, form, known);
    return known ? result({ outcome: 'duplicate', videoId }) : ignored('there is no such video');
  }
  const { record, revision } = claimed;
  if (record.status === 'failed') return result({ outcome: 'refused', videoId, ...record.failure! });
  const pinned = await accept(videoId, { ...arrived, etag: head?.etag }, { form, there: head !== undefined });
  if (!pinned) return ignored('the object is gone');
  try {
    // Claimed first: a record that waits for its turn no longer expires, and its upload's place is free.
    await holdPlace(videoId);
    const options = json('SLICING_OPTIONS', slicingOptions);
    const { info, table } = await lookAt(pinned, pinned.size, options, context.getRemainingTimeInMillis() - RESERVE_MS);
    if (!(await markProbed(record, execution, info))) {
      await leavePlace(videoId);
      return ignored('the video was deleted');
    }
    const { bucket: from, key, etag } = pinned;
    const source = { bucket: from, key, ...(etag !== undefined && { etag }), info };
    const of = { videoId, revision, execution, source };
    const asItIs = { ...planSlicing(of, options, table), table };
    const own =
      !table && costs().engine !== 'mediaconvert' && worthRemuxing(info, options)
        ? await remuxed(asItIs, options, context.getRemainingTimeInMillis() - RESERVE_MS)
        : asItIs;
    // MediaConvert makes all of a video at once.
    const laid = byEngine(own, planSlicing(of, { ...options, ladderWhen: 'upload' }), options);
    const plan = await afford(laid.plan, laid.chunks);
    const run = { plan: { ...plan, used: used() }, chunks: laid.chunks };
    if (laid.table) {
      await storeRun(run);
      await begin(run, laid.table);
      await storeTable(run, laid.table);
    }
    return result({ outcome: 'planned', ...run, ...(await atATime(videoId)) });
  } catch (error) {
    if (error instanceof Stopped) {
      await leavePlace(videoId);
      return ignored('the video was deleted');
    }
    if (!(error instanceof Refusal)) throw error;
    const failure = { code: error.code, reason: error.reason };
    logger.info('source refused', { videoId, ...failure });
    await refuse(videoId, execution, failure, pinned);
    await leavePlace(videoId);
    return result({ outcome: 'refused', videoId, ...failure });
  }
});

const result = (value: ProbeResult): ProbeResult => probeResult.parse(value);

function ignored(reason: string): ProbeResult {
  logger.warn('source ignored', { reason });
  return { outcome: 'ignored', reason };
}

interface Laid {
  readonly plan: Plan;
  readonly chunks: Chunk[];
  readonly table: SegmentTable | undefined;
}

/** What the right engine for it works by: our own functions, or MediaConvert, which knows no segment table. */
function byEngine(own: Laid, whole: Pick<Laid, 'plan' | 'chunks'>, options: SlicingOptions): Laid {
  const theirs: Laid = { ...whole, plan: { ...whole.plan, engine: 'mediaconvert' }, table: undefined };
  const { bytes } = own.plan.source.info;
  const [ours, other] = [own, theirs].map(({ plan, chunks }) => ({ ...plan, chunks }));
  const choice = { own: ours!, theirs: other!, fits: fits(bytes, options) };
  if (chooseEngine(choice, costs(), architecture) === 'mediaconvert') return theirs;
  if (own.plan.timescale === null) checkBytes(bytes, options);
  return own;
}

const costs = () => json('SLICING_COST', costOptions);

/** The plan by the table that remuxing gives it, or as it is, where it fits one function. */
async function remuxed(asItIs: Laid, options: SlicingOptions, timeoutMs: number): Promise<Laid> {
  const { videoId, revision, execution, source } = asItIs.plan;
  const made = await withIndex(asItIs, options, timeoutMs);
  if (!made) return asItIs;
  const { table, remuxed: file } = made;
  const counted = { ...source, info: { ...source.info, duration: table.seconds } };
  return { ...planSlicing({ videoId, revision, execution, source: counted, remuxed: file }, options, table), table };
}

/** False when the video is no longer this run's. A retried step finds its own mark. */
async function markProbed({ id }: VideoRecord, execution: string, info: SourceInfo): Promise<boolean> {
  const { duration, video } = info;
  const { segmentType } = json('SLICING_OPTIONS', slicingOptions);
  const set = {
    duration,
    ...(hasPicture(info) && { width: video.width, height: video.height }),
    segmentType,
    progress: 0,
  };
  const changed = await changeVideo(id, { set, status: 'probed' }, { from: ['uploaded'], execution });
  const record = changed ?? (await readVideo(id));
  if (record?.status !== 'probed' || record.slicing?.execution !== execution) return false;
  await announce(record, 'probed');
  return true;
}
