/** When the rungs that wait for a first viewer are asked for, and asked for again where they could not be made. Pure. */
import type { Cost } from '../../lib/contract/cost.ts';
import type { Video, VideoRecord } from '../../lib/contract/video.ts';

type Ladder = NonNullable<VideoRecord['ladder']>;

/** Seconds from a run that failed to when the next viewer has it tried again, by how many have failed. */
const WAITS = [300, 3_600, 6 * 3_600, 86_400] as const;
const LONGEST_WAIT = 7 * 86_400;
/** Runs of one video at most: what has failed so often over weeks would fail again. */
export const MOST_TRIES = 8;
/** Seconds after which a run that has said nothing is taken for dead: one that still waits then finds itself replaced. */
const LEASE = 2 * 86_400;

type Asked = Pick<VideoRecord, 'later' | 'ladderPlan' | 'slicing' | 'ladder' | 'cost'>;

/** What the record says once this viewer has asked; undefined: there is nothing to ask for, or not now. `now`: epoch seconds. */
export function ask({ later, ladderPlan, slicing, ladder, cost }: Asked, now: number): Ladder | undefined {
  if (later === undefined || ladderPlan === undefined || slicing === undefined) return undefined;
  const tries = (ladder?.tries ?? 0) + 1;
  if (ladder !== undefined && (now < ladder.next || isOver(ladder))) return undefined;
  const before = ladder ? ladder.before : cost;
  const cut = ladder?.cut;
  return { state: 'making', tries, next: now + LEASE, ...(cut !== undefined && { cut }), ...(before && { before }) };
}

/** Nobody asks again. */
const isOver = ({ tries, final }: Ladder): boolean => final === true || tries >= MOST_TRIES;

/** Why a run was refused. */
export interface Refused {
  readonly reason: string;
  /** It will be refused next time, too. */
  readonly final?: true;
}

/** After a run that broke, or was `refused`. `isUsable`: what it left is of use to the next one. */
export const failed = ({ tries, cut, before }: Ladder, now: number, isUsable: boolean, refused?: Refused): Ladder => ({
  state: 'failed',
  tries,
  next: now + (WAITS[tries - 1] ?? LONGEST_WAIT),
  ...(isUsable && cut !== undefined && { cut }),
  ...(before && { before }),
  ...refused,
});

/** Name of a run: up to 80 characters, and never given twice. */
export const ladderRun = (videoId: string, revision: number, tries: number): string =>
  `${videoId}-ladder-${revision}-${tries}`;

/** What was estimated for the first run and for these rungs, and what has been measured so far. */
export const costWith = (before: Cost | undefined, ladder: Cost): Cost =>
  before ? { ...before, estimate: Number((before.estimate + ladder.estimate).toFixed(6)) } : ladder;

/** For who looks at the video. */
export function shownLadder({ ladder, chunksDone }: Pick<VideoRecord, 'ladder' | 'chunksDone'>): Video['ladder'] {
  if (ladder === undefined) return undefined;
  const { state, next, tasks, reason } = ladder;
  if (state === 'failed') {
    const again = isOver(ladder) ? undefined : new Date(next * 1000).toISOString();
    return { state, ...(reason !== undefined && { reason }), ...(again !== undefined && { again }) };
  }
  const percent = tasks === undefined ? undefined : Math.min(99, Math.floor(((chunksDone?.size ?? 0) / tasks) * 100));
  return { state, ...(percent !== undefined && { progress: percent }) };
}
