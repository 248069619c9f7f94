/**
 * Neighbours of each kind of odd file: the same oddity in another container, by another codec, in another order. Only
 * `npm run matrix` makes them.
 */
import { readFile, writeFile } from 'node:fs/promises';
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
  VP8,
  type At,
  type Expected,
  type OddFile,
} from './making.ts';

const beside = (
  row: string,
  name: string,
  door: string,
  made: (name: string) => (at: At) => Promise<void>,
  expected: Expected,
): OddFile => ({ ...entry(row, name, made, expected, door), neighbour: true });

const HEVC = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none'];
const VP9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '300k'];
const MPEG2 = ['-c:v', 'mpeg2video', '-b:v', '1M', '-c:a', 'mp2'];
const OPUS = ['-c:a', 'libopus'];
const FLV = ['-c:a', 'aac', '-ar', '44100'];
const COPY = ['-c', 'copy'];
const HOLE = ['-vf', "select='not(between(t,1.51,8.98))'", '-vsync', 'vfr'];
const FOUR: Expected = { seconds: 4, both: seconds(4) };
const four = [...card(), ...beep, '-t', '4'];
/** Seconds from a picture's decoding to its showing in the base: two pictures of 30 a second. */
const REORDERED = 2 / 30;
const late = (time: number) => time + REORDERED;

/** The base with these arguments, its packets as they are. */
const again = (...args: readonly string[]) =>
  custom(async (at, name) => void (await ffmpeg('-i', await base(at), ...COPY, ...args, at(name))));

/** Files made by each of these arguments, one after another as `cat` joins them. */
const joined = (ending: string, ...parts: readonly (readonly string[])[]) =>
  custom(async (at, name) => {
    const all: Buffer[] = [];
    for (const args of parts) {
      await ffmpeg(...args, at(`part.${ending}`));
      all.push(await readFile(at(`part.${ending}`)));
    }
    await writeFile(at(name), Buffer.concat(all));
  });

/** A last picture that lasts three seconds longer, in what the muxer of this ending makes of it. */
const held = (codec: readonly string[], rest: readonly string[]) =>
  custom(async (at, name) => {
    await ffmpeg(...card(), '-t', '2', ...codec, '-video_track_timescale', '90000', at('still.mp4'));
    const hold = 'setts=duration=if(eq(N\\,59)\\,3*90000+3000\\,3000)';
    await ffmpeg('-i', at('still.mp4'), ...beep, '-t', '5', '-c:v', 'copy', '-bsf:v', hold, ...rest, at(name));
  });

/** Matroska's `Tags` (1254C367), which say how long each track is, made a void element of the same length. */
async function untag(path: string): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.lastIndexOf(Buffer.from('1254c367', 'hex'));
  if (at === -1) throw new Error(`${path} has no tags`);
  const first = bytes[at + 4]!;
  const length = Math.clz32(first) - 23;
  let size = first & (0xff >> length);
  for (let i = 1; i < length; i += 1) size = size * 256 + bytes[at + 4 + i]!;
  // An element's header may be longer than it must: one byte of id, and the rest for its size.
  const wide = Buffer.alloc(length + 3);
  wide.writeUIntBE(size, wide.length - Math.min(6, wide.length), Math.min(6, wide.length));
  wide[0]! |= 0x80 >> (wide.length - 1);
  bytes[at] = 0xec;
  wide.copy(bytes, at + 1);
  await writeFile(path, bytes);
}

const untagged = (...args: readonly string[]) =>
  custom(async (at, name) => {
    await ffmpeg(...args, at(name));
    await untag(at(name));
  });

