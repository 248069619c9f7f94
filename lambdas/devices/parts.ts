/** An object from a stream of buffers whose length is not known before. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { s3 } from '../shared/clients.ts';
import { logger } from '../shared/logger.ts';

/** Bytes. S3 takes parts from 5 MiB on, and 10,000 of them: 156 GiB with these. */
export const PART_BYTES = 16 * 1024 * 1024;

/** Small objects in one request, larger ones in parts. What was begun and not finished is called off. */
export async function putInParts(
  Bucket: string,
  Key: string,
  ContentType: string,
  pieces: AsyncIterable<Buffer>,
  partBytes = PART_BYTES,
): Promise<void> {
  let UploadId: string | undefined;
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  let waiting: Buffer[] = [];
  let bytes = 0;
  const putPart = async (id: string) => {
    const PartNumber = Parts.length + 1;
    const Body = Buffer.concat(waiting);
    [waiting, bytes] = [[], 0];
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId: id, PartNumber, Body }));
    Parts.push({ PartNumber, ETag });
  };
  try {
    for await (const piece of pieces) {
      waiting.push(piece);
      bytes += piece.length;
      if (bytes < partBytes) continue;
      UploadId ??= (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ContentType }))).UploadId!;
      await putPart(UploadId);
    }
    if (UploadId === undefined) {
      await s3.send(new PutObjectCommand({ Bucket, Key, ContentType, Body: Buffer.concat(waiting) }));
      return;
    }
    if (bytes > 0) await putPart(UploadId);
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
  } catch (error) {
    if (UploadId !== undefined) {
      await s3
        .send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
        .catch((cause: unknown) => logger.warn('an upload was not called off; it expires', { error: cause as Error }));
    }
    throw error;
  }
}
