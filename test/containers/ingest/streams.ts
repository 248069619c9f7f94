/** Generated streams: parameter sets written bit by bit, pictures of random bytes, and real ones from ffmpeg. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNals, isKeySlice, nalType } from '../../../containers/ingest/src/media/annexb.ts';
import type { VideoCodec, VideoUnit } from '../../../containers/ingest/src/media/unit.ts';
import { random } from './jt808/support.ts';

export class BitWriter {
  #bits = '';
  u(count: number, value: number): this {
    this.#bits += value.toString(2).padStart(count, '0');
    return this;
  }
  ue(value: number): this {
    const code = (value + 1).toString(2);
    this.#bits += '0'.repeat(code.length - 1) + code;
    return this;
  }
  se(value: number): this {
    return this.ue(value > 0 ? 2 * value - 1 : -2 * value);
  }
  /** With rbsp_trailing_bits, and emulation prevention. */
  nal(): Buffer {
    const bits = `${this.#bits}1`;
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
    const bytes = padded.match(/.{8}/g)!.map((byte) => parseInt(byte, 2));
    const out: number[] = [];
    for (const byte of bytes) {
      if (byte <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
      out.push(byte);
    }
    return Buffer.from(out);
  }
}

export interface SpsShape {
  readonly columns?: number;
  readonly rows?: number;
  readonly crop?: readonly [left: number, right: number, top: number, bottom: number];
  readonly fullRange?: boolean;
  readonly sar?: readonly [number, number];
  readonly interlaced?: boolean;
}

/** An H.264 sequence parameter set, High profile 4.0, 4:2:0. */
export function h264Sps({ columns = 22, rows = 18, crop, fullRange, sar, interlaced }: SpsShape = {}): Buffer {
  const w = new BitWriter().u(8, 0x67).u(8, 100).u(8, 0).u(8, 40).ue(0);
  w.ue(1).ue(0).ue(0).u(1, 0).u(1, 0); // chroma, depths, no bypass, no scaling matrix
  w.ue(0)
    .ue(2)
    .ue(1)
    .u(1, 0)
    .ue(columns - 1)
    .ue(rows - 1);
  w.u(1, interlaced ? 0 : 1);
  if (interlaced) w.u(1, 0);
  w.u(1, 1).u(1, crop ? 1 : 0);
  for (const side of crop ?? []) w.ue(side);
  const vui = fullRange !== undefined || sar !== undefined;
  w.u(1, vui ? 1 : 0);
  if (vui) {
    w.u(1, sar ? 1 : 0);
    if (sar) w.u(8, 255).u(16, sar[0]).u(16, sar[1]);
    w.u(1, 0)
      .u(1, 1)
      .u(3, 5)
      .u(1, fullRange ? 1 : 0)
      .u(1, 0); // no overscan; signal type; no colours
    w.u(1, 0).u(1, 0).u(1, 0).u(1, 0).u(1, 0).u(1, 0); // nothing else
  }
  return w.nal();
}

export const h264Pps = (id = 0): Buffer =>
  new BitWriter().u(8, 0x68).ue(id).ue(0).u(1, 0).u(1, 0).ue(0).ue(0).ue(0).nal();

/** Bytes that look like a slice and hold no start code. */
export function h264Slice(key: boolean, size: number, seed: number): Buffer {
  const next = random(seed);
  const out = Buffer.from(Array.from({ length: size }, () => 4 + Math.floor(next() * 252)));
  out[0] = key ? 0x65 : 0x41;
  out[1] = 0x80 | (out[1] ?? 0); // first_mb_in_slice 0
  return out;
}

const START = Buffer.from([0, 0, 0, 1]);

export const annexB = (...nals: readonly Buffer[]): Buffer => Buffer.concat(nals.flatMap((nal) => [START, nal]));

/** One picture; keyframes carry parameter sets. */
export const h264Picture = (key: boolean, size: number, seed: number, sps: Buffer = h264Sps()): Buffer =>
  key ? annexB(sps, h264Pps(), h264Slice(true, size, seed)) : annexB(h264Slice(false, size, seed));

export function videoUnit(
  bytes: Buffer,
  timestamp: number,
  receivedAt = timestamp,
  codec: VideoCodec = 'h264',
): VideoUnit {
  const nals = findNals(bytes)!;
  const keyframe = nals.some((nal) => isKeySlice(codec, nalType(codec, nal)));
  return { kind: 'video', codec, timestamp, receivedAt, keyframe, data: bytes, nals };
}

/** Programs of the system: the layer's own ffmpeg knows no telephone codecs and no x265. */
const candidates = [
  process.env['FFMPEG_PATH'],
  ...(process.env['PATH'] ?? '').split(':').map((folder) => join(folder, 'ffmpeg')),
];
export const ffmpegPath = candidates.find(
  (path): path is string => path !== undefined && path !== '' && existsSync(path),
);

const listed = (what: string): string =>
  ffmpegPath ? spawnSync(ffmpegPath, ['-hide_banner', what], { encoding: 'utf8' }).stdout : '';
const encoders = listed('-encoders');
const decoders = listed('-decoders');

