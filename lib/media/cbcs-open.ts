/**
 * What cbcs.ts encrypted, in clear again, byte for byte: for posters, downloads and whatever else reads published media. Pure: the
 * cipher is handed in. It knows of our own files no more than the standard says, so that it would read another's of this form.
 */
import { boxes, BoxError, find, findAll, flagsOf, need, wholeOf, type Box } from './boxes.ts';
import { box } from './build.ts';
import { readFragments, TRUN_OFFSET } from './fragments.ts';

const BLOCK = 16;
/** Of pictures: blocks that are encrypted, and those behind them in clear. */
const CRYPT = BLOCK;
const SKIP = 9 * BLOCK;

/** AES-128 in CBC mode of whole blocks, each call beginning with the constant IV, without padding. */
export type Decrypt = (blocks: Buffer) => Buffer;

/** Boxes that encryption adds to a traf. */
const ADDED = new Set(['senc', 'saiz', 'saio']);

/** A segment as it was. @throws BoxError */
export function openSegment(segment: Buffer, decrypt: Decrypt): Buffer {
  const out: Buffer[] = [];
  let moof: Buffer | undefined;
  for (const one of boxes(segment)) {
    const whole = wholeOf(segment, one);
    if (one.type === 'moof') moof = whole;
    else if (one.type === 'mdat' && moof !== undefined) {
      const data = Buffer.from(one.body);
      const header = whole.subarray(0, whole.length - data.length);
      openData(moof, data, moof.length + header.length, decrypt);
      out.push(withoutAdded(moof), header, data);
      moof = undefined;
    } else out.push(whole);
  }
  return Buffer.concat(out);
}

/** Changes `data` in place; it begins so many bytes behind the moof's first one. */
function openData(moof: Buffer, data: Buffer, before: number, decrypt: Decrypt): void {
  const senc = find(moof, 'moof', 'traf', 'senc');
  const next = senc === undefined ? undefined : subsamples(senc);
  const [fragment] = readFragments(moof);
  for (const { offset, size } of fragment?.samples ?? []) {
    const from = offset - before;
    if (from < 0 || from + size > data.length) throw new BoxError('a sample lies outside its mdat');
    const sample = data.subarray(from, from + size);
    if (next === undefined) uncover(sample, Math.max(BLOCK, size), 0, decrypt);
    else {
      let at = 0;
      for (const [clear, covered] of next()) {
        uncover(sample.subarray(at + clear, at + clear + covered), CRYPT, SKIP, decrypt);
        at += clear + covered;
      }
    }
  }
}

/** The subsamples of each sample in turn (ISO/IEC 23001-7 7.2). */
function subsamples(senc: Buffer): () => [clear: number, covered: number][] {
  let at = 8;
  return () => {
    if (at + 2 > senc.length) throw new BoxError('senc is cut short');
    const count = senc.readUInt16BE(at);
    const end = at + 2 + 6 * count;
    if (end > senc.length) throw new BoxError('senc is cut short');
    const found: [number, number][] = [];
    for (let i = at + 2; i < end; i += 6) found.push([senc.readUInt16BE(i), senc.readUInt32BE(i + 2)]);
    at = end;
    return found;
  };
}

function uncover(bytes: Buffer, crypt: number, skip: number, decrypt: Decrypt): void {
  const pieces: Buffer[] = [];
  for (let at = 0; at + BLOCK <= bytes.length; at += crypt + skip) {
    const length = Math.min(crypt, bytes.length - at);
    pieces.push(bytes.subarray(at, at + length - (length % BLOCK)));
  }
  if (pieces.length === 0) return;
  const clear = decrypt(Buffer.concat(pieces));
  let from = 0;
  for (const piece of pieces) from += clear.copy(piece, 0, from, from + piece.length);
}

/** The moof without what encryption has added, and its data so much nearer. */
function withoutAdded(moof: Buffer): Buffer {
  const content = need(moof, ['moof'], 0);
  const added = findAll(content, 'traf')
    .flatMap(({ body }) => [...boxes(body)].filter(({ type }) => ADDED.has(type)).map((one) => wholeOf(body, one)))
    .reduce((sum, { length }) => sum + length, 0);
  const parts = [...boxes(content)].map((one) => {
    if (one.type !== 'traf') return wholeOf(content, one);
    const kept = [...boxes(one.body)].filter(({ type }) => !ADDED.has(type));
    return box('traf', ...kept.map((inner) => nearer(Buffer.from(wholeOf(one.body, inner)), inner, added)));
  });
  return box('moof', ...parts);
}

/** A box of a traf; the data of a trun begins so many bytes earlier. */
function nearer(whole: Buffer, { type, body: { length } }: Pick<Box, 'type' | 'body'>, by: number): Buffer {
  const body = whole.subarray(whole.length - length);
  if (type !== 'trun' || !(flagsOf(body) & TRUN_OFFSET)) return whole;
  body.writeUInt32BE((body.readUInt32BE(8) - by + 2 ** 32) % 2 ** 32, 8);
  return whole;
}

/** Sample entries as they are called encrypted, with the bytes of their fields before their boxes (14496-12 12.1.3, 12.2.3). */
const ENTRIES: Readonly<Record<string, number>> = { encv: 78, enca: 28 };

/** An initialization section as it was. @throws BoxError */
export const openInit = (init: Buffer): Buffer => Buffer.concat(opened(init, []));

const STSD = 'moov/trak/mdia/minf/stbl/stsd'.split('/');

function opened(bytes: Buffer, path: readonly string[]): Buffer[] {
  return [...boxes(bytes)].flatMap((one) => {
    const { type, body } = one;
    const here = [...path, type];
    if (type === 'pssh') return [];
    if (STSD[path.length] !== type) return [wholeOf(bytes, one)];
    if (here.length < STSD.length) return [box(type, ...opened(body, here))];
    return [box(type, body.subarray(0, 8), ...[...boxes(body.subarray(8))].map(entry))];
  });
}

function entry({ type, body }: { readonly type: string; readonly body: Buffer }): Buffer {
  const fields = ENTRIES[type];
  if (fields === undefined) return box(type, body);
  const inner = body.subarray(fields);
  const original = need(inner, ['sinf', 'frma'], 4).toString('latin1', 0, 4);
  const kept = [...boxes(inner)].filter((one) => one.type !== 'sinf').map((one) => wholeOf(inner, one));
  return box(original, body.subarray(0, fields), ...kept);
}
