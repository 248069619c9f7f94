/** A file's top level, walked through ranged reads without taking it in; and a stream's, cut into whole boxes. */
import { BoxError, LONGEST_HEADER, readHeader } from './boxes.ts';

/** Where bytes come from: an object in S3, or a local file. Reads past the end answer what there is. */
export interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Buffer>;
}

export interface PlacedBox {
  readonly type: string;
  /** Of the header's first byte. */
  readonly offset: number;
  /** Header included. */
  readonly size: number;
  /** Bytes of the header. */
  readonly header: number;
}

export interface Layout {
  readonly boxes: readonly PlacedBox[];
  /** Movie fragments: the header alone does not say how long it is. */
  readonly fragmented: boolean;
  /**
   * Index or media run past the end of the file, or the movie header is missing from a file that was walked to its end. What
   * follows them and is no box, however long it would be as one, does not count.
   */
  readonly truncated: boolean;
}

const FIRST_BOXES = new Set([
  'ftyp',
  'styp',
  'moov',
  'mdat',
  'free',
  'skip',
  'wide',
  'pnot',
  'sidx',
  'uuid',
  'moof',
  'hoov',
  'junk',
  'pict',
  'prfl',
  'ediw',
]);

/** Boxes that a file is incomplete without. */
export const MEDIA_BOXES = new Set(['moov', 'mdat', 'moof', 'hoov']);

/** Top-level boxes of a file that is not fragmented are a handful; this many tiny ones are somebody's joke. */
const MAX_BOXES = 500;
/** Of one that is: four a second, as of two tracks in fragments of a second, are 345,600 in a day. */
const MAX_FRAGMENT_BOXES = 400_000;
/** In them: a fragment of two tracks has nine. */
const MAX_INNER_BOXES = 10 * MAX_FRAGMENT_BOXES;
/** Twelve hours of 120 pictures and 50 packets of sound a second are seven million. A reader makes an entry for each. */
const MAX_SAMPLES = 20_000_000;
/** Bytes of a fragment's header: one that is longer is not taken, since all of it must be looked at. */
const MAX_MOOF_BYTES = 64 * 1024 * 1024;
/** Bytes read at once: tiny boxes cost no read each, and a fragment's header with the next box's own costs one. */
const WINDOW_BYTES = 16 * 1024;

/** A movie header that is compressed (cmov, QuickTime File Format): what it grows to is not known before. */
export class CompressedHeader extends BoxError {
  override name = 'CompressedHeader';
}

/** More boxes, or more samples in its index, than any file of its kind has. */
export class TooManyBoxes extends BoxError {
  override name = 'TooManyBoxes';
  readonly most: number;
  readonly what: 'boxes' | 'samples' | 'edits' | 'bytes';
  constructor(most: number, what: TooManyBoxes['what'] = 'boxes') {
    super(`more than ${most} ${what}`);
    this.most = most;
    this.what = what;
  }
}

