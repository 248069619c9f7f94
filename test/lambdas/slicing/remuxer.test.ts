/** Remuxing: the same packets, at the same times, with an index. */
import { createReadStream } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect, tableOfRemuxed } from '../../../lambdas/slicing/inspect.ts';
import { remux, type Remuxed } from '../../../lambdas/slicing/remuxer.ts';
import { canRemux, measuredByRemuxing, worthRemuxing } from '../../../lambdas/slicing/remux-args.ts';
import type { SegmentTable } from '../../../lambdas/slicing/segment-table.ts';
import type { SlicingOptions } from '../../../lib/contract/slicing.ts';
import type { SourceInfo } from '../../../lib/contract/source.ts';
import { ProcessError } from '../../../lib/process.ts';
import {
  brightness,
  encodeFile,
  ffmpeg,
  fileSource,
  H264,
  packets,
  picture,
  samples,
  tone,
  workFolder,
} from './media.ts';
import { OPTIONS } from './options.ts';

/** A flash at each full second, and a beep. */
const FLASHES = 'testsrc2=s=320x180:r=30,lutyuv=y=16+(val-16)*0.45,drawbox=c=white:t=fill:enable=lt(mod(t\\,1)\\,0.08)';
const BEEPS = 'aevalsrc=0.6*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.06):s=48000:c=mono';

let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  ({ folder, remove } = await workFolder());
});
afterAll(() => remove());

const FACTS = {
  container: 'matroska,webm',
  video: { index: 0, codec: 'h264' },
  audio: [{ index: 1, codec: 'aac' }],
} as unknown as SourceInfo;

async function joined(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const taken: Buffer[] = [];
  for await (const piece of pieces) taken.push(piece);
  return Buffer.concat(taken);
}

const OPTIONS_HERE: SlicingOptions = { ...OPTIONS, copyMaxMbps: 16, chunkSeconds: 4 };

interface Made extends Remuxed {
  readonly info: SourceInfo;
  readonly path: string;
  readonly table: SegmentTable | undefined;
}

/** As probe does it: looked at, written again, and laid. */
async function remuxed(name: string, options: Partial<SlicingOptions> = {}): Promise<Made> {
  const all = { ...OPTIONS_HERE, ...options };
  const source = await fileSource(at(name));
  const fetchWhole = (to: string) => copyFile(at(name), to);
  const { info } = await inspect({ source, path: at('stand-in'), fetchWhole, options: all, timeoutMs: 60_000 });
  let made: Remuxed | undefined;
  const pieces = remux({ input: createReadStream(at(name)), info, timeoutMs: 60_000, onEnd: (end) => (made = end) });
  const path = at(`${name}.mp4`);
  await writeFile(path, await joined(pieces));
  return { ...made!, info, path, table: tableOfRemuxed(made!, info, all) };
}

/** What is published of it, chunk by chunk, group by group. */
const published = ({ path, info, table }: Made, options: Partial<SlicingOptions> = {}) =>
  encodeFile(path, { info: { ...info, duration: table!.seconds }, table }, { ...OPTIONS_HERE, ...options });

/** A hash of each picture, decoded and in the order they are shown in. */
async function decoded(path: string): Promise<string[]> {
  const said = await ffmpeg('-i', path, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'framemd5', '-');
  return [...said.matchAll(/^0,.*, *([0-9a-f]{32})$/gm)].map(([, hash]) => hash!);
}

