/** Numbers as the report has them. */
import type { presets } from '../../local/device/clip.ts';

export type Kind = keyof Pick<typeof presets, 'd1' | '720p'>;
export const kinds = {
  d1: { label: '704x576 15 fps 512 kbit/s', frameRate: 15, segmentSeconds: 2 },
  '720p': { label: '1280x720 25 fps 1.5 Mbit/s', frameRate: 25, segmentSeconds: 2 },
} as const satisfies Record<Kind, object>;

export const MB = 1e6;

export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
}

export const round = (value: number, digits = 0): number => Math.round(value * 10 ** digits) / 10 ** digits;

export const wait = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** What was seen of some streams in some seconds. */
export interface Window {
  readonly streams: number;
  readonly seconds: number;
  /** Of one core, 0 to 1. */
  readonly cpu: number;
  /** Of the same core, what something else took. */
  readonly othersCpu: number;
  readonly cpuMsPerStreamSecond: number;
  /** Milliseconds from the moment the segment's last picture was due at the device to its playlist being readable. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly segments: number;
  readonly expectedSegments: number;
  /** Gaps, discontinuities and dropped segments: none may be there. */
  readonly faults: number;
  /** The same by the task's own reckoning: from reading a segment's last byte to S3's answer. */
  readonly ownP50?: number;
  readonly ownP99?: number;
  /** Bytes of the process beyond those of an idle task and of segments, by stream. */
  readonly bytesPerStream?: number;
  /** Longest that the load generator was late, milliseconds. */
  readonly loadLate: number;
  /** Of one core, what each of its processes took; and what is taken of all cores but the measured one, 0 to 1. */
  readonly loadCpu: readonly number[];
  readonly boxBusy: number;
  /** Of one core, what the stand-ins for AWS took. */
  readonly cloudCpu?: number;
}

export const HOLDS_MS = 1000;
/** Windows begin and end anywhere in a segment. */
const COMPLETE = 0.97;

/** Every segment came, unbroken, and less than a second behind. */
export const holds = ({ max, faults, segments, expectedSegments }: Window): boolean =>
  max < HOLDS_MS && faults === 0 && segments >= COMPLETE * expectedSegments;

/** Of a core, above which whoever has no other one waits for it. */
const FULL = 0.95;

/**
 * Why the load generator, and not what is measured, was the limit: it was late itself, one of its processes had no more of its
 * core, or the cores that it shares with the stand-ins are full. A window that does not hold then says nothing of the server.
 */
export function limitOfLoad({ loadLate, loadCpu, boxBusy }: Window): string | undefined {
  if (loadLate > HOLDS_MS / 3) return `it was ${loadLate} ms late`;
  if (loadCpu.some((cpu) => cpu > FULL)) return 'one of its processes had no more of its core';
  if (boxBusy > FULL) return 'the cores beside the measured one were full';
  return undefined;
}

/** Part of the core to aim at: what others leave of nine tenths, but at least the half that a scheduler shares out. */
export const share = (othersCpu: number): number => Math.max(0.45, 0.9 - othersCpu);
