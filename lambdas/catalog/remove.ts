/** Removes what is left of a deleted video. Every step is safe to repeat; a message that fails comes again. */
import { CancelJobCommand, MediaConvertClient } from '@aws-sdk/client-mediaconvert';
import { AbortMultipartUploadCommand } from '@aws-sdk/client-s3';
import { SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { required } from '../../lib/contract/env.ts';
import {
  contentKeysPrefix,
  downloadsPrefix,
  SEGMENT_KEY_ENDING,
  sourceKey,
  tracksPrefix,
  uploadPrefix,
  vodPrefix,
  workPrefix,
} from '../../lib/contract/keys.ts';
import { FORM_SECONDS } from '../../lib/contract/upload.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { eachMessage } from '../shared/batch.ts';
import { s3 } from '../shared/clients.ts';
import { logger } from '../shared/logger.ts';
import { listObjects, removeObjects, removePrefix } from '../shared/objects.ts';
import { freeSlot } from '../shared/slots.ts';
import { deleteVideo } from '../shared/storage.ts';
import { reached } from '../shared/takedown.ts';
import { announce, readVideo } from '../shared/videos.ts';
import { settleUnfinished } from '../slicing/unfinished.ts';
import { deleteLink, linksOf } from '../shared/links.ts';
import { deleteGrants } from './grants.ts';
import { invalidate, look } from './invalidation.ts';
import { enqueue } from './removal.ts';
import { revokeVideo, withdraw } from './withdraw.ts';
import { removal, type Removal } from '../../lib/contract/removal.ts';
import { forgetWatched } from './watched.ts';

const states = new SFNClient({});
const mediaConvert = new MediaConvertClient({});

/**
 * Seconds. A Lambda that was encoding when its execution was stopped runs on, for 15 minutes at most, and may still
 * write. It is also the longest delay of SQS.
 */
const SWEEP_DELAY = 900;

const eachRemoval = eachMessage('removal failed, to be tried again', (body) => removal.parse(body), remove);

/**
 * Invalidations of a batch go together and last: were they first, and the function out of time in a removal after them, all
 * would come again in other batches and be asked for, and paid, twice. Anything else goes one after another.
 */
export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const asked = Records.flatMap(({ messageId, body }) => {
    const videoIds = toInvalidate(body);
    return videoIds === undefined ? [] : [{ messageId, videoIds }];
  });
  const together = new Set(asked.map(({ messageId }) => messageId));
  const others = Records.filter(({ messageId }) => !together.has(messageId));
  const failed: SQSBatchItemFailure[] = [];
  if (others.length > 0) failed.push(...(await eachRemoval({ Records: others })).batchItemFailures);
  await invalidate(asked).catch((error: unknown) => {
    logger.error('invalidation failed, to be tried again', { videos: asked.length, error: error as Error });
    failed.push(...asked.map(({ messageId }) => ({ itemIdentifier: messageId })));
  });
  return { batchItemFailures: failed };
}

/** The videos of a message that asks for an invalidation; undefined for every other, also one that cannot be read. */
function toInvalidate(body: string): readonly string[] | undefined {
  try {
    const message = removal.parse(JSON.parse(body));
    return message.step === 'invalidate' ? message.videoIds : undefined;
  } catch {
    return undefined;
  }
}

async function remove(message: Removal): Promise<void> {
  if (message.step === 'invalidate') return;
  if (message.step === 'look') return await look(message);
  if (message.step === 'trash') return await inTrash(message);
  const { videoId } = message;
  const record = await readVideo(videoId);
  if (record !== undefined && record.status !== 'deleted') {
    logger.warn('not removed: the video is not marked as deleted', { videoId, status: record.status });
    return;
  }
  if (record !== undefined) {
    await stop(record);
    if (record.slicing !== undefined) await settleUnfinished(videoId, record.slicing.execution);
  }
  // First the edge: it would go on serving what it has cached until the invalidation is done.
  if (record !== undefined && record.revision > 0) await revokeVideo(record);
  if (record?.encryption === 'aes-128') await deleteKeys(videoId);
  const served = await deleteObjects(videoId);
  if (record !== undefined) await reached(videoId, 'removedAt');
  // Nobody was ever given a signature for what was not published, so nothing of it can be cached.
  const published = record === undefined ? message.step === 'sweep' && message.published : record.revision > 0;
  // After a sweep only for what a late encoder wrote and somebody may have fetched since.
  if (published && (record !== undefined || served > 0)) await enqueue({ step: 'invalidate', videoIds: [videoId] });
  await deleteGrants(videoId);
  for (const link of await linksOf(videoId)) await deleteLink(link);
  await forgetWatched(videoId);
  if (record === undefined) {
    if (message.step === 'sweep') await sweepAgain(message);
    return;
  }
  await freeSlot(record);
  await announce(record, 'deleted');
  const until = formEnd(record);
  await enqueue({ step: 'sweep', videoId, published, ...(until !== undefined && { until }) }, SWEEP_DELAY);
  await deleteVideo(record);
}

