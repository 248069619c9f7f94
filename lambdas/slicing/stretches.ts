/**
 * A large Matroska file is read by several functions at a time, each a stretch of it: one alone moves some 75 MB a second. What
 * they find is stored, and put together by who laid them.
 */
import { required } from '../../lib/contract/env.ts';
import { framesKey } from '../../lib/contract/keys.ts';
import type { StretchTask } from '../../lib/contract/slicing.ts';
import { BoxError } from '../../lib/media/boxes.ts';
import { MatroskaError } from '../../lib/media/matroska.ts';
import { ProcessError } from '../../lib/process.ts';
import { logger } from '../shared/logger.ts';
import { removeObjects } from '../shared/objects.ts';
import { describeHead, findFrames, HEAD_BYTES } from './in-place.ts';
import { packFrames, unpackFrames, type StretchFrames } from './matroska-frames.ts';
import { bytesFrom, objectSource, putObject, readBytes } from './objects.ts';

/** Finds the frames of one stretch. What cannot be read so is left to who puts them together. */
export async function readStretch(
  { source, videoId, revision, stretch }: StretchTask,
  timeoutMs: number,
): Promise<void> {
  const { info } = source;
  const { index, from, until } = stretch;
  try {
    const head = await describeHead(await objectSource(source, info.bytes).read(0, HEAD_BYTES), info, timeoutMs);
    const found = await findFrames(head, info, { from, until: until ?? Infinity }, await bytesFrom(source, from));
    const key = framesKey(videoId, revision, index);
    await putObject(required('MEDIA_BUCKET'), key, packFrames(found), 'application/octet-stream', 'no-store');
  } catch (error) {
    if (!(error instanceof MatroskaError || error instanceof BoxError || error instanceof ProcessError)) throw error;
    logger.warn('a stretch is not read in its place', { videoId, index, error });
  }
}

/** What was found of all of them; undefined where one is missing. */
export async function foundStretches(
  videoId: string,
  revision: number,
  count: number,
): Promise<StretchFrames[] | undefined> {
  const bucket = required('MEDIA_BUCKET');
  const keys = Array.from({ length: count }, (_, index) => framesKey(videoId, revision, index));
  const stored = await Promise.all(keys.map(async (key) => readBytes({ bucket, key })));
  const all = stored.flatMap((bytes) => (bytes ? [unpackFrames(bytes)] : []));
  await removeObjects(bucket, keys);
  return all.length === count ? all : undefined;
}
