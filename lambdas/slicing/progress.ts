/** ffmpeg's `-progress` output: blocks of `key=value` lines. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Seconds in one line, or undefined when the line says something else (or `N/A`, before the first frame). */
export function parseProgress(line: string): number | undefined {
  const match = /^out_time_us=(-?[0-9]+)$/.exec(line.trim());
  return match ? Math.max(0, Number(match[1]) / 1e6) : undefined;
}

/** Reads to the end of the stream. */
export async function readProgress(stream: Readable, report?: (seconds: number) => void): Promise<void> {
  for await (const line of createInterface({ input: stream })) {
    const seconds = parseProgress(line);
    if (seconds !== undefined) report?.(seconds);
  }
}

/** Percent of the whole video, 0 to 99: 100 is for `ready`. */
export const percent = (seconds: number, duration: number): number =>
  Math.min(99, Math.max(0, Math.floor((seconds / duration) * 100)));
