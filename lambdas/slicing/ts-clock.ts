/**
 * The clock of an MPEG transport stream (ISO/IEC 13818-1), made one: recordings that were joined, and clocks that were set
 * anew under way, count on from where the part before ended. Where nothing is set anew, nothing is changed: what was lost on
 * the way stays a hole of its length.
 *
 * Decided in the order of the file, where what comes before a join is of the part before; a reader that puts pictures and
 * sound together first hands the last of one part out among the first of the next.
 */
import { open } from 'node:fs/promises';
import { writeAt } from './write-at.ts';

const TICKS = 90_000;
const WRAP = 2 ** 33;

/** Ticks from one time to another, whichever way is shorter: times begin again after 26 hours. */
const apart = (to: number, from: number): number => {
  const ticks = (((to - from) % WRAP) + WRAP) % WRAP;
  return ticks >= WRAP / 2 ? ticks - WRAP : ticks;
};

/** A leap ahead up to this is something lost; beyond it, the clock was set anew. */
export const LONGEST_HOLE = 60 * TICKS;
/** So far a track's own clock may seem to run back. */
const JITTER = 0.1 * TICKS;

interface Track {
  /** Decode time as the file has it, of the last packet; and ticks from the first one of this part to it. */
  last: number;
  length: number;
  /** Ticks from one to the next. */
  lasts: number;
  readonly first: number;
}

/** What lies between two leaps of the clock. */
type Part = Map<number, Track>;

const ends = ({ first, length, lasts }: Track): number => first + length + lasts;

/** Follows the clock: takes the decode time of each packet of a track (PES) in the order of the file. */
export class Clock {
  #part: Part | undefined;
  #before: Part | undefined;
  #now = 0;
  /** Ticks to add to the times of the part before. */
  #shift = 0;

