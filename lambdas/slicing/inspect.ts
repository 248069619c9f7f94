/** From a source somewhere to the facts planning needs, reading as little of it as possible. */
import { open } from 'node:fs/promises';
import type { SlicingOptions, SourceInfo } from '../../lib/contract/slicing.ts';
import { BoxError } from '../../lib/media/boxes.ts';
import type { ByteSource, Layout } from '../../lib/media/layout.ts';
import { readMovieIndex } from '../../lib/media/sample-table.ts';
import { logger } from '../shared/logger.ts';
import { checkBytes, checkLimits, mustMeasure, readFacts } from './facts.ts';
import { decodableCodecs, ffprobe, measureDuration } from './ffprobe.ts';
import { audioPlan } from './plan.ts';
import { Refusal, spokenDuration } from './refusal.ts';
import { segmentTable, type SegmentTable } from './segment-table.ts';
import { refuseCutFragments, takeSample } from './sample.ts';

/** Chunks of one video at most; longer videos have longer ones. Each is an entry of the state machine's input: 256 KiB. */
const MAX_CHUNKS = 500;

interface InspectOptions {
  readonly source: ByteSource;
  /** Where the stand-in goes; the caller removes it. */
  readonly path: string;
  /** Brings the whole source to `path`, for the few formats whose length only a full reading tells. */
  readonly fetchWhole: (path: string, signal: AbortSignal) => Promise<void>;
  readonly options: SlicingOptions;
  /** Of all of it: a source that is read whole may take that long. */
  readonly timeoutMs: number;
}

export interface Inspected {
  readonly info: SourceInfo;
  /** Of a source that has one, and whose length it tells. */
  readonly table: SegmentTable | undefined;
}

/** Milliseconds for what an ordinary source needs: its layout, its ends and its header. */
const LOOK_MS = 120_000;

/** Throws Refusal for whatever is not a video that can be sliced within the limits, or takes too long to look at. */
export async function inspect({ source, path, fetchWhole, options, timeoutMs }: InspectOptions): Promise<Inspected> {
  const all = AbortSignal.timeout(timeoutMs);
  const { layout, whole, facts } = await within(Math.min(LOOK_MS, timeoutMs), async (signal) => {
    const sample = await takeSample(source, path, signal);
    return { ...sample, facts: readFacts(await ffprobe(path, signal), source.size, await decodableCodecs(), options) };
  });
  let { duration, video } = facts;
  const measured = mustMeasure(facts, layout?.fragmented ?? false);
  if (measured) {
    checkBytes(source.size, options);
    duration = await within(
      timeoutMs,
      async () => {
        if (!whole) await fetchWhole(path, all);
        await withFile(path, source.size, (file) => refuseCutFragments(file, all));
        return measureDuration(path, video.index, all);
      },
      all,
    );
    video = { ...video, duration: null };
  }
  if (duration === undefined || duration <= 0) {
    throw new Refusal('no-duration', 'The file has no readable length, so it is empty or damaged; export it again.');
  }
  const info: SourceInfo = { ...facts, video, duration };
  checkLimits(info, options);
  const table = measured ? undefined : await tableOf(info, options, path, source.size, layout);
  if (table === undefined) {
    // One task takes the source whole.
    checkBytes(source.size, options);
    return { info, table };
  }
  const counted = { ...info, duration: table.seconds };
  checkLimits(counted, options);
  return { info: counted, table };
}

/** The segment table of an MP4 or MOV, whose index the stand-in holds. */
async function tableOf(
  { video, audio }: SourceInfo,
  options: SlicingOptions,
  path: string,
  size: number,
  layout: Layout | undefined,
): Promise<SegmentTable | undefined> {
  const box = layout?.boxes.find(({ type }) => type === 'moov');
  if (box === undefined || options.segmentType !== 'fmp4') return undefined;
  let moov: Buffer = Buffer.alloc(0);
  await withFile(path, size, async (source) => {
    moov = await source.read(box.offset + box.header, box.size - box.header);
  });
  const positions = [video.index, ...audio.map(({ index }) => index)];
  try {
    const of = { ...options, maxChunks: MAX_CHUNKS, audio: audioPlan(audio, options.audioKbps) };
    return segmentTable(readMovieIndex(moov, positions), of);
  } catch (error) {
    // An index that ffmpeg reads and we do not.
    if (!(error instanceof BoxError)) throw error;
    logger.warn('the source has no usable index and is sliced whole', { error });
    return undefined;
  }
}

/** Does the work, called off and refused after so many milliseconds. */
async function within<T>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
  signal = AbortSignal.timeout(milliseconds),
): Promise<T> {
  // A read that is never answered does not look at the signal.
  const over = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  try {
    return await Promise.race([work(signal), over]);
  } catch (error) {
    if (!signal.aborted || error instanceof Refusal) throw error;
    throw new Refusal(
      'probe-timeout',
      `Reading how this file is built takes longer than the ${spokenDuration(Math.round(milliseconds / 1000))} there are for it; export the video again with an ordinary encoder.`,
      { cause: error },
    );
  }
}

async function withFile(path: string, size: number, use: (source: ByteSource) => Promise<void>): Promise<void> {
  const file = await open(path);
  try {
    await use({
      size,
      read: async (offset, length) => {
        const bytes = Buffer.alloc(Math.min(length, Math.max(0, size - offset)));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
        return bytes.subarray(0, bytesRead);
      },
    });
  } finally {
    await file.close();
  }
}
