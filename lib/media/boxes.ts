/**
 * Boxes of the ISO base media file format (ISO/IEC 14496-12 4.2), read: what functions and the ingest task know of MP4
 * begins here. Pure: bytes in, bytes out.
 */

/** Bytes that are not what they should be: no box, one that does not fit, or one that says what cannot be. */
export class BoxError extends Error {
  override name = 'BoxError';
}

export interface Header {
  readonly type: string;
  /** Header included; to the end when the header says so (size 0). */
  readonly size: number;
  /** Bytes of the header: 8, or 16 with a 64-bit size. */
  readonly header: number;
}

const HEADER_BYTES = 8;
/** With a 64-bit size. */
export const LONGEST_HEADER = 16;

/** Reads one box header at `at`. `left`: bytes from there to the end. Undefined when it is cut short or no box at all. */
export function readHeader(bytes: Buffer, at: number, left: number): Header | undefined {
  if (at + HEADER_BYTES > bytes.length) return undefined;
  const type = bytes.toString('latin1', at + 4, at + HEADER_BYTES);
  if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return undefined;
  const size = bytes.readUInt32BE(at);
  if (size === 0) return { type, size: left, header: HEADER_BYTES };
  if (size >= HEADER_BYTES) return { type, size, header: HEADER_BYTES };
  if (size !== 1 || at + LONGEST_HEADER > bytes.length) return undefined;
  const large = bytes.readBigUInt64BE(at + HEADER_BYTES);
  if (large < BigInt(LONGEST_HEADER) || large > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return { type, size: Number(large), header: LONGEST_HEADER };
}

export interface Box {
  readonly type: string;
  /** Of the header's first byte. */
  readonly start: number;
  /** The content: a view, through which it can be changed in place. */
  readonly body: Buffer;
}

/** All of a box that lies in `bytes`, its header included. */
export const wholeOf = (bytes: Buffer, { start, body }: Box): Buffer =>
  bytes.subarray(start, body.byteOffset - bytes.byteOffset + body.length);

/** The boxes that `bytes` consist of: a file's, or the content of a container box. @throws BoxError */
export function* boxes(bytes: Buffer): Generator<Box> {
  for (let start = 0; start < bytes.length;) {
    const left = bytes.length - start;
    const found = readHeader(bytes, start, left);
    if (found === undefined) throw new BoxError(`no box at byte ${start} of ${bytes.length}`);
    const { type, size, header } = found;
    if (size > left) throw new BoxError(`a box of ${size} bytes does not fit into ${left}`);
    yield { type, start, body: bytes.subarray(start + header, start + size) };
    start += size;
  }
}

/** The content of the first box at this path, e.g. `find(moov, 'trak', 'mdia', 'mdhd')`. What follows it is not read. */
export function find(bytes: Buffer, ...path: readonly string[]): Buffer | undefined {
  const [type, ...rest] = path;
  for (const box of boxes(bytes)) {
    if (box.type !== type) continue;
    const found = rest.length === 0 ? box.body : find(box.body, ...rest);
    if (found) return found;
  }
  return undefined;
}

/** Every box at this path. `start` counts within the box that holds it. */
export function findAll(bytes: Buffer, ...path: readonly string[]): Box[] {
  const [type, ...rest] = path;
  const here = [...boxes(bytes)].filter((box) => box.type === type);
  return rest.length === 0 ? here : here.flatMap(({ body }) => findAll(body, ...rest));
}

/** The content of a box that must be there, and at least `bytes` long. @throws BoxError */
export function need(bytes: Buffer, path: readonly string[], length: number): Buffer {
  const body = find(bytes, ...path);
  if (body === undefined) throw new BoxError(`no ${path.at(-1)} where there must be one`);
  if (body.length < length) throw new BoxError(`${path.at(-1)} of ${body.length} bytes`);
  return body;
}

/** Version (8 bits) and flags (24 bits), which a full box begins with (4.2). */
export const versionOf = (body: Buffer): number => body.readUInt8(0);
export const flagsOf = (body: Buffer): number => body.readUIntBE(1, 3);
