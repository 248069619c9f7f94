/** A load, as a person describes it: what is asked of a platform in a month. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const amount = (fallback: number, description: string, most = 1e9) =>
  z.coerce.number().nonnegative().max(most).default(fallback).meta({ description });

/** By their options' names; each with its unit and what is taken where it is left out. */
export const loadSchema = z.strictObject({
  uploads: amount(0, 'videos uploaded a month'),
  minutes: amount(10, 'minutes of each; somebody who plays one watches all of it', 1440).refine((value) => value > 0),
  'source-mbps': amount(6, 'Mbit/s of what is uploaded, 1080p at 30 frames/s in H.264', 1000),
  'months-kept': amount(12, 'months a video is kept: so many months of uploads are stored', 1200),
  'played-share': amount(
    0.5,
    'of the videos that are ever played, 0 to 1; counts with slicing.ladderWhen=first-play',
    1,
  ),
  viewers: amount(0, 'people who watch'),
  hours: amount(4, 'hours that each watches videos in a month', 744),
  'viewer-mbps': amount(3, 'Mbit/s that a viewer is sent', 1000),
  devices: amount(0, 'vehicles'),
  'online-hours': amount(10, 'hours a day that each is connected and moves', 24),
  'streaming-hours': amount(0, 'hours a day that one channel of each streams; 24 for streams that are always on', 24),
  'stream-mbps': amount(1, 'Mbit/s of such a stream', 100),
  'live-hours': amount(0, 'hours of live pictures that all people together watch in a month'),
  alarms: amount(1, 'alarms with files that each vehicle raises a day', 1000),
  'alarm-megabytes': amount(3, 'MB of files of an alarm', 10_000),
  'alarm-seconds': amount(10, 'seconds of video among an alarm’s files, which are sliced', 600),
  clips: amount(0, 'clips made of recordings in a month'),
  'clip-seconds': amount(60, 'seconds of each', 3600),
});
export type Load = z.infer<typeof loadSchema>;
export type LoadName = keyof Load;
export const LOAD_NAMES = Object.keys(loadSchema.shape) as LoadName[];

export class LoadError extends Error {}

/** Throws LoadError, which names what is wrong. */
export function parseLoad(given: unknown): Load {
  const parsed = loadSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new LoadError(`${issue!.path.join('.') || 'the load'}: ${issue!.message}`);
}

/** A JSON file of the same names. Throws LoadError. */
export function loadFile(path: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new LoadError(`${path} is no load: ${(error as Error).message}`, { cause: error });
  }
}

/** Lines of help. */
export const loadHelp = (): string[] =>
  LOAD_NAMES.map((name) => {
    const schema = loadSchema.shape[name];
    const { description = '' } = schema.meta() ?? {};
    return `  --${name.padEnd(18)}${description} (${schema.parse(undefined)})`;
  });
