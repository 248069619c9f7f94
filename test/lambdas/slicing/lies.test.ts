/**
 * Files whose numbers are not what they hold, made with real ffmpeg or changed by hand: each number has a bound. Either the
 * refusal names it, or what is published is right whatever the file says: every segment is as long as its playlist says,
 * renditions end together, and no more frames are published than the manifest says.
 */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect } from '../../../lambdas/slicing/inspect.ts';
import { describe as described } from '../../../lambdas/slicing/playlists.ts';
import { Refusal } from '../../../lambdas/slicing/refusal.ts';
import type { SlicingOptions } from '../../../lib/contract/slicing.ts';
import { encodeFile, ffmpeg, fileSource, formats, H264, packets, picture, tone, workFolder } from './media.ts';
import { OPTIONS } from './options.ts';

const { writes: can } = formats();
let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  ({ folder, remove } = await workFolder());
  await ffmpeg(...picture(4), ...tone(4), ...H264, '-g', '30', '-c:a', 'aac', at('base.mp4'));
}, 60_000);
afterAll(() => remove());

interface Published {
  /** Seconds of the longest rendition of pictures, and of the sound. */
  readonly seconds: number;
  readonly sound: number | undefined;
  /** Frames of the first rung, and what the manifest says of them. */
  readonly frames: number;
  readonly frameRate: number;
  readonly size: string;
}

/** What is published of a file, checked against the media itself; or the code of its refusal. */
async function publish(name: string, options: Partial<SlicingOptions> = {}): Promise<Published | string> {
  try {
    const source = await fileSource(at(name));
    const all = { ...OPTIONS, ladder: [90 as never], ...options };
    const fetchWhole = (path: string) => copyFile(at(name), path);
    const info = await inspect({ source, path: at('stand-in'), fetchWhole, options: all, timeoutMs: 60_000 });
    const { plan, result, joined } = await encodeFile(at(name), info, all);
    const lengths: number[] = [];
    let frames = 0;
    for (const rendition of result.renditions) {
      const { kind, segments } = rendition;
      const found = await packets(joined(kind, rendition.name));
      const total = segments.reduce((sum, { duration }) => sum + duration, 0);
      const times = found.map(({ pts }) => pts);
      const first = Math.min(...times);
      // The playlist's sum is what lies between the first frame and the end of the last, which is its own to say.
      expect(total).toBeGreaterThanOrEqual(Math.max(...times) - first - 0.001);
      lengths.push(total);
      if (kind === 'video' && frames === 0) {
        frames = found.length;
        expect(segments.reduce((sum, segment) => sum + (segment.frames ?? 0), 0)).toBe(frames);
        const { frameRate } = described(rendition, plan);
        // Of any second, no more than the manifest says, and one for where it begins.
        for (const from of times)
          expect(times.filter((pts) => pts >= from && pts < from + 1).length).toBeLessThanOrEqual(
            frameRate! * 1.02 + 1.5,
          );
      }
    }
    const videos = result.renditions.flatMap(({ kind }, i) => (kind === 'video' ? [lengths[i]!] : []));
    const sound = result.renditions.flatMap(({ kind }, i) => (kind === 'audio' ? [lengths[i]!] : []))[0];
    expect(Math.max(...videos) - Math.min(...videos)).toBeLessThan(0.001);
    if (sound !== undefined) expect(Math.abs(sound - videos[0]!)).toBeLessThan(0.6);
    const { frameRate, width, height } = described(result.renditions[0]!, plan);
    return { seconds: videos[0]!, sound, frames, frameRate: frameRate!, size: `${width}x${height}` };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    expect(error.reason).toMatch(/^[A-Z].*\.$/);
    return error.code;
  }
}

/** The file with each box of that name changed, its content given. */
async function patched(name: string, type: string, change: (body: Buffer) => void, of = 'base.mp4'): Promise<string> {
  const bytes = await readFile(at(of));
  for (let found = bytes.indexOf(type, 0, 'latin1'); found !== -1; found = bytes.indexOf(type, found + 4, 'latin1'))
    change(bytes.subarray(found + 4));
  await writeFile(at(name), bytes);
  return name;
}

const made = async (name: string, ...args: string[]): Promise<string> => {
  await ffmpeg(...args, at(name));
  return name;
};

