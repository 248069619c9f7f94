/** First step: claim the video, find out what the source is, refuse it or plan its slicing. */
import type { Context } from 'aws-lambda';
import { encryptionOf, type Encryption } from '../../lib/contract/encryption.ts';
import { json, required } from '../../lib/contract/env.ts';
import { parseUploadKey } from '../../lib/contract/keys.ts';
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
import { announce, changeVideo, readVideo, type Change } from '../shared/videos.ts';
import { accept, removeStray } from './accept.ts';
import { afford, architecture } from './budget.ts';
import { begin } from './begin.ts';
import { claim } from './claim.ts';
import { refuse } from './failing.ts';
import type { Inspected } from './inspect.ts';
import { lookAt } from './look.ts';
import { planLadder } from './ladder-run.ts';
import { withTexts } from './mediaconvert/texts.ts';
import { startMeter } from './meter.ts';
import { headObject, type ObjectRef } from './objects.ts';
import { holdPlace, leavePlace } from './place.ts';
import { planSlicing } from './plan.ts';
import { Refusal } from './refusal.ts';
import { byEngine, costs, withFoundIndex, type Laid } from './laying.ts';
import { isIndexedInPlace, worthRemuxing } from './remux-args.ts';
import { atATime } from './share.ts';
import { storeRun, storeTable } from './store-table.ts';
import { stretchesOf } from './stretches-of.ts';
import { step } from './transient.ts';
import { Stopped } from './watch.ts';

/** Kept of the Lambda's time for marking the video when inspection takes all of the rest. */
const RESERVE_MS = 10_000;

export const handler = step(async (input: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => {
  const used = startMeter();
  const { execution, event, before } = probeTask.parse(input);
  const stretches = before?.stretches;
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
    const leftMs = () => context.getRemainingTimeInMillis() - RESERVE_MS;
    const { options, encryption } = optionsFor(record);
    // What is encrypted our own functions make, whatever the engine, but for what a DRM provider has the keys of.
    const isOurs = encryption !== undefined && encryption.scheme !== 'drm';
    const remuxes = costs().engine !== 'mediaconvert' || isOurs;
    const looked = await lookAt(pinned, pinned.size, options, leftMs(), { anySize: true, remuxes });
    if (!(await markProbed(record, execution, looked, { options, encryption }))) {
      await leavePlace(videoId);
      return ignored('the video was deleted');
    }
    const { bucket: from, key, etag } = pinned;
    const of = (info: SourceInfo) => ({
      videoId,
      revision,
      execution,
      source: { bucket: from, key, ...(etag !== undefined && { etag }), info },
      ...(encryption && { encryption }),
    });
    const asItIs = ({ info, table }: Inspected) => ({ ...planSlicing(of(info), options, table), table });
    let own: Laid | undefined;
    if (remuxes && !looked.table && (looked.unmeasured || worthRemuxing(looked.info, options))) {
      const toRead = stretches === undefined && isIndexedInPlace(looked.info) ? stretchesOf(pinned.size) : [];
      if (toRead.length > 0)
        return result({ outcome: 'stretches', stretches: toRead, videoId, revision, source: of(looked.info).source });
      const unmeasured = looked.unmeasured === true;
      own = await withFoundIndex(asItIs(looked), {
        options,
        timeoutMs: leftMs(),
        unmeasured,
        stretches: stretches?.length ?? 0,
      });
    }
    // What was left to remuxing, which cannot be, is measured after all.
    own ??= asItIs(
      looked.unmeasured ? await lookAt(pinned, pinned.size, options, leftMs(), { anySize: true }) : looked,
    );
    // MediaConvert makes all of a video at once.
    const whole = planSlicing(of(own.plan.source.info), { ...options, ladderWhen: 'upload' });
    const laid = byEngine(own, whole, { options, machine: costs(), architecture });
    const afforded = await afford(laid.plan, laid.chunks);
    const { plan, chunks } = await withTexts({ ...laid, plan: afforded }, own);
    const run = { plan: { ...plan, used: used() }, chunks };
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

interface ByWhich {
  readonly options: SlicingOptions;
  readonly encryption: Encryption | undefined;
}

/** By which a video is sliced: as the deployment says, and as was asked for it. */
function optionsFor(record: VideoRecord): ByWhich {
  const options = json('SLICING_OPTIONS', slicingOptions);
  const encryption = encryptionOf(record, options);
  // Samples are encrypted in fMP4 only.
  const isOfSamples = encryption !== undefined && encryption.scheme !== 'aes-128';
  return { options: isOfSamples ? { ...options, segmentType: 'fmp4' } : options, encryption };
}

/** False when the video is no longer this run's. A retried step finds its own mark. */
async function markProbed(
  { id }: VideoRecord,
  execution: string,
  { info, unmeasured }: Inspected,
  { options: { segmentType }, encryption }: ByWhich,
): Promise<boolean> {
  const { duration, video } = info;
  const set: NonNullable<Change['set']> = {
    duration: unmeasured ? null : duration,
    ...(hasPicture(info) && { width: video.width, height: video.height }),
    segmentType,
    // From here on it says all of it, whatever becomes of the options.
    encryption: encryption?.scheme ?? 'none',
    ...(encryption?.scheme === 'aes-128' && { keySegments: encryption.keySegments }),
    progress: 0,
  };
  const changed = await changeVideo(id, { set, status: 'probed' }, { from: ['uploaded'], execution });
  const record = changed ?? (await readVideo(id));
  if (record?.status !== 'probed' || record.slicing?.execution !== execution) return false;
  await announce(record, 'probed');
  return true;
}
