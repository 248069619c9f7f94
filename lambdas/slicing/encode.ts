/** Second step: encode one chunk. Segments are in S3 while ffmpeg is still running. */
import type { Context } from 'aws-lambda';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { required, word } from '../../lib/contract/env.ts';
import { chunkResultKey, chunkTableKey, revisionPrefix } from '../../lib/contract/keys.ts';
import { slicingBounds } from '../../lib/contract/options.ts';
import { chunkResult, chunkTable, encodeTask, type EncodeResult, type EncodeTask } from '../../lib/contract/slicing.ts';
import { logger } from '../shared/logger.ts';
import { removeObjects } from '../shared/objects.ts';
import { writeChunkSource } from './chunk-source.ts';
import { encodeChunk } from './encoder.ts';
import { refuse } from './failing.ts';
import { startMeter } from './meter.ts';
import { download, mediaOf, putObject, readText } from './objects.ts';
import { holdPlace, leavePlace } from './place.ts';
import { Refusal } from './refusal.ts';
import { textsOfChunk, textsOfFile } from './texts.ts';
import { step } from './transient.ts';
import { Watch, Stopped } from './watch.ts';

/** Kept of the Lambda's time for tidying up and saying why. */
const RESERVE_MS = 20_000;

export const handler = step(async (input: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => {
  const used = startMeter();
  const task = encodeTask.parse(input);
  const { plan, chunk } = task;
  const bucket = required('MEDIA_BUCKET');
  const folder = await mkdtemp(join(tmpdir(), 'sluice-encode-'));
  const watch = new Watch(plan, chunk);
  const stored: string[] = [];
  const put = async (path: string, bytes: Buffer, contentType: string): Promise<void> => {
    const key = `${revisionPrefix(plan.videoId, plan.revision)}${path}`;
    stored.push(key);
    await putObject(bucket, key, bytes, contentType);
  };
  try {
    await watch.check();
    await holdPlace(plan.videoId);
    const result = await encode(task, folder, watch, put, context.getRemainingTimeInMillis() - RESERVE_MS);
    const key = chunkResultKey(plan.videoId, plan.revision, chunk.index);
    stored.push(key);
    await putObject(
      bucket,
      key,
      JSON.stringify(chunkResult.parse({ ...result, used: used() })),
      'application/json',
      'no-store',
    );
    await watch.done();
    return { outcome: 'encoded', index: chunk.index } satisfies EncodeResult;
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Stopped)) throw error;
    logger.info('encoding ended early', { videoId: plan.videoId, error });
    if (error instanceof Refusal) {
      const { code, reason } = error;
      await refuse(plan.videoId, plan.execution, { code, reason }, plan.source);
    }
    await removeObjects(bucket, stored);
    // The run may have been stopped from outside, so that no later step does it.
    await leavePlace(plan.videoId);
    return { outcome: 'stopped', index: chunk.index } satisfies EncodeResult;
  } finally {
    await watch.end();
    await rm(folder, { recursive: true, force: true });
  }
});

async function encode(
  task: EncodeTask,
  folder: string,
  watch: Watch,
  put: (path: string, bytes: Buffer, contentType: string) => Promise<void>,
  timeoutMs: number,
) {
  const source = join(folder, 'source');
  const segments = join(folder, 'segments');
  const started = Date.now();
  await mkdir(segments);
  const { table, texts } = await fetchSource(task, source, watch.signal, TEXT_SHARE * timeoutMs);
  const result = await encodeChunk({
    task,
    table,
    source,
    folder: segments,
    preset: word('PRESET', slicingBounds.preset),
    timeoutMs: timeoutMs - (Date.now() - started),
    signal: watch.signal,
    put,
    onProgress: (seconds) => watch.progress(seconds),
  });
  return texts.length > 0 ? { ...result, texts } : result;
}

/** Of the time a source that is read whole has, what looking for its captions may take. */
const TEXT_SHARE = 0.1;

/** Brings what this chunk reads of the source to `path`: by its part of the segment table, or everything. */
async function fetchSource({ plan, chunk }: EncodeTask, path: string, signal: AbortSignal, timeoutMs: number) {
  if (plan.timescale === null) {
    await download(plan.source, path, signal);
    return { table: undefined, texts: await textsOfFile(plan, path, { timeoutMs, signal }) };
  }
  const key = chunkTableKey(plan.videoId, plan.revision, chunk.index);
  const table = chunkTable.parse(JSON.parse(await readText({ bucket: required('MEDIA_BUCKET'), key })));
  const said = await writeChunkSource(table, mediaOf(plan), path);
  return { table, texts: textsOfChunk(plan, table, said) };
}