/** Of the movie, its tracks and their media: all say so many seconds. */
async function says(name: string, seconds: number): Promise<string> {
  await patched(name, 'mdhd', (body) => body.writeUInt32BE(seconds * body.readUInt32BE(12), 16));
  await patched(name, 'tkhd', (body) => body.writeUInt32BE(seconds * 1000, 20), name);
  return patched(name, 'mvhd', (body) => body.writeUInt32BE(seconds * 1000, 16), name);
}
/** All ones: what recorders write that do not know (ISO/IEC 14496-12 8.2.2.3). */
async function unknownLength(name: string): Promise<string> {
  await patched(name, 'mdhd', (body) => body.writeUInt32BE(0xffff_ffff, 16));
  await patched(name, 'tkhd', (body) => body.writeUInt32BE(0xffff_ffff, 20), name);
  return patched(name, 'mvhd', (body) => body.writeUInt32BE(0xffff_ffff, 16), name);
}
/** The first edit of each track shows so many seconds. */
const edited = (name: string, seconds: number, firstTrack = 0) => {
  let track = 0;
  return patched(name, 'elst', (body) => {
    if (track++ >= firstTrack) body.writeUInt32BE(seconds * 1000, 8);
  });
};

/** Sample entries of sound, of pictures; the display matrix of the track of pictures. */
const matrix = (name: string, ...values: readonly number[]) =>
  patched(name, 'tkhd', (body) => {
    if (body.readUInt32BE(76) === 0) return;
    values.forEach((value, i) => body.writeInt32BE(Math.round(value * 65_536), 40 + 4 * i));
  });
const turned = (name: string, degrees: number) => {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return matrix(name, cos, sin, 0, -sin, cos, 0);
};
const pixels = (name: string, width: number, height: number) =>
  made(
    name,
    ...picture(1, '64x64'),
    '-vf',
    `scale=${width}:${height}:flags=neighbor,setsar=1`,
    '-c:v',
    'png',
    '-pix_fmt',
    'rgb24',
  );
const sound = (name: string, rate: number, channels: number) =>
  made(
    name,
    ...picture(2, '160x90'),
    '-f',
    'lavfi',
    '-i',
    `aevalsrc=${Array.from({ length: channels }, () => 'sin(t)').join('|')}:s=${rate}:d=2`,
    ...H264,
    '-c:a',
    'pcm_s16le',
  );

type Expected = string | { readonly [K in keyof Published]?: unknown };
const about = (value: number, by = 0.1): unknown => {
  const within = (actual: unknown) => typeof actual === 'number' && Math.abs(actual - value) <= by;
  return { asymmetricMatch: within, toString: () => `about ${value}` };
};
const atMost = (value: number): unknown => ({
  asymmetricMatch: (actual: unknown) => typeof actual === 'number' && actual <= value,
  toString: () => `at most ${value}`,
});

const rate = (name: string, fps: number, seconds: number, ...more: string[]) =>
  made(name, ...picture(seconds, '160x90', String(fps)), ...more, ...H264, '-video_track_timescale', '90000');

