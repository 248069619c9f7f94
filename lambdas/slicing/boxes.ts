/**
 * ISO base media file format boxes (ISO/IEC 14496-12 4.2): finding them in bytes at hand, and walking a file's top
 * level through ranged reads without taking it in.
 */

/** Where bytes come from: an object in S3, or a local file. Reads past the end answer what there is. */
export interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Buffer>;
}

export interface Box {
  readonly type: string;
  /** Of the header's first byte. */
  readonly offset: number;
  /** Header included; to the end of the file when the header says so (size 0). */
  readonly size: number;
  /** Bytes of the header: 8, or 16 with a 64-bit size. */
  readonly header: number;
}

/** Reads one box header at the start of `bytes`; undefined when it is too short or no box at all. */
export function boxHeader(bytes: Buffer, offset: number, end: number): Box | undefined {
  if (bytes.length < 8) return undefined;
  const type = bytes.toString('latin1', 4, 8);
  if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return undefined;
  const size = bytes.readUInt32BE(0);
  if (size === 0) return { type, offset, size: end - offset, header: 8 };
  if (size >= 8) return { type, offset, size, header: 8 };
  if (size !== 1 || bytes.length < 16) return undefined;
  const large = bytes.readBigUInt64BE(8);
  if (large < 16n || large > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return { type, offset, size: Number(large), header: 16 };
}

/** The boxes inside `bytes`, which is the content of a container box. Stops at what is no box or does not fit. */
export function* children(bytes: Buffer): Generator<{ type: string; body: Buffer }> {
  for (let offset = 0; offset < bytes.length;) {
    const box = boxHeader(bytes.subarray(offset, offset + 16), offset, bytes.length);
    if (!box || offset + box.size > bytes.length) return;
    yield { type: box.type, body: bytes.subarray(offset + box.header, offset + box.size) };
    offset += box.size;
  }
}

/** The body of the first box at this path, e.g. `find(moov, 'trak', 'mdia', 'mdhd')`. */
export function find(bytes: Buffer, ...path: string[]): Buffer | undefined {
  const [type, ...rest] = path;
  for (const box of children(bytes)) {
    if (box.type !== type) continue;
    const found = rest.length === 0 ? box.body : find(box.body, ...rest);
    if (found) return found;
  }
  return undefined;
}

export interface Layout {
  readonly boxes: readonly Box[];
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
  const boxes: Box[] = [];
  let fragmented = false;
  for (let offset = 0; offset < source.size;) {
    const box = boxHeader(await source.read(offset, 16), offset, source.size);
    if (offset === 0 && !(box && FIRST_BOXES.has(box.type))) return undefined;
    // Padding or a foreign trailer after the last box is common and harmless.
    if (!box) break;
    fragmented ||= box.type === 'moof';
    if (boxes.length < MAX_BOXES) boxes.push(box);
    else if (!fragments) break;
    if (offset + box.size > source.size) return { boxes, fragmented, truncated: true };
    if (fragmented && !fragments) break;
    offset += box.size;
  }
  return { boxes, fragmented, truncated: !boxes.some((box) => box.type === 'moov') };
}
