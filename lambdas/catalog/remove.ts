/** Removes what is left of a deleted video. Every step is safe to repeat; a message that fails comes again. */
import { CloudFrontClient, CreateInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { AbortMultipartUploadCommand, DeleteObjectsCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { sourceKey, vodPrefix, workPrefix } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { eachMessage } from '../shared/batch.ts';
import { dynamo, s3 } from '../shared/clients.ts';
import { logger } from '../shared/logger.ts';
import { freeSlot } from '../shared/slots.ts';
import { announce, readVideo } from '../shared/videos.ts';
import { deleteGrant, listGrants } from './grants.ts';
import { enqueue } from './removal.ts';
import { removal, type Removal } from '../../lib/contract/removal.ts';

const cloudFront = new CloudFrontClient({});
const states = new SFNClient({});

export const handler = eachMessage('removal failed, to be tried again', (body) => removal.parse(body), remove);

async function remove({ videoId, step }: Removal): Promise<void> {
  const record = await readVideo(videoId);
  if (record !== undefined && record.status !== 'deleted') {
    logger.warn('not removed: the video is not marked as deleted', { videoId, status: record.status });
    return;
  }
  if (record !== undefined) await stop(record);
  const swept = await deleteObjects(videoId);
  // After the sweep too, when a late encoder wrote something that may have been fetched since.
  if (step === 'remove' || swept > 0) await invalidate(videoId, step);
  for (const { subject } of await listGrants(videoId)) await deleteGrant(videoId, subject);
  if (record === undefined) return;
  await freeSlot(record);
  await announce(record, 'deleted');
  await enqueue({ videoId, step: 'sweep' });
  await dynamo.send(new DeleteCommand({ TableName: required('VIDEOS_TABLE'), Key: { id: videoId } }));
}

/** Stops slicing and drops an upload under way, so that little is written behind our back. */
async function stop({ id, upload, slicing }: VideoRecord): Promise<void> {
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
  if (upload.id !== undefined) {
    const command = new AbortMultipartUploadCommand({
      Bucket: required('SOURCE_BUCKET'),
      Key: sourceKey(id),
      UploadId: upload.id,
    });
    await unless(['NoSuchUpload'], s3.send(command));
  }
}

/** Deletes source, served files and hand-over files; answers how many there were. */
async function deleteObjects(videoId: string): Promise<number> {
  let deleted = 0;
  for (const [Bucket, Prefix] of [
    [required('SOURCE_BUCKET'), sourceKey(videoId)],
    [required('MEDIA_BUCKET'), vodPrefix(videoId)],
    [required('MEDIA_BUCKET'), workPrefix(videoId)],
  ] as const) {
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix })) {
      const Objects = Contents.map(({ Key }) => ({ Key: Key! }));
      if (Objects.length === 0) continue;
      const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
      if (Errors.length > 0) throw new Error(`${Errors.length} objects not deleted: ${Errors[0]?.Code}`);
      deleted += Objects.length;
    }
  }
  return deleted;
}

/**
 * CloudFront takes 15 wildcard paths at a time (Amazon CloudFront quotas, invalidations): past that it refuses, and the
 * message comes again.
 */
async function invalidate(videoId: string, step: Removal['step']): Promise<void> {
  const Items = [`/${vodPrefix(videoId)}*`, `/api/play/${videoId}/*`];
  await cloudFront.send(
    new CreateInvalidationCommand({
      DistributionId: required('DISTRIBUTION_ID'),
      // The same reference again is the same invalidation, not another one.
      InvalidationBatch: { CallerReference: `${videoId}-${step}`, Paths: { Quantity: Items.length, Items } },
    }),
  );
}

async function unless(names: readonly string[], attempt: Promise<unknown>): Promise<void> {
  try {
    await attempt;
  } catch (error) {
    if (!(error instanceof Error && names.includes(error.name))) throw error;
  }
}
