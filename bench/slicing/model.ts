/**
 * One video through the cloud, simulated: planned by the real planner, its functions as long as was measured here, the cloud
 * as `parameters.ts` says. Pure: the same seed gives the same run.
 */
import type { Config } from '../../lib/config.ts';
import type { Usage } from '../../lib/contract/cost.ts';
import type { Chunk, Plan } from '../../lib/contract/slicing.ts';
import { AROUND, REQUESTS, TRANSITIONS, WRITES } from '../../lambdas/slicing/cost-of-a-second.ts';
import { addUsage, dollarsOf, monthlyDollars } from '../../lambdas/slicing/prices.ts';
import type { Costs } from './measured.ts';
import { PARAMETERS as P } from './parameters.ts';
import { planFilm } from './plan-film.ts';
import { random, runAll, type Done, type Task } from './pool.ts';
import { bytesOf, type Film } from './synthetic.ts';

export interface Scenario {
  readonly film: Film;
  /** Whether the top rendition may be copied. */
  readonly copied: boolean;
  readonly ladder: 'upload' | 'first-play';
  /** Functions that this video may have at a time. */
  readonly functions: number;
}

export interface Outcome {
  /** Seconds from the answer to the call that completed the upload. */
  readonly playable: number;
  readonly ready: number;
  /** Without storage. */
  readonly dollars: number;
  readonly monthlyDollars: number;
  readonly chunks: number;
}

export interface Machine {
  readonly config: Config;
  readonly costs: Costs;
}

/** MiB of probe and assemble (lib/constructs/slicing.ts). */
const SMALL_MIB = 1769;
/** S3 requests of a function that go at the same time. */
const AT_A_TIME = 16;
/** Of an index: bytes a second of film, of picture and sound. */
const INDEX_BYTES = 1030;
/** Read at both ends of a source, beside its index (lambdas/slicing/sample.ts). */
const ENDS_BYTES = 16 * 1024 ** 2;
/** Target durations that must be there before a playlist that grows is published. */
const AHEAD = 3;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Medians of so many runs. */
export function simulate(scenario: Scenario, machine: Machine, runs = 15): Outcome {
  const planned = planFilm(scenario.film, scenario.copied, scenario.ladder, machine.config);
  const all = Array.from({ length: runs }, (_, seed) => once(scenario, planned, machine, random(seed + 1)));
  const of = (field: keyof Outcome) => median(all.map((one) => one[field]));
  return {
    playable: of('playable'),
    ready: of('ready'),
    dollars: of('dollars'),
    monthlyDollars: of('monthlyDollars'),
    chunks: planned.chunks.length,
  };
}

type Planned = ReturnType<typeof planFilm>;