const CLOCKS: readonly OddFile[] = [
  beside('late start', 'late.flv', 'flv', make(...four, ...H264, ...FLV, '-output_ts_offset', '5'), FOUR),
  beside('late start', 'late.mov', 'mov', again('-output_ts_offset', '20'), FOUR),
  beside('late start', 'late.ts', 'ts', again('-output_ts_offset', '20'), FOUR),
  beside('late start', 'late.mpg', 'mpg', make(...four, ...MPEG2, '-output_ts_offset', '20'), FOUR),
  beside(
    'late start',
    'late-hevc.mkv',
    'HEVC and AC-3',
    make(...four, ...HEVC, '-c:a', 'ac3', '-output_ts_offset', '20'),
    FOUR,
  ),
  beside(
    'late start',
    'late-fragments.mp4',
    'in fragments',
    again('-output_ts_offset', '20', '-movflags', '+frag_keyframe+empty_moov+default_base_moof'),
    // What is decoded first is at 0 there, and the first picture is shown, and heard of, two frames later.
    { seconds: 4.07, flashes: [0, 1.067, 2.067, 3.067], beeps: [0.067, 1.067, 2.067, 3.067] },
  ),
  beside('late start', 'late-vp9.webm', 'VP9', make(...four, ...VP9, ...OPUS, '-output_ts_offset', '1'), FOUR),
  ...(['mov', 'flv', 'ts'] as const).map((kind) =>
    beside('held last picture', `held.${kind}`, kind, held([...H264, '-bf', '0'], FLV), {
      seconds: 5,
      flashes: seconds(2),
      beeps: seconds(5),
    }),
  ),
  beside('held last picture', 'held-b.mp4', 'B pictures', held([...H264, '-bf', '2'], AAC), {
    seconds: 5,
    flashes: seconds(2),
    beeps: seconds(5),
  }),
  beside(
    'held last picture',
    'held-fragments.mp4',
    'in fragments',
    held([...H264, '-bf', '0'], [...AAC, '-movflags', '+frag_keyframe+empty_moov+default_base_moof']),
    { seconds: 5, flashes: seconds(2), beeps: seconds(5) },
  ),
  beside('held last picture', 'held.webm', 'VP9', held(VP9, OPUS), {
    seconds: 5,
    flashes: seconds(2),
    beeps: seconds(5),
  }),
  beside(
    'held last picture',
    'held-long.mp4',
    'for half a minute',
    custom(async (at, name) => {
      await ffmpeg(...card(), '-t', '2', ...H264, '-bf', '0', '-video_track_timescale', '90000', at('still.mp4'));
      const hold = 'setts=duration=if(eq(N\\,59)\\,30*90000+3000\\,3000)';
      await ffmpeg('-i', at('still.mp4'), ...beep, '-t', '32', '-c:v', 'copy', '-bsf:v', hold, ...AAC, at(name));
    }),
    { seconds: 32, flashes: seconds(2), beeps: seconds(32) },
  ),
  ...(
    [
      ['webm', 'webm, without tags', [...VP8, ...OPUS]],
      ['mkv', 'mkv, without tags', [...H264, ...AAC]],
    ] as const
  ).map(([kind, door, codecs]) =>
    beside('picture that ends early', `untagged.${kind}`, door, untagged(...four, '-vf', 'trim=end=1.5', ...codecs), {
      seconds: 4,
      flashes: seconds(2),
      beeps: seconds(4),
    }),
  ),
  ...(
    [
      ['ts', [...H264, ...AAC]],
      ['mov', [...H264, '-c:a', 'pcm_s16le']],
      ['avi', [...H264, '-bf', '0', '-c:a', 'mp3']],
      ['mpg', MPEG2],
    ] as const
  ).map(([kind, codecs]) =>
    beside('picture that ends early', `short-picture.${kind}`, kind, make(...four, '-vf', 'trim=end=1.5', ...codecs), {
      seconds: 4,
      flashes: seconds(2),
      beeps: seconds(4),
    }),
  ),
  ...(
    [
      ['mkv', [...H264, ...AAC]],
      ['mp4', [...H264, ...AAC]],
      ['webm', [...VP8, ...OPUS]],
      ['flv', [...H264, ...FLV]],
    ] as const
  ).map(([kind, codecs]) =>
    beside('hole in the picture', `hole.${kind}`, kind, make(...card(), ...beep, '-t', '11', ...HOLE, ...codecs), {
      seconds: 11,
      flashes: [0, 1, 9, 10],
      unsure: [9],
      beeps: seconds(11),
    }),
  ),
  beside(
    'hole in the picture',
    'hole-long.ts',
    'of forty seconds, in MPEG-TS',
    make(
      [...card('10'), ...beep, '-t', '46', '-vf', "select='not(between(t,2.15,41.95))'", '-vsync', 'vfr'],
      [...H264, ...AAC],
    ),
    {
      seconds: 46,
      flashes: [0, 1, 2, 42, 43, 44, 45],
      unsure: [42],
      beeps: seconds(46),
      watched: [
        [0, 6],
        [38, 46],
      ],
    },
  ),
  beside(
    'hole in the picture',
    'holes.ts',
    'twice, with MPEG-2',
    make(
      [...card('25'), ...beep, '-t', '14', '-vf', "select='not(between(t,1.51,4.98)+between(t,6.51,11.98))'"],
      ['-vsync', 'vfr', ...MPEG2],
    ),
    { seconds: 14, flashes: [0, 1, 5, 6, 12, 13], unsure: [5, 12], beeps: seconds(14) },
  ),
  beside(
    'hole in the picture',
    'sound-hole.ts',
    'in the sound instead',
    make(...card(), ...beep, '-t', '11', '-af', "aselect='not(between(t,1.51,8.98))'", ...H264, ...AAC),
    { seconds: 11, flashes: seconds(11), beeps: [0, 1, 9, 10] },
  ),
  beside(
    'hole in the picture',
    'sound-hole.mkv',
    // Its encoder joins what is on both sides, and the first 20 ms of the second are heard before the hole.
    'in the sound instead, in Matroska',
    make(...card(), ...beep, '-t', '11', '-af', "aselect='not(between(t,1.51,8.98))'", ...H264, ...OPUS),
    { seconds: 11, flashes: seconds(11), beeps: [0, 1, 1.54, 9, 10] },
  ),
  ...(
    [
      ['mkv', [...H264, ...AAC]],
      ['flv', [...H264, ...FLV]],
      ['mp4', [...H264, ...AAC]],
    ] as const
  ).map(([kind, codecs]) =>
    beside(
      'hole in all of it',
      `loss.${kind}`,
      kind,
      make([...card(), ...beep, '-t', '11', ...HOLE, '-af', "aselect='not(between(t,1.51,8.98))'"], codecs),
      { seconds: 11, both: [0, 1, 9, 10], unsure: [9] },
    ),
  ),
  beside(
    'clock that leaps ahead',
    'ahead-hevc.ts',
    'HEVC, by twenty hours',
    joined('ts', [...four, ...HEVC, ...AAC], [...four, ...HEVC, ...AAC, '-output_ts_offset', '72000']),
    { seconds: 8, both: seconds(8) },
  ),
  beside(
    'clock that leaps ahead',
    'ahead.mpg',
    'MPEG-PS',
    joined('mpg', [...four, ...MPEG2], [...four, ...MPEG2, '-output_ts_offset', '3600']),
    { seconds: 8, both: seconds(8) },
  ),
  beside(
    'clock that leaps ahead',
    'ahead.flv',
    'FLV',
    custom(async (at, name) => {
      // A recorder that was restarted goes on writing to its file, without another header.
      await ffmpeg(...four, ...H264, ...FLV, at('first.flv'));
      await ffmpeg(...four, ...H264, ...FLV, '-output_ts_offset', '3600', at('then.flv'));
      // 9 bytes of header and 4 of the size of no tag before it.
      await writeFile(
        at(name),
        Buffer.concat([await readFile(at('first.flv')), (await readFile(at('then.flv'))).subarray(13)]),
      );
    }),
    { seconds: 8, both: seconds(8) },
  ),
  beside(
    'clock set back',
    'back.mpg',
    'MPEG-PS',
    joined('mpg', [...four, ...MPEG2, '-output_ts_offset', '100'], [...four, ...MPEG2]),
    { seconds: 8, both: seconds(8) },
  ),
  beside(
    'clock set back',
    'back-5s.ts',
    'by five seconds',
    joined(
      'ts',
      [...four, ...H264, ...AAC, '-output_ts_offset', '10'],
      [...four, ...H264, ...AAC, '-output_ts_offset', '5'],
    ),
    { seconds: 8, both: seconds(8) },
  ),
  beside(
    'recordings joined',
    'b-pictures.ts',
    'with B pictures, back and ahead',
    joined(
      'ts',
      ...[0, 3600, 100].map((start) => [...four, ...H264, '-bf', '3', ...AAC, '-output_ts_offset', String(start)]),
    ),
    { seconds: 12, both: seconds(12) },
  ),
  beside('recordings joined', 'three.mpg', 'MPEG-PS', joined('mpg', ...[0, 0].map(() => [...four, ...MPEG2])), {
    seconds: 8,
    both: seconds(8),
  }),
  beside(
    'recordings joined',
    'two.m2ts',
    'M2TS',
    joined('m2ts', ...[0, 0].map(() => [...four, ...H264, ...AAC, '-mpegts_m2ts_mode', '1'])),
    { seconds: 8, both: seconds(8) },
  ),
  beside(
    'recordings joined',
    'silent-then-not.ts',
    'the first without sound',
    joined('ts', [...card(), '-t', '4', ...H264], [...four, ...H264, ...AAC]),
    { seconds: 8, flashes: seconds(8), beeps: seconds(4, 4) },
  ),
  beside(
    'clock that wraps',
    'wrap-b.ts',
    'with B pictures and AC-3',
    make(...four, ...H264, '-bf', '3', '-c:a', 'ac3', '-output_ts_offset', '95440.3', '-f', 'mpegts'),
    FOUR,
  ),
  beside(
    'clock that begins at hours',
    'hours.mpg',
    'MPEG-PS',
    make(...four, ...MPEG2, '-output_ts_offset', '30000'),
    FOUR,
  ),
  beside(
    'clock that begins at hours',
    'hours.flv',
    'FLV',
    make(...four, ...H264, ...FLV, '-output_ts_offset', '30000'),
    FOUR,
  ),
  ...(
    [
      ['mkv', [...H264, ...OPUS]],
      ['ts', [...H264, ...AAC]],
      ['webm', [...VP8, ...OPUS]],
      ['flv', [...H264, ...FLV]],
      // As it is written, it does not say when its sound begins.
      ['avi', [...H264, '-bf', '0', '-c:a', 'mp3'], [0, 1]],
    ] as const
  ).map(([kind, codecs, beeps = [1.5, 2.5]]) =>
    beside(
      'sound that begins late, ends early',
      `late-sound.${kind}`,
      kind,
      make(...card(), '-itsoffset', '1.5', '-t', '1.2', ...beep, '-t', '4', ...codecs),
      { seconds: 4, flashes: seconds(4), beeps },
    ),
  ),
  beside(
    'sound that begins late, ends early',
    'late-picture.mkv',
    'the picture late instead',
    make('-itsoffset', '1.5', ...card(), ...beep, '-t', '4.5', ...H264, ...AAC),
    { seconds: 4.5, flashes: [0, 2.5, 3.5], beeps: seconds(5) },
  ),
  ...(
    [
      ['mkv', [...H264, ...AAC]],
      ['webm', [...VP8, ...OPUS]],
      ['mov', [...H264, ...AAC]],
    ] as const
  ).map(([kind, codecs]) =>
    beside(
      'variable frame rate',
      `vfr.${kind}`,
      kind,
      make(
        [...card('60'), ...beep, '-t', '6'],
        ['-vf', "select='if(lt(t,2),not(mod(n,6)),if(lt(t,4),1,not(mod(n,2))))'", '-vsync', 'vfr', ...codecs],
      ),
      { seconds: 6, both: seconds(6) },
    ),
  ),
  ...(
    [
      ['mp4', [...H264, ...AAC]],
      ['webm', [...VP9, ...OPUS]],
    ] as const
  ).map(([kind, codecs]) =>
    beside(
      'long stills',
      `stills.${kind}`,
      kind,
      make(
        ['-t', '34', ...card('10'), '-t', '34', ...beep, '-vf', "select='lt(t,1)+between(t,13,13.5)+between(t,33,34)'"],
        ['-vsync', 'vfr', ...codecs],
      ),
      { seconds: 34, flashes: [0, 13, 33], beeps: seconds(34) },
    ),
  ),
  beside('120 frames a second', 'fast.mkv', 'mkv', make(...card('120'), ...beep, '-t', '4', ...H264, ...AAC), FOUR),
  beside(
    '120 frames a second',
    'ninety.webm',
    'ninety',
    make(...card('90'), ...beep, '-t', '4', ...VP8, ...OPUS),
    FOUR,
  ),
  ...(
    [
      ['mp4', AAC],
      ['mkv', OPUS],
    ] as const
  ).map(([kind, codec]) =>
    beside(
      'one picture',
      `podcast.${kind}`,
      `with sound, ${kind}`,
      make('-t', '4', ...card(), '-t', '4', ...beep, '-vf', "select='eq(n,0)'", '-vsync', 'vfr', ...H264, ...codec),
      { seconds: 4, flashes: [0], beeps: seconds(4) },
    ),
  ),
];

