/**
 * Pictures for scrubbing: a small one every few seconds, from the frames a chunk decodes anyway, on sheets; and which of them
 * is a good picture of the video. Pure but for running ffmpeg over what the chunk's own left.
 */
import { readdir, readFile } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import { revisionPrefix, storyboardSheet } from '../../lib/contract/keys.ts';
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import type { ChunkResult } from '../../lib/contract/slicing.ts';
import { output } from '../../lib/process.ts';
import { barred, fitted } from './fit.ts';
import { programPath } from './program.ts';

export const VTT_TYPE = 'text/vtt; charset=utf-8';

/** Longer side of a picture, pixels. */
const SIDE = 160;
/** Pictures a whole video should have at least, so that each is worth a move of the pointer; and seconds between them. */
const PICTURES = 120;
const SECONDS = { least: 1, most: 10 };
/** Of a sheet, in each direction: 1600 by 900 pixels of a lying video. */
const MOST = 10;

/** Where the chunk's ffmpeg leaves the pictures, in the scratch folder. */
export const stillsFile = (folder: string): string => `${folder}/stills.mov`;

/** Size of a picture, and seconds from one to the next, which are whole. */
export function stillsOf({ source: { info } }: Pick<Plan, 'source'>): { width: number; height: number; every: number } {
  const { width, height } = info.video;
  const scale = SIDE / Math.max(width, height);
  const even = (side: number) => Math.max(2, 2 * Math.round((side * scale) / 2));
  const every = Math.min(SECONDS.most, Math.max(SECONDS.least, Math.round(info.duration / PICTURES)));
  return { width: even(width), height: even(height), every };
}

/**
 * Filters from the decoded frames of a chunk to its pictures: picture n is what is shown `n * every` seconds after the chunk's
 * start, however long ago it came (`round=up` lets an earlier frame stand for a later time, never the other way).
 * The last one is shown for all `seconds` there are.
 */
export function stillsFilters(plan: Plan, seconds: number): string {
  const { every, ...box } = stillsOf(plan);
  const { rgb, hdr } = plan.source.info.video;
  const matrix = rgb || hdr ? ':out_color_matrix=bt709' : '';
  return [
    `fps=fps=1/${every}:round=up:start_time=0,tpad=stop=-1:stop_mode=clone,settb=1/1000,trim=end=${seconds}`,
    `${fitted(box, undefined, 'area')}:out_range=pc${matrix},setsar=1,format=yuvj420p,${barred(box)}`,
  ].join(',');
}

/** Arguments of the chunk's ffmpeg that keep them: nearly without loss, for they are packed once more onto sheets. */
export const stillsOutput = (folder: string): string[] =>
  [
    ['-map', '[stills]', '-c:v', 'mjpeg', '-q:v', '2', '-fps_mode', 'passthrough'],
    ['-map_metadata', '-1', '-map_chapters', '-1', '-f', 'mov', stillsFile(folder)],
  ].flat();

type Storyboard = NonNullable<ChunkResult['storyboard']>;
type Put = (path: string, bytes: Buffer, contentType: string) => Promise<void>;

/** For judging only. */
const LUMA = { width: 32, height: 18 };

/** Packs a chunk's pictures onto sheets and stores those. `seconds`: how long the chunk turned out to be. */
export async function makeSheets(
  plan: Plan,
  chunk: Chunk,
  seconds: number,
  folder: string,
  put: Put,
): Promise<Storyboard> {
  const { width, height, every } = stillsOf(plan);
  const tiles = Math.max(1, Math.ceil(seconds / every - 0.001));
  const columns = Math.min(MOST, tiles);
  const rows = Math.min(MOST, Math.ceil(tiles / columns));
  const grid = `tile=${columns}x${rows}`;
  const graph = `[0:v]split[a][b];[a]${grid}[sheets];[b]scale=${LUMA.width}:${LUMA.height}:flags=area,format=gray,${grid}[luma]`;
  const args = [
    [
      '-nostdin',
      '-v',
      'error',
      '-protocol_whitelist',
      'file',
      '-format_whitelist',
      'mov',
      '-i',
      `file:${stillsFile(folder)}`,
    ],
    ['-filter_complex', graph],
    [
      '-map',
      '[sheets]',
      '-fps_mode',
      'passthrough',
      '-c:v',
      'mjpeg',
      '-q:v',
      '6',
      '-f',
      'image2',
      `${folder}/sheet-%05d.jpg`,
    ],
    [
      '-map',
      '[luma]',
      '-fps_mode',
      'passthrough',
      '-c:v',
      'png',
      '-pred',
      'none',
      '-f',
      'image2',
      `${folder}/luma-%05d.png`,
    ],
  ].flat();
  await output(programPath('ffmpeg'), args, { timeoutMs: 60_000, maxBytes: 1024 });
  const files = (await readdir(folder)).toSorted();
  const read = (prefix: string) =>
    Promise.all(files.filter((f) => f.startsWith(prefix)).map((f) => readFile(`${folder}/${f}`)));
  // Where the length was a little off, there may be a sheet of nothing, or one too few.
  const sheets = (await read('sheet-')).slice(0, Math.ceil(tiles / (columns * rows)));
  const shown = Math.min(tiles, sheets.length * columns * rows);
  if (sheets.length === 0) throw new Error('there are no pictures');
  const names = sheets.map((_, index) => storyboardSheet(chunk.index, index + 1));
  for (const [index, bytes] of sheets.entries()) await put(names[index]!, bytes, 'image/jpeg');
  const scores = (await read('luma-'))
    .flatMap((png) => scoresOf(grayPixels(png), columns * LUMA.width, LUMA))
    .slice(0, shown);
  const best = scores.reduce((most, score, tile) => (score > scores[most]! ? tile : most), 0);
  return {
    every,
    width,
    height,
    columns,
    rows,
    tiles: shown,
    sheets: names,
    best: { tile: best, score: scores[best] ?? 0 },
  };
}

