/** A received file on its way into a bucket: one PUT when it is a single part, else S3's multipart, parts in any order. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3ServiceException,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';

export interface Destination {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  /** Query string of tags. */
  readonly tagging?: string;
  /** What is there already stays, and is as good, being as long: it was sent over another connection. */
  readonly once: 'always' | { readonly bytes: number };
}

export class FileUpload {
  readonly #s3: Pick<S3Client, 'send'>;
  readonly #target: Destination;
  readonly #parts: { PartNumber: number; ETag: string | undefined }[] = [];
  #id: Promise<string> | undefined;

  constructor(s3: Pick<S3Client, 'send'>, target: Destination) {
    this.#s3 = s3;
    this.#target = target;
  }

  /** The whole file in one request. */
  async whole(body: Buffer): Promise<void> {
    const { contentType: ContentType, tagging: Tagging } = this.#target;
    const input = { ...this.#where, Body: body, ContentType, ...(Tagging && { Tagging }) };
    await this.#once((condition) => this.#s3.send(new PutObjectCommand({ ...input, ...condition })));
  }

  async part(index: number, body: Buffer): Promise<void> {
    this.#id ??= this.#begin();
    const PartNumber = index + 1;
    const UploadId = await this.#id;
    const { ETag } = await this.#s3.send(new UploadPartCommand({ ...this.#where, UploadId, PartNumber, Body: body }));
    this.#parts.push({ PartNumber, ETag });
  }

  async complete(): Promise<void> {
    const UploadId = await this.#id;
    const Parts = this.#parts.toSorted((a, b) => a.PartNumber - b.PartNumber);
    const input = { ...this.#where, UploadId, MultipartUpload: { Parts } };
    const isWritten = await this.#once((condition) =>
      this.#s3.send(new CompleteMultipartUploadCommand({ ...input, ...condition })),
    );
    // Its parts are of no more use. Where this is not done, the bucket's rule for unfinished uploads does it.
    if (!isWritten) await this.abort().catch(() => {});
  }

  async abort(): Promise<void> {
    if (this.#id === undefined) return;
    await this.#s3.send(new AbortMultipartUploadCommand({ ...this.#where, UploadId: await this.#id }));
  }

  /** False: nothing was written, since it is there. */
  async #once(write: (condition: { IfNoneMatch?: '*' }) => Promise<unknown>): Promise<boolean> {
    const { once } = this.#target;
    try {
      await write({ IfNoneMatch: '*' });
      return true;
    } catch (error) {
      if (!(error instanceof S3ServiceException) || error.name !== 'PreconditionFailed') throw error;
    }
    if (once === 'always') return false;
    const { ContentLength } = await this.#s3.send(new HeadObjectCommand(this.#where));
    if (ContentLength === once.bytes) return false;
    // Left by one that was begun with another length, and never acknowledged.
    await write({});
    return true;
  }

  get #where() {
    return { Bucket: this.#target.bucket, Key: this.#target.key };
  }

  async #begin(): Promise<string> {
    const { contentType: ContentType, tagging: Tagging } = this.#target;
    const { UploadId } = await this.#s3.send(
      new CreateMultipartUploadCommand({ ...this.#where, ContentType, ...(Tagging && { Tagging }) }),
    );
    if (UploadId === undefined) throw new Error('S3 gave no upload id');
    return UploadId;
  }
}
