/**
 * What arrives under `uploads/` becomes a video's source, or goes: at most one object is ever accepted, and it stays as it
 * was then.
 *
 * A form can be posted as often as somebody likes until it ends, also after its video is ready or deleted. So it writes
 * beside the source (`…/form`), and the run that claims the video copies the first one over: a later one replaces nothing
 * and is removed when it arrives. Parts of an upload need no such detour: S3 forgets an upload when it is complete or
 * aborted, and its part URLs with it. What no run was told of goes by the tag that is taken off here (lib/contract/upload.ts).
 */
import { CopyObjectCommand, DeleteObjectTaggingCommand } from '@aws-sdk/client-s3';
import { sourceKey } from '../../lib/contract/keys.ts';
import { s3 } from '../shared/clients.ts';
import { removeObjects } from '../shared/objects.ts';
import { readVideo } from '../shared/videos.ts';
import { headObject, type ObjectRef } from './objects.ts';
import { TransientError } from './transient.ts';

export interface Source extends ObjectRef {
  /** Bytes. */
  readonly size: number;
}

/**
 * To be called by the run that has the video, again by its retries. `there`: what arrived is still where it was. Answers the
 * source, pinned; undefined when it is gone.
 */
export async function accept(
  videoId: string,
  arrived: ObjectRef,
  { form, there }: { readonly form: boolean; readonly there: boolean },
): Promise<Source | undefined> {
  const { bucket } = arrived;
  const ref = { bucket, key: sourceKey(videoId) };
  if (form) {
    // What was accepted once stays, whatever was posted since.
    if (there && (await headObject(ref)) === undefined) await copy(arrived, ref.key);
    if (there) await removeObjects(bucket, [arrived.key]);
  } else {
    await s3.send(new DeleteObjectTaggingCommand({ Bucket: bucket, Key: ref.key }));
  }
  const found = await headObject(ref);
  return found && { ...ref, ...found };
}

/** Without the tag. One request copies up to 5 GiB, and a form carries no more (`MAX_FORM_BYTES`). */
async function copy({ bucket, key, etag }: ObjectRef, to: string): Promise<void> {
  try {
    await s3.send(
      new CopyObjectCommand({
        Bucket: bucket,
        Key: to,
        CopySource: `${bucket}/${key}`,
        TaggingDirective: 'REPLACE',
        ...(etag !== undefined && { CopySourceIfMatch: etag }),
      }),
    );
  } catch (error) {
    // Posted once more just now: the next try takes that one.
    if (error instanceof Error && error.name === 'PreconditionFailed') {
      throw new TransientError('what was posted was replaced meanwhile', { cause: error });
    }
    throw error;
  }
}

/**
 * For a run that does not have the video: removes what arrived, unless whoever has it may still need it. `known`: there is
 * such a video.
 */
export async function removeStray(videoId: string, arrived: ObjectRef, form: boolean, known: boolean): Promise<void> {
  const { bucket, key } = arrived;
  // Under its own key nobody writes twice: this is the accepted source, announced once more.
  if (known && !form) return;
  if (known && (await readVideo(videoId))?.status === 'uploaded') {
    // Perhaps not copied yet.
    if ((await headObject({ bucket, key: sourceKey(videoId) })) === undefined) return;
  }
  await removeObjects(bucket, [key]);
}
