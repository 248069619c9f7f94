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
  /** A box runs past the end of the file, or the movie header is missing from a file that was walked to its end. */
  readonly truncated: boolean;
}

const FIRST_BOXES = new Set(['ftyp', 'styp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot', 'sidx', 'uuid', 'moof']);

/** Top-level boxes of a file that is not fragmented are a handful; this many tiny ones are somebody's joke. */
const MAX_BOXES = 500;

/**
 * Walks the top level. Undefined when the file does not begin like ISO base media. With `fragments` it walks through
 * movie fragments to the end (for files at hand); without, it stops at the first one, since there are thousands.
 */
export async function walk(source: ByteSource, { fragments = false } = {}): Promise<Layout | undefined> {
  const boxes: PlacedBox[] = [];
  let fragmented = false;
  for (let offset = 0; offset < source.size;) {
    const box = readHeader(await source.read(offset, LONGEST_HEADER), 0, source.size - offset);
    if (offset === 0 && !(box && FIRST_BOXES.has(box.type))) return undefined;
    // Padding or a foreign trailer after the last box is common and harmless.
    if (!box) break;
    fragmented ||= box.type === 'moof';
    if (boxes.length < MAX_BOXES) boxes.push({ ...box, offset });
    else if (!fragments) break;
    if (offset + box.size > source.size) return { boxes, fragmented, truncated: true };
    if (fragmented && !fragments) break;
    offset += box.size;
  }
  return { boxes, fragmented, truncated: !boxes.some((box) => box.type === 'moov') };
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
