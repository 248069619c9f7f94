/** The run that somebody's first play asked for: the rungs that were left for later, cut where the others are. */
import type { Usage } from '../../lib/contract/cost.ts';
import { json } from '../../lib/contract/env.ts';
import { plan as planSchema, slicingOptions, type Plan, type ProbeResult } from '../../lib/contract/slicing.ts';
import { logger } from '../shared/logger.ts';
import { readVideo } from '../shared/videos.ts';
import { afford } from './budget.ts';
import { lookAt } from './look.ts';
import { holdPlace, leavePlace } from './place.ts';
import { Refusal } from './refusal.ts';
import { storeRun, storeTable } from './store-table.ts';

interface LadderTask {
  readonly videoId: string;
  readonly execution: string;
  readonly used: () => Usage;
  readonly timeoutMs: number;
}

export async function planLadder({ videoId, execution, used, timeoutMs }: LadderTask): Promise<ProbeResult> {
  const ignored = (reason: string): ProbeResult => {
    logger.warn('ladder not made', { videoId, reason });
    return { outcome: 'ignored', reason };
  };
  const record = await readVideo(videoId);
  const isMine = record?.status === 'ready' && record.slicing?.execution === execution;
  if (!isMine || record.ladderPlan === undefined) return ignored('the video is not waiting for it');
  await holdPlace(videoId);
  const { later, growing, ...before } = planSchema.parse(JSON.parse(record.ladderPlan));
  try {
    const options = { ...json('SLICING_OPTIONS', slicingOptions), segmentSeconds: before.segmentSeconds };
    const { table } = await lookAt(before.source, before.source.info.bytes, options, timeoutMs);
    // Options may have changed since: what is cut elsewhere does not fit.
    const isSame = table?.timescale === before.timescale && table?.starts.length === before.segments?.count;
    if (!table || !isSame || (table.copied !== undefined) !== before.video.some(({ copied }) => copied === true)) {
      await leavePlace(videoId);
      return ignored('the source would be cut elsewhere today');
    }
    const chunks = table.chunks.map((chunk) => ({ ...chunk, only: later!, ahead: true as const }));
    const wanted: Plan = { ...before, execution, chunkCount: chunks.length, ladder: true };
    const priced = await afford({
      ...wanted,
      video: before.video.filter(({ name }) => later!.includes(`video/${name}`)),
    });
    const plan: Plan = {
      ...wanted,
      ...(priced.cost && { cost: priced.cost }),
      used: used(),
      spent: record.cost?.actual ?? 0,
    };
    logger.info('the ladder is made', { videoId, later, growing });
    await storeRun({ plan, chunks });
    await storeTable({ plan, chunks }, table);
    return { outcome: 'planned', plan, chunks };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    await leavePlace(videoId);
    return ignored(error.reason);
  }
}
