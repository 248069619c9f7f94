/** Text tracks inside a source: read along with a chunk or by a pass of their own, and published beside the revisions. */
import { z } from 'zod';
import type { Plan } from '../../lib/contract/plan.ts';
import type { ChunkTable } from '../../lib/contract/segment-table.ts';
import type { ChunkResult } from '../../lib/contract/slicing.ts';
import type { SourceText } from '../../lib/contract/source.ts';
import type { TextTrack } from '../../lib/contract/video.ts';
import { MAX_TEXTS } from '../../lib/contract/video.ts';
import { output } from '../../lib/process.ts';
import { MAX_CUES, type Cue } from '../shared/cues.ts';
import { ApiError } from '../shared/errors.ts';
import { labelsOf } from '../shared/language.ts';
import { logger } from '../shared/logger.ts';
import { changeTexts, named, putText, removeTexts } from '../shared/texts.ts';
import { INPUT_FORMATS } from './args.ts';
import { programPath } from './program.ts';
import { cueText } from './text-payload.ts';

export type ChunkTexts = NonNullable<ChunkResult['texts']>;

/** The cues of a chunk's samples, which `writeChunkSource` read along. */
export function textsOfChunk({ source }: Plan, table: ChunkTable, said: readonly Buffer[][]): ChunkTexts {
  return (source.info.texts ?? []).map(({ index, codec }, track) => {
    const part = table.texts?.[track];
    const cues = (said[track] ?? []).map((packet, i) => ({
      start: part!.start[i]!,
      end: part!.end[i]!,
      text: cueText(codec, packet),
    }));
    return { index, cues: usable(cues) };
  });
}

const usable = (cues: readonly Cue[]): Cue[] =>
  cues.filter(({ start, end, text }) => text !== '' && end > start).slice(0, MAX_CUES);

/** Tracks of a source that is read whole: each costs a pass over it. */
const PASSES = 8;
/** Bytes that ffprobe may say of one: packets as text, four times what they are. */
const MAX_SAID = 48 * 1024 ** 2;

const packets = z.object({
  packets: z
    .array(z.object({ pts_time: z.string().optional(), duration_time: z.string().optional(), data: z.string() }))
    .prefault([]),
  format: z.object({ start_time: z.string().optional() }).prefault({}),
});

/** The cues of a source that is read whole, from `path`. One that cannot be read is left out: a video without it is still one. */
export async function textsOfFile(
  { source }: Plan,
  path: string,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<ChunkTexts> {
  const found: ChunkTexts = [];
  const until = Date.now() + timeoutMs;
  for (const text of (source.info.texts ?? []).slice(0, PASSES)) {
    try {
      const limits = { timeoutMs: Math.max(1, until - Date.now()), maxBytes: MAX_SAID, signal };
      found.push({ index: text.index, cues: await cuesOfFile(text, path, limits) });
    } catch (error) {
      signal?.throwIfAborted();
      logger.warn('a text track cannot be read', { index: text.index, error: error as Error });
    }
  }
  return found;
}

async function cuesOfFile(
  { index, codec }: SourceText,
  path: string,
  limits: { timeoutMs: number; maxBytes: number; signal: AbortSignal | undefined },
): Promise<Cue[]> {
  const args = [
    ['-v', 'error', '-print_format', 'json', '-show_data', '-select_streams', String(index)],
    ['-show_entries', 'packet=pts_time,duration_time,data:format=start_time'],
    ['-protocol_whitelist', 'file', '-format_whitelist', INPUT_FORMATS, `file:${path}`],
  ];
  const { stdout } = await output(programPath('ffprobe'), args.flat(), limits);
  const said = packets.parse(JSON.parse(stdout.toString('utf8')));
  // Times are counted from where the earliest track begins.
  const zero = Number(said.format.start_time ?? 0) || 0;
  const cues = said.packets.map(({ pts_time, duration_time, data }) => {
    const start = Number(pts_time) - zero;
    const end = start + (Number(duration_time) || UNSAID_SECONDS);
    return { start: Math.max(0, start), end, text: cueText(codec, readDump(data)) };
  });
  return usable(cues.filter(({ start }) => Number.isFinite(start)));
}

/** How long a cue is shown whose container does not say. */
const UNSAID_SECONDS = 4;

/** ffprobe's dump: lines of an offset, bytes in hexadecimal in groups of two, and two spaces before them as characters. */
function readDump(dump: string): Buffer {
  const hex = [...dump.matchAll(/^[0-9a-f]{8}: ((?:[0-9a-f]{2,4} ?){1,8})/gm)].map((line) =>
    line[1]!.replaceAll(' ', ''),
  );
  return Buffer.from(hex.join(''), 'hex');
}

/** Id of the text track made of a source's track: of another run it is another. */
const idOf = ({ revision }: Plan, index: number): string => `r${revision}s${index}`;

/** Every text track that a run may have published. */
export const textIds = (plan: Plan): string[] => (plan.source.info.texts ?? []).map(({ index }) => idOf(plan, index));

/** The list's entry for a text track of the source, and its cues. Those without any are none. */
export function mergeTexts(plan: Plan, results: readonly ChunkResult[]): { track: TextTrack; cues: Cue[] }[] {
  const { source } = plan;
  const labels = labelsOf(source.info.texts ?? []);
  return (source.info.texts ?? []).flatMap(({ index, language }, position) => {
    const cues = results
      .flatMap(({ texts = [] }) => texts.filter((text) => text.index === index).flatMap((text) => text.cues))
      .slice(0, MAX_CUES)
      .map(({ settings, ...cue }): Cue => ({ ...cue, ...(settings !== undefined && { settings }) }))
      .toSorted((a, b) => a.start - b.start);
    if (cues.length === 0) return [];
    const track: TextTrack = {
      id: idOf(plan, index),
      ...(language !== undefined && { language }),
      label: labels[position]!,
      origin: 'file',
      cues: cues.length,
    };
    return [{ track, cues }];
  });
}

/** Publishes the source's text tracks in place of those of an earlier run; what people added stays. */
export async function publishTexts(
  plan: Plan,
  results: readonly ChunkResult[],
  duration: number,
  begins?: number,
): Promise<void> {
  const found = mergeTexts(plan, results);
  try {
    await replace(plan, found, duration, begins);
  } catch (error) {
    // Deleted meanwhile: whoever assembles finds that out, too, and removes what was written.
    if (!(error instanceof ApiError && error.code === 'not-found')) throw error;
  }
}

async function replace(
  plan: Plan,
  found: ReturnType<typeof mergeTexts>,
  duration: number,
  begins: number | undefined,
): Promise<void> {
  for (const { track, cues } of found) await putText(plan.videoId, track.id, cues, { duration, begins });
  const ids = found.map(({ track }) => track.id);
  let gone: string[] = [];
  await changeTexts(plan.videoId, (texts) => {
    const before = texts.filter(({ origin }) => origin === 'file').map(({ id }) => id);
    // A step that is tried again finds its own, perhaps renamed by then.
    if (ids.length === before.length && ids.every((id) => before.includes(id))) return undefined;
    gone = before.filter((id) => !ids.includes(id));
    const added = texts.filter(({ origin }) => origin === 'added');
    return named([...found.map(({ track }) => track), ...added]).slice(0, MAX_TEXTS);
  });
  if (gone.length > 0) await removeTexts(plan.videoId, gone);
}
