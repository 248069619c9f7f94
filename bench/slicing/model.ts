/**
 * One video through the cloud, simulated: planned by the real planner, its functions as long as was measured here, the cloud
 * as `parameters.ts` says. Pure: the same seed gives the same run.
 */
import type { Config } from '../../lib/config.ts';
import type { Usage } from '../../lib/contract/cost.ts';
import { REQUESTS, TRANSITIONS, WRITES } from '../../lambdas/slicing/cost-of-a-second.ts';
import { published } from '../../lambdas/slicing/prefix.ts';
import { AT_A_TIME } from '../../lambdas/slicing/store-table.ts';
import { addUsage, dollarsOf, monthlyDollars } from '../../lambdas/slicing/prices.ts';
import type { Costs } from './measured.ts';
import { PARAMETERS as P } from './parameters.ts';
import { planFilm, type Ladder, type Piece, type PlannedFilm } from './plan-film.ts';
import { random, runAll, type Done, type Functions, type Task } from './pool.ts';
import { bytesOf, type Film } from './synthetic.ts';

export interface Scenario {
  readonly film: Film;
  /** Whether the top rendition may be copied. */
  readonly copied: boolean;
  readonly ladder: Ladder;
  /** Functions that this video may have at a time. */
  readonly functions: Functions;
}

export interface Outcome {
  /** Seconds from the answer to the call that completed the upload. */
  readonly playable: number;
  readonly ready: number;
  /** By when nine of ten runs are ready: one task in 500 is tried again, and of long films it is often the last to end. */
  readonly nineOfTen: number;
  /** Without storage. */
  readonly dollars: number;
  readonly monthlyDollars: number;
  readonly chunks: number;
}

type Run = Omit<Outcome, 'nineOfTen' | 'chunks'>;

export interface Machine {
  readonly config: Config;
  readonly costs: Costs;
}

/** MiB of probe, copy and assemble (lib/constructs/slicing-steps.ts). */
const SMALL_MIB = 1769;
/** Of an index: bytes a second of film, of picture and sound. */
const INDEX_BYTES = 1030;
/** Read at both ends of a source, beside its index (lambdas/slicing/sample.ts). */
const ENDS_BYTES = 16 * 1024 ** 2;

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;

/**
 * Medians of so many runs. Of a two-hour film six runs in ten try a task again, which doubles its time: of 15 runs the median was
 * up to 10 s off that of 1001, of 201 it is within one.
 */
export function simulate(scenario: Scenario, machine: Machine, runs = 201): Outcome {
  const planned = planFilm(scenario.film, scenario.copied, scenario.ladder, machine.config);
  const all = Array.from({ length: runs }, (_, seed) => once(scenario, planned, machine, random(seed + 1)));
  const of = (field: keyof Run, share = 0.5) =>
    quantile(
      all.map((one) => one[field]),
      share,
    );
  return {
    playable: of('playable'),
    ready: of('ready'),
    nineOfTen: of('ready', 0.9),
    dollars: of('dollars'),
    monthlyDollars: of('monthlyDollars'),
    chunks: planned.pieces.length,
  };
}

