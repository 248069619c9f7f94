/** Odd clocks: what begins late, is held, has holes, leaps, wraps or varies. */
import { readFile, writeFile } from 'node:fs/promises';
import { ffmpeg } from '../lambdas/slicing/media.ts';
import { AAC, base, beep, card, custom, entry, H264, make, seconds, VP8, type At, type OddFile } from './making.ts';

/** MPEG-TS of the base, its clock beginning at each of these seconds, one after another as `cat` joins them. */
const joined =
  (name: string, ...starts: readonly number[]) =>
  async (at: At): Promise<void> => {
    const from = await base(at);
    const parts: Buffer[] = [];
    for (const start of starts) {
      await ffmpeg('-i', from, '-c', 'copy', '-output_ts_offset', String(start), '-f', 'mpegts', at('part.ts'));
      parts.push(await readFile(at('part.ts')));
    }
    await writeFile(at(name), Buffer.concat(parts));
  };

export const CLOCKS: readonly OddFile[] = [
  entry(
    'late start',
    'late.webm',
    make(...card(), ...beep, '-t', '4', ...VP8, '-c:a', 'libopus', '-output_ts_offset', '20'),
    {
      seconds: 4,
      frames: 120,
      both: seconds(4),
    },
  ),
  entry(
    'late start',
    'late.mkv',
    custom(async (at, name) => {
      await ffmpeg('-i', await base(at), '-c', 'copy', '-output_ts_offset', '1000', at(name));
    }),
    { seconds: 4.02, frames: 120, both: seconds(4) },
    'by a thousand seconds',
  ),
  ...(['mp4', 'mkv'] as const).map((kind) =>
    entry(
      'held last picture',
      `held.${kind}`,
      custom(async (at, name) => {
        await ffmpeg(...card(), '-t', '2', ...H264, '-bf', '0', '-video_track_timescale', '90000', at('still.mp4'));
        const hold = 'setts=duration=if(eq(N\\,59)\\,3*90000+3000\\,3000)';
        await ffmpeg('-i', at('still.mp4'), ...beep, '-t', '5', '-c:v', 'copy', '-bsf:v', hold, ...AAC, at(name));
      }),
      { seconds: 5, frames: 60, flashes: seconds(2), beeps: seconds(5), chunks: kind === 'mp4' },
      kind,
    ),
  ),
  entry(
    'picture that ends early',
    'short.webm',
    make(...card(), ...beep, '-t', '4', '-vf', 'trim=end=1.5', ...VP8, '-c:a', 'libopus'),
    {
      seconds: 4.01,
      frames: 45,
      flashes: seconds(2),
      beeps: seconds(4),
    },
  ),
  entry(
    'picture that ends early',
    'short.flv',
    make(...card(), ...beep, '-t', '4', '-vf', 'trim=end=1.5', ...H264, '-c:a', 'aac', '-ar', '44100'),
    { seconds: 4.04, frames: 45, flashes: seconds(2), beeps: seconds(4) },
    'flv',
  ),
  entry(
    'picture that ends early',
    'short.mp4',
    make(...card(), ...beep, '-t', '4', '-vf', 'trim=end=1.5', ...H264, ...AAC),
    { seconds: 4, frames: 45, flashes: seconds(2), beeps: seconds(4), chunks: true },
    'mp4',
  ),
  {
    ...entry(
      'picture that ends early',
      'short-ts.flv',
      make(card(), beep, '-t', '4', '-vf', 'trim=end=1.5', H264, '-c:a', 'aac', '-ar', '44100'),
      { seconds: 4.04, frames: 121, flashes: seconds(2), beeps: seconds(4) },
      'as segments of MPEG-TS, where it is repeated',
    ),
    segmentType: 'mpegts',
  },
  entry(
    'hole in the picture',
    'hole.ts',
    make(
      ...card(),
      ...beep,
      '-t',
      '16',
      '-vf',
      "select='not(between(t,1.51,13.98))'",
      '-vsync',
      'vfr',
      ...H264,
      ...AAC,
      '-f',
      'mpegts',
    ),
    { seconds: 16, flashes: [0, 1, 14, 15], unsure: [14], beeps: seconds(16), chunks: false },
  ),
  entry(
    'hole in all of it',
    'loss.ts',
    make(
      [...card(), ...beep, '-t', '16', '-vf', "select='not(between(t,1.51,13.98))'", '-vsync', 'vfr'],
      ['-af', "aselect='not(between(t,1.51,13.98))'", ...H264, ...AAC, '-f', 'mpegts'],
    ),
    { seconds: 16, both: [0, 1, 14, 15], unsure: [14] },
  ),
  entry('clock that leaps ahead', 'ahead.ts', (name) => joined(name, 0, 3600), {
    seconds: 8.02,
    frames: 240,
    both: seconds(8),
  }),
  entry('clock set back', 'back.ts', (name) => joined(name, 5000, 100), {
    seconds: 8.02,
    frames: 240,
    both: seconds(8),
  }),
  entry('recordings joined', 'three.ts', (name) => joined(name, 0, 0, 0), {
    seconds: 12.02,
    frames: 360,
    both: seconds(12),
  }),
  entry('clock that begins at hours', 'hours.ts', (name) => joined(name, 30_000), {
    seconds: 4.02,
    frames: 120,
    both: seconds(4),
  }),
  // 2^33 ticks of 90 kHz are 95,443.7 s.
  entry('clock that wraps', 'wrap.ts', (name) => joined(name, 95_440.3), {
    seconds: 4.02,
    frames: 120,
    both: seconds(4),
  }),
  entry(
    'sound that begins late, ends early',
    'late-sound.mp4',
    make(...card(), '-itsoffset', '1.5', '-t', '1.2', ...beep, '-t', '4', ...H264, ...AAC),
    { seconds: 4, frames: 120, flashes: seconds(4), beeps: [1.5, 2.5], chunks: true },
  ),
  entry(
    'variable frame rate',
    'vfr.mp4',
    make(
      [...card('60'), ...beep, '-t', '6'],
      ['-vf', "select='if(lt(t,2),not(mod(n,6)),if(lt(t,4),1,not(mod(n,2))))'", '-vsync', 'vfr', ...H264, ...AAC],
    ),
    { seconds: 6, frames: 200, both: seconds(6), frameRate: 60 },
  ),
  entry(
    'long stills',
    'stills.mkv',
    make(
      ['-t', '14', ...card('10'), '-t', '14', ...beep, '-vf', "select='lt(t,1)+between(t,13,13.5)'", '-vsync', 'vfr'],
      [...H264, ...AAC],
    ),
    // Six of them are repeats: segments are two seconds here.
    { seconds: 14, frames: 22, flashes: [0, 13], unsure: [13], beeps: seconds(14) },
  ),
  entry('120 frames a second', 'fast.mp4', make(...card('120'), ...beep, '-t', '2', ...H264, ...AAC), {
    seconds: 2,
    frames: 120,
    frameRate: 60,
    both: seconds(2),
  }),
  entry('one picture', 'one.mp4', make(...card(), '-frames:v', '1', ...H264), {
    seconds: 0.033,
    frames: 1,
    chunks: true,
  }),
  entry('one picture', 'one.mkv', make(...card(), '-frames:v', '1', ...H264), { seconds: 0.033, frames: 1 }, 'mkv'),
];
