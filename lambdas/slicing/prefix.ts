/** What of a run may be published, by which of its tasks are done. Pure, and never less with more of them done. */
import type { Chunk } from '../../lib/contract/plan.ts';
import type { AssembleTask } from '../../lib/contract/slicing.ts';
import { allOf, madeBy, pathOf } from './outputs.ts';
import { FIRST_TARGETS } from './tasks.ts';

export interface Published {
  /** Paths of renditions; all have as many segments. */
  readonly renditions: readonly string[];
  readonly segments: number;
  /** Those are all there are of them. */
  readonly ended: boolean;
}

/** Undefined: nothing, or all at once when the last task is done. */
export function published({ plan, chunks }: AssembleTask, done: ReadonlySet<number>): Published | undefined {
  if (plan.segments === undefined) return undefined;
  const { count, target } = plan.segments;
  const first = madeFirst({ plan, chunks });
  if (first === undefined) return undefined;
  const length = (paths: readonly string[]) => Math.min(...paths.map((path) => lengthOf(path, { plan, chunks }, done)));
  const all = [...new Set(chunks.flatMap((chunk) => madeBy(chunk, plan)))];
  const [ahead, behind] = [length(first), length(all)];
  // Where nothing is copied the ladder catches up with what was made ahead of it, and is as long from then on.
  const joined = !chunks.some(({ copy }) => copy) && behind >= endOfEarly(chunks);
  const [renditions, segments] = joined ? [all, behind] : [first, ahead];
  if (segments === count) return { renditions, segments, ended: true };
  if (plan.growing !== true || secondsOf(chunks, segments) < FIRST_TARGETS * target) return undefined;
  return { renditions, segments, ended: false };
}

/** Paths of what is made ahead of the rest. */
function madeFirst({ plan, chunks }: AssembleTask): string[] | undefined {
  const everything = allOf(plan);
  if (chunks.some(({ copy }) => copy))
    return everything.filter(({ kind, copied }) => kind === 'audio' || copied === true).map(pathOf);
  const ahead = chunks.find((chunk) => chunk.ahead)?.only;
  // Or one rung is all there is for now.
  return ahead ?? (plan.growing ? [...new Set(chunks.flatMap((chunk) => madeBy(chunk, plan)))] : undefined);
}

/** Segments from the first one on that are there. */
function lengthOf(path: string, { plan, chunks }: AssembleTask, done: ReadonlySet<number>): number {
  const own = chunks
    .filter((chunk) => madeBy(chunk, plan).includes(path))
    .toSorted((a, b) => a.firstSegment - b.firstSegment);
  let length = 0;
  for (const { index, firstSegment, segments = 0 } of own) {
    if (firstSegment !== length + 1 || !done.has(index)) break;
    length += segments;
  }
  return length;
}

/** Last segment of what was made ahead of the ladder. */
const endOfEarly = (chunks: readonly Chunk[]): number =>
  Math.max(
    1,
    ...chunks.filter(({ ahead }) => ahead).map(({ firstSegment, segments = 0 }) => firstSegment + segments - 1),
  );

/** Seconds of so many segments, which end with a task. */
const secondsOf = (chunks: readonly Chunk[], count: number): number =>
  Math.max(
    0,
    ...chunks
      .filter(({ firstSegment, segments = 0 }) => firstSegment + segments - 1 === count)
      .map(({ start, duration }) => start + (duration ?? 0)),
  );