type Row = readonly [what: string, expected: Expected, make: () => Promise<string>, over?: Partial<SlicingOptions>];
const NUMBERS: readonly (readonly [of: string, rows: readonly Row[]])[] = [
  [
    'frame rate',
    [
      ['1,000 a second', { seconds: about(2), frames: about(121, 3), frameRate: 60 }, () => rate('r1000.mp4', 1000, 2)],
      [
        '1,000 a second, as MPEG-TS',
        { seconds: about(2), frames: about(121, 3), frameRate: 60 },
        () => rate('r1000ts.mp4', 1000, 2),
        { segmentType: 'mpegts' },
      ],
      ['90 a second', { seconds: about(2), frames: about(120, 3), frameRate: 60 }, () => rate('r90.mp4', 90, 2)],
      ['61 a second', { frames: atMost(125), frameRate: 60 }, () => rate('r61.mp4', 61, 2)],
      ['60 a second lose none', { frames: 120, frameRate: 60 }, () => rate('r60.mp4', 60, 2)],
      [
        '30000/1001 lose none',
        { frames: 60, frameRate: about(29.97, 0.001) },
        () => made('ntsc.mp4', ...picture(2.002, '160x90', '30000/1001'), ...H264),
      ],
      ['one in two seconds', { seconds: about(8, 2), frameRate: atMost(1) }, () => rate('r05.mp4', 0.5, 8)],
      [
        'ten, sixty, thirty: all kept',
        { seconds: about(6), frames: about(200, 3), frameRate: 60 },
        () =>
          rate(
            'vfr.mp4',
            60,
            6,
            '-vf',
            "select='if(lt(t,2),not(mod(n,6)),if(lt(t,4),1,not(mod(n,2))))'",
            '-vsync',
            'vfr',
          ),
      ],
      [
        '1,000 a second in a burst',
        { seconds: about(2.9, 0.2), frameRate: 60, frames: atMost(70) },
        () => rate('burst.mp4', 1000, 3, '-vf', "select='if(between(t,1,1.5),1,not(mod(n,100)))'", '-vsync', 'vfr'),
      ],
      [
        'thirty by its fragments, then 1,000',
        { seconds: about(4), frameRate: atMost(60) },
        () =>
          made(
            'later.mp4',
            ...picture(4, '160x90', '1000'),
            '-vf',
            "select='if(lt(t,2),not(mod(n,33)),1)'",
            '-vsync',
            'vfr',
            ...H264,
            '-g',
            '33',
            '-video_track_timescale',
            '90000',
            '-movflags',
            '+frag_keyframe+empty_moov',
          ),
      ],
      [
        'a clock of a million',
        { seconds: about(2), frames: 60, frameRate: 30 },
        () => made('clock.mp4', ...picture(2, '160x90'), ...H264, '-video_track_timescale', '1000000'),
      ],
    ],
  ],
  [
    'duration',
    [
      ['says 1 s, holds 4', { seconds: about(4) }, () => says('short.mp4', 1)],
      ['says 40 s, holds 4', { seconds: about(4) }, () => says('long.mp4', 40)],
      ['says 0 s', { seconds: about(4) }, () => says('zero.mp4', 0)],
      ['says 20 hours, holds 4 s', { seconds: about(4) }, () => says('hours.mp4', 20 * 3600)],
      ['says what means that it is not known', { seconds: about(4) }, () => unknownLength('ones.mp4')],
      ['an edit of 1 s', { seconds: about(1) }, () => edited('edit1.mp4', 1)],
      ['an edit of 0 s, which is all of it', { seconds: about(4) }, () => edited('edit0.mp4', 0)],
      ['an edit of 0 s of the sound alone', { seconds: about(4), sound: about(4) }, () => edited('edit0s.mp4', 0, 1)],
      ['an edit of 40 s', { seconds: about(4) }, () => edited('edit40.mp4', 40)],
      ['longer than may be, whatever it says', 'too-long', () => says('liar.mp4', 1), { maxDurationHours: 2 / 3600 }],
      [
        'tracks that begin apart',
        { seconds: about(5, 0.2) },
        () =>
          made(
            'apart.mp4',
            '-itsoffset',
            '1',
            '-i',
            at('base.mp4'),
            '-i',
            at('base.mp4'),
            '-map',
            '0:v',
            '-map',
            '1:a',
            '-c',
            'copy',
          ),
      ],
      [
        'begins before 0',
        { seconds: about(4, 1.1) },
        () =>
          made(
            'before.mp4',
            '-i',
            at('base.mp4'),
            '-c',
            'copy',
            '-output_ts_offset',
            '-1',
            '-avoid_negative_ts',
            'disabled',
          ),
      ],
    ],
  ],
  [
    'picture size',
    [
      ['1x1', { size: '2x2' }, () => pixels('one.mov', 1, 1)],
      ['odd', { size: '34x18' }, () => pixels('odd.mov', 33, 17)],
      ['1x4000', { seconds: about(1) }, () => pixels('high.mov', 1, 4000)],
      ['8192x2', { seconds: about(1) }, () => pixels('flat.mov', 8192, 2)],
      ['16384x64', 'too-large-picture', () => pixels('wide.mov', 16_384, 64)],
      [
        '16384 stored, 4096 shown',
        'too-large-picture',
        () =>
          made(
            'squeezed.mov',
            ...picture(1, '64x64'),
            '-vf',
            'scale=16384:64:flags=neighbor,setsar=1/4',
            '-c:v',
            'png',
          ),
      ],
    ],
  ],
  [
    'shape of a pixel',
    [
      [
        '1:1000',
        { size: '160x90' },
        () => made('sar1.mp4', ...picture(1, '160x90'), '-vf', 'setsar=1/1000:max=1000', ...H264),
      ],
      [
        '1000:1',
        { size: '160x90' },
        () => made('sar2.mp4', ...picture(1, '160x90'), '-vf', 'setsar=1000/1:max=1000', ...H264),
      ],
      ['none', { size: '160x90' }, () => made('sar3.mp4', ...picture(1, '160x90'), '-vf', 'setsar=0', ...H264)],
    ],
  ],
  [
    'turn',
    [
      ['90 degrees', { size: '90x160' }, () => turned('t90.mp4', 90)],
      ['90.4 degrees', { size: '90x160' }, () => turned('t904.mp4', 90.4)],
      ['45 degrees: as it is stored', { size: '160x90' }, () => turned('t45.mp4', 45)],
      ['135 degrees: as it is stored', { size: '160x90' }, () => turned('t135.mp4', 135)],
      ['200 degrees: as it is stored', { size: '160x90' }, () => turned('t200.mp4', 200)],
      ['a matrix of zeros', { size: '160x90' }, () => matrix('m0.mp4', 0, 0, 0, 0, 0, 0)],
      ['a matrix that shears', { seconds: about(4) }, () => matrix('m1.mp4', 1, 5, 0, 7, 1, 0)],
      ['a matrix that mirrors', { size: '160x90' }, () => matrix('m2.mp4', -1, 0, 0, 0, 1, 0)],
      [
        'a matrix of the largest numbers',
        { seconds: about(4) },
        () => matrix('m3.mp4', 32_767, 32_767, 0, -32_768, 32_767, 0),
      ],
    ],
  ],
  [
    'sound',
    [
      ...[1, 2, 3, 6, 7, 8, 12, 24].map(
        (channels) =>
          [`${channels} channels`, { sound: about(2) }, () => sound(`c${channels}.mov`, 48_000, channels)] as const,
      ),
      ['1 Hz: none', { sound: undefined }, () => sound('hz1.mov', 1, 1)],
      ['1,000 Hz', { sound: about(2) }, () => sound('hz1000.mov', 1000, 1)],
      ['768 kHz', { sound: about(2) }, () => sound('hz768000.mov', 768_000, 2)],
      ['3 MHz', 'damaged', () => sound('hz3000000.mov', 3_000_000, 1)],
    ],
  ],
];