/** Pixels of a gray PNG without prediction (RFC 2083): each row has a byte for its filter, which is 0, in front. */
export function grayPixels(png: Buffer): Buffer {
  const width = png.readUInt32BE(16);
  const pieces: Buffer[] = [];
  for (let at = 8; at + 12 <= png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      pieces.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const rows = inflateSync(Buffer.concat(pieces));
  const out = Buffer.alloc((rows.length / (width + 1)) * width);
  for (let from = 0, to = 0; from < rows.length; from += width + 1, to += width) {
    if (rows[from] !== 0) throw new Error('a row of the picture is predicted from others');
    rows.copy(out, to, from + 1, from + 1 + width);
  }
  return out;
}

/** Steps that brightness is counted in. */
const BINS = 32;

/** For each tile of a sheet, row by row, how much there is to see in it. */
export function scoresOf(pixels: Buffer, width: number, tile: { width: number; height: number }): number[] {
  const columns = width / tile.width;
  const rows = pixels.length / width / tile.height;
  return Array.from({ length: rows * columns }, (_, index) => {
    const left = (index % columns) * tile.width;
    const top = Math.floor(index / columns) * tile.height;
    const lines = Array.from({ length: tile.height }, (__, y) => {
      const from = (top + y) * width + left;
      return pixels.subarray(from, from + tile.width);
    });
    return goodness(Buffer.concat(lines));
  });
}

/**
 * How much a picture shows: the entropy of its brightness in bits (0 of one colour, 5 of all alike), less for one that is all
 * but dark or all but white. Black, fades and titles on black come out low, whatever moves in them.
 */
export function goodness(luma: Buffer): number {
  const counts = Array.from({ length: BINS }, () => 0);
  for (const value of luma) counts[Math.floor((value * BINS) / 256)]! += 1;
  const entropy = counts.reduce((bits, count) => {
    const share = count / luma.length;
    return share === 0 ? bits : bits - share * Math.log2(share);
  }, 0);
  const mean = luma.reduce((sum, value) => sum + value, 0) / luma.length;
  return entropy * Math.min(1, mean / 40, (255 - mean) / 25);
}

/** What a chunk made, and where the chunk lies on the video's time line, seconds. */
export interface Board {
  readonly start: number;
  readonly end: number;
  readonly storyboard: Storyboard;
}

/** The boards of those chunks that have one, in order. */
export function boardsOf(results: readonly ChunkResult[], chunks: readonly Chunk[]): Board[] {
  const known = new Map(chunks.map((chunk) => [chunk.index, chunk]));
  return results.flatMap(({ index, renditions, storyboard }) => {
    const chunk = known.get(index);
    const video = renditions.find(({ kind }) => kind === 'video');
    const seconds = video?.segments.reduce((sum, { duration }) => sum + duration, 0) ?? chunk?.duration;
    if (storyboard === undefined || chunk === undefined || typeof seconds !== 'number') return [];
    return [{ start: chunk.start, end: chunk.start + seconds, storyboard }];
  });
}

/** When to take the poster: the best picture of all, seconds. Undefined where there are none. */
export function bestTime(boards: readonly Board[]): number | undefined {
  const [best] = boards.toSorted((a, b) => b.storyboard.best.score - a.storyboard.best.score || a.start - b.start);
  return best && best.start + best.storyboard.best.tile * best.storyboard.every;
}

/**
 * WebVTT whose cues are addresses of pictures: sheet and place on it (`#xywh=`), for the seconds they stand for. Says `{$auth}`
 * where a signature belongs.
 */
export function storyboardVtt(
  boards: readonly Board[],
  { videoId, revision }: Pick<Plan, 'videoId' | 'revision'>,
): string {
  const prefix = `/${revisionPrefix(videoId, revision)}`;
  const cues = boards.flatMap(({ start, end, storyboard: { every, width, height, columns, rows, tiles, sheets } }) =>
    Array.from({ length: tiles }, (_, tile) => {
      const place = tile % (columns * rows);
      const xywh = [(place % columns) * width, Math.floor(place / columns) * height, width, height].join(',');
      const to = tile === tiles - 1 ? end : start + (tile + 1) * every;
      return `${clock(start + tile * every)} --> ${clock(to)}\n${prefix}${sheets[Math.floor(tile / (columns * rows))]}?{$auth}#xywh=${xywh}\n`;
    }),
  );
  return `WEBVTT\n\n${cues.join('\n')}`;
}

/** `hh:mm:ss.ttt` (WebVTT 3.3). */
function clock(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}.${String(ms % 1000).padStart(3, '0')}`;
}
