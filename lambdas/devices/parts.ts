/** A source from a stream of buffers whose length is not known before. */
import { Upload } from '@aws-sdk/lib-storage';
import { Readable } from 'node:stream';
import { UNACCEPTED_TAGGING } from '../../lib/contract/upload.ts';
import { s3 } from '../shared/clients.ts';

/** Bytes. S3 takes parts from 5 MiB on, and 10,000 of them: 156 GiB with these. */
export const PART_BYTES = 16 * 1024 * 1024;

/**
 * Small ones in one request, larger ones in parts; where there is one already, that one stays: a message of a queue may
 * come twice, and the first source may have been accepted by then. What was begun and not finished is called off; where that fails
 * too, it expires. One part is sent at a time, and up to three are held: the one on its way, the pieces it was put
 * together from, and the one before it, in whose memory the rest of a piece lies.
 */
export async function putInParts(
  Bucket: string,
  Key: string,
  ContentType: string,
  pieces: AsyncIterable<Buffer>,
  partSize = PART_BYTES,
): Promise<void> {
  const Body = Readable.from(pieces);
  const params = { Bucket, Key, ContentType, Body, Tagging: UNACCEPTED_TAGGING, IfNoneMatch: '*' };
  try {
    await new Upload({ client: s3, params, partSize, queueSize: 1 }).done();
  } catch (error) {
    if (!(error instanceof Error && error.name === 'PreconditionFailed')) throw error;
  }
}
