/** What slicing by a plan will use, before anything of it is done: what the price list makes dollars of. Pure. */
import type { Cost, CostOptions, Usage } from '../../lib/contract/cost.ts';
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import { PRICED, type Architecture } from '../../lib/contract/prices.ts';
import type { SourceInfo } from '../../lib/contract/source.ts';
import {
  AROUND,
  BUSY,
  BYTES_A_SECOND,
  COPY_READ,
  DECODE,
  ENCODE,
  FILL,
  HEAVY_CODECS,
  MIB_A_VCPU,
  ONE_THREAD,
  REQUESTS,
  SCALE,
  SOUND,
  TRANSITIONS,
  WRITES,
} from './cost-of-a-second.ts';
import { madeBy, pathOf } from './outputs.ts';
import { PEAK } from './plan.ts';
import { addUsage, dollarsOf, monthlyDollars, normalizedMinutes } from './prices.ts';

/** What of a run its price follows from; what is copied is not encoded. */
export interface Work extends Pick<
  Plan,
  'engine' | 'segmentSeconds' | 'chunkCount' | 'timescale' | 'video' | 'audio' | 'later'
> {
  readonly source: { readonly info: SourceInfo };
  /** Its tasks. Without a `timescale` it is one, by the larger function. */
  readonly chunks: readonly Chunk[];
}

/** Of the same run, what is made before anybody plays the video. */
export const madeNow = <T extends Pick<Work, 'video' | 'later'>>(work: T): T => ({
  ...work,
  video: work.video.filter(({ name }) => work.later?.includes(pathOf({ kind: 'video', name })) !== true),
});

type Machine = Pick<CostOptions, 'preset' | 'memoryMiB' | 'chunkMemoryMiB'>;

/** MiB of the functions that probe and assemble (lib/constructs/slicing-steps.ts). */
const SMALL_MIB = 1769;

/** Lambda's part: one call of so many seconds with so much memory. */
const lambdaUsage = (seconds: number, memoryMiB: number) => ({
  invocations: 1,
  gbSeconds: (seconds * memoryMiB) / 1024,
});

const megapixels = ({ width, height }: { readonly width: number; readonly height: number }) => (width * height) / 1e6;

interface Seconds {
  readonly decoding: number;
  /** Scaling and encoding, one after another. */
  readonly rest: number;
}

/** CPU seconds of what a task encodes. */
function secondsOf(work: Work, task: Chunk, preset: string): Seconds {
  const { video: source, duration: all } = work.source.info;
  const duration = task.duration ?? all;
  if (task.copy) return { decoding: 0, rest: 0 };
  const made = new Set(madeBy(task, work));
  const rungs = work.video.filter(({ name }) => made.has(pathOf({ kind: 'video', name })));
  const sounds = work.audio.filter(({ name }) => made.has(pathOf({ kind: 'audio', name })));
  const pictures = rungs.map(
    (rung) =>
      duration *
      Math.min(rung.frameRate, source.frameRate) *
      (SCALE * megapixels(source) + (ENCODE[preset] ?? ENCODE['medium']!) * megapixels(rung)),
  );
  const heavy = DECODE * (HEAVY_CODECS[source.codec] ?? 1);
  return {
    decoding: rungs.length === 0 ? 0 : duration * source.frameRate * megapixels(source) * heavy,
    rest: sum(pictures) + sounds.length * duration * SOUND,
  };
}

/** CPU seconds of decoding and encoding, all tasks together. */
export const encodingSeconds = (work: Work, preset: string): number =>
  sum(work.chunks.map((task) => secondsOf(work, task, preset)).flatMap(({ decoding, rest }) => [decoding, rest]));

/** Seconds that a function of so much memory is busy: as fast as its processors, and no faster than its busiest thread. */
function busySeconds({ decoding, rest }: Seconds, memoryMiB: number): number {
  const vcpus = memoryMiB / MIB_A_VCPU;
  return Math.max((decoding + rest) / (vcpus * BUSY), (rest * ONE_THREAD) / Math.min(1, vcpus));
}

/** MiB of the function that encodes. */
const encodingMiB = ({ timescale }: Pick<Work, 'timescale'>, { memoryMiB, chunkMemoryMiB }: Machine): number =>
  timescale === null ? memoryMiB : chunkMemoryMiB;

