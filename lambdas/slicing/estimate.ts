/** What slicing by a plan will use, before anything of it is done: what the price list makes dollars of. Pure. */
import type { Cost, CostOptions, Usage } from '../../lib/contract/cost.ts';
import type { Plan, Rung } from '../../lib/contract/plan.ts';
import type { SourceInfo } from '../../lib/contract/source.ts';
import {
  AROUND,
  BUSY,
  BYTES_A_SECOND,
  DECODE,
  ENCODE,
  FILL,
  HEAVY_CODECS,
  MIB_A_VCPU,
  REQUESTS,
  SCALE,
  SOUND,
  TRANSITIONS,
  WRITES,
} from './cost-of-a-second.ts';
import { PEAK } from './plan.ts';
import { addUsage, dollarsOf, monthlyDollars, normalizedMinutes, PRICED, type Architecture } from './prices.ts';

/** What of a plan its price follows from; a rung that is copied is not encoded. */
export interface Work {
  readonly engine: Plan['engine'];
  readonly source: { readonly info: SourceInfo };
  readonly segmentSeconds: number;
  readonly chunkCount: number;
  /** Null: the source is read and encoded whole, by the larger function. */
  readonly timescale: number | null;
  readonly video: readonly (Omit<Rung, 'name' | 'level'> & { readonly copied?: boolean | undefined })[];
  readonly audio: readonly { readonly bitrate: number; readonly copied?: boolean | undefined }[];
}

type Machine = Pick<CostOptions, 'preset' | 'memoryMiB' | 'chunkMemoryMiB'>;

/** MiB of the functions that probe and assemble (lib/constructs/slicing.ts). */
const SMALL_MIB = 1769;

/** Lambda's part: one call of so many seconds with so much memory. */
const lambdaUsage = (seconds: number, memoryMiB: number) => ({
  invocations: 1,
  gbSeconds: (seconds * memoryMiB) / 1024,
});

const megapixels = ({ width, height }: { readonly width: number; readonly height: number }) => (width * height) / 1e6;

/** CPU seconds of encoding everything that is not copied, and of the rung that takes longest. */
export function encodingSeconds(work: Work, preset: string): { all: number; longest: number } {
  const { video: source, duration } = work.source.info;
  const encoded = work.video.filter(({ copied }) => copied !== true);
  const rungs = encoded.map(
    (rung) =>
      duration *
      Math.min(rung.frameRate, source.frameRate) *
      (SCALE * megapixels(source) + (ENCODE[preset] ?? ENCODE['medium']!) * megapixels(rung)),
  );
  const decoding =
    encoded.length === 0
      ? 0
      : duration * source.frameRate * megapixels(source) * DECODE * (HEAVY_CODECS[source.codec] ?? 1);
  const sound = work.audio.filter(({ copied }) => copied !== true).length * duration * SOUND;
  return { all: decoding + sum(rungs) + sound, longest: Math.max(0, decoding, ...rungs) };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Bytes of the renditions. */
export function mediaBytes({ video, audio, source: { info } }: Work): number {
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

/** All that slicing by this plan uses, each step once. */
export function estimateUsage(work: Work, machine: Machine): Usage {
  const { duration } = work.source.info;
  const renditions = work.video.length + work.audio.length;
  const segments = Math.ceil(duration / work.segmentSeconds) * renditions;
  const chunks = work.timescale === null ? 1 : work.chunkCount;
  const ends = [
    { ...REQUESTS.probe, writes: WRITES.probe, ...lambdaUsage(AROUND.probe, SMALL_MIB) },
    // Parts of the table, a chunk each.
    { puts: work.timescale === null ? 0 : chunks },
    { ...REQUESTS.assemble, writes: WRITES.assemble, ...lambdaUsage(AROUND.assemble, SMALL_MIB) },
    { puts: renditions, gets: chunks, transitions: transitionsOf(work) },
  ];
  if (work.engine === 'mediaconvert') {
    const minutes = sum(work.video.map((rung) => normalizedMinutes(rung, duration)));
    const sound = work.audio.length * normalizedMinutes(null, duration);
    // It lays a segment down with one request; afterwards each is copied to its name and looked at.
    const calls = { invocations: 3, gbSeconds: (AROUND.chunk * SMALL_MIB) / 1024 };
    return addUsage([...ends, calls, { normalizedMinutes: minutes + sound, puts: segments * 2, gets: segments }]);
  }
  const whole = work.timescale === null;
  const memory = whole ? machine.memoryMiB : machine.chunkMemoryMiB;
  const { all, longest } = encodingSeconds(work, machine.preset);
  // As fast as its processors together, and no faster than its longest thread.
  const busy = Math.max(all / ((memory / MIB_A_VCPU) * BUSY), longest);
  const moving = (work.source.info.bytes + mediaBytes(work)) / BYTES_A_SECOND;
  const seconds = Math.max(busy, moving) / chunks + AROUND.chunk;
  const one = { ...REQUESTS.chunk, writes: WRITES.chunk, ...lambdaUsage(seconds, memory) };
  return addUsage([...ends, { puts: segments }, ...Array.from({ length: chunks }, () => one)]);
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
