/** The run that somebody's first play asked for: the rungs that were left for later, cut where the others are. */
import { createHash } from 'node:crypto';
import type { Usage } from '../../lib/contract/cost.ts';
import { json, required } from '../../lib/contract/env.ts';
import { chunkResultKey } from '../../lib/contract/keys.ts';
import { plan as planSchema, type Chunk, type Plan } from '../../lib/contract/plan.ts';
import { slicingOptions, type ProbeResult, type SlicingOptions } from '../../lib/contract/slicing.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { costWith, type Refused } from '../shared/ladder.ts';
import { logger } from '../shared/logger.ts';
import { removeObjects } from '../shared/objects.ts';
import { changeVideo, readVideo } from '../shared/videos.ts';
import { afford } from './budget.ts';
import { checkTime } from './engine.ts';
import { failLadder } from './failing.ts';
import { costs } from './laying.ts';
import { lookAt } from './look.ts';
import { holdPlace, leavePlace } from './place.ts';
import { wholeAsOneChunk } from './plan.ts';
import { Refusal } from './refusal.ts';
import { isIndexedInPlace } from './remux-args.ts';
import { withIndex } from './remux.ts';
import { checkChunks } from './room.ts';
import type { SegmentTable } from './segment-table.ts';
import { atATime } from './share.ts';
import { storeRun, storeTable } from './store-table.ts';
import { laterTasks } from './tasks.ts';
import { Stopped } from './watch.ts';

interface LadderTask {
  readonly videoId: string;
  readonly execution: string;
  readonly used: () => Usage;
  readonly timeoutMs: number;
}

const CUT_ELSEWHERE =
  'Options of the deployment have changed since the video was sliced: it would be cut elsewhere today, and new renditions would not fit those that are there. Upload it again.';

/** The same video costs as much next time, and takes as long; a month ends. */
const FINAL: ReadonlySet<Refusal['code']> = new Set(['too-expensive', 'encode-timeout', 'too-large-to-slice']);

export async function planLadder({ videoId, execution, used, timeoutMs }: LadderTask): Promise<ProbeResult> {
  const ignored = (reason: string): ProbeResult => {
    logger.warn('ladder not made', { videoId, reason });
    return { outcome: 'ignored', reason };
  };
  const record = await readVideo(videoId);
  const isMine = record?.status === 'ready' && record.slicing?.execution === execution;
  if (!isMine || record.ladderPlan === undefined) return ignored('the video is not waiting for it');
  const notMade = async (refused: Refused) => {
    await failLadder(videoId, execution, true, refused);
    await leavePlace(videoId);
    return ignored(refused.reason);
  };
  await holdPlace(videoId);
  const { later = [], growing, ...before } = planSchema.parse(JSON.parse(record.ladderPlan));
  try {
    const options = {
      ...json('SLICING_OPTIONS', slicingOptions),
      segmentSeconds: before.segmentSeconds,
      segmentType: before.segmentType,
    };
    const cut = before.timescale === null ? WHOLE : await cutAgain({ ...before, execution }, options, timeoutMs);
    if (!cut) return await notMade({ reason: CUT_ELSEWHERE });
    const chunks = laterTasks(cut.chunks, later);
    const first = record.ladder ? record.ladder.before : record.cost;
    const wanted: Plan = {
      ...before,
      spent: first?.actual ?? 0,
      ...(cut.remuxed && { remuxed: cut.remuxed }),
      execution,
      chunkCount: chunks.length,
      ladder: true,
    };
    const video = before.video.filter(({ name }) => later.includes(`video/${name}`));
    if (cut.table) checkChunks(cut.table);
    checkTime({ ...wanted, video, audio: [], chunks }, costs());
    const { cost } = await afford({ ...wanted, video, audio: [] }, chunks);
    const plan: Plan = { ...wanted, ...(cost && { cost }), used: used() };
    await sayMaking(record, plan, chunks, cost && costWith(first, cost));
    logger.info('the ladder is made', { videoId, later, growing });
    if (cut.table) {
      await storeRun({ plan, chunks });
      await storeTable({ plan, chunks }, cut.table);
    }
    return { outcome: 'planned', plan, chunks, ...(await atATime(videoId)) };
  } catch (error) {
    if (error instanceof Stopped) return await notMade({ reason: 'The video was deleted.' });
    if (!(error instanceof Refusal)) throw error;
    return await notMade({ reason: error.reason, ...(FINAL.has(error.code) && { final: true }) });
  }
}

interface Cut {
  readonly chunks: readonly Omit<Chunk, 'only' | 'ahead'>[];
  /** Absent: the source is read whole. */
  readonly table?: SegmentTable;
  readonly remuxed?: Plan['remuxed'];
}

const WHOLE: Cut = { chunks: wholeAsOneChunk() };

/** Undefined: options or we ourselves have changed since, so that new rungs would not fit those that are there. */
async function cutAgain(before: Plan, options: SlicingOptions, timeoutMs: number): Promise<Cut | undefined> {
  const { source, remuxed: old } = before;
  const asItIs = { plan: { ...before, ladder: true as const }, chunks: wholeAsOneChunk() };
  const { table, remuxed } =
    old || isIndexedInPlace(source.info)
      ? ((await withIndex(asItIs, { options, timeoutMs, unmeasured: false, stretches: 0 })) ?? {})
      : { ...(await lookAt(source, source.info.bytes, options, timeoutMs)), remuxed: undefined };
  const isSame = table?.timescale === before.timescale && table?.starts.length === before.segments?.count;
  if (!table || !isSame) return undefined;
  if ((table.copied?.video !== undefined) !== before.video.some(({ copied }) => copied === true)) return undefined;
  return { chunks: table.chunks, table, ...(remuxed && { remuxed }) };
}

/**
 * The record says what is made and what for. Results of a try before this one stay, if they are of the same tasks; not those
 * of the run that made the video, which may have died before it removed them.
 */
async function sayMaking(record: VideoRecord, plan: Plan, chunks: readonly Chunk[], cost: VideoRecord['cost']) {
  const { videoId, revision, execution, timescale } = plan;
  const { ladder } = record;
  if (ladder === undefined) return;
  const cut = createHash('sha256').update(JSON.stringify(chunks)).digest('base64url');
  if (ladder.cut !== cut) {
    const results = chunks.map(({ index }) => chunkResultKey(videoId, revision, index));
    await removeObjects(required('MEDIA_BUCKET'), results);
  }
  const tasks = timescale === null ? {} : { tasks: chunks.length };
  const set = { ladder: { ...ladder, cut, ...tasks }, ...(cost && { cost }) };
  await changeVideo(videoId, { set }, { from: ['ready'], execution });
}
