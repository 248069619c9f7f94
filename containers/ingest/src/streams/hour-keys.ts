/**
 * Keys of a channel's segments, one for each hour in which they begin, beside them in the bucket. Whoever needs one first makes it, by a
 * conditional put: tasks that follow one another, and a recording that is fetched while the channel is live, have the same.
 */
import { randomBytes } from 'node:crypto';
import { hourKeyPath, hourVector } from '../../../../lib/contract/live-keys.ts';
import { BLOCK, encryptSegment } from '../../../../lib/media/aes128.ts';
import { StoreError, type ObjectStore } from '../cloud/object-store.ts';

export interface HourKeysOptions {
  readonly store: Pick<ObjectStore, 'get' | 'put'>;
  readonly bucket: string;
  /** Folder of the channel's objects, ending in `/`. */
  readonly prefix: string;
  readonly retentionTag: string;
}

/** Turns a segment into what is put in its place. */
export type Seal = (segment: Buffer) => Buffer;

/** Times one is looked for and made against others that make it at the same moment. */
const ROUNDS = 5;
/** Hours whose keys are remembered: a stream is at one, and at times at the next. */
const MOST = 3;
/** S3 counts retention in whole days of UTC: what was written on the same one goes at the same time. */
const dayOf = (at: number): number => Math.floor(at / 86_400_000);

export class HourKeys {
  readonly #options: HourKeysOptions;
  /** `day`: on which it was last written. */
  readonly #known = new Map<string, { readonly key: Buffer; readonly day: number }>();

  constructor(options: HourKeysOptions) {
    this.#options = options;
  }

  /** What encrypts segments that begin at `at` (epoch ms). Their key is in the bucket by then. Throws StoreError. */
  async sealer(at: number): Promise<Seal> {
    const path = hourKeyPath(at);
    const known = this.#known.get(path);
    const day = dayOf(Date.now());
    const key = known?.day === day ? known.key : await this.#thereOrMade(path, day);
    this.#known.set(path, { key, day });
    if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value!);
    const vector = Buffer.from(hourVector(at), 'hex');
    return (segment) => encryptSegment(segment, key, vector);
  }

  /** One that was written on another day is written again, the same: segments are still to come, which stay longer. */
  async #thereOrMade(path: string, day: number): Promise<Buffer> {
    const { store, bucket, prefix } = this.#options;
    const name = `${prefix}${path}`;
    for (let round = 0; round < ROUNDS; round += 1) {
      const { status, body, headers } = await store.get(bucket, name);
      if (status === 200) {
        if (body.length !== BLOCK) throw new StoreError(`${name} has ${body.length} bytes and is no key`);
        const isOfToday = dayOf(Date.parse(headers['last-modified'] ?? '')) === day;
        if (isOfToday || (await this.#put(name, body, { 'if-match': headers.etag ?? '' }))) return body;
        // Who may not list a bucket is told 403 of a key that is not there.
      } else if (status === 404 || status === 403) {
        const key = randomBytes(BLOCK);
        if (await this.#put(name, key, { 'if-none-match': '*' })) return key;
      } else throw new StoreError(`reading ${name}: HTTP ${status}`);
    }
    throw new StoreError(`${name} is being written by others all the time`);
  }

  /** False: somebody else was sooner. */
  async #put(name: string, key: Buffer, condition: Readonly<Record<string, string>>): Promise<boolean> {
    const { store, bucket, retentionTag } = this.#options;
    const { status } = await store.put(bucket, name, [key], {
      'content-type': 'application/octet-stream',
      'cache-control': 'public, max-age=86400',
      'x-amz-tagging': retentionTag,
      ...condition,
    });
    if (status === 200) return true;
    if ([404, 409, 412].includes(status)) return false;
    throw new StoreError(`writing ${name}: HTTP ${status}`);
  }
}