const STRUCTURE: readonly OddFile[] = [
  ...(['mkv', 'avi', 'ts', 'flv'] as const).map((kind) =>
    beside(
      'text after the last box',
      `trail.${kind}`,
      kind,
      custom(async (at, name) => {
        await ffmpeg(...four, ...H264, '-bf', '0', ...FLV, at(`whole.${kind}`));
        const text = Buffer.from('GPSDATA,$GPRMC,120000.00,A,4807.038,N,01131.000,E,022.4,084.4\n'.repeat(50));
        await writeFile(at(name), Buffer.concat([await readFile(at(`whole.${kind}`)), text]));
      }),
      FOUR,
    ),
  ),
  beside('length not known', 'live.mkv', 'Matroska as it is streamed', again('-f', 'matroska', '-live', '1'), FOUR),
  beside(
    'length not known',
    'live.webm',
    'WebM as it is streamed',
    make(...four, ...VP8, ...OPUS, '-f', 'webm', '-live', '1'),
    FOUR,
  ),
  beside(
    'length not known',
    'live.flv',
    'FLV without its numbers',
    make(...four, ...H264, ...FLV, '-flvflags', 'no_duration_filesize+no_metadata'),
    FOUR,
  ),
  beside(
    'length not known',
    'fragments.mp4',
    'in fragments',
    again('-movflags', '+frag_keyframe+empty_moov+default_base_moof'),
    // Without an edit list picture and sound are both as late as pictures are reordered.
    { seconds: 4 + REORDERED, flashes: [0, ...seconds(4).slice(1).map(late)], beeps: seconds(4).map(late) },
  ),
  beside(
    'edit list',
    'edit.mov',
    'mov, and sound of its own',
    custom(async (at, name) => void (await ffmpeg('-ss', '1.5', '-i', await base(at), ...COPY, '-f', 'mov', at(name)))),
    { seconds: 2.5, flashes: [0.5, 1.5], beeps: [0.5, 1.5] },
  ),
  beside(
    'edit list',
    'edit-key.mp4',
    'cut where a keyframe is',
    custom(async (at, name) => {
      await ffmpeg(...card(), ...beep, '-t', '6', ...H264, '-g', '30', ...AAC, at('keys.mp4'));
      await ffmpeg('-ss', '2', '-i', at('keys.mp4'), ...COPY, at(name));
    }),
    FOUR,
  ),
  ...(
    [
      ['open.mkv', 'Matroska', [...H264, '-bf', '3', '-x264-params', 'open-gop=1:keyint=30:min-keyint=30:scenecut=0']],
      ['open.ts', 'MPEG-TS', [...H264, '-bf', '3', '-x264-params', 'open-gop=1:keyint=30:min-keyint=30:scenecut=0']],
      [
        'open-hevc.mp4',
        'HEVC',
        [...HEVC.slice(0, -1), 'log-level=none:open-gop=1:keyint=30:min-keyint=30', '-tag:v', 'hvc1'],
      ],
    ] as const
  ).map(([name, door, codec]) =>
    beside('open groups of pictures', name, door, make(...card(), ...beep, '-t', '5', ...codec, ...AAC), {
      seconds: 5,
      both: seconds(5),
    }),
  ),
  beside(
    'tracks of data, a cover',
    'cover-first.mkv',
    'attached to a Matroska',
    custom(async (at, name) => {
      await ffmpeg(...plain(), '-frames:v', '1', at('cover.jpg'));
      const cover = ['-attach', at('cover.jpg'), '-metadata:s:t', 'mimetype=image/jpeg'];
      await ffmpeg('-i', await base(at), ...cover, ...COPY, at(name));
    }),
    FOUR,
  ),
];

