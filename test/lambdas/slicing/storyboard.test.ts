/** Pictures for scrubbing and the poster: which frame is where, by its brightness, through real ffmpeg. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect } from '../../../lambdas/slicing/inspect.ts';
import { drawPoster, GOOD_ENOUGH, judgeFrame, segmentAt } from '../../../lambdas/slicing/poster.ts';
import { bestTime, boardsOf, goodness, grayPixels, storyboardVtt } from '../../../lambdas/slicing/storyboard.ts';
import type { SlicingOptions } from '../../../lib/contract/slicing.ts';
import { encodeFile, ffmpeg, fileSource, H264, tone, workFolder, type Encoded } from './media.ts';
import { OPTIONS, VIDEO_ID } from './options.ts';
import { pictureFacts, pictureMovie } from '../../../lib/media/picture.ts';

let folder: string;
let remove: () => Promise<void>;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  ({ folder, remove } = await workFolder());
});
afterAll(() => remove());

async function sliced(name: string, options: Partial<SlicingOptions> = {}): Promise<Encoded> {
  const all = { ...OPTIONS, chunkSeconds: 8, ...options };
  const found = await inspect({
    source: await fileSource(at(name)),
    path: at('stand-in'),
    fetchWhole: async () => undefined,
    options: all,
    timeoutMs: 30_000,
  });
  return encodeFile(at(name), found, all);
}

/** Pictures whose brightness says the second they are in: 40 and 6 more for each. */
const steps = (seconds: number, size = '320x180', rate = '30') => [
  '-f',
  'lavfi',
  '-i',
  `color=black:s=${size}:r=${rate}:d=${seconds},geq=lum='40+6*floor(T+0.001)':cb=128:cr=128`,
];

interface Cue {
  readonly from: number;
  readonly to: number;
  readonly sheet: string;
  readonly place: readonly [x: number, y: number, width: number, height: number];
}

