/** Video whose pictures say their own number: for measuring how late a viewer sees them, and whether any are missing. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedClip, encodeClip, type Clip, type Preset } from './clip.ts';
import { blockOf, GRID, NUMBERS } from './stamp.ts';

const VERSION = 1;

/** `seconds`: the loop's length, a multiple of LOOP_SECONDS. Width and height are even. */
export function stampedClip(preset: Preset, seconds: number, ffmpegFolder?: string): Promise<Clip> {
  const { width, height, frameRate, kbitPerSecond, gop } = preset;
  const count = seconds * frameRate;
  if (count > NUMBERS) throw new RangeError(`${count} pictures: only ${NUMBERS} can be told apart`);
  const name = `stamped-${width}x${height}-${frameRate}-${kbitPerSecond}-${gop}-${seconds}-v${VERSION}.clip`;
  return cachedClip(name, ffmpegFolder, async (program) => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-stamped-'));
    try {
      const file = join(folder, 'pictures.avi');
      await writeFile(file, avi(count, frameRate));
      return await encodeClip(preset, ['-i', file], seconds, program);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/** Uncompressed pictures of one pixel a block: the layer's ffmpeg reads no bare ones, but AVI (OpenDML 1.02, "AVI RIFF"). */
function avi(count: number, frameRate: number): Buffer {
  const size = GRID.columns * GRID.rows;
  const pictures = Array.from({ length: count }, (_, number) =>
    chunk(
      '00db',
      Buffer.from(
        Array.from({ length: size }, (_, i) => blockOf(number, i % GRID.columns, Math.floor(i / GRID.columns))),
      ),
    ),
  );
  const main = words(
    1e6 / frameRate, // dwMicroSecPerFrame
    size * frameRate, // dwMaxBytesPerSec
    0, // dwPaddingGranularity
    0, // dwFlags: no index
    count, // dwTotalFrames
    0, // dwInitialFrames
    1, // dwStreams
    size, // dwSuggestedBufferSize
    GRID.columns,
    GRID.rows,
    0, // dwReserved, four of them
    0,
    0,
    0,
  );
  const stream = Buffer.concat([
    Buffer.from('vidsY800'), // fccType, fccHandler: grey, a byte a pixel
    // dwFlags, wPriority and wLanguage, dwInitialFrames; dwScale, dwRate: frames a second; dwStart, dwLength,
    // dwSuggestedBufferSize, dwQuality, dwSampleSize; rcFrame
    words(0, 0, 0, 1, frameRate, 0, count, size, 0, 0, 0, 0),
  ]);
  const format = Buffer.concat([
    // BITMAPINFOHEADER: biSize, biWidth, biHeight, biPlanes and biBitCount (16 bits each)
    words(40, GRID.columns, GRID.rows, 1 + 8 * 65_536),
    Buffer.from('Y800'), // biCompression
    words(size, 0, 0, 0, 0), // biSizeImage, biXPelsPerMeter, biYPelsPerMeter, biClrUsed, biClrImportant
  ]);
  const streams = list('strl', chunk('strh', stream), chunk('strf', format));
  return chunk('RIFF', Buffer.from('AVI '), list('hdrl', chunk('avih', main), streams), list('movi', ...pictures));
}

function words(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => out.writeUInt32LE(Math.round(value), i * 4));
  return out;
}

/** Every part here has an even length, so nothing is padded. */
function chunk(name: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(name), words(body.length), body]);
}

const list = (name: string, ...parts: Buffer[]): Buffer => chunk('LIST', Buffer.from(name), ...parts);
