/** From a source somewhere to the facts planning needs, reading as little of it as possible. */
import { open } from 'node:fs/promises';
import type { SlicingOptions, SourceInfo } from '../../lib/contract/slicing.ts';
import type { ByteSource } from '../../lib/media/layout.ts';
import { checkBytes, checkLimits, mustMeasure, readFacts } from './facts.ts';
import { decodableCodecs, ffprobe, measureDuration } from './ffprobe.ts';
import { Refusal, spokenDuration } from './refusal.ts';
import { refuseCutFragments, takeSample } from './sample.ts';

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

/** Milliseconds for what an ordinary source needs: its layout, its ends and its header. */
const LOOK_MS = 120_000;

/** Throws Refusal for whatever is not a video that can be sliced within the limits, or takes too long to look at. */
export async function inspect({ source, path, fetchWhole, options, timeoutMs }: InspectOptions): Promise<SourceInfo> {
  checkBytes(source.size, options);
  const all = AbortSignal.timeout(timeoutMs);
  const { layout, whole, facts } = await within(Math.min(LOOK_MS, timeoutMs), async (signal) => {
    const sample = await takeSample(source, path, signal);
    return { ...sample, facts: readFacts(await ffprobe(path, signal), source.size, await decodableCodecs(), options) };
  });
  let { duration, video } = facts;
  if (mustMeasure(facts, layout?.fragmented ?? false)) {
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
  return info;
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
