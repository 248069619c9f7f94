/** What is recorded of a channel: the segments whose names are the index (live-keys.ts). */
import { required } from '../../lib/contract/env.ts';
import { channelPrefix, hourFolder, parseSegment, type SegmentName } from '../../lib/contract/live-keys.ts';
import { listObjects } from './objects.ts';

export interface RecordedSegment extends SegmentName {
  readonly key: string;
  readonly bytes: number;
}

export interface Stretch {
  /** Epoch milliseconds; `to` is not in it. */
  readonly from: number;
  readonly to: number;
}

const HOUR = 3_600_000;
/** No segment is longer; one that begins in the hour before may reach into the stretch. Milliseconds. */
const LONGEST = 60_000;
/** Listings under way at once. */
const PARALLEL = 12;

/** Starts of the UTC hours in which segments of a stretch may begin. Pure. */
export function hoursOf({ from, to }: Stretch): number[] {
  const first = Math.floor((from - LONGEST) / HOUR);
  const last = Math.floor((to - 1) / HOUR);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * HOUR);
}

/** Segments of a stretch in order of time, each moment once. */
export async function listSegments(device: string, channel: number, stretch: Stretch): Promise<RecordedSegment[]> {
  const folders = hoursOf(stretch).map((at) => `${channelPrefix(device, channel)}${hourFolder(at)}`);
  const found: RecordedSegment[][] = folders.map(() => []);
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < folders.length; i = next++) found[i] = await listFolder(folders[i]!);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return inOrder(found.flat(), stretch);
}

async function listFolder(prefix: string): Promise<RecordedSegment[]> {
  const segments: RecordedSegment[] = [];
  for await (const page of listObjects(required('MEDIA_BUCKET'), prefix)) {
    for (const { Key, Size = 0 } of page) {
      const name = parseSegment(Key);
      if (name !== undefined) segments.push({ ...name, key: Key, bytes: Size });
    }
  }
  return segments;
}

/** Milliseconds two segments may overlap: clocks are corrected a little from one run of segments to the next. */
const OVERLAP = 500;

/**
 * Those that touch the stretch, by time. Where a channel was recorded twice (live, and fetched from the device later; or
 * the device's clock was set back), what begins first stays and what begins inside it is left out. Pure.
 */
export function inOrder<S extends SegmentName>(segments: readonly S[], { from, to }: Stretch): S[] {
  const kept: S[] = [];
  let end = -Infinity;
  const sorted = segments.toSorted((a, b) => a.start - b.start || a.epoch - b.epoch || a.sequence - b.sequence);
  for (const segment of sorted) {
    const segmentEnd = segment.start + segment.duration;
    if (segment.start >= to || segmentEnd <= from || segment.start < end - OVERLAP) continue;
    kept.push(segment);
    end = Math.max(end, segmentEnd);
  }
  return kept;
}

interface RecordedStretch {
  from: number;
  to: number;
  bytes: number;
}

/** Milliseconds between two segments that are no gap: a stream asked for again goes on this soon. */
const JOIN = 1000;

/** Segments in order as stretches without gaps. Pure. */
export function stretchesOf(
  segments: readonly Pick<RecordedSegment, 'start' | 'duration' | 'bytes'>[],
): RecordedStretch[] {
  const stretches: RecordedStretch[] = [];
  for (const { start, duration, bytes } of segments) {
    const last = stretches.at(-1);
    if (last !== undefined && start - last.to <= JOIN) {
      last.to = Math.max(last.to, start + duration);
      last.bytes += bytes;
    } else stretches.push({ from: start, to: start + duration, bytes });
  }
  return stretches;
}
