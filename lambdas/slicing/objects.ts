/** S3 as the slicing steps use it: ranged reads, a streaming download, immutable puts. */
import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Plan } from '../../lib/contract/plan.ts';
import { s3 } from '../shared/clients.ts';
import type { ByteSource } from '../../lib/media/layout.ts';

export interface ObjectRef {
  readonly bucket: string;
  readonly key: string;
  /** Only this version of the object is read. */
  readonly etag?: string | undefined;
}

/** Size and ETag, or undefined when there is no such object: 403 to whoever may not list the bucket, else 404. */
export async function headObject({ bucket, key }: ObjectRef): Promise<{ size: number; etag?: string } | undefined> {
  try {
    const { ContentLength, ETag } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return { size: ContentLength ?? 0, ...(ETag !== undefined && { etag: ETag }) };
  } catch (error) {
    if (error instanceof S3ServiceException && [403, 404].includes(error.$metadata.httpStatusCode ?? 0))
      return undefined;
    throw error;
  }
}

function get({ bucket, key, etag }: ObjectRef, range?: string) {
  return s3.send(
    new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ...(etag !== undefined && { IfMatch: etag }),
      ...(range !== undefined && { Range: range }),
    }),
  );
}

/** The object as a source of ranged reads. */
export function objectSource(ref: ObjectRef, size: number): ByteSource {
  return {
    size,
    read: async (offset, length) => {
      const end = Math.min(offset + length, size);
      if (end <= offset) return Buffer.alloc(0);
      const { Body } = await get(ref, `bytes=${offset}-${end - 1}`);
      return Buffer.from(await Body!.transformToByteArray());
    },
  };
}

/** Where a plan's packets are read from, by its segment table. */
export const mediaOf = ({ source, remuxed }: Pick<Plan, 'source' | 'remuxed'>): ByteSource =>
  remuxed ? objectSource(remuxed, remuxed.bytes) : objectSource(source, source.info.bytes);

/** Streams the object into a file; memory stays at the stream's buffers. */
export async function download(ref: ObjectRef, path: string, signal?: AbortSignal): Promise<void> {
  const { Body } = await get(ref);
  await pipeline(Body as Readable, createWriteStream(path), { ...(signal && { signal }) });
}

/** The object from one of its bytes on, to its end or as far as it is read. */
export async function bytesFrom(ref: ObjectRef, from: number): Promise<AsyncIterable<Buffer>> {
  const { Body } = await get(ref, `bytes=${from}-`);
  return Body as Readable as AsyncIterable<Buffer>;
}

/** The whole of a small object; undefined when there is none. */
export async function readBytes(ref: ObjectRef): Promise<Buffer | undefined> {
  try {
    const { Body } = await get(ref);
    return Buffer.from(await Body!.transformToByteArray());
  } catch (error) {
    if (error instanceof S3ServiceException && [403, 404].includes(error.$metadata.httpStatusCode ?? 0))
      return undefined;
    throw error;
  }
}

/** The whole of an object, or its bytes from one to another, that one included, as far as it has them. */
export async function readObject(ref: ObjectRef, range?: readonly [from: number, to: number]): Promise<Buffer> {
  const { Body } = await get(ref, range && `bytes=${range[0]}-${range[1]}`);
  return Buffer.from(await Body!.transformToByteArray());
}

/** The whole of a small object as text. */
export async function readText(ref: ObjectRef): Promise<string> {
  const { Body } = await get(ref);
  return Body!.transformToString();
}

/** A small object's text and the version it is of; undefined when there is no such object. */
export async function readVersion({ bucket, key }: ObjectRef): Promise<{ text: string; etag: string } | undefined> {
  try {
    const { Body, ETag } = await get({ bucket, key });
    return { text: await Body!.transformToString(), etag: ETag! };
  } catch (error) {
    if (error instanceof S3ServiceException && [403, 404].includes(error.$metadata.httpStatusCode ?? 0))
      return undefined;
    throw error;
  }
}

/** Somebody else wrote meanwhile, or is writing (S3, conditional writes). */
const OVERTAKEN = [409, 412];

/** Stores the object in place of the version `etag`, or of none; false when there is another. */
export async function putIf(
  { bucket, key, etag }: ObjectRef,
  body: Buffer | string,
  { contentType, cacheControl }: { readonly contentType: string; readonly cacheControl: string },
): Promise<boolean> {
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: contentType,
        CacheControl: cacheControl,
        ...(etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof S3ServiceException && OVERTAKEN.includes(error.$metadata.httpStatusCode ?? 0)) return false;
    throw error;
  }
}

/** A playlist that still grows. */
export const GROWING = 'public, max-age=2';

/** Everything else under a revision keeps its content for ever; a new run has a new prefix. */
export const IMMUTABLE = 'public, max-age=31536000, immutable';

export async function putObject(
  bucket: string,
  key: string,
  body: Buffer | string,
  contentType: string,
  cacheControl = IMMUTABLE,
): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: contentType,
      CacheControl: cacheControl,
    }),
  );
}

/** A copy within the bucket, in S3 alone, served as what is put under a revision is. */
export async function copyObject(bucket: string, from: string, to: string, contentType: string): Promise<void> {
  await s3.send(
    new CopyObjectCommand({
      Bucket: bucket,
      Key: to,
      CopySource: `${bucket}/${from.split('/').map(encodeURIComponent).join('/')}`,
      MetadataDirective: 'REPLACE',
      TaggingDirective: 'REPLACE',
      ContentType: contentType,
      CacheControl: IMMUTABLE,
    }),
  );
}
