/** Odd pictures: size, shape, direction, depth, light and fields. */
import { readFile, writeFile } from 'node:fs/promises';
import { boxes, find } from '../../lib/media/boxes.ts';
import { box } from '../../lib/media/build.ts';
import { ffmpeg } from '../lambdas/slicing/media.ts';
import { base, beep, card, custom, entry, H264, make, plain, seconds, SIZE, VP8, type OddFile } from './making.ts';

/** An MP4 of HEVC whose sample entry has what says Dolby Vision profile 5 (`dvcC`; Dolby Vision Streams Within ISOBMFF 3.1). */
async function dolbyVision(path: string): Promise<void> {
  const bytes = await readFile(path);
  const config = box(
    'dvcC',
    Buffer.from([1, 0, (5 << 1) | 0, (6 << 3) | 0b101, 0, ...Array.from({ length: 19 }, () => 0)]),
  );
  const within = (type: string, body: Buffer): Buffer => {
    if (type === 'stsd') {
      const size = body.readUInt32BE(8);
      const entry = Buffer.concat([body.subarray(8, 8 + size), config]);
      entry.writeUInt32BE(entry.length, 0);
      return Buffer.concat([body.subarray(0, 8), entry]);
    }
    if (!['moov', 'trak', 'mdia', 'minf', 'stbl'].includes(type)) return body;
    return Buffer.concat([...boxes(body)].map((one) => box(one.type, within(one.type, one.body))));
  };
  // The index is last, so nothing moves that it names.
  await writeFile(path, Buffer.concat([...boxes(bytes)].map((one) => box(one.type, within(one.type, one.body)))));
  if (find(await readFile(path), 'moov') === undefined) throw new Error('the file has no index any more');
}

const HDR = ['-pix_fmt', 'yuv420p10le', '-c:v', 'libx265', '-preset', 'ultrafast', '-tag:v', 'hvc1'];
const hdr = (transfer: 'smpte2084' | 'arib-std-b67') => [
  ...plain(),
  ['-t', '1', ...HDR, '-x265-params', `log-level=none:colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc`],
  ['-color_primaries', 'bt2020', '-color_trc', transfer, '-colorspace', 'bt2020nc', '-color_range', 'tv'],
];
/** Bars of the test picture: red, green, blue, as they come out of a signal that is as bright as can be. */
const BARS = [
  [0.08, 0.9, 255, 77, 102],
  [0.25, 0.9, 0, 245, 144],
] as const;

const interlaced = (scan: 'tff' | 'bff', rate: string, size = '320x180') => [
  ...plain(rate, size),
  '-vf',
  `interlace=scan=${scan}:lowpass=0`,
];

