/** SSIM of renditions against their source, scaled to each one's size: of every tenth frame, and of all near borders. */
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { run } from '../../lib/process.ts';
import { FRAME_RATE } from './source.ts';

export interface Rendition {
  readonly path: string;
  readonly width: number;
  readonly height: number;
}

export interface Ssim {
  /** Means over the picture's three planes. */
  readonly overall: number;
  readonly atBorders: number;
}

/** Seconds before and after a border that count as next to it. */
const NEAR = 0.2;
const EVERY = 10;

/** @throws Error when it cannot be read */
async function framesOf(path: string, maker: string): Promise<number> {
  const args = [
    '-nostdin',
    '-v',
    'error',
    '-nostats',
    '-progress',
    'pipe:1',
    '-i',
    path,
    '-map',
    '0:v:0',
    '-c',
    'copy',
  ];
  const { stdout } = await promisify(execFile)(maker, [...args, '-f', 'null', '-']);
  return Number([...stdout.matchAll(/^frame=(\d+)$/gm)].at(-1)?.[1]);
}

/**
 * `borders`: seconds. Frames are taken by their number.
 * @throws Error when a rendition has more or fewer of them than the source: others would be compared than belong together
 */
export async function compare(
  source: string,
  renditions: readonly Rendition[],
  borders: readonly number[],
  { maker, folder }: { readonly maker: string; readonly folder: string },
): Promise<Ssim[]> {
  const frames = await framesOf(source, maker);
  for (const { path } of renditions) {
    const own = await framesOf(path, maker);
    if (own !== frames) throw new Error(`${path} has ${own} frames, its source ${frames}`);
  }
  const ranges = borders.map((time): [number, number] => [
    Math.ceil((time - NEAR) * FRAME_RATE),
    Math.floor((time + NEAR) * FRAME_RATE),
  ]);
  const near = (frame: number) => ranges.some(([from, to]) => frame >= from && frame <= to);
  const wanted = [`not(mod(n\\,${EVERY}))`, ...ranges.map(([from, to]) => `between(n\\,${from}\\,${to})`)].join('+');
  const take = `select='${wanted}',setpts=N/TB/${FRAME_RATE}`;
  const stats = renditions.map((_, i) => join(folder, `ssim-${i}`));
  const graph = [
    `[0:v]${take},split=${renditions.length}${renditions.map((_, i) => `[s${i}]`).join('')}`,
    ...renditions.flatMap(({ width, height }, i) => [
      `[s${i}]scale=${width}:${height}:flags=bicubic,format=yuv420p[a${i}]`,
      `[${i + 1}:v]${take}[b${i}]`,
      `[b${i}][a${i}]ssim=stats_file=${stats[i]}[o${i}]`,
    ]),
  ].join(';');
  const inputs = [source, ...renditions.map(({ path }) => path)].flatMap((path) => ['-i', path]);
  const outputs = renditions.flatMap((_, i) => ['-map', `[o${i}]`, '-f', 'null', '-']);
  await run(maker, ['-nostdin', '-v', 'error', ...inputs, '-filter_complex', graph, ...outputs]);
  return Promise.all(
    stats.map(async (path) => {
      const values = [...(await readFile(path, 'utf8')).matchAll(/ All:([0-9.]+)/g)].map(([, value]) => Number(value));
      await rm(path);
      const last = ranges.at(-1)?.[1] ?? 0;
      const numbers: number[] = [];
      for (let frame = 0; numbers.length < values.length; frame += 1) {
        if (frame % EVERY === 0 || (frame <= last && near(frame))) numbers.push(frame);
      }
      const mean = (of: (frame: number) => boolean) => {
        const taken = values.filter((_, i) => of(numbers[i]!));
        return taken.reduce((sum, value) => sum + value, 0) / taken.length;
      };
      return { overall: mean((frame) => frame % EVERY === 0), atBorders: mean(near) };
    }),
  );
}