/** The task that takes the longest to encode, and how many seconds that is. */
export function longestTask(work: Work, machine: Machine): { readonly task: Chunk; readonly seconds: number } {
  const memory = encodingMiB(work, machine);
  const each = work.chunks.map((task) => ({
    task,
    seconds: busySeconds(secondsOf(work, task, machine.preset), memory),
  }));
  return each.reduce((longest, one) => (one.seconds > longest.seconds ? one : longest));
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Bytes of the renditions. */
export function mediaBytes({ video, audio, source: { info } }: Pick<Work, 'video' | 'audio' | 'source'>): number {
  const bits = video.map(({ maxBitrate, copied }) =>
    copied === true ? (info.bytes * 8) / info.duration : (maxBitrate / PEAK) * FILL,
  );
  return ((sum(bits) + sum(audio.map(({ bitrate }) => bitrate))) / 8) * info.duration;
}

type Steps = Pick<Work, 'timescale' | 'chunkCount' | 'engine'>;

/** Transitions beside those of every run: of the Map over tasks, or of waiting for MediaConvert. */
function moreTransitions({ timescale, chunkCount, engine }: Steps): number {
  if (engine === 'mediaconvert') return TRANSITIONS.convert;
  if (timescale === null) return 0;
  return chunkCount * (chunkCount <= TRANSITIONS.few ? TRANSITIONS.chunkOfFew : TRANSITIONS.chunk);
}

/** Those of a run whose steps all succeed: no step sees them. */
export const transitionsOf = (work: Steps): number => TRANSITIONS.run + moreTransitions(work);

/** What a task's function uses. */
function taskUsage(work: Work, task: Chunk, machine: Machine): Partial<Usage> {
  const { info } = work.source;
  const share = (task.duration ?? info.duration) / info.duration;
  if (task.copy) {
    const bytes = info.bytes * share;
    const seconds = bytes / BYTES_A_SECOND + AROUND.copy;
    const { puts, gets } = REQUESTS.chunk;
    return {
      puts,
      gets: gets + Math.ceil(bytes / COPY_READ),
      writes: WRITES.chunk,
      ...lambdaUsage(seconds, SMALL_MIB),
    };
  }
  const memory = encodingMiB(work, machine);
  const made = new Set(madeBy(task, work));
  const video = work.video.filter(({ name }) => made.has(pathOf({ kind: 'video', name })));
  const audio = work.audio.filter(({ name }) => made.has(pathOf({ kind: 'audio', name })));
  // Its own bytes of the source, and those of its segments; for sound alone no picture is read.
  const read = video.length > 0 || work.video.length === 0 ? info.bytes : 0;
  const moving = ((read + mediaBytes({ ...work, video, audio })) * share) / BYTES_A_SECOND;
  const busy = busySeconds(secondsOf(work, task, machine.preset), memory);
  const seconds = Math.max(busy, moving) + AROUND.chunk;
  return { ...REQUESTS.chunk, writes: WRITES.chunk, ...lambdaUsage(seconds, memory) };
}

/** All that slicing by this plan uses, each step once. */
export function estimateUsage(work: Work, machine: Machine): Usage {
  const { duration } = work.source.info;
  const renditions = work.video.length + work.audio.length;
  const segments = Math.ceil(duration / work.segmentSeconds) * renditions;
  const tasks = work.timescale === null ? 1 : work.chunkCount;
  const ends = [
    { ...REQUESTS.probe, writes: WRITES.probe, ...lambdaUsage(AROUND.probe, SMALL_MIB) },
    // Parts of the table, a task each.
    { puts: work.timescale === null ? 0 : tasks },
    { ...REQUESTS.assemble, writes: WRITES.assemble, ...lambdaUsage(AROUND.assemble, SMALL_MIB) },
    { puts: renditions, gets: tasks, transitions: transitionsOf(work) },
  ];
  if (work.engine === 'mediaconvert') {
    const minutes = sum(work.video.map((rung) => normalizedMinutes(rung, duration)));
    const sound = work.audio.length * normalizedMinutes(null, duration);
    // It lays a segment down with one request; afterwards each is copied to its name and looked at.
    const calls = { invocations: 3, gbSeconds: (AROUND.chunk * SMALL_MIB) / 1024 };
    return addUsage([...ends, calls, { normalizedMinutes: minutes + sound, puts: segments * 2, gets: segments }]);
  }
  return addUsage([...ends, { puts: segments }, ...work.chunks.map((task) => taskUsage(work, task, machine))]);
}

/** Tenths of a cent's thousandth: finer than anything billed, without digits that mean nothing. */
const rounded = (dollars: number) => Number(dollars.toFixed(6));

/** What the record says before anything is encoded. */
export function estimateCost(work: Work, machine: Machine, architecture: Architecture): Cost {
  return {
    engine: work.engine,
    estimate: rounded(dollarsOf(estimateUsage(work, machine), architecture)),
    actual: null,
    monthly: rounded(monthlyDollars(work.source.info.bytes + mediaBytes(work))),
    priced: PRICED,
  };
}

/** What it says at the end: what was used, and what is kept. */
export const actualCost = (estimated: Cost, used: Usage, bytes: number, architecture: Architecture): Cost => ({
  ...estimated,
  actual: rounded(dollarsOf(used, architecture)),
  monthly: rounded(monthlyDollars(bytes)),
});
