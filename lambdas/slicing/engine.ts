/** Which engine slices a video: our own functions, or MediaConvert. Pure. */
import type { CostOptions } from '../../lib/contract/cost.ts';
import type { Plan } from '../../lib/contract/plan.ts';
import { estimateCost, wholeSeconds, type Work } from './estimate.ts';
import type { Architecture } from './prices.ts';

/** Pixels of a side that MediaConvert makes at least (its API: Width and Height). */
const LEAST_SIDE = 32;

/** Of the time one function has, what an estimate may fill: it is no promise. */
const SURE = 0.7;

interface Choice {
  /** The plan for our own functions, by the segment table where the source has one. */
  readonly own: Plan & Work;
  /** The same ladder for MediaConvert, which knows no segment table. */
  readonly theirs: Plan & Work;
  /** Whether a source without a segment table fits one function's scratch space. */
  readonly fits: boolean;
}

/** Whether one function is enough for a source that is encoded whole. */
export function inTime(work: Work, machine: CostOptions): boolean {
  return work.timescale !== null || wholeSeconds(work, machine) < machine.timeoutSeconds * SURE;
}

/** `auto` prefers our own; see `slicing.engine` for when it does not. */
export function chooseEngine(
  { own, theirs, fits }: Choice,
  options: CostOptions,
  architecture: Architecture,
): Plan['engine'] {
  const possible =
    own.segmentType === 'fmp4' &&
    // Sound alone is soon done here.
    own.video.length > 0 &&
    own.video.every(({ width, height }) => Math.min(width, height) >= LEAST_SIDE);
  if (options.engine === 'encode' || !possible) return 'encode';
  if (options.engine === 'mediaconvert') return 'mediaconvert';
  if (own.timescale === null && !(fits && inTime(own, options))) return 'mediaconvert';
  const [ours, other] = [own, theirs].map((plan) => estimateCost(plan, options, architecture).estimate);
  return ours! > options.maxDollarsPerVideo && other! < ours! ? 'mediaconvert' : 'encode';
}
