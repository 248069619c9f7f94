/** The text of a source that is remuxed: read beside the pass, and an index of where its file holds it. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { box } from '../../lib/media/build.ts';
import type { IndexedTrack } from '../../lib/media/sample-table.ts';

/** Bytes of text of one source: the captions of a day in a dozen languages are a tenth of it. What is more is left out. */
const MOST_BYTES = 48 * 1024 ** 2;
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

/** Takes lines of a time base for each track, then `track, dts, pts, duration, size, checksum`. */
export async function readTimes(pipe: Readable, tracks: number): Promise<Times[]> {
  const all = Array.from({ length: tracks }, (): Times => ({ timescale: 1000, packets: [] }));
  for await (const line of createInterface({ input: pipe })) {
    const base = /^#tb ([0-9]+): ([0-9]+)\/([0-9]+)$/.exec(line);
    const known = base && all[Number(base[1])];
    if (known && Number(base[2]) === 1) known.timescale = Number(base[3]);
    if (line.startsWith('#')) continue;
    const [track, , start, duration, size] = line.split(',').map(Number);
    if (Number.isFinite(start) && size! >= 0)
      all[track!]?.packets.push({ start: start!, duration: duration!, size: size! });
  }
  return all;
}

/** What one pipe says to its end; undefined: more than is kept. */
export async function readText(pipe: Readable): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of pipe as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length <= MOST_BYTES) pieces.push(piece);
    else pieces.length = 0;
  }
  return length > MOST_BYTES ? undefined : Buffer.concat(pieces, length);
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