describe('a source without an index', () => {
  const sources: [name: string, args: string[]][] = [
    ['film.mkv', ['-bf', '2', '-g', '40', '-c:a', 'aac']],
    ['late.mkv', ['-bf', '2', '-c:a', 'libopus', '-output_ts_offset', '20']],
    ['film.ts', ['-bf', '2', '-c:a', 'aac']],
    ['film.flv', ['-bf', '0', '-c:a', 'aac', '-ar', '44100']],
  ];
  it.each(sources)('%s keeps its pictures, their order and their times', async (name, args) => {
    await ffmpeg(...picture(6), ...tone(6), ...H264, ...args, at(name));
    const { tracks } = (await remuxed(name)).index;
    const { samples, timescale } = tracks[0]!;
    const pictures = await packets(at(name), 'v:0');
    expect(samples.count).toBe(pictures.length);
    const shown = Array.from(samples.decode, (time, i) => (time + samples.composition[i]!) / timescale);
    shown.forEach((time, i) => expect(time - shown[0]!).toBeCloseTo(pictures[i]!.pts - pictures[0]!.pts, 3));
    expect(Array.from(samples.sync, Boolean)).toEqual(pictures.map(({ key }) => key));
    const bytes = await readFile(at(`${name}.mp4`));
    expect(Math.max(...tracks.flatMap((track) => Array.from(track.samples.offset)))).toBeLessThan(bytes.length);
    // Two tracks keep what they are apart.
    const sound = await packets(at(name), 'a:0');
    const heard = tracks[1]!.samples.decode[0]! / tracks[1]!.timescale;
    expect(heard - shown[0]!).toBeCloseTo(sound[0]!.pts - pictures[0]!.pts, 2);
  });

  it('that counts in milliseconds has frames of sound without gaps nonetheless', async () => {
    await ffmpeg(...picture(6), ...tone(6), ...H264, '-c:a', 'aac', at('rounded.mkv'));
    const { samples } = (await remuxed('rounded.mkv')).index.tracks[1]!;
    expect(samples.count).toBeGreaterThan(250);
    const steps = Array.from(samples.decode.subarray(1), (time, i) => time - samples.decode[i]!);
    expect(new Set(steps)).toEqual(new Set([1024]));
  });

  it('that breaks off in the reading ends with that', async () => {
    await ffmpeg(...picture(2), ...tone(2), ...H264, '-c:a', 'aac', at('broken.mkv'));
    const bytes = await readFile(at('broken.mkv'));
    async function* broken() {
      yield bytes.subarray(0, 20_000);
      throw new Error('the line is down');
    }
    const pieces = remux({
      input: broken(),
      info: { ...FACTS, container: 'mpegts' },
      timeoutMs: 60_000,
      onEnd: () => undefined,
    });
    await expect(joined(pieces)).rejects.toThrow('the line is down');
  });

  it('that is none is refused by ffmpeg', async () => {
    const pieces = remux({
      input: Readable.from([Buffer.from('hello '.repeat(10_000))]),
      info: FACTS,
      timeoutMs: 60_000,
      onEnd: () => undefined,
    });
    await expect(joined(pieces)).rejects.toThrow(ProcessError);
  });
});

it('short ones, what has no clock of its own, and segments of MPEG-TS are encoded as they are', () => {
  const of = (codec: string, container = 'matroska,webm', duration = 3600, segmentType: 'fmp4' | 'mpegts' = 'fmp4') =>
    worthRemuxing({ container, duration, video: { codec } as SourceInfo['video'] }, { segmentType });
  expect(of('h264')).toBe(true);
  expect(of('vp8')).toBe(true);
  expect(of('mpeg4', 'avi')).toBe(true);
  expect(of('h264', 'mpegts', 200)).toBe(false);
  expect(of('h264', 'h264')).toBe(false);
  expect(of('none')).toBe(true);
  expect(of('none', 'mp3')).toBe(true);
  expect(of('none', 'mp3', 200)).toBe(false);
  expect(of('h264', 'mpegts', 3600, 'mpegts')).toBe(false);
});

const GROUPS = [...H264, '-bf', '2', '-g', '45', '-sc_threshold', '0'];

