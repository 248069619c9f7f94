/** The media playlists that all viewers share, as they lie in the media bucket, and how long an answer made of one may be. */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { required } from '../../lib/contract/env.ts';
import { s3 } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';
import { Kept } from './kept.ts';

/** Lambda answers at most 6 MB, JSON and escapes included. */
const MAX_PLAYLIST_BYTES = 5_500_000;

/** S3 calls a missing key AccessDenied to who may not list the bucket. */
const GONE = ['NoSuchKey', 'AccessDenied'];

export const kept = new Kept();

/**
 * The same of what lies below a revision and never changes once `isFinal` says so of its text; `name` says which of its contents it
 * is, where one key has several in turn.
 */
export async function readOnce(
  Key: string,
  gone: (cause: Error) => ApiError,
  isFinal: (text: string) => boolean,
  name = '',
): Promise<string> {
  const known = `${Key} ${name}`;
  const there = kept.get(known);
  if (there !== undefined) return there;
  const text = await readPlaylist(Key, gone);
  if (isFinal(text)) kept.set(known, text);
  return text;
}

/** A playlist that gets no more segments (RFC 8216bis 4.4.3.4). */
export const isEnded = (text: string): boolean => text.trimEnd().endsWith('#EXT-X-ENDLIST');

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
