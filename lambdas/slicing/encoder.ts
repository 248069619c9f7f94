/** Encodes one chunk of a local source with ffmpeg and hands finished files on while it runs. Knows no AWS. */
import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { INIT_NAME, renditionFolder, segmentName, type RenditionKind } from '../../lib/contract/keys.ts';
import type { ChunkTable } from '../../lib/contract/segment-table.ts';
import type { ChunkResult, EncodeTask } from '../../lib/contract/slicing.ts';
import { hasPicture } from '../../lib/contract/source.ts';
import { BoxError } from '../../lib/media/boxes.ts';
import { ProcessError, start, type Running } from '../../lib/process.ts';
import { encodeArgs, FIRST_PIPE, outputsOf, TONE_NAME, TOO_LONG_SECONDS, type Output } from './args.ts';
import { checkSeconds } from './facts.ts';
import { lookForFields } from './fields.ts';
import { readsAlong } from './outputs.ts';
import { programPath } from './program.ts';
import { readProgress } from './progress.ts';
import { Refusal, spokenDuration } from './refusal.ts';
import { areFew, repeatsIn, repeatsOfFew } from './repeats.ts';
import { logger } from '../shared/logger.ts';
import { scan, type Scan, type TrackTimes } from './scan.ts';
import { makeSheets } from './storyboard.ts';
import { AAC_FRAME } from './segment-table.ts';
import { cutStream, type CutOptions } from './segmenter.ts';
import { toneCube } from './tone.ts';
import { straighten } from './ts-clock.ts';
import { collectSegments } from './ts.ts';

/**
 * Stores a file under `path`, relative to the revision, encrypted where its video is (sealing.ts). `init`: of a segment of
 * fMP4, the initialization section of its rendition.
 */
export type Put = (path: string, bytes: Buffer, contentType: string, init?: Buffer) => Promise<void>;

interface EncodeOptions {
  readonly task: EncodeTask;
  /** Of a source with a segment table: this chunk's part. */
  readonly table?: ChunkTable | undefined;
  /** Path of the source, or of the file made of the chunk's samples. */
  readonly source: string;
  /** Empty folder for what must be on disk: pictures for scrubbing, and MPEG-TS. */
  readonly folder: string;
  readonly preset: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly put: Put;
  /** Seconds of the chunk done so far. */
  readonly onProgress?: (seconds: number) => void;
}

type RenditionResult = ChunkResult['renditions'][number];

/**
 * Encodes and stores every rendition of the chunk. Throws Refusal when the source is to blame (`damaged`, `truncated`,
 * `encode-timeout`), the signal's reason when stopped, ProcessError otherwise.
 */
export async function encodeChunk(options: EncodeOptions): Promise<ChunkResult> {
  const { plan, chunk } = options.task;
  const outputs = outputsOf(plan);
  const fmp4 = plan.segmentType === 'fmp4';
  if (!fmp4) {
    for (const { kind, name } of outputs) await mkdir(`${options.folder}/${kind}/${name}`, { recursive: true });
  }
  const started = Date.now();
  const left = () => options.timeoutMs - (Date.now() - started);
  const looked = await look(options, left);
  const { hdr } = plan.source.info.video;
  const tone = `${options.folder}/${TONE_NAME}`;
  if (hdr && plan.video.length > 0) await writeFile(tone, toneCube(hdr));
  const running = start(programPath('ffmpeg'), encodeArgs({ plan, chunk, ...options, ...looked }), {
    timeoutMs: left(),
    ...memoryLimit(),
    pipes: fmp4 ? outputs.length : 0,
    ...(options.signal && { signal: options.signal }),
  });
  const guard = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      running.kill();
      throw error;
    }
  };
  const collected = outputs.map((output, index) =>
    guard(fmp4 ? collectFmp4(options, output, running, index, looked.found) : collectTs(options, output, running)),
  );
  const [done, progress, ...renditions] = await Promise.allSettled([
    running.done,
    guard(readProgress(running.stdout, options.onProgress)),
    ...collected,
  ]);
  await rm(tone, { force: true });
  options.signal?.throwIfAborted();
  const failures = [done, progress, ...renditions].flatMap((end) =>
    end.status === 'rejected' ? [end.reason as unknown] : [],
  );
  // A store that failed is the cause of whatever ffmpeg says about its broken pipe; a stream cut short is ffmpeg's doing.
  const ours = failures.find((reason) => !(reason instanceof BoxError || reason instanceof ProcessError));
  if (failures.length > 0 && chunk.along && ours === undefined) {
    logger.warn('no storyboard', { videoId: plan.videoId, chunk: chunk.index, error: failures[0] as Error });
    return { index: chunk.index, renditions: [] };
  }
  if (failures.length > 0) throw ours ?? explain(failures, options);
  const result: ChunkResult = {
    index: chunk.index,
    // A sound track without a single frame in it is none.
    renditions: renditions
      .map((rendition) => (rendition as PromiseFulfilledResult<RenditionResult>).value)
      .filter(({ kind, segments }) => kind === 'video' || segments.length > 0),
  };
  checkLength(result, options.task, looked.found);
  const storyboard = readsAlong(options.task) ? await storyboardOf(result, options) : undefined;
  return { ...result, ...(storyboard && { storyboard }) };
}

