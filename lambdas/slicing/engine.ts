/** Which engine slices a video: our own functions, or MediaConvert. Pure. */
import type { CostOptions } from '../../lib/contract/cost.ts';
import type { Plan } from '../../lib/contract/plan.ts';
import type { Architecture } from '../../lib/contract/prices.ts';
import { estimateCost, longestTask, type Work } from './estimate.ts';
import { Refusal, spokenDuration } from './refusal.ts';

/** Pixels of a side that MediaConvert makes at least (its API: Width and Height). */
const LEAST_SIDE = 32;

/** Of the time one function has, what an estimate may fill: it is no promise. */
const SURE = 0.7;

interface Choice {
  /** The plan for our own functions, by the segment table where the source has one. */
  readonly own: Plan & Work;
  /** The same ladder for MediaConvert, which knows no segment table. */
  readonly theirs: Plan & Work;
  /** Whether what a task reads of the source fits its function's scratch space. */
  readonly fits: boolean;
  /** What is made of it once somebody plays it. */
  readonly later?: readonly Work[];
}

/** Whether every task ends in this share of the time its function has. */
const inTime = (work: Work, machine: CostOptions, share: number): boolean =>
  longestTask(work, machine).seconds < machine.timeoutSeconds * share;

/**
 * Whether a viewer would miss something of what MediaConvert makes: captions, which are read by an index alone (texts.ts), or
 * whole pictures, where fields are found by looking at them. Then an estimate within the time is enough to try it here.
 */
const loses = ({ timescale, source: { info } }: Plan): boolean =>
  (timescale === null && info.texts !== undefined) || (info.video.fields === 'unsaid' && !info.video.rgb);

/** How much more than an estimate says of the time there is, and it surely does not suffice. */
const SURELY_NOT = 2;

/** Throws Refusal for what one function would have to encode and cannot in its time, before it tries. */
export function checkTime(work: Work, machine: CostOptions): void {
  const { timeoutSeconds } = machine;
  const { task, seconds } = longestTask(work, machine);
  if (seconds <= timeoutSeconds * SURELY_NOT) return;
  const { container, video, duration } = work.source.info;
  const [why, all, how] =
    work.timescale === null
      ? [
          `The file cannot be cut into pieces (${video.codec} in ${container})`,
          `all ${spokenDuration(duration)} of it`,
          'Export it as MP4 with H.264 and AAC',
        ]
      : [
          'The file can be cut at its keyframes alone, which are far apart',
          `${spokenDuration(task.duration ?? duration)} of it`,
          'Export it with a keyframe every 10 seconds or less',
        ];
  throw new Refusal(
    'encode-timeout',
    `${why}, so one task encodes ${all}: that takes about ${spokenDuration(seconds)}, and there are ${spokenDuration(timeoutSeconds)} (slicing.timeoutSeconds). ${how} and upload that.`,
  );
}

/** `auto` prefers our own; see `slicing.engine` for when it does not. Throws Refusal for what is to be protected and cannot be. */
export function chooseEngine(
  { own, theirs, fits, later = [] }: Choice,
  options: CostOptions,
  architecture: Architecture,
): Plan['engine'] {
  const isProtected = own.encryption?.scheme === 'drm';
  const possible =
    own.segmentType === 'fmp4' &&
    // What it writes passes nothing of ours that could encrypt it (sealing.ts); keys of a DRM provider it has itself.
    (own.encryption === undefined || isProtected) &&
    // Sound alone is soon done here.
    own.video.length > 0 &&
    own.video.every(({ width, height }) => Math.min(width, height) >= LEAST_SIDE);
  if (isProtected && (options.engine === 'encode' || !possible)) throw unprotected();
  if (options.engine === 'encode' || !possible) return 'encode';
  if (options.engine === 'mediaconvert' || isProtected) return 'mediaconvert';
  const share = loses(own) ? 1 : SURE;
  if (!fits || ![own, ...later].every((work) => inTime(work, options, share))) return 'mediaconvert';
  const [ours, other] = [own, theirs].map((plan) => estimateCost(plan, options, architecture).estimate);
  return ours! > options.maxDollarsPerVideo && other! < ours! ? 'mediaconvert' : 'encode';
}

/** In clear, which nobody asked for, it would be worse than not at all. */
const unprotected = (): Refusal =>
  new Refusal(
    'cannot-protect',
    'The file cannot be protected by DRM: MediaConvert does that, and takes no sound alone and no picture under 32 pixels. Upload it with another encryption, or with none.',
  );