describe.each(NUMBERS)('%s', (_, rows) => {
  it.each(rows.map((row) => ({ what: row[0], row })))(
    '$what',
    { timeout: 120_000 },
    async ({ row: [, expected, make, over] }) => {
      const found = await publish(await make(), over);
      if (typeof expected === 'string') expect(found).toBe(expected);
      else expect(found).toMatchObject(expected);
    },
  );
});

it.each([
  ['a table', []],
  ['fragments', ['-movflags', 'frag_keyframe+empty_moov+default_base_moof']],
])("of %s: turned by the movie's header is turned as by the track's", { timeout: 120_000 }, async (_, args) => {
  const quarter = [0, 1, 0, -1, 0, 0].map((value) => value * 0x1_0000);
  await made('straight.mp4', '-i', at('base.mp4'), '-t', '1', '-c', 'copy', ...args);
  /** Where the matrix is in a header of version 0 (ISO/IEC 14496-12 8.2.2, 8.3.2). */
  const files = async (name: string, header: string, place: number) => {
    let headers = 0;
    await patched(
      name,
      header,
      (body) => {
        if (headers++ === 0) quarter.forEach((value, i) => body.writeInt32BE(value, place + 4 * i));
      },
      'straight.mp4',
    );
    const options = { ...OPTIONS, ladder: [90 as never] };
    const fetchWhole = (path: string) => copyFile(at(name), path);
    const source = await fileSource(at(name));
    const found = await inspect({ source, path: at('stand-in'), fetchWhole, options, timeoutMs: 60_000 });
    expect(found.table).toBeDefined();
    return (await encodeFile(at(name), found, options)).files;
  };
  expect(await files('by-movie.mp4', 'mvhd', 36)).toEqual(await files('by-track.mp4', 'tkhd', 40));
});

it.skipIf(!can.has('matroska'))(
  "a Matroska that says 30 frames a second and has 1,000 (needs ffmpeg's matroska muxer)",
  { timeout: 120_000 },
  async () => {
    // Two thousand pictures of a thirtieth of a second, then each a millisecond after the one before.
    await ffmpeg(...picture(2000 / 30, '160x90'), ...H264, '-bf', '0', at('slow.mp4'));
    await ffmpeg('-i', at('slow.mp4'), '-c', 'copy', '-bsf:v', 'setts=ts=N', at('liar.mkv'));
    expect(await publish('liar.mkv')).toMatchObject({ seconds: about(2), frames: atMost(125), frameRate: atMost(60) });
  },
);
