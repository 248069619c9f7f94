/** From a source somewhere to the facts planning needs, reading as little of it as possible. */
import { open } from 'node:fs/promises';
import type { SlicingOptions, SourceInfo } from '../../lib/contract/slicing.ts';
import type { ByteSource } from '../../lib/media/layout.ts';
import { checkBytes, checkLimits, mustMeasure, readFacts } from './facts.ts';
import { decodableCodecs, ffprobe, measureDuration } from './ffprobe.ts';
import { Refusal } from './refusal.ts';
import { refuseCutFragments, takeSample } from './sample.ts';

interface InspectOptions {
  readonly source: ByteSource;
  /** Where the stand-in goes; the caller removes it. */
  readonly path: string;
  /** Brings the whole source to `path`, for the few formats whose length only a full reading tells. */
  readonly fetchWhole: (path: string) => Promise<void>;
  readonly options: SlicingOptions;
  readonly timeoutMs: number;
}

/** Throws Refusal for whatever is not a video that can be sliced within the limits. */
export async function inspect({ source, path, fetchWhole, options, timeoutMs }: InspectOptions): Promise<SourceInfo> {
  checkBytes(source.size, options);
  const { layout, whole } = await takeSample(source, path);
  const facts = readFacts(await ffprobe(path), source.size, await decodableCodecs());
  let { duration, video } = facts;
  if (mustMeasure(facts, layout?.fragmented ?? false)) {
    if (!whole) await fetchWhole(path);
    await withFile(path, source.size, refuseCutFragments);
    duration = await measureDuration(path, video.index, timeoutMs);
    video = { ...video, duration: null };
  }
  if (duration === undefined || duration <= 0) {
    throw new Refusal('no-duration', 'The file has no readable length, so it is empty or damaged; export it again.');
  }
  const info: SourceInfo = { ...facts, video, duration };
  checkLimits(info, options);
  return info;
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
