/** Several sound tracks: each one a rendition of its own, in step with the picture and called what the file calls it. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect, type Inspected } from '../../../lambdas/slicing/inspect.ts';
import { describe as describeRendition } from '../../../lambdas/slicing/playlists.ts';
import { MAX_SOUND_TRACKS } from '../../../lib/contract/slicing.ts';
import { encodeFile, ffmpeg, fileSource, H264, picture, samples, workFolder, type Encoded } from './media.ts';
import { OPTIONS } from './options.ts';

let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  ({ folder, remove } = await workFolder());
});
afterAll(() => remove());

async function look(name: string): Promise<Inspected> {
  const options = { ...OPTIONS, chunkSeconds: 4 };
  const source = await fileSource(at(name));
  return inspect({ source, path: at('stand-in'), fetchWhole: async () => undefined, options, timeoutMs: 30_000 });
}

const sine = (hertz: number, seconds: number) => ['-f', 'lavfi', '-i', `sine=f=${hertz}:r=48000:d=${seconds}`];

/** Tones in a second of mono samples at 48 kHz: how often they rise through 0. */
function hertz(heard: Int16Array, second: number): number {
  let rising = 0;
  for (let i = second * 48_000; i < (second + 1) * 48_000; i += 1) {
    if ((heard[i] ?? 0) <= 0 && (heard[i + 1] ?? 0) > 0) rising += 1;
  }
  return rising;
}

async function heardIn(out: Encoded, seconds: readonly number[]): Promise<Record<string, number[]>> {
  const entries = out.plan.audio.map(async ({ name }) => {
    const heard = await samples(out.joined('audio', name));
    return [name, seconds.map((second) => hertz(heard, second))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Three tracks: English; German and default; a German commentary that begins at 5 s. */
const THREE = [
  [picture(9), sine(300, 9), sine(600, 9), ['-itsoffset', '5'], sine(900, 4)].flat(),
  ['-map', '0', '-map', '1', '-map', '2', '-map', '3', ...H264, '-g', '30', '-c:a', 'aac'],
  ['-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=ger', '-metadata:s:a:2', 'language=ger'],
  ['-metadata:s:a:2', 'title=Regie "live" {$auth}', '-disposition:a:0', '0', '-disposition:a:1', 'default'],
].flat();

const close = (values: number[] | undefined, expected: number[]): void => {
  expected.forEach((value, index) => expect(Math.abs(values![index]! - value)).toBeLessThanOrEqual(2));
};

describe('several sound tracks', () => {
  it.each(['three.mp4', 'three.mkv'])('%s: each a rendition, the default one first', async (name) => {
    await ffmpeg(...THREE, at(name));
    const found = await look(name);
    // This maker's MP4 has no names for tracks.
    const title = name.endsWith('mkv') ? 'Regie ’live’ {auth}' : undefined;
    expect(found.info.audio.map(({ language, title }) => [language, title])).toEqual([
      ['de', undefined],
      ['en', undefined],
      ['de', title],
    ]);
    expect(found.table === undefined).toBe(name.endsWith('mkv'));
    const out = await encodeFile(at(name), found);
    if (found.table) expect(out.chunks.length).toBeGreaterThan(1);
    const described = out.result.renditions.map((rendition) => describeRendition(rendition, out.plan));
    expect(described.filter(({ kind }) => kind === 'audio')).toMatchObject([
      { name: 'main', language: 'de', label: 'Deutsch', channels: 1 },
      { name: 'main2', language: 'en', label: 'English', channels: 1 },
      { name: 'main3', language: 'de', label: title ?? 'Deutsch 2', channels: 1 },
    ]);
    const { main, main2, main3 } = await heardIn(out, [1, 3, 6]);
    close(main, [600, 600, 600]);
    close(main2, [300, 300, 300]);
    close(main3, [0, 0, 900]);
    const lengths = out.result.renditions.map(({ segments }) =>
      segments.reduce((sum, { duration }) => sum + duration, 0),
    );
    for (const length of lengths) expect(length).toBeCloseTo(9, 1);
    // Cut at the same times, so that a change of language is one of segments.
    expect(new Set(out.result.renditions.map(({ segments }) => segments.length)).size).toBe(1);
  });

  it('no more of them than may be, the default one among them', async () => {
    const tracks = Array.from({ length: MAX_SOUND_TRACKS + 2 }, (_, i) => ['-map', '1', `-disposition:a:${i}`, '0']);
    const last = [`-disposition:a:${MAX_SOUND_TRACKS + 1}`, 'default'];
    await ffmpeg(
      ...[picture(1), sine(300, 1), ['-map', '0'], ...tracks, last, H264].flat(),
      '-c:a',
      'aac',
      at('many.mp4'),
    );
    const { info } = await look('many.mp4');
    expect(info.audio).toHaveLength(MAX_SOUND_TRACKS);
    expect(info.audio[0]).toMatchObject({ index: MAX_SOUND_TRACKS + 2, default: true });
  });
});
