/** Remuxing: the same packets, at the same times, with an index. */
import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remux, worthRemuxing } from '../../../lambdas/slicing/remuxer.ts';
import type { SourceInfo } from '../../../lib/contract/source.ts';
import { ProcessError } from '../../../lib/process.ts';
import type { MovieIndex } from '../../../lib/media/sample-table.ts';
import { ffmpeg, H264, packets, picture, tone, workFolder } from './media.ts';

let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  ({ folder, remove } = await workFolder());
});
afterAll(() => remove());

const STREAMS = [
  { index: 0, codec: 'h264' },
  { index: 1, codec: 'aac' },
];

async function all(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const taken: Buffer[] = [];
  for await (const piece of pieces) taken.push(piece);
  return Buffer.concat(taken);
}

async function remuxed(name: string): Promise<MovieIndex> {
  let found: MovieIndex | undefined;
  const pieces = remux({
    input: createReadStream(at(name)),
    container: name.endsWith('.ts') ? 'mpegts' : 'matroska,webm',
    streams: [
      { index: 0, codec: 'h264' },
      { index: 1, codec: name === 'late.mkv' ? 'opus' : 'aac' },
    ],
    timeoutMs: 60_000,
    onIndex: (index) => (found = index),
  });
  await writeFile(at(`${name}.mp4`), await all(pieces));
  return found!;
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
    const { tracks } = await remuxed(name);
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
    const { samples } = (await remuxed('rounded.mkv')).tracks[1]!;
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
      container: 'mpegts',
      streams: STREAMS,
      timeoutMs: 60_000,
      onIndex: () => undefined,
    });
    await expect(all(pieces)).rejects.toThrow('the line is down');
  });

  it('that is none is refused by ffmpeg', async () => {
    const pieces = remux({
      container: 'matroska,webm',
      input: Readable.from([Buffer.from('hello '.repeat(10_000))]),
      streams: STREAMS,
      timeoutMs: 60_000,
      onIndex: () => undefined,
    });
    await expect(all(pieces)).rejects.toThrow(ProcessError);
  });
});

it('short ones, and what MP4 cannot hold, are encoded as they are', () => {
  const of = (video: string, audio: string, container = 'matroska,webm', duration = 3600) =>
    worthRemuxing(
      {
        container,
        duration,
        video: { codec: video } as SourceInfo['video'],
        audio: [{ codec: audio }] as SourceInfo['audio'],
      },
      { segmentType: 'fmp4' },
    );
  expect(of('h264', 'aac')).toBe(true);
  expect(of('h264', 'aac', 'mpegts', 200)).toBe(false);
  expect(of('vp8', 'vorbis')).toBe(false);
  expect(of('h264', 'mp3', 'avi')).toBe(false);
});
