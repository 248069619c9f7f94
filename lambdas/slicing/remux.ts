/**
 * A long source without an index is written again with one, so that it can be sliced in chunks as others are. Where that
 * cannot be, it is sliced as it is.
 */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Readable } from 'node:stream';
import { required } from '../../lib/contract/env.ts';
import { remuxedKey } from '../../lib/contract/keys.ts';
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import type { SlicingOptions } from '../../lib/contract/slicing.ts';
import { BoxError } from '../../lib/media/boxes.ts';
import type { MovieIndex } from '../../lib/media/sample-table.ts';
import { ProcessError } from '../../lib/process.ts';
import { s3 } from '../shared/clients.ts';
import { logger } from '../shared/logger.ts';
import { removeObjects } from '../shared/objects.ts';
import { tableOf } from './inspect.ts';
import { remux } from './remuxer.ts';
import type { SegmentTable } from './segment-table.ts';
import { Watch } from './watch.ts';

/** Bytes. S3 takes 10,000 parts: 320 GiB with these. */
const PART_BYTES = 32 * 1024 ** 2;
/** Seconds, and share, that the length of what was written may differ from what the source says. */
const OFF_SECONDS = 2;
const OFF = 0.01;

interface Remuxed {
  readonly table: SegmentTable;
  readonly remuxed: NonNullable<Plan['remuxed']>;
}

/**
 * Undefined where ffmpeg cannot, or makes of it what is longer or shorter: there clocks jump or pictures are missing, and
 * decoding knows better. Throws Stopped when the video is deleted meanwhile.
 */
export async function withIndex(
  { plan, chunks }: { readonly plan: Plan; readonly chunks: readonly Chunk[] },
  options: SlicingOptions,
  timeoutMs: number,
): Promise<Remuxed | undefined> {
  const { videoId, source } = plan;
  const watch = new Watch(plan, chunks[0]!);
  try {
    await watch.check();
    const made = await write(plan, watch, timeoutMs);
    const table = made && tableOf(made.index, source.info, options, false);
    if (table && Math.abs(table.seconds - source.info.duration) <= Math.max(OFF_SECONDS, source.info.duration * OFF)) {
      return { table, remuxed: made.remuxed };
    }
    logger.warn('sliced whole, not remuxed', { videoId, seconds: table?.seconds, said: source.info.duration });
    if (made) await removeObjects(made.remuxed.bucket, [made.remuxed.key]);
    return undefined;
  } finally {
    await watch.end();
  }
}

async function write({ source, videoId, revision }: Plan, watch: Watch, timeoutMs: number) {
  const { video, audio } = source.info;
  const IfMatch = source.etag;
  const { Body } = await s3.send(
    new GetObjectCommand({ Bucket: source.bucket, Key: source.key, ...(IfMatch !== undefined && { IfMatch }) }),
  );
  let found: { index: MovieIndex; bytes: number } | undefined;
  const pieces = remux({
    input: Body as Readable,
    container: source.info.container,
    streams: [video, ...audio],
    timeoutMs,
    signal: watch.signal,
    onIndex: (index, bytes) => (found = { index, bytes }),
  });
  async function* watched() {
    for await (const piece of pieces) {
      // What is deleted meanwhile is noticed by this.
      watch.progress(0);
      yield piece;
    }
  }
  const bucket = required('MEDIA_BUCKET');
  const key = remuxedKey(videoId, revision);
  const params = { Bucket: bucket, Key: key, Body: Readable.from(watched()), CacheControl: 'no-store' };
  try {
    const { ETag: etag } = await new Upload({ client: s3, params, partSize: PART_BYTES, queueSize: 2 }).done();
    return { index: found!.index, remuxed: { bucket, key, bytes: found!.bytes, ...(etag !== undefined && { etag }) } };
  } catch (error) {
    watch.signal.throwIfAborted();
    if (!(error instanceof ProcessError || error instanceof BoxError)) throw error;
    logger.warn('cannot be remuxed', { videoId, error });
    return undefined;
  }
}
