/** Probing of real files: what is taken, what is refused and why, and how little of a file is read for it. */
import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect } from '../../../lambdas/slicing/inspect.ts';
import { Refusal } from '../../../lambdas/slicing/refusal.ts';
import { boxes } from '../../../lib/media/boxes.ts';
import { box } from '../../../lib/media/build.ts';
import type { SlicingOptions } from '../../../lib/contract/slicing.ts';
import { hasPicture, type SourceInfo } from '../../../lib/contract/source.ts';
import { ffmpeg, fileSource, H264, formats, picture, sizeOf, tone, workFolder } from './media.ts';
import { OPTIONS } from './options.ts';

let folder: string;
let remove: () => Promise<void>;
const { writes: can, reads } = formats();

beforeAll(async () => {
  ({ folder, remove } = await workFolder());
  await ffmpeg(...picture(2), ...tone(2), ...H264, '-c:a', 'aac', join(folder, 'base.mp4'));
}, 60_000);
afterAll(() => remove());

const at = (name: string): string => join(folder, name);

/** Inspects a file as if it lay elsewhere; answers facts, and how many bytes were read of it. */
async function look(name: string, options: Partial<SlicingOptions> = {}) {
  const source = await fileSource(at(name));
  let fetched = false;
  const { info, table } = await inspect({
    source,
    path: at('stand-in'),
    fetchWhole: async (path) => {
      fetched = true;
      await copyFile(at(name), path);
    },
    options: { ...OPTIONS, ...options },
    timeoutMs: 30_000,
  });
  return { info, table, read: source.readBytes, fetched };
}