interface WalkOptions {
  /** Bytes at hand: movie fragments that begin in them are walked through. It ends at the first other one. */
  readonly atHand?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Walks the top level. Undefined when the file does not begin like ISO base media. A hidden movie header (`hoov`) is named
 * `moov`, as readers take it. @throws TooManyBoxes, or the signal's reason
 */
export async function walk(source: ByteSource, { atHand = 0, signal }: WalkOptions = {}): Promise<Layout | undefined> {
  const boxes: PlacedBox[] = [];
  let fragmented = false;
  let count = 0;
  const found = new FragmentCount();
  let window: { readonly offset: number; readonly bytes: Buffer } = { offset: 0, bytes: Buffer.alloc(0) };
  for (let offset = 0; offset < source.size;) {
    signal?.throwIfAborted();
    if (window.offset + window.bytes.length < Math.min(offset + LONGEST_HEADER, source.size)) {
      window = { offset, bytes: await source.read(offset, offset < atHand ? WINDOW_BYTES : LONGEST_HEADER) };
    }
    const box = readHeader(window.bytes, offset - window.offset, source.size - offset);
    if (offset === 0 && !(box && FIRST_BOXES.has(box.type))) return undefined;
    // Padding or a foreign trailer after the last box is common and harmless.
    if (!box) break;
    fragmented ||= box.type === 'moof';
    count += 1;
    const most = fragmented ? MAX_FRAGMENT_BOXES : MAX_BOXES;
    if (count > most) throw new TooManyBoxes(most);
    if (box.type === 'moof') FragmentCount.fits(box.size);
    if (count <= MAX_BOXES) {
      const type = box.type === 'hoov' && (await isHidden(source, offset + box.header)) ? 'moov' : box.type;
      boxes.push({ ...box, type, offset });
    }
    if (offset + box.size > source.size) {
      const missed = MEDIA_BOXES.has(box.type) || !boxes.some(({ type }) => type === 'moov');
      if (!missed)
        boxes.splice(
          boxes.findIndex((known) => known.offset === offset),
          boxes.length,
        );
      return { boxes, fragmented, truncated: missed };
    }
    if (fragmented && offset >= atHand) break;
    if (box.type === 'moof' && box.size > box.header) {
      const from = offset - window.offset;
      const there = from + box.size <= window.bytes.length;
      const moof = there ? window.bytes.subarray(from, from + box.size) : await source.read(offset, box.size);
      found.add(moof);
    }
    offset += box.size;
  }
  return { boxes, fragmented, truncated: !boxes.some((box) => box.type === 'moov') };
}

/** Whether a `hoov` holds what a movie header begins with. */
async function isHidden(source: ByteSource, body: number): Promise<boolean> {
  return ['mvhd', 'cmov'].includes((await source.read(body, 8)).toString('latin1', 4, 8));
}

/** What the fragments of a file are counted by: their boxes, and the samples that their runs say they have (trun, 8.8.8). */
export class FragmentCount {
  #top = 0;
  #inner = 0;
  #samples = 0;

  /** Whether a `moof` of so many bytes may be taken in. @throws TooManyBoxes */
  static fits(bytes: number): void {
    if (bytes > MAX_MOOF_BYTES) throw new TooManyBoxes(MAX_MOOF_BYTES, 'bytes');
  }

