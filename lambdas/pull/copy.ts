/** From a bucket that the configuration names to the parts of an upload, without a byte passing here. */
import { HeadObjectCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3';
import { s3 } from '../shared/clients.ts';
import { bucket } from '../upload/source.ts';
import type { SourceAddress } from './address.ts';
import { typeOf, type Facts } from './answer.ts';
import { PullFailed, SourceChanged } from './failure.ts';
import type { Target } from './https.ts';
import type { Piece } from '../shared/pieces.ts';

type Place = Extract<SourceAddress, { kind: 's3' }>;

/** Bytes; S3 copies up to 5 GiB in one request, and smaller parts at once are faster. */
export const COPY_PART_BYTES = 256 * 1024 ** 2;
/** Less than this cannot be copied by a range (Amazon S3 API, UploadPartCopy). */
const RANGE_LEAST = 5 * 1024 ** 2;

/** Names that say that it is not there, or not ours to read: nothing tells the one from the other without listing. */
const NOT_READABLE = new Set([
  'NotFound',
  'NoSuchKey',
  'NoSuchBucket',
  'Forbidden',
  'AccessDenied',
  '403',
  '404',
  'InvalidObjectState',
  'PermanentRedirect',
  '301',
]);

export async function lookInto({ bucket: Bucket, key: Key }: Place): Promise<Facts> {
  try {
    const { ContentLength, ContentType, ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    return { bytes: ContentLength, ranges: true, validator: ETag, etag: ETag, type: typeOf(ContentType) };
  } catch (error) {
    throw notReadable(error, Bucket);
  }
}

export async function copyPiece(
  { bucket: from, key }: Place,
  facts: Facts,
  target: Target,
  piece: Piece,
  signal: AbortSignal,
): Promise<void> {
  try {
    await s3.send(
      new UploadPartCopyCommand({
        Bucket: bucket(),
        Key: target.key,
        UploadId: target.uploadId,
        PartNumber: piece.number,
        CopySource: `${from}/${key.split('/').map(encodeURIComponent).join('/')}`,
        CopySourceIfMatch: facts.etag,
        ...((facts.bytes ?? 0) > RANGE_LEAST && { CopySourceRange: `bytes=${piece.from}-${piece.to}` }),
      }),
      { abortSignal: signal },
    );
  } catch (error) {
    if (error instanceof Error && error.name === 'PreconditionFailed')
      throw new SourceChanged('replaced', { cause: error });
    throw notReadable(error, from);
  }
}

function notReadable(error: unknown, from: string): unknown {
  if (!(error instanceof Error && NOT_READABLE.has(error.name))) return error;
  return new PullFailed(
    'source-answer',
    `There is no such object in the bucket ${from}, it is in another region or in an archive, or this deployment may not read it.`,
    { cause: error },
  );
}