const PICTURES: readonly OddFile[] = [
  beside(
    'size that changes',
    'resize.mkv',
    'VP9 in Matroska, larger under way',
    custom(async (at, name) => {
      const sizes = ['96:54', '160:90', '320:180'];
      for (const [index, size] of sizes.entries())
        await ffmpeg(...card(), '-t', '2', '-vf', `scale=${size},setsar=1`, ...VP9, at(`size-${index}.webm`));
      await writeFile(at('sizes.txt'), sizes.map((_, index) => `file size-${index}.webm\n`).join(''));
      await ffmpeg('-f', 'concat', '-i', at('sizes.txt'), ...beep, '-t', '6', '-c:v', 'copy', ...OPUS, at(name));
    }),
    { seconds: 6, both: seconds(6) },
  ),
  beside(
    'size that changes',
    'resize-mpeg2.ts',
    'MPEG-2, with the shape of its pixels',
    joined(
      'ts',
      [...card('25', '160x90'), ...beep, '-t', '3', ...MPEG2],
      [...card('25', '128x96'), ...beep, '-t', '3', '-vf', 'setsar=4/3', ...MPEG2],
    ),
    { seconds: 6, both: seconds(6), size: '160x90' },
  ),
  ...(['180', '270'] as const).map((angle) =>
    beside(
      'turned picture',
      `turned-${angle}.mov`,
      `by ${angle} degrees`,
      custom(async (at, name) => {
        await ffmpeg('-i', await base(at), ...COPY, '-metadata:s:v', `rotate=${angle}`, at(name));
      }),
      { ...FOUR, size: angle === '180' ? '160x90' : '90x160' },
    ),
  ),
  beside(
    'ten bits',
    'ten.webm',
    'VP9',
    make(...four, ...VP9, '-pix_fmt', 'yuv420p10le', '-profile:v', '2', ...OPUS),
    FOUR,
  ),
  beside(
    'interlaced, and said so',
    'interlaced.ts',
    'H.264 in MPEG-TS, with sound',
    make(
      [...card('50', '320x180'), ...beep, '-t', '4', '-vf', 'interlace=scan=tff:lowpass=0', ...H264],
      ['-flags', '+ilme+ildct', '-x264-params', 'tff=1', ...AAC],
    ),
    FOUR,
  ),
  beside(
    'interlaced, and said so',
    'interlaced.mpg',
    'MPEG-2, with sound',
    make(
      [...card('50', '320x180'), ...beep, '-t', '4', '-vf', 'interlace=scan=tff:lowpass=0', ...MPEG2],
      ['-flags', '+ilme+ildct', '-top', '1'],
    ),
    FOUR,
  ),
  ...(
    [
      ['film.mkv', '24000/1001', 'film'],
      ['ntsc.ts', '30000/1001', 'NTSC'],
      ['fast-ntsc.mp4', '60000/1001', 'twice NTSC'],
    ] as const
  ).map(([name, rate, door]) =>
    beside(
      'variable frame rate',
      name,
      `not at all: ${door}`,
      make(...card(rate), ...beep, '-t', '4', ...H264, ...AAC),
      FOUR,
    ),
  ),
];