  /** So many more at the top level. @throws TooManyBoxes */
  boxes(more: number): void {
    this.#top += more;
    if (this.#top > MAX_FRAGMENT_BOXES) throw new TooManyBoxes(MAX_FRAGMENT_BOXES);
  }

  /** A whole `moof`. @throws TooManyBoxes */
  add(moof: Buffer): void {
    const { header } = readHeader(moof, 0, moof.length)!;
    this.#inside(moof.subarray(header), false);
  }

  #inside(bytes: Buffer, isTraf: boolean): void {
    for (let at = 0; at < bytes.length;) {
      const box = readHeader(bytes, at, bytes.length - at);
      if (!box) return;
      this.#inner += 1;
      const body = bytes.subarray(at + box.header, at + box.size);
      if (box.type === 'traf' && !isTraf) this.#inside(body, true);
      if (box.type === 'trun' && body.length >= 8) this.#samples += body.readUInt32BE(4);
      if (this.#inner > MAX_INNER_BOXES) throw new TooManyBoxes(MAX_INNER_BOXES);
      if (this.#samples > MAX_SAMPLES) throw new TooManyBoxes(MAX_SAMPLES, 'samples');
      at += box.size;
    }
  }
}

/** Boxes that hold boxes and nothing before them, of those that a movie header is made of. */
const CONTAINERS = new Set([
  'moov',
  'hoov',
  'trak',
  'mdia',
  'minf',
  'stbl',
  'edts',
  'dinf',
  'udta',
  'mvex',
  'tref',
  'gmhd',
]);
/** Of a header: 256 tracks of thirty boxes each, and as many again. Levels: `moov/trak/mdia/minf/stbl` are five. */
const MAX_HEADER_BOXES = 16_384;
const MAX_LEVELS = 10;
/** Of all tracks: what an editor cuts together without encoding has hundreds. */
const MAX_EDITS = 4000;
/** Edits of a track times its samples: each edit may list all of them again. Forty edits in twelve hours of sound. */
const MAX_EDITED = 100_000_000;

/**
 * How many samples a sample table says it has: of one size, they cost it nothing (stsz, 8.7.3.2). Sound of which each is
 * one tick long (PCM; stts, 8.6.1.2) is read by its chunks.
 */
function samplesOf(stbl: Buffer, isSound: boolean): number {
  const named = new Map<string, Buffer>();
  for (let at = 0; at < stbl.length;) {
    const box = readHeader(stbl, at, stbl.length - at);
    if (!box) break;
    named.set(box.type, stbl.subarray(at + box.header, at + box.size));
    at += box.size;
  }
  const [sizes, times] = [named.get('stsz') ?? named.get('stz2'), named.get('stts')];
  if (!sizes || sizes.length < 12) return 0;
  const isPcm = isSound && times && times.length >= 16 && times.readUInt32BE(4) === 1 && times.readUInt32BE(12) === 1;
  return isPcm ? 0 : sizes.readUInt32BE(8);
}

/** Whether every handler of a track's media says `soun`. */
function isSound(mdia: Buffer): boolean {
  let found = false;
  for (let at = 0; at < mdia.length;) {
    const box = readHeader(mdia, at, mdia.length - at);
    if (!box) break;
    if (box.type === 'hdlr') {
      found = mdia.toString('latin1', at + box.header + 8, at + box.header + 12) === 'soun';
      if (!found) return false;
    }
    at += box.size;
  }
  return found;
}

/**
 * Counts the boxes of a movie header, `moov` included, and the samples it says there are, without following what is no box.
 * @throws TooManyBoxes, CompressedHeader
 */
export function checkHeader(moov: Buffer): void {
  let count = 0;
  let samples = 0;
  let edits = 0;
  /** Of the track: `isSound` by its handler (hdlr, 8.4.3), edits of its lists (elst, 8.6.6) and samples so far. */
  let track = { isSound: false, edits: 0, samples: 0 };
  const visit = (bytes: Buffer, level: number): void => {
    if (level > MAX_LEVELS) throw new TooManyBoxes(MAX_HEADER_BOXES);
    for (let at = 0; at < bytes.length;) {
      const box = readHeader(bytes, at, bytes.length - at);
      if (!box) return;
      count += 1;
      if (count > MAX_HEADER_BOXES) throw new TooManyBoxes(MAX_HEADER_BOXES);
      const body = bytes.subarray(at + box.header, at + box.size);
      if (box.type === 'cmov') throw new CompressedHeader('a compressed movie header');
      if (box.type === 'trak') track = { isSound: false, edits: 0, samples: 0 };
      if (box.type === 'mdia') track.isSound = isSound(body);
      if (CONTAINERS.has(box.type)) visit(body, level + 1);
      if (box.type === 'elst' && body.length >= 8) {
        const listed = Math.min(body.readUInt32BE(4), Math.floor((body.length - 8) / 12));
        edits += listed;
        track.edits += listed;
      }
      if (box.type === 'stbl') {
        const found = samplesOf(body, track.isSound);
        samples += found;
        track.samples += found;
      }
      if (edits > MAX_EDITS || track.edits * track.samples > MAX_EDITED) throw new TooManyBoxes(MAX_EDITS, 'edits');
      if (samples > MAX_SAMPLES) throw new TooManyBoxes(MAX_SAMPLES, 'samples');
      at += box.size;
    }
  };
  visit(moov, 0);
}

/** No box of ours comes near this; it bounds memory. */
const MAX_BOX_BYTES = 512 * 1024 * 1024;

/** Cuts a byte stream into whole top-level boxes. @throws BoxError */
export async function* readBoxes(stream: AsyncIterable<Buffer>): AsyncGenerator<{ type: string; bytes: Buffer }> {
  let held: Buffer[] = [];
  let length = 0;
  let wanted = LONGEST_HEADER;
  const join = (): Buffer => {
    if (held.length > 1) held = [Buffer.concat(held, length)];
    return held[0]!;
  };
  for await (const piece of stream) {
    held.push(piece);
    length += piece.length;
    while (length >= wanted) {
      const all = join();
      const box = readHeader(all, 0, Number.MAX_SAFE_INTEGER);
      if (!box || box.size > MAX_BOX_BYTES) throw new BoxError('not a box, or one too large');
      if (length < box.size) {
        wanted = box.size;
        break;
      }
      yield { type: box.type, bytes: all.subarray(0, box.size) };
      held = length > box.size ? [all.subarray(box.size)] : [];
      length -= box.size;
      wanted = LONGEST_HEADER;
    }
  }
  // The last box may be shorter than a large header.
  const rest = length >= 8 ? readHeader(join(), 0, Number.MAX_SAFE_INTEGER) : undefined;
  if (rest?.size === length) yield { type: rest.type, bytes: join() };
  else if (length > 0) throw new BoxError('the stream ends inside a box');
}
