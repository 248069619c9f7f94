/** Which upload a call is about, and whether it is the caller's. Pure. */
import { parseSourceKey } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { ApiError } from '../shared/errors.ts';
import { mayUpload, type Viewer } from '../shared/viewer.ts';

/** Somebody else's upload reads the same as none at all. */
export const noSuchUpload = (): ApiError =>
  new ApiError('not-found', 'You have no upload of that id and key. Start a new one.');

export const uploadGone = (): ApiError =>
  new ApiError('upload-gone', 'This upload is finished or was aborted; no parts can be added to it.');

/** The id of the video a client-sent key names. Throws `not-found` for a key that Sluice never gave out. */
export function videoOfKey(key: string): string {
  const id = parseSourceKey(key);
  if (id === undefined) throw noSuchUpload();
  return id;
}

/**
 * The record, if it is the caller's upload of that id. Being an admin gives no right to another's upload.
 * `now` is epoch seconds: DynamoDB removes an expired record only some time after its end.
 */
export function ownUpload(
  record: VideoRecord | undefined,
  viewer: Viewer,
  uploadId: string,
  now: number,
): VideoRecord & { upload: { id: string } } {
  if (
    record === undefined ||
    record.status === 'deleted' ||
    record.owner !== viewer.subject ||
    record.upload.kind !== 'multipart' ||
    record.upload.id !== uploadId ||
    (record.status === 'uploading' && record.expiresAt !== undefined && record.expiresAt <= now)
  ) {
    throw noSuchUpload();
  }
  return record as VideoRecord & { upload: { id: string } };
}

/** Throws `forbidden` for a person who may not upload. */
export function checkMayUpload(viewer: Viewer): void {
  if (!mayUpload(viewer)) {
    throw new ApiError('forbidden', 'Uploading needs the group `uploader` or `admin`. Ask an administrator.');
  }
}
