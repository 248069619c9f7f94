/**
 * Odd files, each made with ffmpeg, and what must become of it: one for each row of the table in docs/slicing.md. Picture: a
 * white flash of 0.08 s at each full second on a dark card that moves; sound: a beep of 60 ms at each full second. The truth
 * is the recipe, not what a probe reads.
 */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { boxes, find } from '../../../lib/media/boxes.ts';
import { box } from '../../../lib/media/build.ts';
import type { SlicingOptions } from '../../../lib/contract/slicing.ts';
import { ffmpeg } from './media.ts';

export interface OddFile {
  /** The row's name in docs/slicing.md. */
  readonly row: string;
  /** Beside the row's name, where it has several. */
  readonly door?: string;
  readonly name: string;
  /** Segments are CMAF, but where it says MPEG-TS. */
  readonly segmentType?: SlicingOptions['segmentType'];
  readonly make: (at: (name: string) => string) => Promise<void>;
  readonly expected: Expected | { readonly refused: string; readonly says: RegExp };
}

/** What is checked of the tallest rendition and of the first sound. */
export interface Expected {
  /** Seconds of every rendition, within 50 ms. */
  readonly seconds: number;
  /** Pictures, exactly. */
  readonly frames?: number;
  readonly size?: string;
  /** Seconds of flashes and of beeps; `both` of both. Within a frame, and a flash is where its beep is. */
  readonly both?: readonly number[];
  readonly flashes?: readonly number[];
  readonly beeps?: readonly number[];
  readonly frameRate?: number;
  /** No sample at full scale. */
  readonly quiet?: boolean;
  /** Pictures are whole: next to none is combed. */
  readonly whole?: boolean;
  /** Colours of places, as shares of width and height: red, green, blue of 0 to 255, each within 30. */
  readonly colours?: readonly (readonly [x: number, y: number, r: number, g: number, b: number])[];
  /** Tagged so by the stream. */
  readonly space?: string;
  /** Sampled by chunks (true), or whole (false). */
  readonly chunks?: boolean;
}

const SIZE = '160x90';
const dark = 'lutyuv=y=16+(val-16)*0.45';
const flash = 'drawbox=c=white:t=fill:enable=lt(mod(t\\,1)\\,0.08)';
const card = (rate = '30', size = SIZE): string[] => [
  '-f',
  'lavfi',
  '-i',
  `testsrc2=s=${size}:r=${rate},${dark},${flash}`,
];
const plain = (rate = '30', size = SIZE): string[] => ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${rate}`];
const beep = ['-f', 'lavfi', '-i', 'aevalsrc=0.6*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.06):s=48000:c=mono'];
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'];
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '300k'];
const AAC = ['-c:a', 'aac', '-ac', '2'];
const seconds = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);

type At = (name: string) => string;
const make =
  (...args: (string | readonly string[])[]) =>
  (name: string) =>
  (at: At): Promise<void> =>
    ffmpeg(...args.flat(), at(name)).then(() => undefined);

/** Four seconds of H.264 and AAC. */
const base = async (at: At, length = 4): Promise<string> => {
  const path = at(`base-${length}.mp4`);
  await ffmpeg(...card(), ...beep, '-t', String(length), ...H264, ...AAC, path);
  return path;
};

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

/** The file with each box of that name changed in place. */
async function patch(path: string, type: string, change: (body: Buffer) => void): Promise<void> {
  const bytes = await readFile(path);
  for (let found = bytes.indexOf(type, 0, 'latin1'); found !== -1; found = bytes.indexOf(type, found + 4, 'latin1'))
    change(bytes.subarray(found + 4));
  await writeFile(path, bytes);
}

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

const entry = (
  row: string,
  name: string,
  made: (name: string) => (at: At) => Promise<void>,
  expected: OddFile['expected'],
  door?: string,
): OddFile => ({ row, name, make: made(name), expected, ...(door !== undefined && { door }) });

const custom =
  (work: (at: At, name: string) => Promise<void>) =>
  (name: string) =>
  (at: At): Promise<void> =>
    work(at, name);

export const ODD_FILES: readonly OddFile[] = [
  // Clocks.
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
    { seconds: 16, flashes: [0, 1, 14, 15], beeps: seconds(16), chunks: false },
  ),
  entry(
    'hole in all of it',
    'loss.ts',
    make(
      [...card(), ...beep, '-t', '16', '-vf', "select='not(between(t,1.51,13.98))'", '-vsync', 'vfr'],
      ['-af', "aselect='not(between(t,1.51,13.98))'", ...H264, ...AAC, '-f', 'mpegts'],
    ),
    { seconds: 16, both: [0, 1, 14, 15] },
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
    { seconds: 14, frames: 16, flashes: [0, 13], beeps: seconds(14) },
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
  // Structure.
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
    'too long',
    'long.mp4',
    make('-t', '8', ...plain('1'), '-vf', 'setpts=N*9000/TB', '-fps_mode', 'vfr', ...H264, '-bf', '0'),
    { refused: 'too-long', says: /hours long; up to 12 hours/ },
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
  entry(
    'tracks of data, a cover',
    'more.mp4',
    custom(async (at, name) => {
      await ffmpeg(...plain(), '-frames:v', '1', at('cover.jpg'));
      const map = ['-map', '1', '-map', '0:v', '-map', '0:a', '-c', 'copy', '-disposition:v:0', 'attached_pic'];
      await ffmpeg('-i', await base(at), '-i', at('cover.jpg'), ...map, '-timecode', '10:00:00:00', at(name));
    }),
    { seconds: 4, frames: 120, both: seconds(4), size: SIZE, chunks: true },
  ),
  // Pictures.
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
  // Sound.
  entry(
    '5.1, as loud as can be',
    'loud.mkv',
    make(
      [
        ...plain(),
        '-f',
        'lavfi',
        '-i',
        'aevalsrc=0.9*sin(880*PI*t)|0.9*sin(880*PI*t)|0.9*sin(880*PI*t)|0.5*sin(120*PI*t)|0.9*sin(880*PI*t)|0.9*sin(880*PI*t):c=5.1:s=48000',
      ],
      ['-t', '2', ...H264, '-c:a', 'ac3', '-b:a', '640k'],
    ),
    { seconds: 2.02, frames: 60, quiet: true },
  ),
  entry(
    '5.1, as loud as can be',
    'loud.mp4',
    make(
      [
        ...plain(),
        '-f',
        'lavfi',
        '-i',
        'aevalsrc=0.9*sin(880*PI*t)|0.9*sin(880*PI*t)|0.9*sin(880*PI*t)|0.5*sin(120*PI*t)|0.9*sin(880*PI*t)|0.9*sin(880*PI*t):c=5.1:s=48000',
      ],
      ['-t', '2', ...H264, '-c:a', 'ac3', '-b:a', '640k'],
    ),
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
