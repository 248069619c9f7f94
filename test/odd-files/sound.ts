/** Odd sound: what changes, is too loud, or is not there. */
import { readFile, writeFile } from 'node:fs/promises';
import { ffmpeg } from '../lambdas/slicing/media.ts';
import { beep, card, custom, entry, H264, make, plain, seconds, type OddFile } from './making.ts';

/** Five channels of the same tone, together far over full scale when they are mixed down. */
const LOUD = [
  ...plain(),
  '-f',
  'lavfi',
  '-i',
  'aevalsrc=0.9*sin(880*PI*t)|0.9*sin(880*PI*t)|0.9*sin(880*PI*t)|0.5*sin(120*PI*t)|0.9*sin(880*PI*t)|0.9*sin(880*PI*t):c=5.1:s=48000',
];

export const SOUND: readonly OddFile[] = [
  entry(
    'sound that changes',
    'rates.ts',
    custom(async (at, name) => {
      const parts: Buffer[] = [];
      for (const [rate, channels] of [
        ['48000', '2'],
        ['44100', '1'],
        ['48000', '6'],
      ] as const) {
        await ffmpeg(
          ...card(),
          ...beep,
          '-t',
          '2',
          ...H264,
          '-c:a',
          'ac3',
          '-ar',
          rate,
          '-ac',
          channels,
          '-f',
          'mpegts',
          at('part.ts'),
        );
        parts.push(await readFile(at('part.ts')));
      }
      await writeFile(at(name), Buffer.concat(parts));
    }),
    { seconds: 6.03, frames: 180, both: seconds(6) },
  ),
  entry('5.1, as loud as can be', 'loud.mkv', make(LOUD, ['-t', '2', ...H264, '-c:a', 'ac3', '-b:a', '640k']), {
    seconds: 2.02,
    frames: 60,
    quiet: true,
  }),
  entry(
    '5.1, as loud as can be',
    'loud.mp4',
    make(LOUD, ['-t', '2', ...H264, '-c:a', 'ac3', '-b:a', '640k']),
    { seconds: 2, frames: 60, quiet: true, chunks: true },
    'in MP4',
  ),
  entry('no sound', 'silent.mp4', make(...card(), '-t', '1', ...H264), {
    seconds: 1,
    frames: 30,
    flashes: [0],
    beeps: [],
  }),
];