  /** Answers whether a part begins with this. */
  take(pid: number, time: number): boolean {
    const track = this.#part?.get(pid);
    const since = track ? apart(time, track.last) : 0;
    const ahead = apart(time, this.#now);
    // Alone, a track may be silent as long as it likes: the others tell the time.
    const back = track ? since < -JITTER : ahead < -LONGEST_HOLE;
    const leaps = ahead > LONGEST_HOLE && (!track || since > LONGEST_HOLE);
    this.#now = time;
    if (!this.#part || back || leaps) {
      const begins = this.#part !== undefined;
      if (begins) this.#shift = this.shift;
      this.#before = this.#part;
      this.#part = new Map([[pid, { first: time, last: time, lasts: 0, length: 0 }]]);
      return begins;
    }
    if (!track) this.#part.set(pid, { first: time, last: time, lasts: 0, length: 0 });
    else if (since > 0) {
      track.last = time;
      track.length += since;
      if (since < TICKS) track.lasts = since;
    }
    return false;
  }

  /** Whether all tracks of the part before have begun in this one. */
  get settled(): boolean {
    return [...(this.#before?.keys() ?? [])].every((pid) => this.#part!.has(pid));
  }

  /**
   * Ticks to add to the times of this part, so that it goes on where the one before ended. The track whose packets are the
   * shortest tells best where that is: one packet a picture, while one of sound holds a third of a second.
   */
  get shift(): number {
    if (!this.#before || !this.#part) return this.#shift;
    const both = [...this.#part].flatMap(([pid, { first }]) => {
      const old = this.#before!.get(pid);
      return old ? [{ first, old }] : [];
    });
    const [finest] = both.toSorted((a, b) => (a.old.lasts || Infinity) - (b.old.lasts || Infinity));
    if (finest) return ends(finest.old) + this.#shift - finest.first;
    const latest = Math.max(...[...this.#before.values()].map(ends));
    return latest + this.#shift - Math.min(...[...this.#part.values()].map(({ first }) => first));
  }
}

/** Where in a packet the PTS of a PES begins, and its DTS if there is one; undefined when no PES with times begins in it. */
function timesIn(bytes: Buffer, start: number): { pid: number; pts: number; dts: number | undefined } | undefined {
  // 2.4.3.2: a payload that begins a unit, is there, and is not scrambled.
  const starts = (bytes[start + 1]! & 0x40) !== 0;
  const control = bytes[start + 3]!;
  if (!starts || (control & 0x10) === 0 || (control & 0xc0) !== 0) return undefined;
  const at = start + 4 + ((control & 0x20) !== 0 ? 1 + bytes[start + 4]! : 0);
  // 2.4.3.6: start code, stream id, length, flags; then the times.
  if (at + 19 > start + PACKET || bytes.readUIntBE(at, 3) !== 1) return undefined;
  const id = bytes[at + 3]!;
  const media = (id >= 0xc0 && id <= 0xef) || id === 0xbd || id === 0xfd;
  const flags = bytes[at + 7]! >> 6;
  if (!media || (bytes[at + 6]! & 0xc0) !== 0x80 || flags < 2) return undefined;
  const pid = bytes.readUInt16BE(start + 1) & 0x1fff;
  return { pid, pts: at + 9, dts: flags === 3 ? at + 14 : undefined };
}

/** 33 bits in five bytes, with marker bits between (2.4.3.6). Not by bitwise operators, which end at 32. */
const readTime = (bytes: Buffer, at: number): number =>
  ((bytes[at]! >> 1) & 7) * 2 ** 30 + (bytes.readUInt16BE(at + 1) >> 1) * 2 ** 15 + (bytes.readUInt16BE(at + 3) >> 1);

function writeTime(bytes: Buffer, at: number, time: number): void {
  const ticks = ((time % WRAP) + WRAP) % WRAP;
  bytes[at] = (bytes[at]! & 0xf1) | (Math.floor(ticks / 2 ** 30) << 1);
  bytes.writeUInt16BE((Math.floor(ticks / 2 ** 15) % 2 ** 15) * 2 + 1, at + 1);
  bytes.writeUInt16BE((ticks % 2 ** 15) * 2 + 1, at + 3);
}

const PACKET = 188;
const SYNC = 0x47;
/** Packets as they are; with a time stamp ahead of each (M2TS); with bytes for error correction behind. */
const SPACINGS = [188, 192, 204];
/** Bytes read and written at a time. */
const READ = 4 * 1024 ** 2;

/** Calls `each` for every packet in the bytes, whatever lies between them; answers how many bytes are done with. */
function packetsIn(bytes: Buffer, last: boolean, each: (at: number) => void): number {
  let at = 0;
  while (at + PACKET <= bytes.length) {
    // In step if the next packet begins where one must; at the end there is none.
    const next = SPACINGS.map((spacing) => at + spacing).find((place) => bytes[place] === SYNC);
    if (bytes[at] !== SYNC || (next === undefined && at + 204 < bytes.length)) {
      at = Math.max(at + 1, bytes.indexOf(SYNC, at + 1));
      if (bytes.indexOf(SYNC, at) === -1) return bytes.length;
      continue;
    }
    if (next === undefined && !last) return at;
    each(at);
    at = next ?? bytes.length;
  }
  return last ? bytes.length : at;
}

/** Bytes held at most until all tracks of a part are seen. */
const HELD = 8 * 1024 ** 2;

interface Piece {
  readonly bytes: Buffer;
  /** Times in it may be others than they were. */
  readonly changed: boolean;
}

async function* pieces(input: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  const clock = new Clock();
  let shift = 0;
  let changed = false;
  let waiting = false;
  /** Bytes not yet handed on, the times in them that are still to be shifted, and how far they were looked at. */
  let held: Buffer = Buffer.alloc(0);
  let unshifted: number[] = [];
  let looked = 0;
  const settle = (): void => {
    shift = clock.shift;
    changed = true;
    for (const place of unshifted) writeTime(held, place, readTime(held, place) + shift);
    unshifted = [];
    waiting = false;
  };
  const look = (last: boolean): void => {
    const bytes = held.subarray(looked);
    looked += packetsIn(bytes, last, (at) => {
      const times = timesIn(bytes, at);
      if (!times) return;
      const begins = clock.take(times.pid, readTime(bytes, times.dts ?? times.pts));
      // A part that was over before all of its tracks had begun.
      if (begins && waiting) settle();
      waiting ||= begins;
      const places = [times.pts, ...(times.dts === undefined ? [] : [times.dts])];
      if (waiting) unshifted.push(...places.map((place) => looked + place));
      else if (shift !== 0) for (const place of places) writeTime(bytes, place, readTime(bytes, place) + shift);
      if (waiting && clock.settled) settle();
    });
    if (waiting && (last || looked > HELD)) settle();
  };
  for await (const piece of input) {
    held = Buffer.concat([held, piece]);
    look(false);
    if (waiting) continue;
    yield { bytes: held.subarray(0, looked), changed };
    held = held.subarray(looked);
    looked = 0;
  }
  look(true);
  yield { bytes: held, changed };
}

/** The stream with one clock: as many bytes as came in, in pieces of another size. */
export async function* straightened(input: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const { bytes } of pieces(input)) yield bytes;
}

/** Makes the clock of a file one, in place. */
export async function straighten(path: string, signal?: AbortSignal): Promise<void> {
  const file = await open(path, 'r+');
  try {
    let at = 0;
    // Written behind where it is read: each byte has its place.
    for await (const { bytes, changed } of pieces(file.createReadStream({ autoClose: false, highWaterMark: READ }))) {
      signal?.throwIfAborted();
      if (changed) await writeAt(file, bytes, at);
      at += bytes.length;
    }
  } finally {
    await file.close();
  }
}
