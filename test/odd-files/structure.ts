/** Odd structure: what containers say of their length, end, tracks and cuts. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { boxes, need } from '../../lib/media/boxes.ts';
import { box } from '../../lib/media/build.ts';
import { ffmpeg } from '../lambdas/slicing/media.ts';
import {
  AAC,
  base,
  beep,
  card,
  custom,
  entry,
  H264,
  make,
  plain,
  seconds,
  SIZE,
  VP8,
  type At,
  type OddFile,
} from './making.ts';

/** The file with each box of that name changed in place. */
async function patch(path: string, type: string, change: (body: Buffer) => void): Promise<void> {
  const bytes = await readFile(path);
  for (let found = bytes.indexOf(type, 0, 'latin1'); found !== -1; found = bytes.indexOf(type, found + 4, 'latin1'))
    change(bytes.subarray(found + 4));
  await writeFile(path, bytes);
}

async function withCover(at: At, name: string): Promise<void> {
  await ffmpeg(...plain(), '-frames:v', '1', at('cover.jpg'));
  const map = ['-map', '1', '-map', '0:v', '-map', '0:a', '-c', 'copy', '-disposition:v:0', 'attached_pic'];
  await ffmpeg('-i', await base(at), '-i', at('cover.jpg'), ...map, '-timecode', '10:00:00:00', at(name));
}

export const STRUCTURE: readonly OddFile[] = [
  entry(
    'text after the last box',
    'trail.mp4',
    custom(async (at, name) => {
      await writeFile(at(name), await readFile(await base(at)));
      await appendFile(
        at(name),
        'GPSDATA,$GPRMC,120000.00,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\n'.repeat(50),
      );
    }),
    { seconds: 4, frames: 120, both: seconds(4), chunks: true },
  ),
  entry(
    'length not known',
    'ones.mp4',
    custom(async (at, name) => {
      await writeFile(at(name), await readFile(await base(at)));
      // ISO/IEC 14496-12 8.2.2, 8.3.2, 8.4.2, version 0.
      for (const [type, offset] of [
        ['mvhd', 16],
        ['tkhd', 20],
        ['mdhd', 16],
      ] as const)
        await patch(at(name), type, (body) => body.writeUInt32BE(0xffff_ffff, offset));
    }),
    { seconds: 4, frames: 120, both: seconds(4), chunks: true },
  ),
  entry(
    'beginning that is called no keyframe',
    'unnamed.mp4',
    custom(async (at, name) => {
      await ffmpeg(...card(), ...beep, '-t', '4', ...H264, '-g', '30', ...AAC, at(name));
      // ISO/IEC 14496-12 8.6.2: without the first one it names.
      await patch(at(name), 'stss', (body) => {
        const count = body.readUInt32BE(4);
        body.copyWithin(8, 12, 8 + 4 * count);
        body.writeUInt32BE(count - 1, 4);
      });
    }),
    { seconds: 4, frames: 120, both: seconds(4), chunks: true },
  ),
  entry(
    'keyframes that are none',
    'every.mp4',
    custom(async (at, name) => {
      const groups = ['-bf', '0', '-g', '80', '-sc_threshold', '0'];
      await ffmpeg(...card(), ...beep, '-t', '6', ...H264, ...groups, ...AAC, at(name));
      const bytes = await readFile(at(name));
      // ISO/IEC 14496-12 8.6.2: without it, every sample is one.
      bytes.write('free', bytes.indexOf('stss', 0, 'latin1'), 'latin1');
      await writeFile(at(name), bytes);
    }),
    { seconds: 6, frames: 180, both: seconds(6), chunks: true },
  ),
  entry(
    'too long',
    'long.mp4',
    make('-t', '8', ...plain('1'), '-vf', 'setpts=N*14000/TB', '-fps_mode', 'vfr', ...H264, '-bf', '0'),
    { refused: 'too-long', says: /hours long; up to 24 hours/ },
  ),
  ...(['mp4', 'webm'] as const).map((kind) =>
    entry(
      'file that is cut',
      `cut.${kind}`,
      custom(async (at, name) => {
        const codec = kind === 'mp4' ? [...H264, '-movflags', '+faststart'] : VP8;
        await ffmpeg(...card(), '-t', '4', ...codec, at(`uncut.${kind}`));
        const bytes = await readFile(at(`uncut.${kind}`));
        await writeFile(at(name), bytes.subarray(0, Math.floor(bytes.length * 0.6)));
      }),
      { refused: 'truncated', says: /its end is missing/ },
      kind,
    ),
  ),
  entry(
    'edit list',
    'edit.mp4',
    custom(async (at, name) => {
      // Cut at 1.5 s without encoding: what comes before is decoded and not shown.
      await ffmpeg('-ss', '1.5', '-i', await base(at), '-c', 'copy', at(name));
    }),
    { seconds: 2.5, frames: 75, flashes: [0.5, 1.5], beeps: [0.5, 1.5], chunks: true },
  ),
  entry(
    'open groups of pictures',
    'open.mp4',
    make([
      ...card(),
      ...beep,
      '-t',
      '5',
      ...H264,
      '-bf',
      '3',
      '-x264-params',
      'open-gop=1:keyint=30:min-keyint=30:scenecut=0:b-adapt=0',
      ...AAC,
    ]),
    { seconds: 5, frames: 150, both: seconds(5), chunks: true },
  ),
  entry(
    'MXF',
    'film.mxf',
    make(...card('25'), ...beep, '-t', '2', '-c:v', 'mpeg2video', '-b:v', '2M', '-c:a', 'pcm_s16le', '-ar', '48000'),
    {
      seconds: 2,
      frames: 50,
      both: seconds(2),
    },
  ),
  entry(
    'container not read',
    'raw.gxf',
    custom(async (at, name) => {
      // Start codes of MPEG video lie in it, as in what such a file holds.
      await ffmpeg(...card('25'), '-t', '2', '-c:v', 'mpeg2video', '-f', 'mpeg2video', at('raw.m2v'));
      const head = Buffer.concat([Buffer.from('0000000001bc', 'hex'), Buffer.alloc(58)]);
      await writeFile(at(name), Buffer.concat([head, await readFile(at('raw.m2v'))]));
    }),
    { refused: 'not-video', says: /a GXF file/ },
  ),
  entry('tracks of data, a cover', 'more.mp4', custom(withCover), {
    seconds: 4,
    frames: 120,
    both: seconds(4),
    size: SIZE,
    chunks: true,
  }),
  entry(
    'tracks of data, a cover',
    'cover-first.mp4',
    custom(async (at, name) => {
      await withCover(at, name);
      const bytes = await readFile(at(name));
      // User data ahead of the tracks; the index is last, so nothing moves that it names.
      const moov = [...boxes(need(bytes, ['moov'], 8))].map((one) => ({ ...one, late: one.type === 'trak' ? 1 : 0 }));
      const ordered = moov.toSorted((a, b) => a.late - b.late).map(({ type, body }) => box(type, body));
      const kept = [...boxes(bytes)].filter(({ type }) => type !== 'moov').map(({ type, body }) => box(type, body));
      await writeFile(at(name), Buffer.concat([...kept, box('moov', ...ordered)]));
    }),
    { seconds: 4, frames: 120, both: seconds(4), size: SIZE, chunks: true },
    'told of before the tracks',
  ),
];
