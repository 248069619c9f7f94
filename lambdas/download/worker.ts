/**
 * Makes an MP4 of a rung by copying its segments, in parts; what one invocation does not get done goes on in the next one.
 * The file is the same whoever makes it, so a message that comes twice does no harm.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  paginateListParts,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { number, required } from '../../lib/contract/env.ts';
import { downloadTask, type DownloadTask } from '../../lib/contract/download.ts';
import { downloadKey } from '../../lib/contract/keys.ts';
import { pullPlaces, pullSeconds } from '../../lib/contract/pull.ts';
import { eachMessage } from '../shared/batch.ts';
import { s3 } from '../shared/clients.ts';
import { missingPieces, partBytesOf, untilDeadline } from '../shared/pieces.ts';
import { readVideo } from '../shared/videos.ts';
import { holdPlaceBeside, leavePlaceBeside } from '../slicing/beside.ts';
import { publishedOf } from '../slicing/sealing.ts';
import type { Part } from '../upload/parts.ts';
import { keepPreparing } from './lease.ts';
import { bytesOf, layOut } from './media.ts';
import { enqueue } from './queue.ts';
import { renditionsOf } from './renditions.ts';

/** Bytes; two parts are in memory at a time, with what is read for them. */
const PART_BYTES = 16 * 1024 ** 2;
const PARTS_AT_ONCE = 2;
/** Seconds until one that found no place asks again. */
const WAIT = 15;

export const handler = eachMessage('download failed, to be tried again', (body) => downloadTask.parse(body), work);

async function work(task: DownloadTask): Promise<void> {
  // Not the video's own place, which its next slicing run may have.
  const holder = `mp4 ${task.videoId} ${task.rendition}`;
  await keepPreparing(task);
  if (!(await holdPlaceBeside('downloads', number('DOWNLOAD_PLACES', pullPlaces), holder))) {
    await enqueue(task, WAIT);
    return;
  }
  try {
    await make(task);
  } finally {
    await leavePlaceBeside('downloads', holder);
  }
}

async function make(task: DownloadTask): Promise<void> {
  const deadline = Date.now() + number('DOWNLOAD_SECONDS', pullSeconds) * 1000;
  const { videoId, revision, rendition } = task;
  const target = { Bucket: required('MEDIA_BUCKET'), Key: downloadKey(videoId, revision, rendition) };
  if (!(await isThere(task))) return await abort(target, task.uploadId);
  const record = (await readVideo(videoId))!;
  const made = await layOut({ ...publishedOf(record), renditions: renditionsOf(record, rendition)! });
  const partBytes = partBytesOf(made.bytes, PART_BYTES);
  const found = task.uploadId === undefined ? undefined : await partsOf({ ...target, UploadId: task.uploadId });
  const UploadId = found === undefined ? await create(target) : task.uploadId!;
  const pieces = missingPieces(made.bytes, partBytes, found ?? []);
  const done = await untilDeadline(
    pieces,
    PARTS_AT_ONCE,
    deadline,
    () => undefined,
    async (piece) => {
      const Body = await bytesOf(made, piece.from, piece.to);
      await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: piece.number, Body }));
    },
  );
  if (!done) return await enqueue({ ...task, uploadId: UploadId });
  // Deleted meanwhile: what is written now would stay.
  if (!(await isThere(task))) return await abort(target, UploadId);
  const Parts = ((await partsOf({ ...target, UploadId })) ?? []).map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
  await s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
}

async function isThere({ videoId, revision, rendition }: DownloadTask): Promise<boolean> {
  const record = await readVideo(videoId);
  return record?.status === 'ready' && record.revision === revision && renditionsOf(record, rendition) !== undefined;
}

interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

async function create(target: Target): Promise<string> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...target, ContentType: 'video/mp4' }));
  if (UploadId === undefined) throw new Error('S3 gave no upload id');
  return UploadId;
}

/** Undefined: S3 knows no such upload (any more). */
async function partsOf(target: Target & { readonly UploadId: string }): Promise<Part[] | undefined> {
  const parts: Part[] = [];
  try {
    for await (const { Parts = [] } of paginateListParts({ client: s3 }, target))
      for (const { PartNumber = 0, ETag = '', Size = 0 } of Parts) parts.push({ PartNumber, ETag, Size });
    return parts;
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchUpload') return undefined;
    throw error;
  }
}

async function abort(target: Target, UploadId: string | undefined): Promise<void> {
  if (UploadId === undefined) return;
  try {
    await s3.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
  } catch (error) {
    if (!(error instanceof Error && error.name === 'NoSuchUpload')) throw error;
  }
}
