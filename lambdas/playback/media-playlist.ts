/** The media playlists that all viewers share, as they lie in the media bucket, and how long an answer made of one may be. */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { required } from '../../lib/contract/env.ts';
import { s3 } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';

/** Lambda answers at most 6 MB, JSON and escapes included. */
const MAX_PLAYLIST_BYTES = 5_500_000;

/** S3 calls a missing key AccessDenied to who may not list the bucket. */
const GONE = ['NoSuchKey', 'AccessDenied'];

/** `gone` says what it means that there is none. */
export async function readPlaylist(Key: string, gone: (cause: Error) => ApiError): Promise<string> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: required('MEDIA_BUCKET'), Key }));
    return await Body!.transformToString();
  } catch (cause) {
    if (cause instanceof Error && GONE.includes(cause.name)) throw gone(cause);
    throw cause;
  }
}

/** The text, unless it is too long to answer: `detail` then says what to do instead. */
export function checkLength(text: string, detail: string): string {
  if (Buffer.byteLength(text) <= MAX_PLAYLIST_BYTES) return text;
  throw new ApiError('too-large', detail, {
    limit: { name: 'playlist', value: MAX_PLAYLIST_BYTES, unit: 'bytes' },
  });
}
