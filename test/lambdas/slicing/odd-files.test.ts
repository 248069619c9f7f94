/**
 * Odd files, right or refused with a reason: what is published of each is read back and held against its recipe, by frame
 * count, length, shape, first and last time, flash against beep, and colour. docs/slicing.md has a row for each.
 */
import { execFile } from 'node:child_process';
import { copyFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOOK } from '../../../lambdas/slicing/reading.ts';
import { inspect, MAX_CHUNKS } from '../../../lambdas/slicing/inspect.ts';
import { madeBy } from '../../../lambdas/slicing/outputs.ts';
import { planSlicing } from '../../../lambdas/slicing/plan.ts';
import { describe as described } from '../../../lambdas/slicing/playlists.ts';
import { programPath } from '../../../lambdas/slicing/program.ts';
import { Refusal } from '../../../lambdas/slicing/refusal.ts';
import { longestSegment } from '../../../lambdas/slicing/repeats.ts';
import { brightness, encodeFile, fileSource, packets, samples, workFolder, type Encoded } from './media.ts';
import { MATRIX, ODD_FILES, titleOf } from '../../odd-files/list.ts';
import type { Expected, OddFile } from '../../odd-files/making.ts';
import { chunkTable } from '../../../lib/contract/segment-table.ts';
import type { SlicingOptions } from '../../../lib/contract/slicing.ts';
import { OPTIONS, VIDEO_ID } from './options.ts';

const exec = promisify(execFile);
let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  ({ folder, remove } = await workFolder());
});
afterAll(() => remove());

/** In chunks of two seconds where they can be. */
async function look({ name, segmentType = 'fmp4' }: OddFile) {
  const options: SlicingOptions = { ...OPTIONS, ladder: [360], chunkSeconds: 2, segmentType };
  const fetchWhole = (path: string) => copyFile(at(name), path);
  const source = await fileSource(at(name));
  const found = await inspect({ source, path: at('stand-in'), fetchWhole, options, timeoutMs: 60_000 });
  return { found, options };
}

/** What a probe and the chunks make of it. */
async function publish(file: OddFile): Promise<{ out: Encoded; chunks: boolean }> {
  const { name } = file;
  const { found, options } = await look(file);
  return { out: await encodeFile(at(name), found, options), chunks: found.table !== undefined };
}

const raw = async (path: string, ...args: string[]): Promise<Buffer> => {
  const all = ['-v', 'error', '-i', path, ...args, '-f', 'image2pipe', '-c:v', 'png', '-'];
  return (await exec(programPath('ffmpeg'), all, { encoding: 'buffer', maxBuffer: 1e8 })).stdout;
};

/** Times at which it begins to be white, from the rendition's start (time stamps begin at 1 s). */
async function flashesOf(path: string): Promise<number[]> {
  const frames = await brightness(path);
  return frames.flatMap(({ time, value }, i) =>
    value > 120 && !(frames[i - 1] && frames[i - 1]!.value > 120) ? [time - 1] : [],
  );
}

/** Times at which it begins to sound, after a tenth of a second of silence. */
async function beepsOf(path: string): Promise<number[]> {
  const sound = await samples(path, true);
  const [first] = await packets(path);
  const found: number[] = [];
  let last = -Infinity;
  sound.forEach((value, index) => {
    if (Math.abs(value) < 3000) return;
    if (index - last > 4800) found.push(first!.pts - 1 + index / 48_000);
    last = index;
  });
  return found;
}

/** A frame of 30 a second, and what decoders and encoders of sound blur. */
const STEP = 0.034;

function near(found: readonly number[], wanted: readonly number[], what: string): void {
  expect(found.length, `${what}: ${found.map((time) => time.toFixed(3)).join(' ')}`).toBe(wanted.length);
  wanted.forEach((time, index) =>
    expect(Math.abs(found[index]! - time), `${what} at ${time}: ${found[index]}`).toBeLessThan(STEP),
  );
}

async function colourAt(path: string, x: number, y: number): Promise<number[]> {
  const png = await raw(path, '-frames:v', '1', '-vf', `crop=4:4:iw*${x}:ih*${y},scale=1:1:flags=area,format=rgb24`);
  const { inflateSync } = await import('node:zlib');
  const idat = png.indexOf('IDAT');
  return [...inflateSync(png.subarray(idat + 4, idat + 4 + png.readUInt32BE(idat - 4))).subarray(1, 4)];
}

/** Seconds that a frame of sound has at 8 kHz, and what a container rounds. */
const SLOW_FRAME = 0.2;

/** What is too long to be made here has a plan of all of it. */
async function checkPlan(expected: Expected, file: OddFile): Promise<void> {
  const { found, options } = await look(file);
  const source = { bucket: 'sources', key: 'uploads/a/source', info: found.info };
  const of = { videoId: VIDEO_ID, revision: 1, execution: 'run', source };
  const { plan, chunks } = planSlicing(of, options, found.table);
  expect(found.table !== undefined).toBe(expected.chunks);
  expect(Math.abs(found.info.duration - expected.seconds)).toBeLessThan(SLOW_FRAME);
  expect(chunks.length).toBeLessThanOrEqual(2 * MAX_CHUNKS);
  const pictures = chunks.filter((chunk) => madeBy(chunk, plan).some((path) => path.startsWith('video/')));
  let [segment, time] = [1, 0];
  for (const { firstSegment, segments, start, duration } of pictures.filter(({ ahead }) => !ahead)) {
    expect(firstSegment).toBe(segment);
    expect(start).toBeCloseTo(time, 3);
    segment += segments!;
    time += duration!;
  }
  expect(segment - 1).toBe(plan.segments!.count);
  expect(Math.abs(time - expected.seconds)).toBeLessThan(SLOW_FRAME);
  // What the last task reads is all there.
  const { firstSegment, segments = 1 } = pictures.at(-1)!;
  const part = JSON.parse(JSON.stringify(found.table!.part({ firstSegment, segments }))) as unknown;
  expect(() => chunkTable.parse(part)).not.toThrow();
}