/** A video without pictures for scrubbing is still a video. */
async function storyboardOf({ renditions }: ChunkResult, { task: { plan, chunk }, folder, put }: EncodeOptions) {
  const picture = renditions.find(({ kind }) => kind === 'video');
  const seconds = picture ? lengthOf(picture) : chunk.duration!;
  try {
    return await makeSheets(plan, chunk, seconds, folder, put);
  } catch (error) {
    // What cannot be stored fails the chunk.
    if (!(error instanceof ProcessError)) throw error;
    logger.warn('no storyboard', { videoId: plan.videoId, chunk: chunk.index, error });
    return undefined;
  }
}

/** What only the file itself tells, and encoding must know: where its packets really lie, and whether fields are in it. */
async function look(options: EncodeOptions, left: () => number) {
  const { plan, chunk } = options.task;
  const { container, video, audio, duration } = plan.source.info;
  const limits = () => ({ timeoutMs: left(), ...memoryLimit(), signal: options.signal });
  // Where there is sound alone, it stands in the picture's place. Of a video that has its sound already it counts, too: all
  // rungs begin and end where the earliest and the last track do.
  const streams = [...new Set([video.index, ...audio.map(({ index }) => index)])];
  try {
    if (!options.table && container === 'mpegts') await straighten(options.source, options.signal);
    const found = options.table ? undefined : await scanned(options, streams, limits());
    if (found && !found.tracks[0]) throw new Refusal('damaged', DAMAGED);
    const seconds = chunk.duration ?? found?.end ?? duration;
    const stream = options.table ? 0 : video.index;
    if (plan.video.length === 0) return { found: found && { ...found, firstPicture: 0, held: 0 }, combed: undefined };
    const combed = await lookForFields({ path: options.source, video, stream, seconds, ...limits() });
    const [picture] = found?.tracks ?? [];
    return {
      found: found && picture && { ...found, firstPicture: picture.first, held: found.end - picture.end },
      repeats: picture && repeatsOf(picture, found!.end, plan.segmentSeconds),
      combed,
    };
  } catch (error) {
    throw error instanceof ProcessError ? explain([error], options) : error;
  }
}

const repeatsOf = ({ packets, holes }: TrackTimes, end: number, segmentSeconds: number): number[] =>
  areFew(packets, end) ? repeatsOfFew(holes, end) : repeatsIn(holes, segmentSeconds);

/** What is too long is read a little further than may be, and encoded as far, which says so. */
async function scanned({ source, task }: EncodeOptions, streams: readonly number[], limits: object): Promise<Scan> {
  const { maxSeconds: most, source: from } = task.plan;
  const found = await scan(source, from.info.container, streams, limits);
  return most === undefined ? found : { ...found, end: Math.min(found.end, most + TOO_LONG_SECONDS) };
}

/**
 * Of the function's memory, the rest is for what runs in it beside ffmpeg. Address space is more than what is used, by half
 * for 4K HEVC of 10 bits: 2.04 GiB of it, and 1.4 GiB used.
 */
const FFMPEG_SHARE = 15 / 16;

