/** Files that are made of very many parts: each kind of part has a bound that a refusal names, or costs little. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { inspect, within } from '../../../lambdas/slicing/inspect.ts';
import { Refusal } from '../../../lambdas/slicing/refusal.ts';
import { BoxError, boxes } from '../../../lib/media/boxes.ts';
import { readFragments } from '../../../lib/media/fragments.ts';
import { box } from '../../../lib/media/build.ts';
import type { ByteSource } from '../../../lib/media/layout.ts';
import { ffmpeg, fileSource, formats, H264, picture, tone, workFolder } from './media.ts';
import { OPTIONS } from './options.ts';

const MILLION = 1_000_000;
const { writes: can } = formats();

let folder: string;
let remove: () => Promise<void>;
/** An ordinary file: its parts before the movie header, and the header's content. */
let before: Buffer;
let header: Buffer;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  ({ folder, remove } = await workFolder());
  await ffmpeg(...picture(1), ...tone(1), ...H264, '-c:a', 'aac', at('base.mp4'));
  const bytes = await readFile(at('base.mp4'));
  const moov = [...boxes(bytes)].find(({ type }) => type === 'moov')!;
  before = bytes.subarray(0, moov.start);
  header = moov.body;
}, 60_000);
afterAll(() => remove());

/** So many empty boxes of 8 bytes. */
const empty = (count: number, type: string): Buffer => Buffer.alloc(count * 8, box(type));

/** One of each after the other. */
const inTurn = (count: number, ...types: readonly string[]): Buffer => {
  const one = Buffer.concat(types.map((type) => box(type)));
  return Buffer.alloc((count / types.length) * one.length, one);
};

function nested(levels: number, type: string): Buffer {
  const all = Buffer.alloc(levels * 8);
  for (let i = 0; i < levels; i += 1) {
    all.writeUInt32BE((levels - i) * 8, i * 8);
    all.write(type, i * 8 + 4, 'latin1');
  }
  return all;
}

/** The code of its refusal, or `taken`; and how often the source was read. */
async function look(name: string, bytes?: Buffer, over: Partial<ByteSource> = {}, timeoutMs = 600_000) {
  if (bytes) await writeFile(at(name), bytes);
  const file = await fileSource(at(name));
  let reads = 0;
  const source: ByteSource = {
    size: file.size,
    read: (offset, length) => {
      reads += 1;
      return file.read(offset, length);
    },
    ...over,
  };
  const fetchWhole = (path: string) => copyFile(at(name), path);
  try {
    await inspect({ source, path: at('stand-in'), fetchWhole, options: OPTIONS, timeoutMs });
    return { code: 'taken', reason: '', reads };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { code: error.code, reason: error.reason, reads };
  }
}

const whole = (...more: readonly Buffer[]) => Buffer.concat([before, box('moov', header), ...more]);
const inHeader = (...more: readonly Buffer[]) => Buffer.concat([before, box('moov', header, ...more)]);
const LIMIT = 'too-many-boxes';

it.each<[what: string, code: string, make: () => Buffer, names?: RegExp]>([
  ['a million boxes after the index', LIMIT, () => whole(empty(MILLION, 'free')), /than the 500 pieces/],
  ['a million boxes before it', LIMIT, () => Buffer.concat([box('ftyp'), empty(MILLION, 'free'), whole()])],
  ['a million fragments of nothing', LIMIT, () => whole(empty(MILLION, 'moof')), /than the 400000 pieces/],
  ['fragments and data in turn', LIMIT, () => whole(inTurn(MILLION, 'moof', 'mdat'))],
  ['a million boxes in the index', LIMIT, () => inHeader(empty(MILLION, 'free')), /than the 16384 pieces/],
  ['a million tracks of nothing', LIMIT, () => inHeader(empty(MILLION, 'trak'))],
  ['a hundred thousand levels', LIMIT, () => inHeader(nested(100_000, 'udta'))],
  ['a hundred thousand levels at the top', LIMIT, () => whole(nested(100_000, 'moov'))],
  ['four hundred boxes more', 'taken', () => whole(empty(400, 'free'))],
  ['three hundred tracks', 'too-many-tracks', () => inHeader(...Array.from({ length: 299 }, () => track())), /to 256/],
  ['a box to the end within the index', 'taken', () => inHeader(Buffer.from('0000000066726565', 'hex'))],
  ['a size of 64 bits that cannot be', 'taken', () => whole(Buffer.from('0000000166726565ffffffffffffffff', 'hex'))],
  [
    'sixty million samples of a byte',
    'header-too-large',
    () => samples(60_000_000, 512),
    /lists more than the 20000000/,
  ],
  ['sixty million samples of a fragment', 'header-too-large', () => whole(fragment(60_000_000)), /lists more than/],
  ['a hundred thousand levels in a fragment', 'not-video', () => whole(box('moof', nested(100_000, 'traf')))],
  ['sixty million samples of PCM', 'taken', () => samples(60_000_000, 1)],
  ['as many pictures of a tick', 'header-too-large', () => samples(60_000_000, 1, 'vide'), /lists more than/],
  ['a compressed index', 'not-video', () => Buffer.concat([before, box('moov', box('cmov'))]), /compressed \(cmov\)/],
  ['a hidden index', 'header-too-large', () => hidden(samples(60_000_000, 512)), /lists more than/],
  [
    'a fragment behind 64 MiB of padding',
    'header-too-large',
    () => whole(box('moof', box('free', Buffer.alloc(64 * 1024 ** 2)))),
    /than the 64 MiB/,
  ],
  ['five thousand edits', 'header-too-large', () => inHeader(edits(5000)), /edits/],
  ['two indexes of 70 MiB', 'header-too-large', () => twoIndexes(), /140 MiB/],
])('%s: %s', { timeout: 300_000 }, async (what, code, make, names = /./) => {
  const found = await look(`${what}.mp4`.replaceAll(' ', '-'), make());
  expect(found).toMatchObject({ code, reason: code === 'taken' ? '' : (expect.stringMatching(names) as string) });
});