export const PICTURES: readonly OddFile[] = [
  entry(
    'size that changes',
    'resize.webm',
    custom(async (at, name) => {
      const sizes = ['160:90', '96:54', '90:90'];
      for (const [index, size] of sizes.entries())
        await ffmpeg(...card(), '-t', '2', '-vf', `scale=${size},setsar=1`, ...VP8, at(`size-${index}.webm`));
      await writeFile(at('sizes.txt'), sizes.map((_, index) => `file size-${index}.webm\n`).join(''));
      await ffmpeg(
        '-f',
        'concat',
        '-i',
        at('sizes.txt'),
        ...beep,
        '-t',
        '6',
        '-c:v',
        'copy',
        '-c:a',
        'libopus',
        at(name),
      );
    }),
    { seconds: 6.01, frames: 180, both: seconds(6), size: SIZE },
  ),
  entry(
    'size that changes',
    'resize.ts',
    custom(async (at, name) => {
      const parts: Buffer[] = [];
      for (const [size, channels] of [
        ['160x90', '2'],
        ['128x128', '1'],
      ] as const) {
        const to = at(`${size}.ts`);
        await ffmpeg(
          ...card('30', size),
          ...beep,
          '-t',
          '3',
          ...H264,
          '-c:a',
          'ac3',
          '-ac',
          channels,
          '-f',
          'mpegts',
          to,
        );
        parts.push(await readFile(to));
      }
      await writeFile(at(name), Buffer.concat(parts));
    }),
    { seconds: 6.02, frames: 180, both: seconds(6), size: SIZE },
    'with the channels, in MPEG-TS',
  ),
  entry(
    'turned picture',
    'turned.mp4',
    custom(async (at, name) => {
      await ffmpeg('-i', await base(at), '-c', 'copy', '-metadata:s:v', 'rotate=90', at(name));
    }),
    { seconds: 4, frames: 120, both: seconds(4), size: '90x160', chunks: true },
  ),
  entry('stretched pixels', 'stretched.mp4', make(...card('30', '120x90'), '-t', '1', '-vf', 'setsar=4/3', ...H264), {
    seconds: 1,
    frames: 30,
    size: SIZE,
    chunks: true,
  }),
  entry(
    'odd sides',
    'odd.mp4',
    make(...plain(), '-t', '1', '-vf', 'scale=161:91,format=yuv444p', ...H264.slice(0, -2)),
    {
      seconds: 1,
      frames: 30,
      size: '162x92',
    },
  ),
  entry('ten bits', 'ten.mp4', make(...plain(), '-t', '1', ...H264.slice(0, -1), 'yuv420p10le'), {
    seconds: 1,
    frames: 30,
    colours: [
      [0.08, 0.9, 254, 0, 0],
      [0.25, 0.9, 0, 255, 0],
    ],
  }),
  entry(
    'HDR',
    'pq.mp4',
    make(...hdr('smpte2084')),
    { seconds: 1, frames: 30, colours: BARS, space: 'bt709', chunks: true },
    'PQ',
  ),
  entry(
    'HDR',
    'hlg.mov',
    make(...hdr('arib-std-b67')),
    { seconds: 1, frames: 30, colours: BARS, space: 'bt709', chunks: true },
    'HLG',
  ),
  entry(
    'HDR',
    'pq.mkv',
    make(...hdr('smpte2084')),
    { seconds: 1, frames: 30, colours: BARS, space: 'bt709' },
    'PQ in Matroska',
  ),
  entry(
    'Dolby Vision profile 5',
    'dolby.mp4',
    custom(async (at, name) => {
      await ffmpeg(...plain(), '-t', '1', ...HDR, '-x265-params', 'log-level=none', at(name));
      await dolbyVision(at(name));
    }),
    { refused: 'unsupported-codec', says: /Dolby Vision profile 5/ },
  ),
  entry(
    'interlaced, and said so',
    'dv.avi',
    make(
      [...interlaced('bff', '60000/1001', '720x480'), '-t', '1', '-r', '30000/1001'],
      ['-c:v', 'dvvideo', '-pix_fmt', 'yuv411p', '-aspect', '4:3'],
    ),
    { seconds: 1, frames: 30, whole: true },
    'DV',
  ),
  entry(
    'interlaced, and said so',
    'mpeg4.avi',
    make([...interlaced('tff', '50'), '-t', '2', '-c:v', 'mpeg4', '-flags', '+ilme+ildct', '-top', '1', '-q:v', '3']),
    { seconds: 2, frames: 50, whole: true },
    'MPEG-4',
  ),
  entry(
    'interlaced, and said so',
    'interlaced.mp4',
    make(interlaced('tff', '50'), '-t', '2', H264, '-flags', '+ilme+ildct', '-x264-params', 'tff=1'),
    { seconds: 2, frames: 50, whole: true, chunks: true },
    'H.264 in MP4',
  ),
  entry(
    'interlaced, and not said',
    'unsaid.avi',
    make(...interlaced('tff', '50'), '-t', '2', '-c:v', 'ffvhuff', '-pix_fmt', 'yuv420p'),
    {
      seconds: 2,
      frames: 50,
      whole: true,
    },
  ),
  entry(
    'interlaced, and not said',
    'unsaid.mov',
    make(...interlaced('bff', '50'), '-t', '2', '-c:v', 'mjpeg', '-q:v', '2'),
    {
      seconds: 2,
      frames: 50,
      whole: true,
      chunks: true,
    },
    'MJPEG in MOV',
  ),
  entry(
    'interlaced from somewhere on',
    'turns.ts',
    custom(async (at, name) => {
      await ffmpeg(...plain('25', '320x180'), '-t', '1', ...H264, '-f', 'mpegts', at('first.ts'));
      const fields = ['-flags', '+ilme+ildct', '-x264-params', 'tff=1'];
      await ffmpeg(...interlaced('tff', '50'), '-t', '2', ...H264, ...fields, '-f', 'mpegts', at('then.ts'));
      await writeFile(at(name), Buffer.concat([await readFile(at('first.ts')), await readFile(at('then.ts'))]));
    }),
    { seconds: 3, frames: 75, whole: true },
  ),
];