/** '' when ffmpeg has all of these, else why a test is skipped, to end its name with. */
export function lacks(...needs: readonly string[]): string {
  if (ffmpegPath === undefined) return ' (skipped: no ffmpeg on this machine)';
  const missing = needs.filter((name) => !new RegExp(`^ \\S+ +${name} `, 'm').test(`${encoders}\n${decoders}`));
  return missing.length === 0 ? '' : ` (skipped: this ffmpeg lacks ${missing.join(', ')})`;
}

/** Runs ffmpeg with these words as arguments; answers what it wrote to stdout. */
export const ffmpeg = (args: string, input?: Buffer): Buffer =>
  execFileSync(ffmpegPath!, ['-nostdin', '-v', 'error', ...args.split(' ')], {
    ...(input && { input }),
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['pipe', 'pipe', 'pipe'],
  });

/** Everything ffmpeg says while it decodes all of these bytes as a file. */
export function decodeErrors(file: Buffer): string {
  return withFile('media.mp4', file, (path) => {
    // The encoder's time base would be rounded to the frame rate in the parameter sets, which devices make up.
    const args = ['-nostdin', '-v', 'error', '-i', path, '-enc_time_base', '-1', '-f', 'null', '-'];
    const { stderr, status } = spawnSync(ffmpegPath!, args, { encoding: 'utf8' });
    return status === 0 ? stderr : `${stderr}\nexit ${status}`;
  });
}

export function withFile<T>(name: string, bytes: Buffer, use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ingest-'));
  try {
    writeFileSync(join(folder, name), bytes);
    return use(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const CODERS = {
  h264: '-c:v libx264 -preset ultrafast -tune zerolatency -x264-params bframes=0:sliced-threads=0:slices=1',
  h265: '-c:v libx265 -preset ultrafast -x265-params bframes=0:log-level=none:repeat-headers=1:pools=none:frame-threads=1',
} as const;

/** A test picture, encoded; access units as ffprobe (not we) finds them. GOP of `gop` frames. */
export function encodedVideo(codec: VideoCodec, seconds: number, fps = 10, gop = 10, size = '176x144'): Buffer[] {
  const format = codec === 'h264' ? 'h264' : 'hevc';
  const bytes = ffmpeg(
    `-f lavfi -i testsrc2=s=${size}:r=${fps}:d=${seconds} ${CODERS[codec]} -pix_fmt yuv420p -g ${gop} -keyint_min ${gop} -sc_threshold 0 -f ${format} -`,
  );
  const probe = ffmpegPath!.replace(/ffmpeg$/, 'ffprobe');
  const args = ['-v', 'error', '-show_entries', 'packet=pos,size', '-of', 'csv=p=0'];
  return withFile(`video.${format}`, bytes, (path) => execFileSync(probe, [...args, path], { encoding: 'utf8' }))
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number) as [number, number])
    .map(([length, at]) => bytes.subarray(at, at + length));
}

const REORDERING = {
  h264: '-c:v libx264 -preset fast -x264-params bframes=3:b-adapt=0:b-pyramid=normal:ref=3:sliced-threads=0:slices=1:threads=1',
  h265: '-c:v libx265 -preset fast -x265-params bframes=3:b-adapt=0:log-level=none:repeat-headers=1:pools=none:frame-threads=1:open-gop=1',
} as const;

export interface Reordered {
  /** An access unit, in the order of decoding. */
  readonly data: Buffer;
  /** Milliseconds at which it is shown, the first at 0. */
  readonly shown: number;
  /** ffmpeg calls it a B picture: its type is what the bitstream says. */
  readonly isB: boolean;
}

/** A test picture with B pictures, in the order of decoding, with the times of showing that ffmpeg (not we) finds. */
export function reorderedVideo(codec: VideoCodec, seconds: number, fps = 25, gop = 50): Reordered[] {
  const format = codec === 'h264' ? 'h264' : 'hevc';
  const probe = ffmpegPath!.replace(/ffmpeg$/, 'ffprobe');
  const rows = (path: string, entries: string) =>
    execFileSync(probe, ['-v', 'error', '-select_streams', 'v', '-show_entries', entries, '-of', 'csv=p=0', path], {
      encoding: 'utf8',
    })
      .trim()
      .split('\n')
      .map((line) => line.split(','));
  const movie = ffmpeg(
    `-f lavfi -i testsrc2=s=176x144:r=${fps}:d=${seconds} ${REORDERING[codec]} -pix_fmt yuv420p -g ${gop} -keyint_min ${gop} -sc_threshold 0 -movflags frag_keyframe+empty_moov -f mp4 -`,
  );
  return withFile('movie.mp4', movie, (path) => {
    const bytes = ffmpeg(`-i ${path} -c copy -bsf:v ${format}_mp4toannexb -f ${format} -`);
    // In the order of decoding; pictures of `frame` come in that of showing.
    const shown = rows(path, 'packet=pts_time').map(([time]) => Math.round(Number(time) * 1000));
    const types = new Map(
      rows(path, 'frame=pts_time,pict_type').map(([time, type]) => [Math.round(Number(time) * 1000), type]),
    );
    const first = Math.min(...shown);
    const places = withFile(`video.${format}`, bytes, (raw) => rows(raw, 'packet=pos,size'));
    return places.map(([length, at], i) => ({
      data: bytes.subarray(Number(at), Number(at) + Number(length)),
      shown: shown[i]! - first,
      isB: types.get(shown[i]!) === 'B',
    }));
  });
}