describe('what players take as it is', () => {
  beforeAll(async () => {
    await ffmpeg(...picture(14), ...tone(14), ...GROUPS, '-c:a', 'aac', at('film.mp4'));
  });

  it.each(['mkv', 'ts', 'flv', 'avi'])('%s: its pictures and AAC are copied, and none is lost', async (ending) => {
    const name = `copied.${ending}`;
    // AVI does not say when a picture is shown that is not shown in the order it is stored in.
    const pictures = ending === 'avi' ? [...H264, '-bf', '0', '-g', '45', '-sc_threshold', '0'] : ['-c:v', 'copy'];
    const sound = ending === 'avi' ? ['-c:a', 'mp3'] : ['-c:a', 'copy'];
    await ffmpeg('-i', at('film.mp4'), ...pictures, ...sound, at(name));
    const made = await remuxed(name);
    expect(made.table?.copied).toBeDefined();
    const out = await published(made);
    expect(out.plan.video[0]).toMatchObject({ name: '180p', copied: true });
    expect(out.plan.audio[0]!.copied).toBe(ending === 'avi' ? undefined : true);
    expect(await decoded(out.joined('video', '180p'))).toEqual(await decoded(at(name)));
    const times = (await packets(out.joined('video', '180p'))).map(({ pts }) => pts).sort((a, b) => a - b);
    // The first one is shown from the beginning, when sound begins before it.
    times.slice(1).forEach((time, i) => expect(Math.abs(time - times[1]! - i / 30)).toBeLessThan(0.002));
    const [heard] = await packets(out.joined('audio', 'main'));
    expect(Math.abs(heard!.pts - 1)).toBeLessThan(0.05);
  });

  it('pictures of an AVI that are shown in another order than they are stored in, which it does not say, are none', async () => {
    await ffmpeg(...picture(4), ...GROUPS, '-preset', 'veryfast', at('order.avi'));
    await expect(remuxed('order.avi')).rejects.toThrow('order that nobody says');
  });

  it('keyframes that others before them are needed for begin no segment of a copy', async () => {
    await ffmpeg(...picture(14), ...GROUPS, '-x264-params', 'open-gop=1:keyint=45', at('open.ts'));
    const open = await remuxed('open.ts');
    expect(open.table?.copied).toBeUndefined();
    // Chunks begin there all the same.
    expect(open.table!.chunks.length).toBeGreaterThan(1);
    expect(open.fresh === undefined || open.fresh.tracks[0]!.samples.sync.filter(Boolean).length === 1).toBe(true);
  });

  it('other parameters from somewhere on begin none, either', async () => {
    await ffmpeg(...picture(4), ...GROUPS, at('first.ts'));
    await ffmpeg(...picture(10), ...GROUPS, '-bf', '0', '-refs', '4', at('second.ts'));
    await writeFile(at('joined.ts'), Buffer.concat([await readFile(at('first.ts')), await readFile(at('second.ts'))]));
    const { table, fresh } = await remuxed('joined.ts');
    expect(table).toBeDefined();
    expect(table!.copied).toBeUndefined();
    expect(fresh!.tracks[0]!.samples.sync.filter(Boolean).length).toBeLessThan(4);
  });
});

describe('text inside it', () => {
  const SRT =
    '1\n00:00:01,000 --> 00:00:03,000\nOne\n\n2\n00:00:02,500 --> 00:00:03,500\nTwo & two\n\n3\n00:00:08,250 --> 00:00:09,000\nOK\n';

  it('is read in the same pass, each cue for as long as it says, whatever others are shown meanwhile', async () => {
    await writeFile(at('said.srt'), SRT);
    const texts = [
      '-c:s:0',
      'srt',
      '-c:s:1',
      'ass',
      '-metadata:s:s:0',
      'language=eng',
      '-metadata:s:s:1',
      'language=ger',
    ];
    await ffmpeg(
      ...[picture(12, '640x360'), tone(12), ['-i', at('said.srt'), '-i', at('said.srt')]].flat(),
      '-map',
      '0',
      '-map',
      '1',
      '-map',
      '2',
      '-map',
      '3',
      ...GROUPS,
      '-c:a',
      'aac',
      ...texts,
      at('said.mkv'),
    );
    const options = { ladder: [360, 234] };
    const made = await remuxed('said.mkv', options);
    expect(made.table!.copied).toBeDefined();
    const out = await published(made, options);
    expect(out.texts.map(({ track: { language, label } }) => [language, label])).toEqual([
      ['en', 'English'],
      ['de', 'Deutsch'],
    ]);
    for (const { cues } of out.texts) {
      expect(cues.map(({ text }) => text)).toEqual(['One', 'Two &amp; two', 'OK']);
      const times = [1, 3, 2.5, 3.5, 8.25, 9];
      cues
        .flatMap(({ start, end }) => [start, end])
        .forEach((time, i) => expect(Math.abs(time - times[i]!)).toBeLessThan(0.03));
    }
  });
});

