/**
 * A long source without an index gets one, so that it can be sliced in chunks as others are: its frames are found where they
 * are (Matroska), or it is written again with one. Where neither can be, it is sliced as it is.
 */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Readable } from 'node:stream';
import { required } from '../../lib/contract/env.ts';
import { remuxedKey } from '../../lib/contract/keys.ts';
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import type { SlicingOptions } from '../../lib/contract/slicing.ts';
import { BoxError } from '../../lib/media/boxes.ts';
import { MatroskaError } from '../../lib/media/matroska.ts';
import { ProcessError } from '../../lib/process.ts';
import { s3 } from '../shared/clients.ts';
import { logger } from '../shared/logger.ts';
import { removeObjects } from '../shared/objects.ts';
import { tableOfRemuxed } from './inspect.ts';
import { ALL, describeHead, findFrames, HEAD_BYTES, indexOf } from './in-place.ts';
import { objectSource } from './objects.ts';
import { Refusal, spokenBytes, spokenDuration } from './refusal.ts';
import { isIndexedInPlace } from './remux-args.ts';
import { remux, type Remuxed as Written } from './remuxer.ts';
import type { SegmentTable } from './segment-table.ts';
import { foundStretches } from './stretches.ts';
import { Watch } from './watch.ts';

/** Bytes. S3 takes 10,000 parts: 320 GiB with these. */
const PART_BYTES = 32 * 1024 ** 2;
/** Seconds, and share, that the length of what was found may differ from what the source says. */
const OFF_SECONDS = 2;
const OFF = 0.01;

interface WithIndex {
  readonly table: SegmentTable;
  /** The file it is of; absent: the source itself. */
  readonly remuxed?: NonNullable<Plan['remuxed']>;
}

interface IndexOptions {
  readonly options: SlicingOptions;
  readonly timeoutMs: number;
  /** How long it is, nobody knows but the pass. */
  readonly unmeasured: boolean;
  /** In how many stretches it was read before, each by a function of its own. */
  readonly stretches: number;
}

/**
 * Undefined where ffmpeg cannot, or makes of it what is longer or shorter: there clocks jump or pictures are missing, and
 * decoding knows better. Throws Stopped when the video is deleted meanwhile, Refusal when the reading takes too long.
 */
export async function withIndex(
  { plan, chunks }: { readonly plan: Plan; readonly chunks: readonly Chunk[] },
  { options, timeoutMs, unmeasured, stretches }: IndexOptions,
): Promise<WithIndex | undefined> {
  const { videoId, source } = plan;
  const { info } = source;
  const watch = new Watch(plan, chunks[0]!);
  const until = Date.now() + timeoutMs;
  /** The table by an index, if it is as long as it is to be. */
  const laid = (index: Pick<Written, 'index' | 'fresh'>): SegmentTable | undefined => {
    const table = tableOfRemuxed(index, info, options);
    const off = table && !unmeasured ? Math.abs(table.seconds - info.duration) : 0;
    if (table && off <= Math.max(OFF_SECONDS, info.duration * OFF)) return table;
    logger.warn('not as long as it says', { videoId, seconds: table?.seconds, said: info.duration });
    return undefined;
  };
  try {
    await watch.check();
    const found = await findInPlace(plan, watch, until, stretches);
    const there = found && laid(found);
    if (there) return { table: there };
    const made = await write(plan, watch, until);
    if (made === undefined) return undefined;
    const table = laid(made.written);
    if (table) return { table, remuxed: made.remuxed };
    await removeObjects(made.remuxed.bucket, [made.remuxed.key]);
    return undefined;
  } finally {
    await watch.end();
  }
}

/** The source from its beginning to its end, while anybody wants it and there is time. */
async function* bytesOf({ source }: Plan, watch: Watch, until: number): AsyncGenerator<Buffer> {
  const { bucket: Bucket, key: Key, etag: IfMatch, info } = source;
  const started = Date.now();
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...(IfMatch !== undefined && { IfMatch }) }));
  for await (const piece of Body as Readable as AsyncIterable<Buffer>) {
    // What is deleted meanwhile is noticed by this.
    watch.progress(0);
    watch.signal.throwIfAborted();
    if (Date.now() > until) {
      throw new Refusal(
        'probe-timeout',
        `The file has no index, and reading all ${spokenBytes(info.bytes)} of it takes longer than the ${spokenDuration(Math.round((until - started) / 1000))} there are; export it as MP4, or upload it in parts.`,
      );
    }
    yield piece;
  }
}

async function findInPlace(plan: Plan, watch: Watch, until: number, stretches: number) {
  const { source, videoId, revision } = plan;
  const { info } = source;
  if (!isIndexedInPlace(info)) return undefined;
  try {
    const bytes = await objectSource(source, info.bytes).read(0, HEAD_BYTES);
    const head = await describeHead(bytes, info, until - Date.now());
    const found = stretches > 0 ? await foundStretches(videoId, revision, stretches) : undefined;
    return indexOf(head, found ?? [await findFrames(head, info, ALL, bytesOf(plan, watch, until))]);
  } catch (error) {
    watch.signal.throwIfAborted();
    if (!(error instanceof MatroskaError || error instanceof BoxError || error instanceof ProcessError)) throw error;
    logger.warn('not indexed in its place', { videoId, error });
    return undefined;
  }
}

async function write(plan: Plan, watch: Watch, until: number) {
  const { source, videoId, revision } = plan;
  let found: Written | undefined;
  const pieces = remux({
    input: bytesOf(plan, watch, until),
    info: source.info,
    // It ends by what is read taking too long, which says why.
    timeoutMs: until - Date.now() + 5000,
    signal: watch.signal,
    onEnd: (made) => (found = made),
  });
  const bucket = required('MEDIA_BUCKET');
  const key = remuxedKey(videoId, revision);
  const params = { Bucket: bucket, Key: key, Body: Readable.from(pieces), CacheControl: 'no-store' };
  try {
    const { ETag: etag } = await new Upload({ client: s3, params, partSize: PART_BYTES, queueSize: 2 }).done();
    return { written: found!, remuxed: { bucket, key, bytes: found!.bytes, ...(etag !== undefined && { etag }) } };
  } catch (error) {
    watch.signal.throwIfAborted();
    if (!(error instanceof ProcessError || error instanceof BoxError)) throw error;
    logger.warn('cannot be remuxed', { videoId, error });
    return undefined;
  }
}