async function check(expected: Expected, { out, chunks }: { out: Encoded; chunks: boolean }): Promise<void> {
  const { renditions } = out.result;
  if (expected.chunks !== undefined) expect(chunks).toBe(expected.chunks);
  const video = renditions.find(({ kind }) => kind === 'video');
  const sounds = renditions.filter(({ kind }) => kind === 'audio');
  const [audio] = sounds;
  const sound = audio && out.joined('audio', audio.name);
  for (const { kind, segments } of renditions) {
    const total = segments.reduce((sum, { duration }) => sum + duration, 0);
    expect(Math.abs(total - expected.seconds), `${kind} is ${total} s long`).toBeLessThan(0.05);
    expect(Math.max(...segments.map(({ duration }) => duration))).toBeLessThan(longestSegment(OPTIONS.segmentSeconds));
  }
  if (expected.sounds) {
    expect(sounds.map(({ name }) => out.plan.audio.find((one) => one.name === name)?.language)).toEqual(
      expected.sounds.map((one) => one.language),
    );
    for (const [index, { language, beeps }] of expected.sounds.entries())
      near(await beepsOf(out.joined('audio', sounds[index]!.name)), beeps, `beep in ${language}`);
  }
  if (expected.texts) {
    const said = out.texts.map(({ track: { language }, cues }) => ({ language, cues }));
    expect(said).toEqual(expected.texts);
  }
  const { flashes = expected.both, beeps = expected.both } = expected;
  if (beeps && beeps.length > 0) near(await beepsOf(sound!), beeps, 'beep');
  if (beeps?.length === 0) expect(audio).toBeUndefined();
  if (video) await checkPictures(expected, video, out);
  // Without any, sound is all there is.
  else expect([flashes, expected.frames]).toEqual([[], undefined]);
  if (expected.quiet) {
    // From the second frame of sound on; the first has lost what comes before it.
    const loudest = (await samples(sound!)).subarray(4096).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(loudest).toBeLessThan(32_700);
    expect(loudest).toBeGreaterThan(20_000);
  }
}

async function checkPictures(
  expected: Expected,
  video: Encoded['result']['renditions'][number],
  out: Encoded,
): Promise<void> {
  const pictures = out.joined('video', video.name);
  const times = (await packets(pictures)).map(({ pts }) => pts - 1);
  expect(Math.min(...times)).toBeCloseTo(0, 3);
  expect(Math.max(...times)).toBeLessThan(expected.seconds + 0.05);
  if (expected.frames !== undefined) expect(times.length).toBe(expected.frames);
  const { width, height, frameRate } = described(video, out.plan);
  if (expected.size !== undefined) expect(`${width}x${height}`).toBe(expected.size);
  if (expected.frameRate !== undefined) expect(frameRate).toBe(expected.frameRate);
  const { flashes = expected.both } = expected;
  if (flashes) near(await flashesOf(pictures), flashes, 'flash');
  for (const [x, y, ...rgb] of expected.colours ?? []) {
    const found = await colourAt(pictures, x, y);
    rgb.forEach((value, index) =>
      expect(Math.abs(found[index]! - value), `${found.join()} for ${rgb.join()}`).toBeLessThan(30),
    );
  }
  if (expected.space !== undefined) {
    const fields = ['-show_entries', 'stream=color_space,color_transfer,color_primaries', '-of', 'csv=p=0'];
    const { stdout } = await exec(programPath('ffprobe'), ['-v', 'error', ...fields, pictures]);
    expect(stdout.trim()).toBe([expected.space, expected.space, expected.space].join());
  }
  if (expected.whole) {
    const { stderr } = await exec(programPath('ffmpeg'), ['-nostats', '-i', pictures, '-vf', LOOK, '-f', 'null', '-']);
    const [, top, bottom, whole] = /Multi frame detection: TFF: *(\d+) BFF: *(\d+) Progressive: *(\d+)/
      .exec(stderr)!
      .map(Number);
    expect(top! + bottom!, `${top} and ${bottom} of ${whole} are combed`).toBeLessThan(whole! / 10);
  }
}

describe('odd files', () => {
  it.each(ODD_FILES.map((file) => ({ what: titleOf(file), file })))('$what', { timeout: 120_000 }, async ({ file }) => {
    await file.make(at);
    const { expected } = file;
    if ('refused' in expected) {
      const refusal = await publish(file).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(Refusal);
      expect(refusal).toMatchObject({ code: expected.refused, reason: expect.stringMatching(expected.says) });
    } else if (expected.planned) await checkPlan(expected, file);
    else await check(expected, await publish(file));
    await rm(`${at(file.name)}.out`, { recursive: true, force: true });
  });

  it('are called by names of their own', () => {
    const names = MATRIX.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('have a row each in docs/slicing.md, and each row has a file', async () => {
    const text = await readFile(new URL('../../../docs/slicing.md', import.meta.url), 'utf8');
    const [, table] = text.split('\n## Odd files\n');
    const rows = [...table!.split('\n## ')[0]!.matchAll(/^\| ([^|]+?) +\|/gm)].map((match) => match[1]!);
    const listed = rows.filter((row) => row !== 'what' && !row.startsWith('-'));
    expect(listed.toSorted()).toEqual([...new Set(ODD_FILES.map(({ row }) => row))].toSorted());
    expect(listed).toEqual(expect.arrayContaining(MATRIX.map(({ row }) => row)));
  });
});
