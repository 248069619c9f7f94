/** Recorded segments as they were before they were encrypted, if they are: with the key that lies beside each. */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { required } from '../../lib/contract/env.ts';
import { hourVector, keyBeside } from '../../lib/contract/live-keys.ts';
import { decryptSegment } from '../../lib/media/aes128.ts';
import { s3 } from '../shared/clients.ts';
import type { RecordedSegment } from '../shared/recordings.ts';

export async function readRecorded(Key: string): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: required('MEDIA_BUCKET'), Key }));
  return Buffer.from(await Body!.transformToByteArray());
}

/** Reads segments; each key once. */
export class SegmentReader {
  readonly #keys = new Map<string, Promise<Buffer>>();

  /** @throws Error when it was encrypted by another key than lies there */
  async read({ key, start }: Pick<RecordedSegment, 'key' | 'start'>): Promise<Buffer> {
    const beside = keyBeside(key);
    if (beside === undefined) return await readRecorded(key);
    const [bytes, secret] = await Promise.all([readRecorded(key), this.#secret(beside)]);
    return decryptSegment(bytes, secret, Buffer.from(hourVector(start), 'hex'));
  }

  #secret(key: string): Promise<Buffer> {
    const known = this.#keys.get(key) ?? readRecorded(key);
    this.#keys.set(key, known);
    return known;
  }
}
