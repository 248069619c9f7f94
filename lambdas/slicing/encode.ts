/** Second step: encode one chunk. Segments are in S3 while ffmpeg is still running. */
import type { Context } from 'aws-lambda';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { required, word } from '../../lib/contract/env.ts';
import { chunkTableKey, posterPath } from '../../lib/contract/keys.ts';
import { slicingBounds } from '../../lib/contract/options.ts';
import { chunkTable } from '../../lib/contract/segment-table.ts';
import { readTask, type EncodeTask } from '../../lib/contract/slicing.ts';
import { hasPicture } from '../../lib/contract/source.ts';
import { ProcessError } from '../../lib/process.ts';
import { logger } from '../shared/logger.ts';
import { writeChunkSource } from './chunk-source.ts';
import { runTask, type Work } from './chunk-task.ts';
import { encodeChunk, type Put } from './encoder.ts';
import { download, mediaOf, objectSource, readText } from './objects.ts';
import { forTask } from './outputs.ts';
import { drawCover } from './poster.ts';
import { takeSample } from './sample.ts';
import { readStretch } from './stretches.ts';
import { textsOfChunk, textsOfFile } from './texts.ts';
import { step } from './transient.ts';

/** Kept of the Lambda's time for tidying up and saying why. */
const RESERVE_MS = 20_000;

export const handler = step(async (input: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => {
  const stretch = readTask.safeParse(input);
  if (stretch.success) {
    await readStretch(stretch.data.read, context.getRemainingTimeInMillis() - RESERVE_MS);
    return { outcome: 'read' };
  }
  const folder = await mkdtemp(join(tmpdir(), 'sluice-encode-'));
  try {
    return await runTask(input, true, (work) => encode(work, folder, context.getRemainingTimeInMillis() - RESERVE_MS));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function encode({ task, watch, put }: Work, folder: string, timeoutMs: number) {
  const source = join(folder, 'source');
  const segments = join(folder, 'segments');
  const started = Date.now();
  await mkdir(segments);
  const { plan, table, texts } = await fetchSource(task, source, watch.signal, TEXT_SHARE * timeoutMs);
  const options = {
    task: { ...task, plan },
    table,
    source,
    folder: segments,
    preset: word('PRESET', slicingBounds.preset),
    timeoutMs: timeoutMs - (Date.now() - started),
    signal: watch.signal,
    put,
    onProgress: (seconds: number) => watch.progress(seconds),
  };
  // Of sound that is copied only the cover is left.
  const isNothing = task.chunk.along === true && !hasPicture(plan.source.info);
  const result = isNothing ? { index: task.chunk.index, renditions: [] } : await encodeChunk(options);
  const cover = await putCover(task, table ? segments : source, put, watch.signal);
  return { ...result, ...(texts.length > 0 && { texts }), ...(cover && { cover }) };
}

/**
 * Sound alone has the picture that goes with it for a poster, which the first task draws. `path`: of the source, or, where it is
 * not here, of a folder for what of it may hold that. Whether there is one now; without one it is sound still.
 */
async function putCover({ plan, chunk }: EncodeTask, path: string, put: Put, signal: AbortSignal): Promise<boolean> {
  const { cover, bytes } = plan.source.info;
  if (cover === undefined || chunk.firstSegment !== 1) return false;
  const isHere = plan.timescale === null;
  const source = isHere ? path : join(path, 'cover');
  try {
    if (!isHere) await takeSample(objectSource(plan.source, bytes), source, signal);
    await put(posterPath(), await drawCover(source, cover), 'image/jpeg');
    return true;
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
    logger.warn('no poster', { videoId: plan.videoId, error });
    return false;
  }
}

/** Of the time a source that is read whole has, what looking for its captions may take. */
const TEXT_SHARE = 0.1;

/** Brings what this chunk reads of the source to `path`: by its part of the segment table, or everything. */
async function fetchSource({ plan, chunk }: EncodeTask, path: string, signal: AbortSignal, timeoutMs: number) {
  if (plan.timescale === null) {
    await download(plan.source, path, signal);
    const part = forTask(plan, chunk, undefined);
    const texts = chunk.ahead ? [] : await textsOfFile(plan, path, { timeoutMs, signal });
    return { ...part, texts };
  }
  const key = chunkTableKey(plan.videoId, plan.revision, chunk.index);
  const stored = chunkTable.parse(JSON.parse(await readText({ bucket: required('MEDIA_BUCKET'), key })));
  const part = forTask(plan, chunk, stored);
  const said = await writeChunkSource(part.table!, mediaOf(plan), path);
  return { ...part, texts: textsOfChunk(plan, part.table!, said) };
}
