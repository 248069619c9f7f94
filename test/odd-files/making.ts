/**
 * What recipes of odd files are made of. Picture: a white flash of 0.08 s at each full second on a dark card that moves;
 * sound: a beep of 60 ms at each full second. The truth is the recipe, not what a probe reads.
 */
import type { SlicingOptions } from '../../lib/contract/slicing.ts';
import { ffmpeg } from '../lambdas/slicing/media.ts';

export interface OddFile {
  /** The row's name in docs/slicing.md. */
  readonly row: string;
  /** Beside the row's name, where it has several. */
  readonly door?: string;
  /** Of the file; no two are alike. */
  readonly name: string;
  /** A neighbour of the row's kind, which only `npm run matrix` makes. */
  readonly neighbour?: true;
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
  /**
   * Flashes that a browser may not show: where a picture was held for seconds, Chromium goes by the average length of the last
   * ones for a moment, and leaves some out. They are in what is published, which is read back.
   */
  readonly unsure?: readonly number[];
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
  /** Of each sound track, in the order of the list of renditions. */
  readonly sounds?: readonly { readonly language: string; readonly beeps: readonly number[] }[];
  /** Of each text track of the file. */
  readonly texts?: readonly { readonly language: string; readonly cues: readonly object[] }[];
  /** Nothing of it is made, since that takes hours: it is looked at and planned. */
  readonly planned?: true;
  /** Of a long one, stretches that players play, seconds from and to; else all of it. */
  readonly watched?: readonly (readonly [from: number, to: number])[];
}

export const SIZE = '160x90';
const dark = 'lutyuv=y=16+(val-16)*0.45';
const flash = 'drawbox=c=white:t=fill:enable=lt(mod(t\\,1)\\,0.08)';
export const card = (rate = '30', size = SIZE): string[] => [
  '-f',
  'lavfi',
  '-i',
  `testsrc2=s=${size}:r=${rate},${dark},${flash}`,
];
export const plain = (rate = '30', size = SIZE): string[] => ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${rate}`];
export const beep = ['-f', 'lavfi', '-i', 'aevalsrc=0.6*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.06):s=48000:c=mono'];
export const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'];
export const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '300k'];
export const AAC = ['-c:a', 'aac', '-ac', '2'];
export const seconds = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);

export type At = (name: string) => string;
export const make =
  (...args: (string | readonly string[])[]) =>
  (name: string) =>
  (at: At): Promise<void> =>
    ffmpeg(...args.flat(), at(name)).then(() => undefined);

/** Four seconds of H.264 and AAC. */
export const base = async (at: At, length = 4): Promise<string> => {
  const path = at(`base-${length}.mp4`);
  await ffmpeg(...card(), ...beep, '-t', String(length), ...H264, ...AAC, path);
  return path;
};

export const entry = (
  row: string,
  name: string,
  made: (name: string) => (at: At) => Promise<void>,
  expected: OddFile['expected'],
  door?: string,
): OddFile => ({ row, name, make: made(name), expected, ...(door !== undefined && { door }) });

export const custom =
  (work: (at: At, name: string) => Promise<void>) =>
  (name: string) =>
  (at: At): Promise<void> =>
    work(at, name);