/** A movie fragment that says it has so many samples, all as its track's are. */
function fragment(count: number): Buffer {
  const full = (type: string, ...words: readonly number[]) => {
    const body = Buffer.alloc(words.length * 4);
    words.forEach((word, i) => body.writeUInt32BE(word, i * 4));
    return box(type, body);
  };
  const traf = box('traf', full('tfhd', 0, 1), full('tfdt', 0, 0), full('trun', 0, count));
  return box('moof', full('mfhd', 0, 1), traf);
}

/** The index, its last track (of sound) with so many samples of one size, each so many ticks long. */
function samples(count: number, ticks: number, handler = 'soun'): Buffer {
  const whole = Buffer.concat([before, box('moov', header)]);
  const find = (type: string) => whole.lastIndexOf(type, undefined, 'latin1') + 4;
  whole.write(handler, whole.lastIndexOf('soun', undefined, 'latin1'), 'latin1');
  whole.writeUInt32BE(1, find('stts') + 4);
  whole.writeUInt32BE(ticks, find('stts') + 12);
  whole.writeUInt32BE(1, find('stsz') + 4);
  whole.writeUInt32BE(count, find('stsz') + 8);
  return whole;
}

/** The index under the name that readers take for it, too, before an ordinary one. */
function hidden(bytes: Buffer): Buffer {
  bytes.write('hoov', before.length + 4, 'latin1');
  return Buffer.concat([bytes, box('moov', header)]);
}

/** A list of so many edits. */
function edits(count: number): Buffer {
  const body = Buffer.alloc(8 + count * 12);
  body.writeUInt32BE(count, 4);
  return box('trak', box('edts', box('elst', body)));
}

const track = (): Buffer => {
  const first = [...boxes(header)].find(({ type }) => type === 'trak')!;
  return box('trak', first.body);
};
const twoIndexes = (): Buffer => {
  const one = box('moov', header, box('free', Buffer.alloc(70 * 1024 ** 2)));
  return Buffer.concat([one, one]);
};

it('boxes of a file at hand are read by the thousand, not one by one', { timeout: 120_000 }, async () => {
  // A file of fragments is walked to its end once it is here; a source is asked for its head and no more.
  const { reads } = await look('fragments.mp4', whole(empty(300_000, 'moof')));
  expect(reads).toBeLessThan(10);
});

it.skipIf(!can.has('matroska'))(
  "a million elements in a Matroska (needs ffmpeg's matroska muxer)",
  { timeout: 300_000 },
  async () => {
    await ffmpeg('-i', at('base.mp4'), '-c', 'copy', at('base.mkv'));
    const bytes = await readFile(at('base.mkv'));
    // Void elements of no length (RFC 8794 11.3.2) after the last cluster, in a segment of unknown size.
    const segment = bytes.indexOf(Buffer.from([0x18, 0x53, 0x80, 0x67]));
    bytes.fill(0xff, segment + 5, segment + 12);
    bytes[segment + 4] = 0x01;
    const many = Buffer.alloc(2 * MILLION, Buffer.from([0xec, 0x80]));
    expect(['taken', 'no-duration', 'probe-timeout', 'damaged']).toContain(
      (await look('many.mkv', Buffer.concat([bytes, many]))).code,
    );
  },
);

it('text of any length that a file brings along is not asked for', { timeout: 120_000 }, async () => {
  const tags = Array.from({ length: 20 }, (_, i) => ['-metadata', `comment${i}=${'x'.repeat(100_000)}`]).flat();
  await ffmpeg('-i', at('base.mp4'), '-c', 'copy', ...tags, '-movflags', 'use_metadata_tags', at('tags.mp4'));
  expect(await look('tags.mp4')).toMatchObject({ code: 'taken' });
});

it('a source that never answers is given up at the deadline', { timeout: 120_000 }, async () => {
  const silent = { read: () => new Promise<never>(() => undefined) };
  expect(await look('silent.mp4', whole(), silent, 200)).toMatchObject({ code: 'probe-timeout' });
});

it('a source that answers slowly is given up at the deadline, by name', { timeout: 120_000 }, async () => {
  const bytes = Buffer.concat([box('ftyp'), empty(400, 'free'), whole()]);
  const size = 40 * 1024 ** 2;
  const slow: Partial<ByteSource> = {
    size,
    read: async (offset, length) => {
      // Two of them are longer than there is, and no look at it does with one.
      await new Promise((resolve) => setTimeout(resolve, 60));
      return Buffer.concat([bytes.subarray(offset, offset + length), Buffer.alloc(length)]).subarray(0, length);
    },
  };
  expect(await look('slow.mp4', bytes, slow, 100)).toMatchObject({
    code: 'probe-timeout',
    reason: expect.stringMatching(/longer than the 0 seconds/) as string,
  });
});

it('what begins when the time is over is not begun', async () => {
  const work = vi.fn(async () => 'taken');
  await expect(within(60_000, work, AbortSignal.abort(new Error('over')))).rejects.toMatchObject({
    code: 'probe-timeout',
  });
  expect(work).not.toHaveBeenCalled();
});

it('a fragment that says it has four billion samples of no bytes is refused', () => {
  expect(() => readFragments(fragment(0xffff_ffff))).toThrow(BoxError);
});