function once(
  { film, functions }: Scenario,
  planned: PlannedFilm,
  { config, costs }: Machine,
  chance: () => number,
): Run {
  const { plan, pieces } = planned;
  const { chunkMemoryMiB } = config.slicing;
  const bytes = bytesOf(film);

  const looking =
    P.coldStart.value +
    WRITES.probe * P.write.value +
    REQUESTS.probe.gets * P.request.value +
    (ENDS_BYTES + INDEX_BYTES * film.seconds) / P.throughput.value +
    costs.inspect +
    (costs.planHour * film.seconds) / 3600;
  const firstPlaylists = (REQUESTS.assemble.puts + 1) * P.request.value + 3 * P.write.value;
  const [first] = pieces;
  // Of what is copied, the same function does the first task, and publishes where that is enough.
  const begins = first?.copy === true;
  const isEnough = begins && published({ plan, chunks: [...planned.chunks] }, new Set([first.index])) !== undefined;
  const beginning = begins ? secondsOf(first, film, { config, costs }) + (isEnough ? firstPlaylists : 0) : 0;
  const storing = Math.ceil(pieces.length / AT_A_TIME) * P.request.value;
  const probing = looking + beginning + storing;
  const begin = 2 * P.step.value + probing + P.mapRun.value;

  const tasks = pieces.map((piece): Task => ({
    from: begin,
    // It finds that it is done.
    seconds: begins && piece === first ? 2 * P.request.value : secondsOf(piece, film, { config, costs }),
    copy: piece.copy === true,
  }));
  const done = runAll(tasks, functions, chance);
  const last = Math.max(...done.map(({ ended }) => ended));
  // The last one to end counts, and the same function assembles (or starts the one that does).
  const assembling =
    P.coldStart.value +
    WRITES.assemble * P.write.value +
    Math.ceil(pieces.length / AT_A_TIME) * P.request.value +
    (REQUESTS.assemble.gets + REQUESTS.assemble.puts) * P.request.value;
  const ready = last + P.step.value + assembling + costs.poster;
  const soon = P.step.value + looking + beginning;
  const playable = isEnough
    ? soon
    : Math.min(ready - costs.poster, playableAt(planned, done) + P.step.value + firstPlaylists);

  const lambda = (seconds: number, memoryMiB: number) => ({ invocations: 1, gbSeconds: (seconds * memoryMiB) / 1024 });
  const renditions = plan.video.length + plan.audio.length;
  const segments = Math.ceil(film.seconds / plan.segmentSeconds) * renditions;
  const use: Partial<Usage>[] = [
    { ...REQUESTS.probe, writes: WRITES.probe, ...lambda(probing, SMALL_MIB) },
    { puts: pieces.length },
    ...done.map(({ billed, tries }, i) => ({
      ...REQUESTS.chunk,
      writes: WRITES.chunk,
      transitions: TRANSITIONS.chunk,
      ...lambda(billed, pieces[i]!.copy ? SMALL_MIB : chunkMemoryMiB),
      invocations: tries,
    })),
    { puts: segments + renditions, gets: pieces.length, transitions: TRANSITIONS.run },
    { ...REQUESTS.assemble, writes: WRITES.assemble, ...lambda(assembling + costs.poster, SMALL_MIB) },
  ];
  return {
    playable,
    ready,
    dollars: dollarsOf(addUsage(use), config.architecture),
    monthlyDollars: monthlyDollars(bytes + planned.bytes),
  };
}

/** Seconds of a task's function once it runs. */
export function secondsOf({ length, copy, rungs, sound }: Piece, film: Film, { config, costs }: Machine): number {
  const around = (REQUESTS.chunk.gets + REQUESTS.chunk.puts) * P.request.value + WRITES.chunk * P.write.value;
  const read = ((bytesOf(film) / film.seconds) * length) / P.throughput.value;
  // What is copied is written while the next is read.
  if (copy) return around + read + P.request.value;
  const vcpus = config.slicing.chunkMemoryMiB / P.mibOfVcpu.value;
  const { decoding, rest } = costOf(rungs, film, costs, sound);
  // As fast as its processors, and no faster than its busiest thread.
  const seconds = Math.max((decoding + rest) / vcpus, (rest * costs.threadShare) / Math.min(1, vcpus));
  return around + read + length * seconds;
}

/** Of the CPU that a whole film takes, what its longest task takes. Copying takes next to none. */
export function longestShare(film: Film, copied: boolean, { config, costs }: Machine): number {
  const cpu = planFilm(film, copied, 'upload', config).pieces.map(({ length, copy, rungs, sound }) => {
    const { decoding, rest } = costOf(rungs, film, costs, sound);
    return copy ? 0 : length * (decoding + rest);
  });
  return Math.max(...cpu) / cpu.reduce((a, b) => a + b, 0);
}

/** CPU seconds of a second of source, by the pixels that are decoded and encoded. */
function costOf(rungs: Piece['rungs'], { width, height, frameRate }: Film, costs: Costs, sound: boolean) {
  const source = (width * height * frameRate) / 1e6;
  const encoded = rungs.reduce((sum, rung) => sum + (rung.width * rung.height * rung.frameRate) / 1e6, 0);
  return {
    decoding: source * costs.decode,
    rest: source * rungs.length * costs.scale + encoded * costs.encode + (sound ? costs.sound : 0),
  };
}

/** When what is published first is there: as the tasks end, one after another. */
function playableAt({ plan, chunks }: PlannedFilm, done: readonly Done[]): number {
  const order = chunks.map(({ index }, i) => ({ index, at: done[i]!.ended })).toSorted((a, b) => a.at - b.at);
  const ended = new Set<number>();
  for (const { index, at } of order) {
    ended.add(index);
    if (published({ plan, chunks: [...chunks] }, ended)) return at;
  }
  return order.at(-1)!.at;
}
