/** Segments of several runs in one file, read back with ffprobe and by a walk over the boxes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layerFolder } from '../../support/layer.ts';
import { Joiner, timescales } from '../../../lambdas/devices/fragments.ts';
import { BoxError } from '../../../lib/media/boxes.ts';

const ffmpeg = process.env['FFMPEG_PATH'] ?? join(await layerFolder(), 'ffmpeg');
let folder: string;
let init: Buffer;
/** Four segments of 2 s each, with their times from 0 on. */
let run: Buffer[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-fragments-'));
  const source = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=8', '-f', 'lavfi', '-i', 'sine=r=8000:d=8'];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-c:a', 'aac', '-b:a', '24k'];
  execFileSync(
    ffmpeg,
    ['-v', 'error', ...source, ...codecs, '-f', 'hls', '-hls_time', '2', '-hls_segment_type', 'fmp4', 'x.m3u8'],
    { cwd: folder },
  );
  init = readFileSync(join(folder, 'init.mp4'));
  run = [0, 1, 2, 3].map((i) => readFileSync(join(folder, `x${i}.m4s`)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy, since the joiner changes what it is given. */
const segment = (i: number) => Buffer.from(run[i]!);

function probe(file: Buffer) {
  const path = join(folder, 'joined.mp4');
  writeFileSync(path, file);
  const packets = execFileSync(
    ffmpeg.replace(/ffmpeg$/, 'ffprobe'),
    ['-v', 'error', '-show_entries', 'packet=stream_index,pts_time', '-of', 'json', path],
    { encoding: 'utf8' },
  );
  const parsed = (JSON.parse(packets) as { packets: { stream_index: number; pts_time: string }[] }).packets;
  const errors = execFileSync(ffmpeg, ['-v', 'error', '-i', path, '-f', 'null', '-'], { encoding: 'utf8' });
  return {
    errors,
    times: (stream: number) => parsed.filter((p) => p.stream_index === stream).map((p) => Number(p.pts_time)),
  };
}

it('reads the ticks of each track', () => {
  const scales = timescales(init);
  expect([...scales.keys()]).toEqual([1, 2]);
  expect(scales.get(2)).toBe(8000);
});

describe('joined segments', () => {
  it('of a run that began hours ago begin at 0 and keep their times', () => {
    const joiner = new Joiner(init);
    const parts = [1, 2, 3].map(segment);
    parts.forEach((part, i) => joiner.add(part, 2000, i > 0));
    const { errors, times } = probe(Buffer.concat([init, ...parts]));
    expect(errors).toBe('');
    expect(times(0)).toHaveLength(150);
    // ffmpeg's own edit list moves the pictures by the sound encoder's delay of 0.128 s.
    expect(times(0)[0]).toBeLessThan(0.2);
    expect(times(0).at(-1)! - times(0)[0]!).toBeCloseTo(5.96, 3);
  });

  it('of two runs follow one another, the hole between them closed', () => {
    const joiner = new Joiner(init);
    const parts = [segment(2), segment(3), segment(0), segment(1)];
    parts.forEach((part, i) => joiner.add(part, 2000, i === 1 || i === 3));
    const { errors, times } = probe(Buffer.concat([init, ...parts]));
    expect(errors).toBe('');
    const video = times(0);
    expect(video).toHaveLength(200);
    for (let i = 1; i < video.length; i += 1) expect(video[i]! - video[i - 1]!).toBeCloseTo(0.04, 3);
    expect(times(1).at(-1)! - times(1)[0]!).toBeGreaterThan(7.5);
  });

  it('beyond the 32nd bit of their clock, too', () => {
    const late = [segment(0), segment(1)];
    const ahead = new Joiner(init);
    // A first segment of 20 hours moves those after it to where the clock needs 33 bits.
    ahead.add(segment(0), 72_000_000, false);
    late.forEach((part) => ahead.add(part, 2000, false));
    const again = new Joiner(init);
    late.forEach((part) => again.add(part, 2000, false));
    const video = probe(Buffer.concat([init, ...late])).times(0);
    expect(video[0]).toBeLessThan(0.2);
    expect(video.at(-1)! - video[0]!).toBeCloseTo(3.96, 3);
  });
});

describe('what is no segment of ours is refused', () => {
  it.each<[string, () => Buffer]>([
    ['nothing', () => Buffer.alloc(0)],
    ['text', () => Buffer.from('<Error><Code>AccessDenied</Code></Error>')],
    ['half a segment', () => segment(0).subarray(0, 100)],
    ['two at once', () => Buffer.concat([segment(0), segment(1)])],
    ['a box longer than all', () => Buffer.from('7fffffff6d6f6f66', 'hex')],
  ])('%s', (_, bytes) => expect(() => new Joiner(init).add(bytes(), 2000, false)).toThrow(BoxError));
  it('nor an init without tracks', () => expect(() => new Joiner(segment(0))).toThrow(BoxError));
});