function cuesOf({ results, chunks, plan }: Encoded): Cue[] {
  const text = storyboardVtt(boardsOf(results, chunks), plan);
  expect(text).toMatch(/^WEBVTT\n\n/);
  const seconds = (clock: string) => clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return [...text.matchAll(/^(\S+) --> (\S+)\n\/vod\/\w+\/r1\/(\S+)\?\{\$auth\}#xywh=(\S+)\n/gm)].map(
    ([, from, to, sheet, place]) => ({
      from: seconds(from!),
      to: seconds(to!),
      sheet: sheet!,
      place: place!.split(',').map(Number) as unknown as Cue['place'],
    }),
  );
}

/** The brightness of one place of a sheet: with the ffmpeg that slicing has, which reads pictures as movies. */
async function seen({ files }: Encoded, { sheet, place: [x, y, width, height] }: Cue): Promise<number> {
  const jpeg = files.get(sheet)!.bytes;
  const facts = pictureFacts(jpeg)!;
  expect(x + width).toBeLessThanOrEqual(facts.width);
  expect(y + height).toBeLessThanOrEqual(facts.height);
  return gray(jpeg, `crop=${width}:${height}:${x}:${y},crop=iw*0.8:ih*0.8`);
}

/** The brightness of a JPEG, or of a part of it, 0 to 255. */
async function gray(jpeg: Buffer, filter = 'null'): Promise<number> {
  const [movie, png] = [at('picture.mov'), at('gray.png')];
  await writeFile(movie, pictureMovie(jpeg, pictureFacts(jpeg)!));
  const output = ['-c:v', 'png', '-pred', 'none', '-frames:v', '1', '-update', '1', '-f', 'image2', png];
  await ffmpeg('-i', movie, '-vf', `${filter},format=gray`, ...output);
  const pixels = grayPixels(await readFile(png));
  return pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
}

/** What is on every cue's place: the picture that is shown at its beginning. */
async function expectSteps(out: Encoded, seconds: number, step: (time: number) => number): Promise<void> {
  const cues = cuesOf(out);
  expect(cues[0]!.from).toBe(0);
  expect(cues.at(-1)!.to).toBeCloseTo(seconds, 1);
  cues.slice(1).forEach(({ from }, index) => expect(from).toBe(cues[index]!.to));
  for (const cue of cues) {
    const value = await seen(out, cue);
    // Limited range, and JPEG's own: a step is 7 of 255.
    const expected = ((40 + 6 * step(cue.from) - 16) * 255) / 219;
    expect({ ...cue, value, isRight: Math.abs(value - expected) < 3 }).toMatchObject({ isRight: true });
  }
}

describe('every picture is what is shown at its second', () => {
  it.each([
    ['in chunks', 'chunks.mp4', {}, 3],
    ['of a source that is read whole', 'whole.mkv', {}, 1],
    ['of MPEG-TS segments', 'ts.mp4', { segmentType: 'mpegts' }, 1],
  ] as const)('%s', async (_, name, options, chunks) => {
    await ffmpeg(
      ...steps(22),
      ...(chunks === 3 ? tone(22) : []),
      ...H264,
      '-g',
      '50',
      '-bf',
      '2',
      '-c:a',
      'aac',
      at(name),
    );
    const out = await sliced(name, options);
    expect(cuesOf(out).length).toBeGreaterThanOrEqual(22);
    expect(new Set(cuesOf(out).map(({ sheet }) => sheet)).size).toBe(chunks);
    await expectSteps(out, 22, (time) => Math.floor(time + 0.001));
  });

  /** One and a half seconds apart and more, but for two. */
  const FRAMES = [0, 45, 46, 100, 150, 200, 230];
  it('held ones too: a picture stands until the next one comes', async () => {
    const few = [
      '-vf',
      `select='${FRAMES.map((frame) => `eq(n,${frame})`).join('+')}'`,
      '-fps_mode',
      'vfr',
      '-bf',
      '0',
    ];
    await ffmpeg(...steps(8), ...tone(8), ...few, ...H264, '-c:a', 'aac', at('held.mp4'));
    const out = await sliced('held.mp4');
    const times = FRAMES.map((frame) => frame / 30);
    await expectSteps(out, Math.max(...cuesOf(out).map(({ to }) => to)), (time) =>
      Math.floor(times.findLast((one) => one <= time + 0.001)! + 0.001),
    );
  });

  it.each([50, 1])('of a source that is only copied by its keyframes, %i apart', async (apart) => {
    const name = `copied-${apart}.mp4`;
    await ffmpeg(
      ...steps(22, '160x90'),
      ...tone(22),
      ...H264,
      '-g',
      String(apart),
      '-bf',
      '2',
      '-c:a',
      'aac',
      at(name),
    );
    const out = await sliced(name, { ladder: [90], copyMaxMbps: 16 });
    expect(out.plan.video).toMatchObject([{ name: '90p', copied: true }]);
    const [along, ...none] = out.chunks.filter((chunk) => chunk.along);
    expect(none).toEqual([]);
    expect(out.results[along!.index]).toMatchObject({ renditions: [], storyboard: { tiles: 22 } });
    await expectSteps(out, 22, (time) => Math.floor((Math.floor((time * 30) / apart + 0.001) * apart) / 30 + 0.001));
  });

  it('is not worth a video: what cannot be drawn is left out', async () => {
    await ffmpeg(...steps(6, '160x90'), ...H264, '-g', '30', at('drawn.mp4'));
    const options = { ...OPTIONS, ladder: [90], copyMaxMbps: 16 };
    const bytes = await fileSource(at('drawn.mp4'));
    const found = await inspect({
      source: bytes,
      path: at('stand-in'),
      fetchWhole: async () => undefined,
      options,
      timeoutMs: 30_000,
    });
    // Of its pictures nothing can be decoded by the time they are to be drawn.
    const { offset, size } = found.table!.part({ firstSegment: 1, segments: found.table!.starts.length }).video;
    const broken = await readFile(at('drawn.mp4'));
    offset.forEach((place, i) => broken.fill(0xff, place, place + size[i]!));
    await writeFile(at('drawn.mp4'), broken);
    const out = await encodeFile(at('drawn.mp4'), found, options);
    expect(out.results.at(-1)).toMatchObject({ renditions: [] });
    expect(out.results.at(-1)!.storyboard).toBeUndefined();
    expect(out.result.renditions.map(({ name }) => name)).toEqual(['90p']);
  });

  it('of a standing picture stands, and is as large as 160 pixels allow', async () => {
    await ffmpeg(...steps(3, '180x320'), ...H264, at('portrait.mp4'));
    const [cue] = cuesOf(await sliced('portrait.mp4'));
    expect(cue!.place).toEqual([0, 0, 90, 160]);
  });
});

describe('the poster', () => {
  it('is a picture that shows something, though most of the video and its middle are black', async () => {
    const name = 'mostly-black.mp4';
    const graph =
      'color=black:s=320x180:r=30:d=20[black];testsrc2=s=320x180:r=30:d=2,setpts=PTS+13/TB[busy];[black][busy]overlay=eof_action=pass';
    await ffmpeg('-filter_complex', graph, ...H264, '-g', '50', at(name));
    const out = await sliced(name);
    const time = bestTime(boardsOf(out.results, out.chunks))!;
    expect(time).toBeGreaterThanOrEqual(13);
    expect(time).toBeLessThan(15);
  });

  it.each(['fmp4', 'mpegts'] as const)('is taken at its time, to the frame (%s)', async (segmentType) => {
    const name = `frames-${segmentType}.mp4`;
    await ffmpeg(...steps(8), ...H264, '-g', '50', '-bf', '2', at(name));
    const out = await sliced(name, { segmentType });
    const rendition = out.result.renditions.find(({ kind }) => kind === 'video')!;
    for (const time of [0, 0.99, 1, 2.5, 3.98, 4.02, 7.9, 99]) {
      const { name: file, offset } = segmentAt(rendition, time)!;
      const init = out.files.get(`video/${rendition.name}/init.mp4`)?.bytes ?? Buffer.alloc(0);
      await writeFile(at('segment'), Buffer.concat([init, out.files.get(`video/${rendition.name}/${file}`)!.bytes]));
      const jpeg = await drawPoster(at('segment'), offset);
      const value = await gray(jpeg);
      const expected = ((40 + 6 * Math.min(7, Math.floor(time + 0.001)) - 16) * 255) / 219;
      expect({ time, file, offset, value, isRight: Math.abs(value - expected) < 3 }).toMatchObject({ isRight: true });
    }
  });

  it('is judged by itself where there are no pictures for scrubbing', async () => {
    const graph =
      'color=black:s=320x180:r=30:d=2[black];testsrc2=s=320x180:r=30:d=2[busy];[black][busy]concat=n=2:v=1:a=0';
    await ffmpeg('-filter_complex', graph, ...H264, '-g', '30', at('half.mp4'));
    expect(await judgeFrame(at('half.mp4'), 1)).toBeLessThan(0.1);
    expect(await judgeFrame(at('half.mp4'), 3)).toBeGreaterThan(GOOD_ENOUGH);
  });

  it('goodness: black, white, gray and a title are little, a landscape is much', () => {
    const size = 32 * 18;
    const flat = (value: number) => Buffer.alloc(size, value);
    const title = Buffer.from(flat(4));
    for (let i = 0; i < 40; i += 1) title[200 + i] = 200 + (i % 50);
    const landscape = Buffer.from(Array.from({ length: size }, (_, i) => 30 + ((i * 7) % 180)));
    const dim = Buffer.from(landscape.map((value) => value / 12));
    const scores = [flat(0), flat(255), flat(128), dim, title, landscape].map(goodness);
    expect(scores.slice(0, 3)).toEqual([0, 0, 0]);
    expect(Math.max(...scores.slice(3, 5))).toBeLessThan(0.6);
    expect(scores[5]).toBeGreaterThan(4);
  });
});

it('a long chunk has several sheets, and every picture its place', () => {
  const board = { every: 10, width: 160, height: 90, columns: 10, rows: 10, tiles: 104, best: { tile: 0, score: 1 } };
  const storyboard = { ...board, sheets: ['storyboard/00002-1.jpg', 'storyboard/00002-2.jpg'] };
  const text = storyboardVtt([{ start: 3590.5, end: 4626.25, storyboard }], { videoId: VIDEO_ID, revision: 1 });
  const lines = text.split('\n').filter((line) => line !== '');
  expect(lines.slice(0, 3)).toEqual([
    'WEBVTT',
    '00:59:50.500 --> 01:00:00.500',
    `/vod/${VIDEO_ID}/r1/storyboard/00002-1.jpg?{$auth}#xywh=0,0,160,90`,
  ]);
  expect(lines.at(-9)).toContain('00002-1.jpg?{$auth}#xywh=1440,810,160,90');
  expect(lines.slice(-2)).toEqual([
    '01:17:00.500 --> 01:17:06.250',
    `/vod/${VIDEO_ID}/r1/storyboard/00002-2.jpg?{$auth}#xywh=480,0,160,90`,
  ]);
});