/** ffmpeg's limit where the function's memory is known: it is to end by itself and say why, not to be killed with it. */
export function memoryLimit(env: NodeJS.ProcessEnv = process.env): { memoryBytes?: number } {
  const mebibytes = Number(env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']);
  return mebibytes > 0 ? { memoryBytes: Math.floor(mebibytes * FFMPEG_SHARE) * 1024 ** 2 } : {};
}

/** Media types of segments. */
export const CONTENT_TYPES: Record<RenditionKind, string> = { video: 'video/mp4', audio: 'audio/mp4' };

async function collectFmp4(
  options: EncodeOptions,
  output: Output,
  running: Running,
  index: number,
  found: Pick<Scan, 'end'> | undefined,
) {
  const { chunk } = options.task;
  const folder = renditionFolder(output.kind, output.name);
  const type = CONTENT_TYPES[output.kind];
  const result: RenditionResult = { ...output, codecs: '', init: '', segments: [] };
  const pipe = running.pipes[index];
  if (!pipe) throw new Error(`ffmpeg has no file descriptor ${FIRST_PIPE + index}`);
  let section: Buffer | undefined;
  await cutStream(pipe, cutsOf(options, output, found), {
    init: async (bytes, track) => {
      section = bytes;
      result.codecs = track.codecs;
      result.timescale = track.timescale;
      result.init = createHash('sha256').update(bytes).digest('hex');
      // Those of the other chunks are the same, which assembling looks at.
      if (chunk.firstSegment === 1) await options.put(`${folder}${INIT_NAME}`, bytes, type);
    },
    segment: async ({ bytes, duration, frames }) => {
      const name = segmentName(chunk.firstSegment + result.segments.length, 'fmp4');
      await options.put(`${folder}${name}`, bytes, type, section);
      result.segments.push({ name, duration, bytes: bytes.length, ...(output.kind === 'video' && { frames }) });
    },
  });
  return result;
}

/** Where segments of this output are cut. Frames of sound are not the chunk's to the tick: they begin a little later. */
function cutsOf(
  { task: { plan, chunk }, table }: EncodeOptions,
  { kind, name }: Output,
  found: Pick<Scan, 'end'> | undefined,
): CutOptions {
  const { start, firstSegment, duration } = chunk;
  const common = { segmentSeconds: plan.segmentSeconds, firstSegment };
  // The last picture is held as long as there is sound.
  if (table === undefined) return { ...common, start, ...(kind === 'video' && found && { end: found.end }) };
  if (kind === 'video') return { ...common, start, laid: { cuts: table.cuts, end: duration! } };
  const position = plan.audio.findIndex((sound) => sound.name === name);
  const seconds = (frames: number) => (frames * AAC_FRAME) / plan.audio[position]!.sampleRate;
  const { firstFrame, frames } = table.audio[position]!;
  const begins = seconds(firstFrame);
  const cuts = table.cuts.map((cut) => start + cut - begins);
  return { ...common, start: begins, laid: { cuts, end: seconds(frames) } };
}

async function collectTs(options: EncodeOptions, output: Output, running: Running): Promise<RenditionResult> {
  const result: RenditionResult = { ...output, codecs: '', init: '', segments: [] };
  const folder = `${options.folder}/${output.kind}/${output.name}`;
  for await (const { name, duration, bytes, codecs, frames } of collectSegments(folder, output.kind, running.done)) {
    if (result.codecs === '') result.codecs = codecs;
    await options.put(`${renditionFolder(output.kind, output.name)}${name}`, bytes, 'video/mp2t');
    result.segments.push({ name, duration, bytes: bytes.length, ...(output.kind === 'video' && { frames }) });
  }
  return result;
}

const DAMAGED = 'The file is damaged and cannot be decoded; check that it plays on your machine, or export it again.';

/** What ffmpeg says when the bytes are at fault and not the machine. 69: more than two thirds of the frames failed. */
const SOURCE_AT_FAULT = /invalid data|error while decoding|could not find codec|cannot determine format|no decoder/i;

function explain(failures: readonly unknown[], { task, timeoutMs }: EncodeOptions): unknown {
  const error = failures.find((failure) => failure instanceof ProcessError);
  if (error?.reason === 'timeout') {
    const reason = `Encoding this video takes longer than the ${spokenDuration(Math.round(timeoutMs / 1000))} one task has (${spokenDuration(task.plan.source.info.duration)} of video); upload a shorter or smaller one, or ask for a higher slicing.memoryMiB.`;
    return new Refusal('encode-timeout', reason, { cause: error });
  }
  if (error?.reason === 'exit' && /cannot allocate memory/i.test(error.stderr)) {
    const reason =
      'Decoding this video takes more memory than one task has; export it again with an ordinary encoder, or ask for a higher slicing.memoryMiB.';
    return new Refusal('damaged', reason, { cause: error });
  }
  if (error?.reason === 'exit' && (error.code === 69 || SOURCE_AT_FAULT.test(error.stderr))) {
    return new Refusal('damaged', DAMAGED, { cause: error });
  }
  return failures.length === 1 ? failures[0] : new AggregateError(failures, failures.map(String).join('; '));
}

const lengthOf = ({ segments }: RenditionResult): number =>
  segments.reduce((sum, segment) => sum + segment.duration, 0);

/** Share of the announced length that must be there. */
const ENOUGH = 0.9;
/** Share of the pictures there are that must have been decoded, where none were left out. */
const DECODED = 0.5;

/** A file cut short decodes without an error and just ends early: its last packet says where, of whatever track. */
function checkLength(result: ChunkResult, { plan }: EncodeTask, found: Scan | undefined): void {
  // A piece of sound is as long as it is to be, whatever is in the source.
  const { info } = plan.source;
  if (plan.video.length === 0 && hasPicture(info)) return;
  // Of sound alone, the sound.
  const wanted = plan.video.length > 0 ? 'video' : 'audio';
  const video = result.renditions.find(({ kind }) => kind === wanted);
  if (!video || video.segments.length === 0) throw new Refusal('damaged', DAMAGED);
  const encoded = lengthOf(video);
  // A last frame may end a little after what the header said.
  if (plan.maxSeconds !== undefined) checkSeconds(encoded, plan.maxSeconds);
  if (found === undefined) return;
  if (info.complete !== true && found.end < info.duration * ENOUGH) {
    throw new Refusal(
      'truncated',
      `The file ends after ${spokenDuration(found.end)} of the ${spokenDuration(info.duration)} it announces: it was cut short; upload the whole file again.`,
    );
  }
  if (wanted === 'audio') return;
  const pictures = video.segments.reduce((sum, { frames = 0 }) => sum + frames, 0);
  const there = found.tracks[0]!.packets;
  const slow = there / found.tracks[0]!.end <= plan.video[0]!.frameRate;
  if (slow && pictures < there * DECODED) throw new Refusal('damaged', DAMAGED);
}