/** Each of these codecs of sound, by the container it comes in. */
const CODECS = [
  ['pcm.mov', ['-c:a', 'pcm_s16le']],
  ['pcm24.mov', ['-c:a', 'pcm_s24be']],
  ['pcm.mkv', ['-c:a', 'pcm_s16le']],
  ['pcm.avi', ['-bf', '0', '-c:a', 'pcm_s16le']],
  ['mp3.avi', ['-bf', '0', '-c:a', 'mp3']],
  ['mp3.mp4', ['-c:a', 'mp3']],
  ['flac96.mkv', ['-c:a', 'flac', '-ar', '96000']],
  ['opus.mp4', ['-c:a', 'libopus']],
  ['eac3.mkv', ['-c:a', 'eac3']],
  ['voice8k.mov', ['-c:a', 'pcm_mulaw', '-ar', '8000']],
  ['low16k.mp4', ['-c:a', 'aac', '-ar', '16000', '-ac', '1']],
  ['opus51.mkv', ['-c:a', 'libopus', '-ac', '6']],
] as const;

const SOUND: readonly OddFile[] = [
  ...CODECS.map(([name, codec]) =>
    beside('sound that changes', name, `not at all: ${name}`, make(...four, ...H264, ...codec), FOUR),
  ),
  beside(
    'sound that changes',
    'rates.mkv',
    'AC-3 in Matroska',
    custom(async (at, name) => {
      const rates = ['48000', '44100'];
      for (const [index, rate] of rates.entries())
        await ffmpeg(...card(), ...beep, '-t', '3', ...H264, '-c:a', 'ac3', '-ar', rate, at(`rate-${index}.mkv`));
      await writeFile(at('rates.txt'), rates.map((_, index) => `file rate-${index}.mkv\n`).join(''));
      await ffmpeg('-f', 'concat', '-i', at('rates.txt'), ...COPY, at(name));
    }),
    { seconds: 6.06, flashes: seconds(6), beeps: seconds(6) },
  ),
  beside('no sound', 'silent.webm', 'webm', make(...card(), '-t', '4', ...VP8), {
    seconds: 4,
    flashes: seconds(4),
    beeps: [],
  }),
  beside('no sound', 'silent.ts', 'ts', make(...card(), '-t', '4', ...H264), {
    seconds: 4,
    flashes: seconds(4),
    beeps: [],
  }),
];

