/** The two ends of a multipart upload. Which one came first, S3 decides: both look at what is there. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { sourceKey } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { dynamo } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';
import { announce, changeVideo, readVideo } from '../shared/videos.ts';
import { noSuchUpload, uploadGone } from './access.ts';
import type { UploadLimits } from '../../lib/contract/upload.ts';
import { checkParts, type ClaimedPart } from './parts.ts';
import { checkQuota } from './quota.ts';
import { startSlicing } from '../shared/slicing-run.ts';
import { freeSlot } from '../shared/slots.ts';
import { abortUpload, bucket, completeUpload, listParts, sourceSize, sourceUrl } from './source.ts';

export type MultipartVideo = VideoRecord & { readonly upload: { readonly id: string } };

/** Puts the file together. Repeating it gives the same answer; a file that may not be is forgotten at once. */
export async function complete(video: MultipartVideo, claimed: readonly ClaimedPart[], limits: UploadLimits) {
  const key = sourceKey(video.id);
  if (video.status === 'uploading') {
    const listed = await listParts(key, video.upload.id);
    const bytes = listed && (await checkedSize(video, listed, claimed, limits));
    const put = listed !== undefined && (await completeUpload(key, video.upload.id, listed));
    // S3 forgets an upload it has finished: an earlier call may have died just then.
    const arrived = put ? bytes : await sourceSize(key);
    if (arrived === undefined) throw uploadGone();
    await changeVideo(
      video.id,
      { status: 'uploaded', set: { bytes: { source: arrived, media: 0 }, progress: 0 }, remove: ['expiresAt'] },
      { from: ['uploading'] },
    );
  }
  await freeSlot(video);
  const current = await readVideo(video.id);
  if (current === undefined || current.status === 'deleted') throw noSuchUpload();
  // Again on a repeated call: the first one may have died before it. Receivers expect the same event twice.
  if (current.status === 'uploaded') await Promise.all([startSlicing(video.id), announce(current, 'uploaded')]);
  return { location: await sourceUrl(key), bucket: bucket(), key, videoId: video.id };
}

/** What a file may not be, however often it is completed. */
const FORGOTTEN = new Set<string>(['too-large', 'empty-file', 'over-quota']);

async function checkedSize(
  video: MultipartVideo,
  listed: Parameters<typeof checkParts>[0],
  claimed: readonly ClaimedPart[],
  limits: UploadLimits,
): Promise<number> {
  try {
    const bytes = checkParts(listed, claimed, limits);
    await checkQuota(video, bytes, limits);
    return bytes;
  } catch (error) {
    if (error instanceof ApiError && FORGOTTEN.has(error.code)) await forget(video);
    throw error;
  }
}

/** Stops an upload under way. Throws `upload-gone` when its file is complete: then it is a video, to be deleted as one. */
export async function abort(video: MultipartVideo): Promise<void> {
  if (video.status !== 'uploading') throw uploadGone();
  await forget(video);
}

async function forget(video: MultipartVideo): Promise<void> {
  const key = sourceKey(video.id);
  await abortUpload(key, video.upload.id);
  if ((await sourceSize(key)) !== undefined) throw uploadGone();
  try {
    await dynamo.send(
      new DeleteCommand({
        TableName: required('VIDEOS_TABLE'),
        Key: { id: video.id },
        ConditionExpression: '#status = :uploading',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':uploading': 'uploading' },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
  await freeSlot(video);
}
