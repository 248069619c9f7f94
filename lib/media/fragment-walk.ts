/**
 * The headers of a movie's fragments (ISO/IEC 14496-12 8.8.4) by ranged reads of little more than themselves. Each says only
 * where the next one is, so a long file is walked in stretches side by side: where one may begin is found by looking for
 * what begins a fragment, and holds when the stretch before it ends just there.
 */
import { BoxError, LONGEST_HEADER, readHeader } from './boxes.ts';
import { FragmentCount, MEDIA_BOXES, type ByteSource } from './layout.ts';

/** Stretches walked at a time, each with one read under way. */
const AT_A_TIME = 32;
/** Fragments of a stretch, about: fewer are not worth looking for where it begins. */
const STRETCH = 64;
const MOST_STRETCHES = 64;
/** Fragments that tell how large others are. */
const FIRST = 16;
/** Headers that a stretch holds until they are taken. */
const HELD_BYTES = 4 * 1024 ** 2;
const HELD = 4096;
/** Bytes of a read: as many as the header before took, and some more. */
const LEAST_BYTES = 1024;
const MOST_BYTES = 1024 ** 2;
/** Bytes of a read that looks for a fragment, and how many sizes of a fragment it looks for one. */
const SEARCH_BYTES = 256 * 1024;
const SEARCH_SIZES = 8;

export interface PlacedFragment {
  /** A whole `moof`. */
  readonly moof: Buffer;
  /** Of its first byte. */
  readonly at: number;
}

/** The file ends within index or media. */
export class CutShort extends BoxError {
  override name = 'CutShort';
}

/** All of them in order. @throws CutShort, TooManyBoxes, or the signal's reason */
export async function* fragmentsOf(source: ByteSource, signal?: AbortSignal): AsyncGenerator<PlacedFragment> {
  const count = new FragmentCount();
  const walk = new Walk(source, signal);
  const counted = ({ found, boxes }: Stretch): readonly PlacedFragment[] => {
    count.boxes(boxes);
    for (const { moof } of found) count.add(moof);
    return found;
  };
  const first = await walk.stretch(0, source.size, FIRST);
  yield* counted(first);
  const [begins] = first.found;
  const size = begins ? (first.end - begins.at) / first.found.length : 0;
  const starts = first.over ? [] : await landmarks(source, first.end, size, signal);
  const ahead = new Map<number, Promise<Stretch>>();
  const untilOf = (index: number) => starts[index + 1] ?? source.size;
  let next = 0;
  for (let { end, over } = first; !over && end < source.size;) {
    // What a landmark that is none led to is nobody's.
    while (next < starts.length && starts[next]! < end) next += 1;
    for (let index = next; index < Math.min(starts.length, next + AT_A_TIME); index += 1) {
      if (ahead.has(index)) continue;
      const walked = walk.stretch(starts[index]!, untilOf(index));
      // Whoever waits for an earlier one that fails does not wait for this one.
      walked.catch(() => undefined);
      ahead.set(index, walked);
    }
    const known = starts[next] === end ? ahead.get(next) : undefined;
    const stretch = await (known ?? walk.stretch(end, starts[next] ?? source.size));
    yield* counted(stretch);
    ({ end, over } = stretch);
  }
}

interface Stretch {
  readonly found: readonly PlacedFragment[];
  /** Boxes of any kind. */
  readonly boxes: number;
  /** Where the next box begins. */
  readonly end: number;
  /** There is none. */
  readonly over: boolean;
}

class Walk {
  readonly #source: ByteSource;
  readonly #signal: AbortSignal | undefined;
  /** Bytes that the last header took, with what is in front of it. */
  #needed = 4 * LEAST_BYTES;

  constructor(source: ByteSource, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#signal = signal;
  }

  /** From a box on, until `until` is reached or passed, or enough is held. */
  async stretch(from: number, until: number, most = HELD): Promise<Stretch> {
    const { size } = this.#source;
    const found: PlacedFragment[] = [];
    let window: { readonly offset: number; readonly bytes: Buffer } = { offset: from, bytes: Buffer.alloc(0) };
    const see = async (offset: number, length: number): Promise<Buffer> => {
      const there = window.offset + window.bytes.length;
      if (offset < window.offset || Math.min(offset + length, size) > there) {
        this.#signal?.throwIfAborted();
        const wanted = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, Math.ceil(this.#needed * 1.25)));
        window = { offset, bytes: await this.#source.read(offset, Math.max(length, wanted)) };
      }
      return window.bytes.subarray(offset - window.offset);
    };
    let [at, held, boxes] = [from, 0, 0];
    const ended = (over: boolean): Stretch => ({ found, boxes, end: at, over });
    while (at < Math.min(until, size) && found.length < most && boxes < HELD && held < HELD_BYTES) {
      const box = readHeader(await see(at, LONGEST_HEADER), 0, size - at);
      // Padding or a foreign trailer after the last box is common and harmless.
      if (!box) return ended(true);
      boxes += 1;
      if (at + box.size > size) {
        if (MEDIA_BOXES.has(box.type)) throw new CutShort(`${box.type} runs past the end of the file`);
        return ended(true);
      }
      if (box.type === 'mdat') this.#needed = Math.max(LONGEST_HEADER, at + LONGEST_HEADER - window.offset);
      if (box.type === 'moof' && box.size > box.header) {
        FragmentCount.fits(box.size);
        // With the header of what follows, which says where the next one is.
        const bytes = await see(at, box.size + LONGEST_HEADER);
        found.push({ moof: bytes.subarray(0, box.size), at });
        held += box.size;
      }
      at += box.size;
    }
    return ended(false);
  }
}

/** Where fragments begin, some way apart. `size`: of one, about; 0: unknown. */
async function landmarks(source: ByteSource, from: number, size: number, signal?: AbortSignal): Promise<number[]> {
  const stretches = Math.min(MOST_STRETCHES, Math.floor((source.size - from) / size / STRETCH));
  if (!Number.isFinite(stretches) || stretches < 2) return [];
  const apart = (source.size - from) / stretches;
  const places = Array.from({ length: stretches - 1 }, (_, i) => Math.floor(from + (i + 1) * apart));
  const most = Math.min(apart, SEARCH_SIZES * size);
  const found = await Promise.all(places.map(async (place) => findFragment(source, place, most, signal)));
  return [from, ...new Set(found.flatMap((place) => place ?? []))];
}

/** The first place from `from` on where there is what a fragment begins with, within so many bytes. */
async function findFragment(
  source: ByteSource,
  from: number,
  most: number,
  signal?: AbortSignal,
): Promise<number | undefined> {
  // What stands over the end of a read is read again.
  for (let at = from; at < from + most; at += SEARCH_BYTES - BEGINNING.bytes) {
    signal?.throwIfAborted();
    const bytes = await source.read(at, SEARCH_BYTES);
    for (let i = bytes.indexOf(BEGINNING.type); i !== -1; i = bytes.indexOf(BEGINNING.type, i + 1)) {
      if (i >= 4 && bytes.subarray(i + 4, i + 12).equals(BEGINNING.inner)) return at + i - 4;
    }
  }
  return undefined;
}

/** moof of 32 bits, and the mfhd (8.8.5) of 16 bytes in it. */
const BEGINNING = { type: Buffer.from('moof'), inner: Buffer.from('\0\0\0\x10mfhd', 'latin1'), bytes: 16 };
