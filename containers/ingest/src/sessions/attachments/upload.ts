/** A received file on its way into a bucket: one PUT when it is a single part, else S3's multipart, parts in any order. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';

export interface Destination {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  /** Query string of tags. */
  readonly tagging?: string;
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
    await this.#s3.send(new PutObjectCommand({ ...this.#where, Body: body, ContentType, ...(Tagging && { Tagging }) }));
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
    await this.#s3.send(new CompleteMultipartUploadCommand({ ...this.#where, UploadId, MultipartUpload: { Parts } }));
  }

  async abort(): Promise<void> {
    if (this.#id === undefined) return;
    await this.#s3.send(new AbortMultipartUploadCommand({ ...this.#where, UploadId: await this.#id }));
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