function once({ film, functions }: Scenario, planned: Planned, { config, costs }: Machine, chance: () => number): Outcome {
  const { plan, chunks } = planned;
  const { chunkMemoryMiB } = config.slicing;
  const bytes = bytesOf(film);

  const probing =
    P.coldStart.value +
    WRITES.probe * P.write.value +
    REQUESTS.probe.gets * P.request.value +
    (ENDS_BYTES + INDEX_BYTES * film.seconds) / P.throughput.value +
    costs.inspectSeconds +
    (costs.planSecondsAnHour * film.seconds) / 3600 +
    Math.ceil(chunks.length / AT_A_TIME) * P.request.value;
  const begin = 2 * P.step.value + probing + P.mapRun.value;

  const tasks = chunks.map((chunk): Task => ({ from: begin, seconds: secondsOf(chunk, plan, bytes / film.seconds, { config, costs }) }));
  const done = runAll(tasks, functions, chance);
  const last = Math.max(...done.map(({ ended }) => ended));
  // The last one to end counts, and the same function assembles (or starts the one that does).
  const assembling =
    P.coldStart.value +
    WRITES.assemble * P.write.value +
    Math.ceil(chunks.length / AT_A_TIME) * P.request.value +
    (REQUESTS.assemble.gets + REQUESTS.assemble.puts) * P.request.value;
  const ready = last + P.step.value + assembling + costs.posterSeconds;
  const firstPlaylists = P.step.value + (REQUESTS.assemble.puts + 1) * P.request.value + 3 * P.write.value;
  const playable = Math.min(ready - costs.posterSeconds, playableAt(planned, done) + firstPlaylists);

  const lambda = (seconds: number, memoryMiB: number) => ({ invocations: 1, gbSeconds: (seconds * memoryMiB) / 1024 });
  const renditions = plan.video.length + plan.audio.length;
  const segments = Math.ceil(film.seconds / plan.segmentSeconds) * renditions;
  const use: Partial<Usage>[] = [
    { ...REQUESTS.probe, writes: WRITES.probe, ...lambda(probing, SMALL_MIB) },
    { puts: chunks.length },
    ...done.map(({ billed, tries }) => ({
      ...REQUESTS.chunk,
      writes: WRITES.chunk,
      transitions: TRANSITIONS.chunk,
      ...lambda(billed, chunkMemoryMiB),
      invocations: tries,
    })),
    { puts: segments + renditions, gets: chunks.length, transitions: TRANSITIONS.run },
    { ...REQUESTS.assemble, writes: WRITES.assemble, ...lambda(assembling + costs.posterSeconds, SMALL_MIB) },
  ];
  return {
    playable,
    ready,
    dollars: dollarsOf(addUsage(use), config.architecture),
    monthlyDollars: monthlyDollars(bytes + planned.mediaBytes),
    chunks: chunks.length,
  };
}

/** Seconds of a chunk's function once it runs. */
export function secondsOf(chunk: Chunk, plan: Plan, bytesASecond: number, { config, costs }: Machine): number {
  const length = chunk.duration ?? plan.source.info.duration - chunk.start;
  const around = REQUESTS.chunk.gets * P.request.value + P.request.value + WRITES.chunk * P.write.value;
  const read = length * bytesASecond;
  // What is copied is read and written; what is encoded leaves while it is encoded.
  if (chunk.copy) return around + (2 * read) / P.throughput.value;
  const only = chunk.only;
  const encoded = plan.video.filter(({ name, copied }) => (only ? only.includes(`video/${name}`) : copied !== true));
  const perSecond = costOf(encoded, plan, costs);
  const vcpus = config.slicing.chunkMemoryMiB / P.mibOfVcpu.value;
  const seconds = Math.max(perSecond.cpu / vcpus, perSecond.thread / Math.min(1, vcpus));
  return around + read / P.throughput.value + length * seconds;
}

/** CPU seconds of a second of source, of all and of the busiest thread: as measured, by the pixels that are encoded. */
function costOf(rungs: Plan['video'], plan: Plan, costs: Costs): { cpu: number; thread: number } {
  const pixels = rungs.reduce((sum, { width, height, frameRate }) => sum + width * height * frameRate, 0) / 1e6;
  const { width, height, frameRate } = plan.source.info.video;
  const decoded = (width * height * frameRate) / 1e6;
  return {
    cpu: decoded * costs.decode + pixels * costs.encode + costs.sound,
    thread: decoded * costs.decode * costs.decodeThread + pixels * costs.encode + costs.sound,
  };
}

/** When what is made first is there: all of it, or where it grows, as much as a player must have ahead of it. */
function playableAt({ plan, chunks }: Planned, done: readonly Done[]): number {
  const ended = (of: (chunk: Chunk) => boolean) =>
    Math.max(...chunks.flatMap((chunk, i) => (of(chunk) ? [done[i]!.ended] : [])));
  const first = (chunk: Chunk) => chunk.copy === true || chunk.only !== undefined;
  if (!chunks.some(first)) return ended(() => true);
  if (plan.growing !== true) return ended(first);
  const ahead = AHEAD * (plan.segments?.target ?? plan.segmentSeconds);
  return ended((chunk) => first(chunk) && chunk.start < ahead);
}
