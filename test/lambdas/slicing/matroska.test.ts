/** Matroska and WebM indexed where they are: every frame where somebody else finds it, at its time, in one stretch or many. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALL, describeHead, findFrames, HEAD_BYTES, indexOf } from '../../../lambdas/slicing/in-place.ts';
import { inspect, tableOfRemuxed } from '../../../lambdas/slicing/inspect.ts';
import { joinedFrames, packFrames, readHeader, unpackFrames } from '../../../lambdas/slicing/matroska-frames.ts';
import { programPath } from '../../../lambdas/slicing/program.ts';
import type { SlicingOptions } from '../../../lib/contract/slicing.ts';
import { MatroskaError, MatroskaReader } from '../../../lib/media/matroska.ts';
import { encodeFile, ffmpeg, fileSource, H264, packets, picture, samples, tone, workFolder } from './media.ts';
import { OPTIONS } from './options.ts';

const exec = promisify(execFile);
let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);

const GROUPS = [...H264, '-bf', '2', '-g', '45', '-sc_threshold', '0'];
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '60', '-b:v', '500k'];
const VP9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '60', '-b:v', '500k'];

beforeAll(async () => {
  ({ folder, remove } = await workFolder());
  await ffmpeg(...picture(14), ...tone(14), ...GROUPS, '-c:a', 'aac', at('film.mp4'));
});
afterAll(() => remove());

const sources: [what: string, name: string, args: string[]][] = [
  ['an ordinary one', 'film.mkv', ['-i', 'film.mp4', '-c', 'copy']],
  ['that was written to a pipe: no sizes, no index', 'live.mkv', ['-i', 'film.mp4', '-c', 'copy', '-live', '1']],
  ['in clusters of a fifth of a second', 'small.mkv', ['-i', 'film.mp4', '-c', 'copy', '-cluster_time_limit', '200']],
  ['that begins at 20 s', 'late.mkv', ['-i', 'film.mp4', '-c', 'copy', '-output_ts_offset', '20']],
  ['WebM', 'film.webm', [...picture(14), ...tone(14), ...VP9, '-c:a', 'libopus']],
  [
    'MPEG-2 and AC-3',
    'dvd.mkv',
    [...picture(14), ...tone(14), '-c:v', 'mpeg2video', '-bf', '2', '-g', '15', '-c:a', 'ac3'],
  ],
  ['without sound', 'mute.mkv', ['-i', 'film.mp4', '-map', '0:v', '-c', 'copy']],
];

async function look(name: string, options: Partial<SlicingOptions> = {}) {
  const all = { ...OPTIONS, copyMaxMbps: 16, chunkSeconds: 4, ...options };
  const source = await fileSource(at(name));
  const fetchWhole = (to: string) => copyFile(at(name), to);
  const { info } = await inspect({ source, path: at('stand-in'), fetchWhole, options: all, timeoutMs: 60_000 });
  return { info, bytes: await readFile(at(name)), options: all };
}

async function* inPieces(bytes: Buffer, from: number, size: number): AsyncGenerator<Buffer> {
  for (let place = from; place < bytes.length; place += size) yield bytes.subarray(place, place + size);
}

/** As probe does it, in stretches that begin at these bytes. */
async function indexed(
  name: string,
  { cuts = [], piece = 50_000, ...options }: Partial<SlicingOptions> & { cuts?: number[]; piece?: number } = {},
) {
  const { info, bytes, options: all } = await look(name, options);
  const head = await describeHead(bytes.subarray(0, HEAD_BYTES), info, 60_000);
  const starts = [0, ...cuts];
  const stretches = await Promise.all(
    starts.map(async (from, i) => {
      const place = starts.length === 1 ? ALL : { from, until: starts[i + 1] ?? Infinity };
      // As they travel.
      return unpackFrames(packFrames(await findFrames(head, info, place, inPieces(bytes, from, piece))));
    }),
  );
  const found = indexOf(head, stretches);
  return { ...found, info, bytes, table: tableOfRemuxed(found, info, all), options: all };
}

