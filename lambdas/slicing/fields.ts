/** Whether pictures are two fields each, found by looking at them: of sources that do not say. */
import { ProcessError, start } from '../../lib/process.ts';
import type { SourceInfo } from '../../lib/contract/source.ts';
import { INPUT_FORMATS } from './args.ts';
import { LOOK } from './reading.ts';
import { programPath } from './program.ts';

export type Combed = 'no' | 'some' | 'top first' | 'bottom first';

/** Pictures looked at in one place, and how many places of a source. */
const PICTURES = 40;
const PLACES = 5;
/** Of the pictures of one place, so many must be combed: titles that roll over a film are. */
const MANY = 0.25;

interface Counted {
  readonly top: number;
  readonly bottom: number;
  readonly whole: number;
}

/** What idet says at its end, of what it made of several pictures together. */
export function readCounts(said: string): Counted | undefined {
  const match = /Multi frame detection: TFF: *([0-9]+) BFF: *([0-9]+) Progressive: *([0-9]+)/.exec(said);
  return match ? { top: Number(match[1]), bottom: Number(match[2]), whole: Number(match[3]) } : undefined;
}

/** From what was counted in each place. Undetermined pictures, which stand still, say nothing. */
export function judge(places: readonly Counted[]): Combed {
  const kinds = places.flatMap(({ top, bottom, whole }) => {
    const all = top + bottom + whole;
    if (all < PICTURES / 4) return [];
    if (top + bottom < all * MANY) return ['whole'];
    return [top > 4 * bottom ? 'top' : bottom > 4 * top ? 'bottom' : 'both'];
  });
  if (!kinds.some((kind) => kind !== 'whole')) return 'no';
  if (kinds.every((kind) => kind === 'top')) return 'top first';
  return kinds.every((kind) => kind === 'bottom') ? 'bottom first' : 'some';
}

interface LookOptions {
  readonly path: string;
  readonly video: SourceInfo['video'];
  /** Stream to look at, and seconds there are. */
  readonly stream: number;
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly memoryBytes?: number;
}

/** Undefined where there is no need to look. */
export async function lookForFields(options: LookOptions): Promise<Combed | undefined> {
  const { video, seconds } = options;
  if (video.fields !== 'unsaid' || video.rgb) return undefined;
  const counted: Counted[] = [];
  for (let place = 0; place < PLACES; place += 1) {
    const found = await count(options, (seconds * place) / PLACES);
    if (found) counted.push(found);
  }
  const judged = judge(counted);
  // Where nothing moves there is nothing to see, and what the container says counts.
  return judged === 'no' && video.interlaced ? 'some' : judged;
}

async function count({ path, stream, ...limits }: LookOptions, from: number): Promise<Counted | undefined> {
  const args = [
    ['-nostdin', '-nostats', '-v', 'info', '-protocol_whitelist', 'file', '-format_whitelist', INPUT_FORMATS],
    [...(from > 0 ? ['-ss', from.toFixed(3)] : []), '-i', `file:${path}`, '-map', `0:${stream}`],
    ['-frames:v', String(PICTURES), '-vf', LOOK, '-f', 'null', '-'],
  ].flat();
  const running = start(programPath('ffmpeg'), args, limits);
  running.stdout.resume();
  try {
    return readCounts((await running.done).stderr);
  } catch (error) {
    // Where it cannot be read, encoding says why.
    if (!(error instanceof ProcessError && error.reason === 'exit')) throw error;
    return undefined;
  }
}