async function refusal(name: string, options: Partial<SlicingOptions> = {}): Promise<Refusal> {
  try {
    await look(name, options);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('what is taken', () => {
  const containers: [name: string, muxer: string, args: string[], container: string][] = [
    ['index-last.mp4', 'mp4', [], 'mov,mp4'],
    ['index-first.mp4', 'mp4', ['-movflags', '+faststart'], 'mov,mp4'],
    ['fragments.mp4', 'mp4', ['-movflags', '+frag_keyframe+empty_moov'], 'mov,mp4'],
    ['movie.mov', 'mov', [], 'mov,mp4'],
    ['matroska.mkv', 'matroska', [], 'matroska'],
    ['stream.ts', 'mpegts', [], 'mpegts'],
    ['old.avi', 'avi', [], 'avi'],
    ['flash.flv', 'flv', ['-ar', '44100'], 'flv'],
  ];
  for (const [name, muxer, args, container] of containers) {
    it.skipIf(!can.has(muxer))(`${name} (needs ffmpeg's ${muxer} muxer)`, async () => {
      await ffmpeg('-i', at('base.mp4'), '-c:v', 'copy', '-c:a', muxer === 'flv' ? 'aac' : 'copy', ...args, at(name));
      const { info } = await look(name);
      expect(info.container).toContain(container);
      expect(info.video).toMatchObject({ codec: 'h264', width: 320, height: 180, rotation: 0 });
      // Copied into an AVI, H.264 brings a clock of fields.
      expect(info.video.frameRate).toBe(muxer === 'avi' ? 60 : 30);
      expect(info.audio).toMatchObject([{ codec: 'aac', channels: 1 }]);
      expect(Math.abs(info.duration - 2)).toBeLessThan(0.15);
    });
  }

  it.skipIf(!can.has('webm'))("webm as browsers record it, without a length (needs ffmpeg's webm muxer)", async () => {
    const codec = ['-c:v', 'libvpx', '-deadline', 'realtime', '-c:a', 'libopus'];
    await ffmpeg(...picture(2, '160x90'), ...tone(2), ...codec, '-live', '1', at('recorded.webm'));
    const { info } = await look('recorded.webm');
    expect(info.video.codec).toBe('vp8');
    expect(Math.abs(info.duration - 2)).toBeLessThan(0.1);
  });

  it('no sound', async () => {
    await ffmpeg(...picture(1), ...H264, at('silent.mp4'));
    expect((await look('silent.mp4')).info.audio).toEqual([]);
  });

  it('a turned picture, by its display matrix', async () => {
    // ffmpeg's muxer takes this as a quarter turn to the left, so three to the right.
    await ffmpeg('-i', at('base.mp4'), '-c', 'copy', '-metadata:s:v', 'rotate=90', at('turned.mp4'));
    expect((await look('turned.mp4')).info.video).toMatchObject({ width: 180, height: 320, rotation: 270 });
  });

  it('stretched pixels, as they are shown', async () => {
    await ffmpeg(...picture(1, '360x288'), '-vf', 'setsar=16/11', ...H264, at('anamorphic.mp4'));
    expect((await look('anamorphic.mp4')).info.video).toMatchObject({ width: 524, height: 288 });
  });

  it('ten bits, interlaced, and RGB are noticed', async () => {
    await ffmpeg(...picture(1), '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p10le', at('ten.mp4'));
    expect((await look('ten.mp4')).info.video).toMatchObject({ bitDepth: 10, interlaced: false, rgb: false });
    const interlaced = ['-flags', '+ilme+ildct', '-x264-params', 'tff=1'];
    await ffmpeg(...picture(1), ...H264, ...interlaced, at('interlaced.mp4'));
    expect((await look('interlaced.mp4')).info.video.interlaced).toBe(true);
    await ffmpeg(...picture(1), '-c:v', 'png', at('rgb.mov'));
    expect((await look('rgb.mov')).info.video).toMatchObject({ codec: 'png', rgb: true });
  });

  it.skipIf(!reads.has('jpeg_pipe'))(
    "a video with a cover picture is the video (needs ffmpeg's jpeg_pipe demuxer)",
    async () => {
      await ffmpeg(...picture(1, '64x64'), '-frames:v', '1', '-c:v', 'mjpeg', '-f', 'image2', at('cover.jpg'));
      const cover = ['-map', '1', '-map', '0', '-c', 'copy', '-disposition:v:0', 'attached_pic'];
      await ffmpeg('-i', at('base.mp4'), '-i', at('cover.jpg'), ...cover, at('covered.mp4'));
      expect((await look('covered.mp4')).info.video).toMatchObject({ codec: 'h264', width: 320 });
    },
  );
});

it('time codes and chapters are tracks that a copy has not', async () => {
  await ffmpeg(...picture(1), ...H264, '-timecode', '01:00:00:00', at('clocked.mov'));
  expect((await look('clocked.mov')).info.others).toBe(true);
  expect((await look('base.mp4')).info.others).toBeUndefined();
});

it('a WAV that counts a byte which it does not have is whole', async () => {
  await ffmpeg(...tone(1), '-c:a', 'pcm_s16le', at('even.wav'));
  const bytes = await readFile(at('even.wav'));
  bytes.writeUInt32LE(bytes.length - 8 + 1, 4);
  await writeFile(at('odd.wav'), bytes);
  expect((await look('odd.wav')).info.duration).toBeCloseTo(1, 1);
});

describe('what is refused', () => {
  const cases: [
    code: string,
    what: string,
    make: () => Promise<string>,
    says: RegExp,
    options?: Partial<SlicingOptions>,
  ][] = [
    ['empty-file', 'zero bytes', () => write('empty.mp4', Buffer.alloc(0)), /empty/],
    ['not-video', 'text named .mp4', () => write('text.mp4', Buffer.from('Dear all,\n'.repeat(500))), /not a video/],
    [
      'not-video',
      'a FLAC, which is not read',
      () => make('alone.flac', ...tone(1), '-c:a', 'flac'),
      /a FLAC file.*as M4A or WAV/,
    ],
    [
      'not-video',
      'a playlist',
      () => write('list.mp4', Buffer.from('#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n')),
      /not/,
    ],
    [
      'not-video',
      'noise',
      () => write('noise.mp4', Buffer.from(Array.from({ length: 9000 }, (_, i) => (i * 7919) & 255))),
      /not/,
    ],
    [
      'not-video',
      'a picture named .mp4',
      () => make('picture.mp4', ...picture(1), '-frames:v', '1', '-c:v', 'mjpeg', '-f', 'image2'),
      /not/,
    ],
    ['not-video', 'a picture of a phone', photo, /a picture \(HEIF or AVIF\)/],
    ['truncated', 'a segment of a stream', segmentAlone, /segment of a stream without its beginning/],
    ['no-video-track', 'text alone', textAlone, /no video track and no sound/],
    ['truncated', 'an MP4 cut in half (index last)', () => cut('base.mp4', 0.5), /incomplete/],
    ['truncated', 'an MP4 whose index is there but whose end is not', cutFaststart, /incomplete/],
    ['too-long', 'thirty hours', thirtyHours, /hours long; up to 24 hours/],
    ['too-large-picture', 'a header that says 16384 pixels', wide, /16384x64 pixels; up to 8192/],
    [
      'too-large-to-slice',
      'larger than the scratch space',
      () => make('large.mkv', ...picture(1), ...H264),
      /has to be sliced whole.*MP4 with H\.264/,
      { storageMiB: 128 },
    ],
    ['encrypted', 'a protected track', encrypted, /protected/],
    ['unsupported-codec', 'a codec nobody has', unknownCodec, /cannot be decoded/],
  ];
  for (const [code, what, prepare, says, options] of cases) {
    it(`${what}: ${code}`, async () => {
      const refused = await refusal(await prepare(), options);
      expect({ code: refused.code, reason: refused.reason }).toEqual({ code, reason: expect.stringMatching(says) });
      // One sentence or two for a person: a capital letter first, a full stop last, no file name of ours.
      expect(refused.reason).toMatch(/^[A-Z].*\.$/);
      expect(refused.reason).not.toContain(folder);
    });
  }

  it.skipIf(!reads.has('jpeg_pipe'))(
    "sound with a cover picture is sound alone, and the picture known (needs ffmpeg's jpeg_pipe demuxer)",
    async () => {
      const { info, table } = await look(basename(await withCover()));
      expect(hasPicture(info)).toBe(false);
      expect(info).toMatchObject({ cover: 1, audio: [{ index: 0 }] });
      expect(table).toMatchObject({ seconds: 1 });
    },
  );

  it.skipIf(!can.has('matroska'))("a Matroska cut in half: truncated (needs ffmpeg's matroska muxer)", async () => {
    await ffmpeg('-i', at('base.mp4'), '-c', 'copy', at('whole.mkv'));
    expect((await refusal(await cut('whole.mkv', 0.5))).code).toBe('truncated');
  });

  it.skipIf(!can.has('avi'))("an AVI cut in half: truncated (needs ffmpeg's avi muxer)", async () => {
    await ffmpeg('-i', at('base.mp4'), '-c', 'copy', at('whole.avi'));
    expect((await refusal(await cut('whole.avi', 0.5))).code).toBe('truncated');
  });

  it('fragments cut inside one: truncated', async () => {
    await ffmpeg('-i', at('base.mp4'), '-c', 'copy', '-movflags', '+frag_keyframe+empty_moov', at('frag.mp4'));
    expect((await refusal(await cut('frag.mp4', 0.7))).code).toBe('truncated');
  });
});

/** As a phone or an encoder of AVIF writes it, as far as it is looked at. */
const photo = () =>
  write(
    'photo.heic',
    Buffer.concat([
      box('ftyp', Buffer.from('heic\0\0\0\0mif1heic', 'latin1')),
      box('meta', Buffer.alloc(400)),
      box('mdat', Buffer.alloc(4000)),
    ]),
  );

async function segmentAlone(): Promise<string> {
  await ffmpeg('-i', at('base.mp4'), '-c', 'copy', '-movflags', '+frag_keyframe+empty_moov', at('stream.mp4'));
  const parts = [...boxes(await readFile(at('stream.mp4')))].filter(({ type }) => ['moof', 'mdat'].includes(type));
  return write('segment.m4s', Buffer.concat(parts.map(({ type, body }) => box(type, body))));
}

describe('a large file', () => {
  it('in fragments is known by their headers, and read once by who copies it', async () => {
    const fragments = ['-movflags', '+frag_keyframe+empty_moov+default_base_moof', '-g', '15'];
    await ffmpeg(...picture(60, '64x64'), ...tone(60), ...H264, ...fragments, '-c:a', 'aac', at('parts.mp4'));
    // A mebibyte of nothing behind the data of each.
    const padding = box('free', Buffer.alloc(1024 ** 2));
    const parts = [...boxes(await readFile(at('parts.mp4')))].flatMap(({ type, body }) =>
      type === 'mdat' ? [box(type, body), padding] : [box(type, body)],
    );
    await writeFile(at('spread.mp4'), Buffer.concat(parts));
    const { info, table, read, fetched } = await look('spread.mp4');
    expect(fetched).toBe(false);
    expect(table!.seconds).toBeCloseTo(60, 1);
    expect(info.duration).toBe(table!.seconds);
    // The ends that are looked at, and little for each of 120 fragments.
    expect(read - 16 * 1024 ** 2).toBeLessThan(info.bytes / 50);
  });

  it('is known by its ends and its index alone', async () => {
    // The picture's data is far into a file of 200 MiB of padding: between the head, the tail and the index lies a hole.
    await ffmpeg('-i', at('base.mp4'), '-c', 'copy', '-movflags', '+faststart', at('fast.mp4'));
    const bytes = await readFile(at('fast.mp4'));
    const padding = Buffer.alloc(8);
    padding.writeUInt32BE(150 * 1024 ** 2, 0);
    padding.write('free', 4, 'latin1');
    const big = Buffer.concat([bytes, padding, Buffer.alloc(150 * 1024 ** 2 - 8)]);
    await writeFile(at('big.mp4'), big);
    const { info, read, fetched } = await look('big.mp4');
    expect(info.bytes).toBe(await sizeOf(at('big.mp4')));
    expect(info).toMatchObject<Partial<SourceInfo>>({ container: expect.stringContaining('mov') as string });
    expect(Math.abs(info.duration - 2)).toBeLessThan(0.05);
    expect(fetched).toBe(false);
    expect(read).toBeLessThan(20 * 1024 ** 2);
  });
});

async function write(name: string, bytes: Buffer): Promise<string> {
  await writeFile(at(name), bytes);
  return name;
}

async function make(name: string, ...args: string[]): Promise<string> {
  await ffmpeg(...args, at(name));
  return name;
}

async function cut(name: string, share: number): Promise<string> {
  await copyFile(at(name), at(`cut-${name}`));
  await truncate(at(`cut-${name}`), Math.floor((await sizeOf(at(name))) * share));
  return `cut-${name}`;
}

async function cutFaststart(): Promise<string> {
  await ffmpeg('-i', at('base.mp4'), '-c', 'copy', '-movflags', '+faststart', at('fast.mp4'));
  return cut('fast.mp4', 0.7);
}

async function textAlone(): Promise<string> {
  await write('text.srt', Buffer.from('1\n00:00:00,000 --> 00:00:01,000\na\n'));
  return make('text-alone.mp4', '-i', at('text.srt'), '-c:s', 'mov_text');
}

async function withCover(): Promise<string> {
  await ffmpeg(...picture(1, '64x64'), '-frames:v', '1', '-c:v', 'mjpeg', '-f', 'image2', at('art.jpg'));
  const map = ['-map', '0', '-map', '1', '-c:a', 'aac', '-c:v', 'copy', '-disposition:v:0', 'attached_pic'];
  return make('song.mp4', ...tone(1), '-i', at('art.jpg'), ...map);
}

/** The base file with bytes changed in place, wherever `find` is. */
async function patched(name: string, from: string, change: (bytes: Buffer, at: number) => void): Promise<string> {
  const bytes = await readFile(at('base.mp4'));
  for (let found = bytes.indexOf(from, 0, 'latin1'); found !== -1; found = bytes.indexOf(from, found + 4, 'latin1')) {
    change(bytes, found);
  }
  return write(name, bytes);
}

/** Eight pictures, each held for two and a half hours. */
const thirtyHours = () =>
  make('long.mp4', ...picture(8, '160x90', '1'), '-vf', 'setpts=N*14000/TB', '-fps_mode', 'vfr', ...H264, '-bf', '0');

const wide = () => make('wide.mp4', ...picture(1, '320x64', '2'), '-vf', 'scale=16384:64', ...H264);

/** The sample entry is `encv`, as in a file protected by common encryption. */
const encrypted = () => patched('protected.mp4', 'avc1', (bytes, found) => bytes.write('encv', found, 'latin1'));

/** The sample entry is one that does not exist. */
const unknownCodec = () => patched('unknown.mp4', 'avc1', (bytes, found) => bytes.write('zzzz', found, 'latin1'));
