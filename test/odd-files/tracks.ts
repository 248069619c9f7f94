/** Tracks that are more, fewer or longer than usual: languages, text, sound alone, a day. */
import { writeFile } from 'node:fs/promises';
import { ffmpeg } from '../lambdas/slicing/media.ts';
import { AAC, beep, card, custom, entry, H264, make, plain, seconds, type OddFile } from './making.ts';

/** Beeps half a second after each full one. */
const halfway = [
  '-f',
  'lavfi',
  '-i',
  'aevalsrc=0.6*sin(2*PI*1000*t)*gt(mod(t\\,1)\\,0.5)*lt(mod(t\\,1)\\,0.56):s=48000:c=mono',
];
const language = (of: string, tag: string) => [`-metadata:s:${of}`, `language=${tag}`];

/** Sound whose clock goes slower than the picture's, by so much. */
const DRIFT = 1.01;

const DAY = 86_400;
/** Of the piece a day is joined of: whole frames of sound at 8 kHz. */
const PIECE = 64;

export const TRACKS: readonly OddFile[] = [
  entry(
    '24 hours',
    'day.mp4',
    custom(async (at, name) => {
      const sound = ['-f', 'lavfi', '-i', 'sine=r=8000', '-c:a', 'aac', '-ac', '1', '-b:a', '8k'];
      const small = ['-t', String(PIECE), ...H264, '-g', '8', '-bf', '0'];
      await ffmpeg(...plain('1', '32x32'), ...sound, ...small, at('piece.mp4'));
      const loop = ['-stream_loop', String(DAY / PIECE), '-i', at('piece.mp4'), '-t', String(DAY), '-c', 'copy'];
      await ffmpeg(...loop, at(name));
    }),
    { seconds: DAY, frames: DAY, chunks: true, planned: true },
  ),
  entry(
    'several sound tracks with languages',
    'languages.mp4',
    make(
      [...card(), ...beep, ...halfway, '-map', '0', '-map', '1', '-map', '2', '-t', '3', ...H264, ...AAC],
      [...language('a:0', 'ger'), ...language('a:1', 'eng')],
    ),
    {
      seconds: 3,
      frames: 90,
      both: seconds(3),
      sounds: [
        { language: 'de', beeps: seconds(3) },
        { language: 'en', beeps: [0.5, 1.5, 2.5] },
      ],
      chunks: true,
    },
  ),
  entry(
    'sound that drifts',
    'drift.mp4',
    custom(async (at, name) => {
      // It ends before the picture does, also when it is slower.
      const sound = beep.map((arg) => (arg.startsWith('aevalsrc') ? `${arg}:d=5.9` : arg));
      await ffmpeg(...card(), ...sound, '-t', '6', ...H264, ...AAC, at('even.mp4'));
      await ffmpeg('-i', at('even.mp4'), '-c', 'copy', '-bsf:a', `setts=ts=TS*${DRIFT}`, at(name));
    }),
    {
      seconds: 6,
      frames: 180,
      flashes: seconds(6),
      beeps: seconds(6).map((time) => time * DRIFT),
      chunks: true,
    },
  ),
  entry(
    'subtitle tracks inside the file',
    'said.mp4',
    custom(async (at, name) => {
      const said = ['00:00:00,500 --> 00:00:01,500\nGuten Tag', '00:00:02,000 --> 00:00:02,800\nAuf Wiedersehen'];
      await writeFile(at('said.srt'), said.map((cue, index) => `${index + 1}\n${cue}\n`).join('\n'));
      const inputs = [...card(), ...beep, '-i', at('said.srt'), '-map', '0', '-map', '1', '-map', '2'];
      await ffmpeg(...inputs, '-t', '3', ...H264, ...AAC, '-c:s', 'mov_text', ...language('s:0', 'ger'), at(name));
    }),
    {
      seconds: 3,
      frames: 90,
      both: seconds(3),
      texts: [
        {
          language: 'de',
          cues: [
            { start: 0.5, end: 1.5, text: 'Guten Tag' },
            { start: 2, end: 2.8, text: 'Auf Wiedersehen' },
          ],
        },
      ],
      chunks: true,
    },
  ),
  entry('sound only', 'alone.m4a', make(...beep, '-t', '4', ...AAC), {
    seconds: 4,
    flashes: [],
    beeps: seconds(4),
    chunks: true,
  }),
];