describe('what MP4 cannot hold', () => {
  const sources: [name: string, args: string[]][] = [
    ['vorbis.mkv', [...GROUPS, '-c:a', 'libvorbis']],
    ['pcm.mkv', [...GROUPS, '-c:a', 'pcm_s16le']],
    ['pcm24.mkv', [...GROUPS, '-c:a', 'pcm_s24le']],
    ['mjpeg.avi', ['-c:v', 'mjpeg', '-c:a', 'pcm_s16le']],
    ['xvid.avi', ['-c:v', 'mpeg4', '-vtag', 'XVID', '-g', '60', '-bf', '0', '-c:a', 'mp3']],
    ['bpictures.avi', ['-c:v', 'mpeg4', '-vtag', 'XVID', '-g', '60', '-bf', '2', '-c:a', 'mp3']],
    ['wmv.wmv', ['-c:v', 'wmv2', '-b:v', '1M', '-g', '60', '-c:a', 'wmav2']],
    ['divx3.avi', ['-c:v', 'msmpeg4', '-g', '60', '-c:a', 'pcm_u8']],
    ['flash.flv', ['-c:v', 'flv1', '-g', '30', '-c:a', 'mp3', '-ar', '44100']],
  ];
  it.each(sources)('%s: pictures and sound in their order, at their times', async (name, args) => {
    await ffmpeg('-f', 'lavfi', '-i', FLASHES, '-f', 'lavfi', '-i', BEEPS, '-t', '9', ...args, '-ac', '2', at(name));
    const made = await remuxed(name, { ladder: [180] });
    expect(made.table!.chunks.length).toBeGreaterThan(1);
    const out = await published(made, { ladder: [180] });
    const pictures = out.joined('video', '180p');
    const frames = await brightness(pictures);
    const flashes = frames.flatMap(({ time, value }, i) =>
      value > 120 && !(frames[i - 1]! && frames[i - 1]!.value > 120) ? [time - 1] : [],
    );
    expect(flashes.map((time) => Math.round(time * 10) / 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(frames.length).toBe((await decoded(at(name))).length);
    const sound = await samples(out.joined('audio', 'main'), true);
    const heard: number[] = [];
    let last = -Infinity;
    sound.forEach((value, i) => {
      if (Math.abs(value) < 3000) return;
      if (i - last > 4800) heard.push(i / 48_000);
      last = i;
    });
    expect(heard.length).toBe(9);
    heard.forEach((time, i) => expect(Math.abs(time - flashes[i]!), `${time} for ${flashes[i]}`).toBeLessThan(0.05));
  });
});

it('what is large, and only a reading of all of it measures, is measured by that pass', async () => {
  await ffmpeg(...picture(4), ...H264, at('large.ts'));
  const file = await fileSource(at('large.ts'));
  const size = 300 * 1024 ** 2;
  const source = {
    size,
    read: async (offset: number, length: number) => {
      const there = await file.read(offset, length);
      return Buffer.concat([there, Buffer.alloc(Math.max(0, Math.min(length, size - offset) - there.length))]);
    },
  };
  const fetchWhole = () => Promise.reject(new Error('it was read'));
  const look = { source, path: at('stand-in'), fetchWhole, options: OPTIONS, timeoutMs: 60_000 };
  expect(await inspect({ ...look, remuxes: true })).toMatchObject({ table: undefined, unmeasured: true });
  await expect(inspect(look)).rejects.toThrow('it was read');
  const facts = { container: 'mpegts', video: { codec: 'h264' } as SourceInfo['video'] };
  expect(measuredByRemuxing({ ...facts, bytes: 2 ** 20 }, OPTIONS)).toBe(false);
  expect(canRemux({ ...facts, container: 'h264' }, OPTIONS)).toBe(false);
});

describe('sound alone', () => {
  const sine = (hertz: number, seconds: number) => ['-f', 'lavfi', '-i', `sine=f=${hertz}:r=48000:d=${seconds}`];

  it.each<[name: string, codec: string, args: string[], isCopied?: true]>([
    ['alone.mp3', 'libmp3lame', []],
    ['flac.mka', 'flac', []],
    ['opus.ogg', 'libopus', []],
    ['vorbis.ogg', 'libvorbis', ['-ac', '2']],
    ['alone.wav', 'pcm_s24le', []],
    ['alone.aac', 'aac', [], true],
    ['alone.mka', 'aac', [], true],
  ])('in %s (%s) is cut in pieces, each second at its place', async (name, codec, args, isCopied) => {
    const silent = ['-af', 'volume=volume=0:enable=between(t\\,9\\,10)'];
    await ffmpeg(...sine(440, 20), ...silent, '-c:a', codec, ...args, at(name));
    const made = await remuxed(name);
    expect(canRemux(made.info, OPTIONS_HERE)).toBe(true);
    expect(made.table!.seconds).toBeCloseTo(20, 0);
    const out = await published(made);
    expect(out.plan.video).toEqual([]);
    expect(out.plan.audio[0]!.copied).toBe(isCopied);
    const path = out.joined('audio', 'main');
    const frames = await packets(path);
    const rate = out.plan.audio[0]!.sampleRate;
    frames.forEach(({ pts }, i) => expect(pts).toBeCloseTo(1 + (i * 1024) / rate, 3));
    const heard = await samples(path);
    const loud = (from: number, to: number) =>
      heard.subarray(from * 48_000, to * 48_000).reduce((most, value) => Math.max(most, Math.abs(value)), 0) > 2000;
    // A codec's own first frame is up to 50 ms.
    expect([loud(0.1, 8.9), loud(9.1, 9.9), loud(10.1, 19.9)]).toEqual([true, false, true]);
  });
});
