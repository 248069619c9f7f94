/** The text of a source that is remuxed: read beside the pass, and an index of where its file holds it. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { box } from '../../lib/media/build.ts';
import type { IndexedTrack } from '../../lib/media/sample-table.ts';
import { MOST_TEXT_BYTES, MOST_TEXT_SAMPLES } from './text-samples.ts';

/** Seconds something is shown whose container does not say how long. */
const UNSAID_SECONDS = 4;

interface Packet {
  /** Ticks. */
  readonly start: number;
  readonly duration: number;
  /** Bytes. */
  readonly size: number;
}

/** Of each track: what the framecrc muxer says of its packets. */
interface Times {
  timescale: number;
  readonly packets: Packet[];
}

/** Takes lines of a time base for each track, then `track, dts, pts, duration, size, checksum`. A track of too many packets has none. */
export async function readTimes(pipe: Readable, tracks: number): Promise<Times[]> {
  const all = Array.from({ length: tracks }, (): Times => ({ timescale: 1000, packets: [] }));
  const tooMany = new Set<number>();
  for await (const line of createInterface({ input: pipe })) {
    const base = /^#tb ([0-9]+): ([0-9]+)\/([0-9]+)$/.exec(line);
    const known = base && all[Number(base[1])];
    if (known && Number(base[2]) === 1) known.timescale = Number(base[3]);
    if (line.startsWith('#')) continue;
    const [track, , start, duration, size] = line.split(',').map(Number);
    const packets = all[track!]?.packets;
    if (packets === undefined || tooMany.has(track!) || !Number.isFinite(start) || !(size! >= 0)) continue;
    packets.push({ start: start!, duration: duration!, size: size! });
    if (packets.length <= MOST_TEXT_SAMPLES) continue;
    tooMany.add(track!);
    packets.length = 0;
  }
  return all;
}

/** What each pipe says to its end, all at once; undefined: more than is kept of all of them together. */
export function readTexts(pipes: readonly Readable[]): Promise<(Buffer | undefined)[]> {
  let room = MOST_TEXT_BYTES;
  return Promise.all(
    pipes.map(async (pipe) => {
      let pieces: Buffer[] | undefined = [];
      let length = 0;
      for await (const piece of pipe as AsyncIterable<Buffer>) {
        if (pieces === undefined) continue;
        length += piece.length;
        room -= piece.length;
        if (room >= 0) pieces.push(piece);
        else {
          room += length;
          pieces = undefined;
        }
      }
      return pieces && Buffer.concat(pieces, length);
    }),
  );
}

/**
 * A box that nobody reads as media, with all of it, to lie at byte `at` of the file; and each track's index, which is empty
 * where its text is not whole.
 */
export function placeTexts(
  times: readonly Times[],
  texts: readonly (Buffer | undefined)[],
  at: number,
): { bytes: Buffer; tracks: IndexedTrack[] } {
  const whole = times.map(({ packets }, track) => {
    const length = packets.reduce((sum, { size }) => sum + size, 0);
    return texts[track]?.length === length ? texts[track] : undefined;
  });
  let begins = at + 8;
  const tracks = times.map(({ timescale, packets }, track): IndexedTrack => {
    let offset = begins;
    begins += whole[track]?.length ?? 0;
    const placed = whole[track]
      ? packets.map((packet) => ({ ...packet, offset: (offset += packet.size) - packet.size }))
      : [];
    return trackOf(
      placed.toSorted((a, b) => a.start - b.start),
      timescale,
    );
  });
  return { bytes: box('free', ...whole.flatMap((text) => text ?? [])), tracks };
}

function trackOf(packets: readonly (Packet & { readonly offset: number })[], timescale: number): IndexedTrack {
  const shown = Float64Array.from(packets, ({ duration }) => (duration > 0 ? duration : UNSAID_SECONDS * timescale));
  return {
    timescale,
    trak: Buffer.alloc(0),
    edit: { delay: 0, from: 0, length: undefined },
    samples: {
      count: packets.length,
      offset: Float64Array.from(packets, ({ offset }) => offset),
      size: Uint32Array.from(packets, ({ size }) => size),
      decode: Float64Array.from(packets, ({ start }) => start),
      composition: new Int32Array(packets.length),
      sync: new Uint8Array(packets.length).fill(1),
      lastDuration: shown.at(-1) ?? 0,
      shown,
    },
  };
}
