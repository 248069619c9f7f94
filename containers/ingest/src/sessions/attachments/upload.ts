/** A received file on its way into a bucket: one PUT when it is a single part, else S3's multipart, parts in any order. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
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
  /** What is there already stays, and is as good: it was sent over another connection. */
  readonly once?: boolean;
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
    const input = { ...this.#where, Body: body, ContentType, ...(Tagging && { Tagging }), ...this.#condition };
    try {
      await this.#s3.send(new PutObjectCommand(input));
    } catch (error) {
      if (!this.#isThere(error)) throw error;
    }
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
    const input = { ...this.#where, UploadId, MultipartUpload: { Parts }, ...this.#condition };
    try {
      await this.#s3.send(new CompleteMultipartUploadCommand(input));
    } catch (error) {
      if (!this.#isThere(error)) throw error;
      // Its parts are of no more use. Where this is not done, the bucket's rule for unfinished uploads does it.
      await this.abort().catch(() => {});
    }
  }

  async abort(): Promise<void> {
    if (this.#id === undefined) return;
    await this.#s3.send(new AbortMultipartUploadCommand({ ...this.#where, UploadId: await this.#id }));
  }

  #isThere(error: unknown): boolean {
    return this.#target.once === true && error instanceof S3ServiceException && error.name === 'PreconditionFailed';
  }

  get #condition() {
    return this.#target.once === true ? { IfNoneMatch: '*' } : {};
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
