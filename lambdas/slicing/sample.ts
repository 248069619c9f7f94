/**
 * A local stand-in for a large source: a sparse file of its true size that holds only what ffprobe looks at. ffprobe can
 * seek in it as in the original, and a 50 GiB source costs a few MiB of reading.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { CutShort, fragmentsOf, type PlacedFragment } from '../../lib/media/fragment-walk.ts';
import {
  checkHeader,
  CompressedHeader,
  TooManyBoxes,
  walk,
  type ByteSource,
  type Layout,
} from '../../lib/media/layout.ts';
import { readEbml } from './ebml.ts';
import { Refusal, spokenBytes } from './refusal.ts';
import { signatureOf } from './signatures.ts';
import { writeAt } from './write-at.ts';

const MIB = 1024 ** 2;

/** Files up to this size are simply taken whole. */
const WHOLE_BYTES = 32 * MIB;
/** Read from either end: stream headers and first frames; indexes, tags and last time stamps. */
const END_BYTES = 8 * MIB;
/** Movie headers (`moov`) taken, all of them together. A day of ordinary video with B pictures has some 90 MB. */
const MAX_HEADER_BYTES = 128 * MIB;

interface Sampled {
  readonly layout: Layout | undefined;
  /** The file holds every byte of the source. */
  readonly whole: boolean;
  /** Its container says where it ends, and that is there. */
  readonly complete: boolean;
  /** What it is, by how it begins. */
  readonly signature: string | undefined;
}

export const TRUNCATED =
  'The file is incomplete: its end is missing. Check that it plays to the end on your machine and upload the whole file again.';

/** Walks, or says that the file has more boxes than one may have. */
async function bounded<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof CutShort) throw new Refusal('truncated', TRUNCATED, { cause: error });
    if (error instanceof CompressedHeader) {
      const reason = "The file's index is compressed (cmov), which is not taken; export the video again as MP4.";
      throw new Refusal('not-video', reason, { cause: error });
    }
    if (!(error instanceof TooManyBoxes)) throw error;
    const { most, what } = error;
    const [code, said] =
      what === 'samples'
        ? (['header-too-large', `The file's index lists more than the ${most} samples`] as const)
        : what === 'edits'
          ? ([
              'header-too-large',
              `The file's index has more than the ${most} edits, or long tracks with very many,`,
            ] as const)
          : what === 'bytes'
            ? (['header-too-large', `A fragment's index is more than the ${spokenBytes(most)}`] as const)
            : (['too-many-boxes', `The file consists of more than the ${most} pieces (MP4 boxes)`] as const);
    throw new Refusal(code, `${said} that are taken; export the video again with an ordinary encoder.`, {
      cause: error,
    });
  }
}

/**
 * Writes the stand-in to `path`. Throws Refusal for an empty or truncated source, or one with an oversized index; the
 * signal's reason when it takes too long.
 */
export async function takeSample(remote: ByteSource, path: string, signal: AbortSignal): Promise<Sampled> {
  const { size } = remote;
  if (size === 0) {
    throw new Refusal('empty-file', 'The file is empty (0 bytes); choose the video file again and upload it.');
  }
  const whole = size <= WHOLE_BYTES;
  const head = await remote.read(0, whole ? size : END_BYTES);
  const source: ByteSource = {
    size,
    read: async (offset, length) =>
      offset + length <= head.length || whole ? head.subarray(offset, offset + length) : remote.read(offset, length),
  };
  const layout = await bounded(walk(source, { signal, atHand: head.length }));
  const complete = refuseTruncated(layout, head, size);
  await bounded(checkHeaders(source, layout));
  const file = await open(path, 'w');
  try {
    await file.truncate(size);
    await writeAt(file, head, 0);
    if (!whole) await fill(file, source, layout, signal);
  } finally {
    await file.close();
  }
  return { layout, whole, complete, signature: signatureOf(head) };
}

/** All fragments, one after another. Throws Refusal where they are cut short, or are too many. */
export async function* fragmentHeaders(source: ByteSource, signal: AbortSignal): AsyncGenerator<PlacedFragment> {
  const fragments = fragmentsOf(source, signal);
  for (;;) {
    const { value, done } = await bounded(fragments.next());
    if (done === true) return;
    yield value;
  }
}

/** Throws Refusal for what is cut short by its structure; answers whether that says it is whole. */
function refuseTruncated(layout: Layout | undefined, head: Buffer, size: number): boolean {
  const ebml = readEbml(head, size);
  if (layout?.truncated) refuseOther(layout, head);
  if (layout?.truncated || ebml?.truncated || riffTruncated(head, size)) {
    throw new Refusal('truncated', TRUNCATED);
  }
  return (layout !== undefined && !layout.fragmented) || ebml?.sized === true;
}

/** Brands of pictures, which have no `moov` (ISO/IEC 23008-12 10.2, AV1 Image File Format 8). */
const PICTURE_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'mif1', 'mif2', 'avif', 'jpeg']);

/** Throws Refusal for what has no index since it is no movie, or only a piece of one. */
function refuseOther({ boxes }: Layout, head: Buffer): void {
  const brand = head.toString('latin1', 4, 8) === 'ftyp' ? head.toString('latin1', 8, 12) : '';
  if (PICTURE_BRANDS.has(brand) && boxes.some(({ type }) => type === 'meta'))
    throw new Refusal(
      'not-video',
      'This is a picture (HEIF or AVIF), not a video; upload a video, or this as the poster of one, exported as JPEG.',
    );
  if (boxes.some(({ type }) => type === 'moof') && !boxes.some(({ type }) => type === 'moov'))
    throw new Refusal(
      'truncated',
      'This is a segment of a stream without its beginning (the initialization section); upload the whole video as one file.',
    );
}

/** AVI and WAV: the RIFF chunk says how long it is. Recorders that never came to write it leave 0 or all ones. */
function riffTruncated(head: Buffer, size: number): boolean {
  if (head.length < 12 || head.toString('latin1', 0, 4) !== 'RIFF') return false;
  const length = head.readUInt32LE(4);
  // Some count the byte that makes its last chunk even, and do not write it.
  return length !== 0xffff_ffff && length + 8 > size + 1;
}

/** Of a file that is read in part, so that what is read is not much; and of any, so that its header is soon read. */
async function checkHeaders(source: ByteSource, layout: Layout | undefined): Promise<void> {
  const headers = (layout?.boxes ?? []).filter(({ type }) => type === 'moov');
  const bytes = headers.reduce((sum, { size }) => sum + size, 0);
  if (bytes > MAX_HEADER_BYTES) {
    throw new Refusal(
      'header-too-large',
      `The file's index is ${spokenBytes(bytes)}, more than the ${spokenBytes(MAX_HEADER_BYTES)} taken; export the video again with an ordinary encoder.`,
    );
  }
  for (const { offset, size } of headers) checkHeader(await source.read(offset, size));
}

async function fill(
  file: FileHandle,
  source: ByteSource,
  layout: Layout | undefined,
  signal: AbortSignal,
): Promise<void> {
  const copy = async (offset: number, length: number): Promise<void> => {
    for (let at = offset; at < offset + length; at += END_BYTES) {
      signal.throwIfAborted();
      const bytes = await source.read(at, Math.min(END_BYTES, offset + length - at));
      await writeAt(file, bytes, at);
    }
  };
  await copy(source.size - END_BYTES, END_BYTES);
  for (const box of layout?.boxes ?? []) {
    await copy(box.offset, box.type === 'moov' ? box.size : box.header);
  }
}
