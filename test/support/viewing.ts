/** What a video in Chromium showed, when, and whether it ever stood still: by the record that probe.ts keeps in the page. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BrowserContext, Page } from 'playwright-core';

/** One presented picture. */
export interface Shown {
  /** Epoch milliseconds at which a script could look at it; and when it was handed to the screen. */
  readonly at: number;
  readonly presented: number;
  /** How many were presented so far, those included that no script saw. */
  readonly frames: number;
  /** Seconds on the stream's time line. */
  readonly media: number;
  readonly width: number;
  /** What its stamp says; absent when it cannot be read. */
  readonly number?: number;
}

/** A look at the video, ten a second. */
export interface Sample {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Its position, and how much is buffered beyond it: seconds. */
  readonly time: number;
  readonly ahead: number;
  readonly rate: number;
  readonly ready: number;
  /** Bytes of sound decoded so far. */
  readonly sound: number;
  /** hls.js's own figures, seconds; absent until it has some. */
  readonly latency?: number;
  readonly target?: number | undefined;
  /** When the picture on show was taken, as EXT-X-PROGRAM-DATE-TIME says: epoch milliseconds. */
  readonly date?: number | undefined;
}

export interface Viewing {
  /** Of what the video is in, for whoever cannot see it: a tile's device and channel. */
  readonly label: string;
  /** Epoch milliseconds at which it was first told to play. */
  readonly began: number;
  readonly shown: readonly Shown[];
  readonly samples: readonly Sample[];
  /** Epoch milliseconds of `waiting` events. The first belong to starting. */
  readonly waits: readonly number[];
  /** And of `seeking` events: it went somewhere else, by a person's wish or its player's. */
  readonly seeks: readonly number[];
  /** hls.js's and the element's errors, the harmless ones too. */
  readonly errors: readonly string[];
  readonly dropped: number;
  readonly total: number;
}

/** Puts the probe into every page of the context that is opened from now on. */
export async function installProbe(context: BrowserContext): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('probe.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    logLevel: 'error',
  });
  await context.addInitScript({ content: outputFiles[0]!.text });
}

export const viewings = (page: Page): Promise<readonly Viewing[]> => page.evaluate(() => window.viewings);

/** Milliseconds from one moment the position moved to the next: the longest between `from` and `to`. */
export function longestStandstill({ samples }: Viewing, from: number, to = Infinity): number {
  const during = samples.filter(({ at }) => at >= from && at <= to);
  let longest = 0;
  let moved = during[0];
  for (const sample of during) {
    if (sample.time > moved!.time) moved = sample;
    else longest = Math.max(longest, sample.at - moved!.at);
  }
  return longest;
}
