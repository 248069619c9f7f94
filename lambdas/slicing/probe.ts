/** First step: claim the video, find out what the source is, refuse it or plan its slicing. */
import type { Context } from 'aws-lambda';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, required } from '../../lib/contract/env.ts';
import { chunkTableKey, parseUploadKey, runKey } from '../../lib/contract/keys.ts';
import {
  assembleTask,
  chunkTable,
  copyTable,
  probeResult,
  probeTask,
  slicingOptions,
  type AssembleTask,
  type ProbeResult,
  type SourceInfo,
} from '../../lib/contract/slicing.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { logger } from '../shared/logger.ts';
import { announce, changeVideo, readVideo } from '../shared/videos.ts';
import { accept, removeStray } from './accept.ts';
import { afford } from './budget.ts';
import { claim } from './claim.ts';
import { refuse } from './failing.ts';
import { inspect, type Inspected } from './inspect.ts';
import { startMeter } from './meter.ts';
import { download, headObject, objectSource, putObject, type ObjectRef } from './objects.ts';
import { holdPlace, leavePlace } from './place.ts';
import { planSlicing } from './plan.ts';
import { Refusal } from './refusal.ts';
import type { SegmentTable } from './segment-table.ts';
import { step } from './transient.ts';

/** Kept of the Lambda's time for marking the video when inspection takes all of the rest. */
const RESERVE_MS = 10_000;

export const handler = step(async (input: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => {
  const used = startMeter();
  const { execution, event } = probeTask.parse(input);
  const { bucket, object } = event.detail;
  const upload = parseUploadKey(object.key);
  if (upload === undefined || bucket.name !== required('SOURCE_BUCKET')) return ignored('not an upload of ours');
  const { videoId, form } = upload;
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
    const { info, table } = await facts(pinned, pinned.size, context.getRemainingTimeInMillis() - RESERVE_MS);
    if (!(await markProbed(record, execution, info))) {
      await leavePlace(videoId);
      return ignored('the video was deleted');
    }
    const { bucket: from, key, etag } = pinned;
    const source = { bucket: from, key, ...(etag !== undefined && { etag }), info };
    const options = json('SLICING_OPTIONS', slicingOptions);
    const planned = planSlicing({ videoId, revision, execution, source }, options, table);
    const plan = await afford(planned.plan);
    const { chunks } = planned;
    if (table) await storeParts({ plan: { ...plan, used: used() }, chunks }, table);
    return result({ outcome: 'planned', plan: { ...plan, used: used() }, chunks });
  } catch (error) {
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

async function facts(ref: ObjectRef, size: number, timeoutMs: number): Promise<Inspected> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-probe-'));
  try {
    return await inspect({
      source: objectSource(ref, size),
      path: join(folder, 'source'),
      fetchWhole: (path, signal) => download(ref, path, signal),
      options: json('SLICING_OPTIONS', slicingOptions),
      timeoutMs,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Parts written at a time. */
const AT_A_TIME = 16;

/** Hands each task its part of the segment table, and all of them what the run is: nobody else reads the source's index. */
async function storeParts({ plan, chunks }: AssembleTask, table: SegmentTable): Promise<void> {
  const { videoId, revision } = plan;
  const bucket = required('MEDIA_BUCKET');
  const store = (key: string, content: unknown) =>
    putObject(bucket, key, JSON.stringify(content), 'application/json', 'no-store');
  const names = { video: plan.video[0]!.name, sounds: plan.audio.map(({ name }) => name) };
  await store(runKey(videoId, revision), assembleTask.parse({ plan, chunks }));
  for (let at = 0; at < chunks.length; at += AT_A_TIME) {
    await Promise.all(
      chunks.slice(at, at + AT_A_TIME).map(async ({ index, firstSegment, segments = 1, copy }) => {
        const range = { firstSegment, segments };
        const part = copy
          ? copyTable.parse(table.copied!.part(range, names))
          : chunkTable.parse(table.part(range));
        await store(chunkTableKey(videoId, revision, index), part);
      }),
    );
  }
}

/** False when the video is no longer this run's. A retried step finds its own mark. */
async function markProbed({ id }: VideoRecord, execution: string, info: SourceInfo): Promise<boolean> {
  const { duration, video } = info;
  const { segmentType } = json('SLICING_OPTIONS', slicingOptions);
  const set = { duration, width: video.width, height: video.height, segmentType, progress: 0 };
  const changed = await changeVideo(id, { set, status: 'probed' }, { from: ['uploaded'], execution });
  const record = changed ?? (await readVideo(id));
  if (record?.status !== 'probed' || record.slicing?.execution !== execution) return false;
  await announce(record, 'probed');
  return true;
}