/** Longer than what one function encodes whole: what has no index is remuxed. Played at its beginning, where it is odd, and at its end. */
const long = (rate: string, length: number) => [...card(rate, '64x36'), ...beep, '-t', String(length)];
const COARSE = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50'];
const LONG = 312;
const ENDS = [
  [0, 8],
  [LONG - 8, LONG],
] as const;

const REMUXED: readonly OddFile[] = [
  ...(
    [
      ['long-late.mkv', 'late start', [...COARSE, ...OPUS, '-output_ts_offset', '20']],
      ['long.flv', 'length not known', [...COARSE, ...FLV, '-flvflags', 'no_duration_filesize']],
      ['long-hours.ts', 'clock that begins at hours', [...COARSE, ...AAC, '-output_ts_offset', '30000']],
      ['long-wrap.ts', 'clock that wraps', [...COARSE, ...AAC, '-output_ts_offset', '95300']],
    ] as const
  ).map(([name, row, args]) =>
    beside(row, name, 'over five minutes', make(...long('10', LONG), ...args), {
      seconds: LONG,
      both: seconds(LONG),
      watched: ENDS,
    }),
  ),
  ...(['ts', 'mkv'] as const).map((kind) =>
    beside(
      'hole in the picture',
      `long-hole.${kind}`,
      `over five minutes, ${kind}`,
      make(...long('10', LONG), '-vf', "select='not(between(t,10.15,31.95))'", '-vsync', 'vfr', ...COARSE, ...AAC),
      {
        seconds: LONG,
        flashes: [...seconds(11), ...seconds(LONG - 32, 32)],
        unsure: [32, 33, 34, 35],
        beeps: seconds(LONG),
        watched: [
          [6, 14],
          [28, 38],
          [LONG - 8, LONG],
        ],
      },
    ),
  ),
  beside(
    'recordings joined',
    'long-joined.ts',
    'over five minutes',
    joined(
      'ts',
      ...[100, 0].map((start) => [...long('10', 156), ...COARSE, ...AAC, '-output_ts_offset', String(start)]),
    ),
    {
      seconds: LONG,
      both: seconds(LONG),
      watched: [
        [0, 5],
        [150, 164],
        [LONG - 6, LONG],
      ],
    },
  ),
];

export const NEIGHBOURS: readonly OddFile[] = [...CLOCKS, ...STRUCTURE, ...PICTURES, ...SOUND, ...REMUXED];