/** First the edge, so that who is told asks for what is so. Of a video that is gone by now `deleted` is told. */
async function inTrash({ videoId, did }: Extract<Removal, { step: 'trash' }>): Promise<void> {
  await withdraw(videoId);
  if (did === undefined) return;
  const record = await readVideo(videoId);
  if (record !== undefined) await announce(record, did.type, did.at);
}

/**
 * Epoch seconds at which the video's upload form ends, whatever the configuration said when it was signed; undefined for an
 * upload in parts, whose URLs end with it. What is posted in between is removed when it arrives (lambdas/slicing/accept.ts):
 * this is for what no run was told of.
 */
export function formEnd({ upload, createdAt }: Pick<VideoRecord, 'upload' | 'createdAt'>): number | undefined {
  return upload.kind === 'form' ? Math.floor(Date.parse(createdAt) / 1000) + FORM_SECONDS : undefined;
}

async function sweepAgain(message: Extract<Removal, { step: 'sweep' }>): Promise<void> {
  const left = (message.until ?? 0) - Math.floor(Date.now() / 1000);
  // The last look comes after the end.
  if (left > 0) await enqueue(message, Math.min(SWEEP_DELAY, left + 1));
}

/** Stops slicing and drops an upload under way, so that little is written behind our back. */
async function stop({ id, upload, slicing, conversion }: VideoRecord): Promise<void> {
  if (slicing !== undefined) {
    const execution = required('STATE_MACHINE_ARN').replace(':stateMachine:', ':execution:');
    const command = new StopExecutionCommand({
      executionArn: `${execution}:${slicing.execution}`,
      error: 'deleted',
      cause: 'The video was deleted.',
    });
    // ValidationException: what has already ended cannot be stopped.
    await unless(['ExecutionDoesNotExist', 'ValidationException'], states.send(command));
  }
  if (conversion?.job !== undefined) {
    const cancel = new CancelJobCommand({ Id: conversion.job });
    // Conflict: it has ended. Access denied: the deployment converts nothing any more, and took the right back.
    await unless(['NotFoundException', 'ConflictException', 'AccessDeniedException'], mediaConvert.send(cancel));
  }
  if (upload.id !== undefined) {
    const command = new AbortMultipartUploadCommand({
      Bucket: required('SOURCE_BUCKET'),
      Key: sourceKey(id),
      UploadId: upload.id,
    });
    await unless(['NoSuchUpload'], s3.send(command));
  }
}

/**
 * Keys of segments go before the segments, which are many: without them what is encrypted is nothing any more, wherever there is
 * a copy of it.
 */
async function deleteKeys(videoId: string): Promise<void> {
  const bucket = required('MEDIA_BUCKET');
  for await (const page of listObjects(bucket, vodPrefix(videoId))) {
    const keys = page.filter(({ Key }) => Key.endsWith(SEGMENT_KEY_ENDING));
    await removeObjects(
      bucket,
      keys.map(({ Key }) => Key),
    );
  }
}

/** Deletes source, served files and hand-over files; answers how many there were of the served. A content key goes first, too. */
async function deleteObjects(videoId: string): Promise<number> {
  await removePrefix(required('MEDIA_BUCKET'), contentKeysPrefix(videoId));
  await removePrefix(required('SOURCE_BUCKET'), uploadPrefix(videoId));
  await removePrefix(required('MEDIA_BUCKET'), workPrefix(videoId));
  await removePrefix(required('MEDIA_BUCKET'), tracksPrefix(videoId));
  await removePrefix(required('MEDIA_BUCKET'), downloadsPrefix(videoId));
  return await removePrefix(required('MEDIA_BUCKET'), vodPrefix(videoId));
}

async function unless(names: readonly string[], attempt: Promise<unknown>): Promise<void> {
  try {
    await attempt;
  } catch (error) {
    if (!(error instanceof Error && names.includes(error.name))) throw error;
  }
}
