/** Reading a local source once through, without decoding it: where its packets really lie, whatever its header says. */
import { createInterface } from 'node:readline';
import { ProcessError, start } from '../../lib/process.ts';
import { INPUT_FORMATS } from './args.ts';
import { clockArgs } from './reading.ts';
import { programPath } from './program.ts';
import { FEW, HELD_ON, type Hole } from './repeats.ts';

export interface TrackTimes {
  /** Seconds, on the source's timeline: when its first packet is shown, and the end of the last. */
  readonly first: number;
  readonly end: number;
  readonly packets: number;
  /** Where no packet begins for `HOLE_SECONDS` or more (of few, `HOLE_OF_FEW`); the last one lasts to the end of all. In order. */
  readonly holes: readonly Hole[];
}

/** Seconds; of very few packets, twice what a repeated picture is held for. */
const HOLE_SECONDS = 4;
const HOLE_OF_FEW = 2 * HELD_ON;

export interface Scan {
  /** Of the tracks asked for, in that order; undefined where one has no packet. */
  readonly tracks: readonly (TrackTimes | undefined)[];
  /** Seconds: where the last of them ends. 0: there is nothing. */
  readonly end: number;
}

interface ScanOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  readonly memoryBytes?: number;
}

/** Throws ProcessError only when it was called off or took too long: what cannot be read any further has its end there. */
export async function scan(
  path: string,
  container: string,
  streams: readonly number[],
  options: ScanOptions = {},
): Promise<Scan> {
  const args = [
    [
      '-nostdin',
      '-v',
      'error',
      ...clockArgs(container),
      '-protocol_whitelist',
      'file,pipe',
      '-format_whitelist',
      INPUT_FORMATS,
    ],
    ['-i', `file:${path}`, ...streams.flatMap((stream) => ['-map', `0:${stream}`])],
    ['-c', 'copy', '-f', 'framecrc', '-'],
  ].flat();
  const running = start(programPath('ffmpeg'), args, options);
  const reader = new ScanReader(streams.length);
  for await (const line of createInterface({ input: running.stdout })) reader.line(line);
  await running.done.catch((error: unknown) => {
    if (!(error instanceof ProcessError && error.reason === 'exit')) throw error;
  });
  return reader.result();
}

interface Seen {
  tick: number;
  first: number;
  /** Presentation time of the last picture or sound, and how long it lasts; ticks. */
  last: number;
  lasts: number;
  packets: number;
  readonly holes: { from: number; to: number }[];
}

/** Takes what the framecrc muxer writes: a time base for each track, then `stream, dts, pts, duration, size, checksum`. */
export class ScanReader {
  readonly #tracks: Seen[];

  constructor(count: number) {
    this.#tracks = Array.from({ length: count }, () => ({
      tick: 0,
      first: Infinity,
      last: -Infinity,
      lasts: 0,
      packets: 0,
      holes: [],
    }));
  }

  line(line: string): void {
    const base = /^#tb ([0-9]+): ([0-9]+)\/([0-9]+)$/.exec(line);
    if (base) {
      const track = this.#tracks[Number(base[1])];
      if (track) track.tick = Number(base[2]) / Number(base[3]);
      return;
    }
    const [stream, dts, pts, duration] = line.split(',').map(Number);
    const track = this.#tracks[stream ?? -1];
    const time = Number.isFinite(pts) ? pts! : dts!;
    if (!track || line.startsWith('#') || !Number.isFinite(time)) return;
    track.packets += 1;
    track.first = Math.min(track.first, time);
    const hole = track.holes.at(-1);
    if (time < track.last) {
      // What is decoded later and shown earlier: the hole ends with the first that is shown.
      if (hole && time > hole.from) hole.to = Math.min(hole.to, time);
      return;
    }
    const least = track.packets <= FEW ? HOLE_OF_FEW : HOLE_SECONDS;
    if ((time - track.last) * track.tick >= least && track.packets > 1)
      track.holes.push({ from: track.last, to: time });
    track.last = time;
    track.lasts = Math.max(0, duration ?? 0);
  }

  result(): Scan {
    const tracks = this.#tracks.map(({ tick, first, last, lasts, packets, holes }) => {
      if (packets === 0 || tick === 0) return undefined;
      // Where the container does not say how long the last one is, as long as the others are.
      const length = lasts > 0 ? lasts : packets > 1 ? (last - first) / (packets - 1) : 0;
      const inside = holes.map(({ from, to }): Hole => ({ from: from * tick, to: to * tick }));
      return { first: first * tick, last: last * tick, end: (last + length) * tick, packets, inside };
    });
    const end = Math.max(0, ...tracks.map((track) => track?.end ?? 0));
    const all = tracks.map((track): TrackTimes | undefined => {
      if (!track) return undefined;
      const { last, inside, ...times } = track;
      const least = times.packets < FEW ? HOLE_OF_FEW : HOLE_SECONDS;
      const holes = [...inside, { from: last, to: end }].filter(({ from, to }) => to - from >= least);
      return { ...times, holes };
    });
    return { tracks: all, end };
  }
}
