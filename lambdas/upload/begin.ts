/** The start of an upload: place → multipart upload → record, undone in reverse when a step fails. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { formKey, sourceKey } from '../../lib/contract/keys.ts';
import { ARRIVAL_SECONDS } from '../../lib/contract/slicing.ts';
import type { UploadSlot, VideoRecord } from '../../lib/contract/video.ts';
import { dynamo } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';
import { logger } from '../shared/logger.ts';
import type { Viewer } from '../shared/viewer.ts';
import { readVideo, tell } from '../shared/videos.ts';
import { checkMayUpload, uploadGone } from './access.ts';
import { draftOf, formLimit, idempotencyKeyOf, newRecord, newVideoId, videoIdOf, type Announced } from './draft.ts';
import type { UploadLimits } from '../../lib/contract/upload.ts';
import { freeSlot } from '../shared/slots.ts';
import { takePlace } from './quota.ts';
import { abortUpload, createUpload, signForm } from './source.ts';

/** Begins one; with an `idempotencyKey` that was used before, answers the upload that was begun with it. */
export async function beginMultipart(viewer: Viewer, announced: Announced, limits: UploadLimits): Promise<Begun> {
  checkMayUpload(viewer);
  const draft = draftOf(announced, limits, false);
  const [owner, named, now, { expireSeconds }] = [viewer.subject, idempotencyKeyOf(announced), Date.now(), limits];
  const id = named === undefined ? newVideoId() : videoIdOf(owner, named);
  const earlier = named === undefined ? undefined : await begunEarlier(id, owner);
  if (earlier) return begun(earlier);
  const key = sourceKey(id);
  return await allOrNothing(async (undo) => {
    const slot = await place({ owner, id, bytes: draft.size }, after(now, expireSeconds), limits);
    undo.push(() => freeSlot({ id, owner, upload: { kind: 'multipart', slot } }));
    const uploadId = await createUpload(key, draft.type);
    undo.push(() => abortUpload(key, uploadId));
    const upload = { kind: 'multipart', id: uploadId, slot } as const;
    undo.push(() => deleteRecord(id, uploadId));
    try {
      await putRecord(newRecord({ id, owner, draft, upload, now, expireSeconds }));
    } catch (error) {
      if (named === undefined || !(error instanceof ConditionalCheckFailedException)) throw error;
      // The same was asked twice at a time, and the other one was there first: what was taken for this one is given back.
      const first = await begunEarlier(id, owner);
      if (first === undefined) throw error;
      if (first.uploadId !== uploadId) await abortUpload(key, uploadId);
      if (first.slot !== slot) await freeSlot({ id, owner, upload });
      return begun(first);
    }
    return { uploadId, key, videoId: id };
  });
}

interface Begun {
  readonly uploadId: string;
  readonly key: string;
  readonly videoId: string;
}

/** Throws `upload-gone` for one whose video is deleted. */
async function begunEarlier(id: string, owner: string): Promise<(Begun & Pick<UploadSlot, 'slot'>) | undefined> {
  const record = await readVideo(id);
  if (record === undefined) return undefined;
  const { upload } = record;
  if (record.status === 'deleted' || record.owner !== owner || upload.id === undefined) throw uploadGone();
  return { uploadId: upload.id, key: sourceKey(id), videoId: id, slot: upload.slot };
}

/** Without the place, which is nobody's business. */
const begun = ({ uploadId, key, videoId }: Begun): Begun => ({ uploadId, key, videoId });

export async function beginForm(viewer: Viewer, announced: Announced, limits: UploadLimits) {
  checkMayUpload(viewer);
  const draft = draftOf(announced, limits, true);
  const [owner, id, now, { urlSeconds }] = [viewer.subject, newVideoId(), Date.now(), limits];
  return await allOrNothing(async (undo) => {
    const slot = await place({ owner, id, bytes: draft.size }, after(now, urlSeconds), limits);
    const upload = { kind: 'form', slot } as const;
    undo.push(() => freeSlot({ id, owner, upload }));
    const { url, fields } = await signForm(formKey(id), draft.type, formLimit(limits), urlSeconds);
    undo.push(() => deleteRecord(id));
    // A form that was not posted within its time never will be; the rest is time for a slow link, and for a backlog.
    const expireSeconds = urlSeconds + ARRIVAL_SECONDS;
    await putRecord(newRecord({ id, owner, draft, upload, now, expireSeconds }));
    return { method: 'POST' as const, url, fields, expires: urlSeconds };
  });
}

export const after = (now: number, seconds: number) => Math.floor(now / 1000) + seconds;

/** Throws `too-many-uploads` and `over-quota`. `bytes`: as announced. */
export async function place(
  { owner, id, bytes }: { readonly owner: string; readonly id: string; readonly bytes?: number | undefined },
  expiresAt: number,
  limits: UploadLimits,
): Promise<number> {
  const { maxInFlight } = limits;
  const slot = await takePlace({ owner, videoId: id, expiresAt, ...(bytes !== undefined && { bytes }) }, limits);
  if (slot !== undefined) return slot;
  throw new ApiError(
    'too-many-uploads',
    `You have ${maxInFlight} uploads under way. Let one finish, or abort one, and try again.`,
    { limit: { name: 'upload.maxInFlight', value: maxInFlight, unit: 'uploads' } },
  );
}

/** Runs `steps`; when one throws, runs what they pushed to `undo`, newest first, and throws the first error on. */
export async function allOrNothing<T>(steps: (undo: (() => Promise<unknown>)[]) => Promise<T>): Promise<T> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    return await steps(undo);
  } catch (error) {
    for (const step of undo.toReversed()) {
      // What cannot be undone now expires by itself: place and record by TTL, parts by the bucket's lifecycle rule.
      await step().catch((cause: unknown) => logger.warn('could not undo a step', cause as Error));
    }
    throw error;
  }
}

export async function putRecord(record: VideoRecord): Promise<void> {
  tell(record, record.status);
  await dynamo.send(
    new PutCommand({
      TableName: required('VIDEOS_TABLE'),
      Item: record,
      ConditionExpression: 'attribute_not_exists(id)',
    }),
  );
}

/** `uploadId`: only while the record is of that upload. */
export async function deleteRecord(id: string, uploadId?: string): Promise<void> {
  const guard = {
    ConditionExpression: '#upload.id = :upload',
    ExpressionAttributeNames: { '#upload': 'upload' },
    ExpressionAttributeValues: { ':upload': uploadId },
  };
  await dynamo.send(
    new DeleteCommand({ TableName: required('VIDEOS_TABLE'), Key: { id }, ...(uploadId !== undefined && guard) }),
  );
}