/** SHA-256 of each packet of a track, as ffprobe finds it. */
async function hashesOf(name: string, track: string): Promise<string[]> {
  const args = [
    '-v',
    'error',
    '-select_streams',
    track,
    '-show_data_hash',
    'sha256',
    '-show_entries',
    'packet=data_hash',
  ];
  const { stdout } = await exec(programPath('ffprobe'), [...args, '-of', 'csv=p=0', at(name)], { maxBuffer: 1e8 });
  return [...stdout.matchAll(/SHA256:([0-9a-f]{64})/g)].map(([, hash]) => hash!);
}

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a Matroska file', () => {
  it.each(sources)('%s: each frame where it is, when it is shown', async (_, name, args) => {
    await ffmpeg(...args.map((arg) => (arg === 'film.mp4' ? at(arg) : arg)), at(name));
    const { index, bytes } = await indexed(name);
    for (const [position, track] of index.tracks.entries()) {
      const stream = position === 0 ? 'v:0' : 'a:0';
      const { count, offset, size, decode, composition, sync } = track.samples;
      const hashes = Array.from({ length: count }, (__, i) => sha(bytes.subarray(offset[i], offset[i]! + size[i]!)));
      expect(hashes).toEqual(await hashesOf(name, stream));
      const said = await packets(at(name), stream);
      said.forEach(({ pts, key }, i) => {
        expect(Math.abs((decode[i]! + composition[i]!) / track.timescale - pts)).toBeLessThan(0.002);
        if (position === 0) expect(Boolean(sync[i])).toBe(key);
      });
      expect(Array.from(decode)).toEqual(Array.from(decode.toSorted()));
      expect(Math.min(...composition)).toBeGreaterThanOrEqual(0);
    }
  });

  it('read in stretches, wherever they begin, is the same; a stretch may hold nothing', async () => {
    const whole = await indexed('small.mkv');
    const size = whole.bytes.length;
    for (const cuts of [
      [Math.floor(size / 2)],
      [1, 2000, 2001, Math.floor(size / 3), size - 40],
      [777, Math.floor(size / 4), Math.floor(size / 4) + 1],
    ]) {
      const { index, fresh } = await indexed('small.mkv', { cuts, piece: 1234 });
      expect(index).toEqual(whole.index);
      expect(fresh).toEqual(whole.fresh);
    }
  });

  it('in which a stretch begins with what only looks like a cluster is not taken for it', async () => {
    const { info, bytes } = await look('film.mkv');
    const head = await describeHead(bytes.subarray(0, HEAD_BYTES), info, 60_000);
    const header = readHeader(bytes);
    const offsets: number[] = [];
    const reader = new MatroskaReader(({ size, offset }) => size > 3000 && offsets.push(offset));
    reader.push(bytes);
    expect(header.tracks.map(({ codec }) => codec)).toEqual(['V_MPEG4/ISO/AVC', 'A_AAC']);
    const planted = Buffer.from(bytes);
    const place = offsets.at(-2)! + 100;
    Buffer.from('1f43b67588e78100', 'hex').copy(planted, place);
    const read = async () => [
      await findFrames(head, info, { from: 0, until: place - 50 }, inPieces(planted, 0, 50_000)),
      await findFrames(head, info, { from: place - 50, until: Infinity }, inPieces(planted, place - 50, 50_000)),
    ];
    await expect(read().then(joinedFrames)).rejects.toThrow(MatroskaError);
  });

  it('is sliced from where it lies: pictures and AAC are copied, byte for byte', async () => {
    const { table, info, options } = await indexed('film.mkv');
    expect(table?.copied).toBeDefined();
    const out = await encodeFile(at('film.mkv'), { info: { ...info, duration: table!.seconds }, table }, options);
    expect(out.plan.video[0]).toMatchObject({ name: '180p', copied: true });
    expect(out.plan.audio[0]).toMatchObject({ copied: true });
    const shown = (await packets(out.joined('video', '180p'))).map(({ pts }) => pts).sort((a, b) => a - b);
    expect(shown).toHaveLength(14 * 30);
    // The first one is shown from the beginning, where sound begins before it.
    shown.slice(1).forEach((time, i) => expect(Math.abs(time - shown[1]! - i / 30)).toBeLessThan(0.002));
    const heard = await packets(out.joined('audio', 'main'));
    heard.forEach(({ pts }, i) => expect(pts - heard[0]!.pts).toBeCloseTo((i * 1024) / 48_000, 5));
    expect(Math.abs(heard[0]!.pts - shown[0]!)).toBeLessThan(0.03);
  });

  it.each([
    ['film.webm', undefined],
    ['vp8.webm', [...VP8, '-c:a', 'libvorbis']],
    ['opus.webm', [...VP8, '-c:a', 'libopus']],
  ])('%s is encoded from where it lies, every picture once, and all of the sound', async (name, args) => {
    if (args) await ffmpeg(...picture(14), ...tone(14), ...args, at(name));
    const { table, info, options } = await indexed(name);
    expect(table!.copied).toBeUndefined();
    const out = await encodeFile(at(name), { info: { ...info, duration: table!.seconds }, table }, options);
    expect(out.chunks.length).toBeGreaterThan(1);
    expect(await packets(out.joined('video', '180p'))).toHaveLength(14 * 30);
    const heard = await samples(out.joined('audio', 'main'));
    // A tone of 440 Hz rises through 0 as often.
    const rising = (second: number) =>
      heard
        .subarray(second * 48_000, (second + 1) * 48_000)
        .filter((value, i) => value <= 0 && heard[second * 48_000 + i + 1]! > 0);
    for (const second of [1, 5, 9, 12]) expect(Math.abs(rising(second).length - 440)).toBeLessThan(3);
  });

  it('has its captions read along', async () => {
    await writeFile(at('said.srt'), '1\n00:00:01,000 --> 00:00:03,000\nOne\n\n2\n00:00:02,500 --> 00:00:03,500\nTwo\n');
    const made = [
      ...picture(14, '640x360'),
      ...tone(14),
      '-i',
      at('said.srt'),
      ...GROUPS,
      '-c:a',
      'aac',
      '-c:s',
      'srt',
    ];
    await ffmpeg(...made, at('said.mkv'));
    const { table, info, options } = await indexed('said.mkv', { ladder: [360, 234] });
    const out = await encodeFile(at('said.mkv'), { info: { ...info, duration: table!.seconds }, table }, options);
    const [text] = out.texts;
    expect(text!.cues.map(({ text: said }) => said)).toEqual(['One', 'Two']);
    text!.cues
      .flatMap(({ start, end }) => [start, end])
      .forEach((time, i) => expect(Math.abs(time - [1, 3, 2.5, 3.5][i]!)).toBeLessThan(0.03));
  });

  it('whose frames are stored as in no MP4, or that is none, is not taken', async () => {
    await ffmpeg('-i', at('film.mp4'), '-c:v', 'copy', '-c:a', 'pcm_s16le', at('pcm.mkv'));
    await expect(indexed('pcm.mkv')).rejects.toThrow(MatroskaError);
    const reader = () => new MatroskaReader(() => undefined);
    expect(() => reader().push(Buffer.from('0000000000000000', 'hex'))).toThrow(MatroskaError);
    const film = await readFile(at('film.mkv'));
    // Two files in one.
    expect(() => reader().push(Buffer.concat([film, film]))).toThrow(MatroskaError);
  });

  it('frames several to a block, in each way of saying how long they are', () => {
    const frames = [Buffer.alloc(300, 1), Buffer.alloc(500, 2), Buffer.alloc(500, 3), Buffer.alloc(7, 4)];
    const alike = [Buffer.alloc(40, 1), Buffer.alloc(40, 2), Buffer.alloc(40, 3)];
    // RFC 9559 10.3: Xiph, EBML (300; +200, 0 in two bytes each), all alike.
    const ways: [flags: string, sizes: string, frames: Buffer[]][] = [
      ['02', '03ff2dfff5fff5', frames],
      ['06', '03412c60c75fff', frames],
      ['04', '02', alike],
    ];
    for (const [flags, sizes, laced] of ways) {
      const block = Buffer.concat([Buffer.from(`810005${flags}${sizes}`, 'hex'), ...laced]);
      const size = Buffer.from([0x40 | (block.length >> 8), block.length & 0xff]);
      const file = Buffer.concat([Buffer.from('1f43b675ffe78164a3', 'hex'), size, block]);
      for (const piece of [file.length, 1]) {
        const found: [number, number, number | undefined][] = [];
        const reader = new MatroskaReader(({ offset, size: length, time }) =>
          found.push([file[offset]!, length, time]),
        );
        for (let place = 0; place < file.length; place += piece) reader.push(file.subarray(place, place + piece));
        expect(found).toEqual(laced.map((frame, i) => [i + 1, frame.length, i === 0 ? 105_000_000 : undefined]));
      }
    }
  });
});
