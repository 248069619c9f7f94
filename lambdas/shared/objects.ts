/**
 * Objects of a bucket by prefix: listing them and deleting them. The only file that lists or deletes in bulk (lint), since
 * both answer 200 and are easily misread: rights to list hang on the prefix that is sent, and what could not be deleted
 * stands in the answer. Our buckets keep no versions, so what is deleted is gone.
 */
import { DeleteObjectsCommand, paginateListObjectsV2, type _Object } from '@aws-sdk/client-s3';
import { setTimeout } from 'node:timers/promises';
import { s3 } from './clients.ts';

/** Keys in one call (Amazon S3 API, DeleteObjects). */
const MOST_KEYS = 1000;
/** Bulk deletions under way at once: S3 takes 3,500 a second for a prefix, and lists faster than one call deletes. */
const PARALLEL = 8;
/** Times a bulk deletion is tried for the keys that had bad luck. */
const TRIES = 5;
/** What S3 may say of one key and not of the next. */
const PASSING = new Set(['SlowDown', 'InternalError', 'ServiceUnavailable', 'RequestTimeout', 'OperationAborted']);

/** Some objects are still there. By S3's own name for the reason, so that `SlowDown` is known as what it is. */
export class ObjectsLeft extends Error {
  constructor(count: number, code: string) {
    super(`${count} objects could not be deleted: ${code}`);
    this.name = code;
  }
}

/**
 * Objects whose key begins with `prefix`, a page of at most 1,000 at a time. An empty prefix is not sent: the whole bucket
 * is listed by those who may list it whole (`SluiceFunction.listObjects`).
 */
export async function* listObjects(Bucket: string, prefix: string): AsyncGenerator<readonly Listed[]> {
  const pages = paginateListObjectsV2({ client: s3 }, { Bucket, ...(prefix !== '' && { Prefix: prefix }) });
  for await (const { Contents = [] } of pages) yield Contents.filter((object): object is Listed => !!object.Key);
}
export type Listed = _Object & { readonly Key: string };

/** Removes objects by key; those that are not there are fine. Throws `ObjectsLeft`. */
export async function removeObjects(bucket: string, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += MOST_KEYS) await removeSome(bucket, keys.slice(at, at + MOST_KEYS));
}

async function removeSome(Bucket: string, keys: readonly string[]): Promise<void> {
  let left = keys;
  for (let attempt = 1; ; attempt += 1) {
    const Objects = left.map((Key) => ({ Key }));
    const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    if (Errors.length === 0) return;
    const lasting = Errors.find(({ Code = '' }) => !PASSING.has(Code));
    if (lasting !== undefined || attempt === TRIES)
      throw new ObjectsLeft(Errors.length, (lasting ?? Errors[0])?.Code ?? 'unknown');
    left = Errors.flatMap(({ Key }) => Key ?? []);
    await setTimeout(100 * 2 ** attempt * (1 + Math.random()));
  }
}

/**
 * Removes everything below `prefix` (all there is when it is empty) until a listing finds nothing, so that what is written
 * meanwhile goes too. Answers how many there were. Throws `ObjectsLeft`, and the reason of `signal` once that is aborted.
 */
export async function removePrefix(bucket: string, prefix: string, signal?: AbortSignal): Promise<number> {
  for (let removed = 0; ;) {
    const found = await sweep(bucket, prefix, signal);
    if (found === 0) return removed;
    removed += found;
  }
}

/** Lists on while pages are being removed. Answers how many objects it found. */
async function sweep(bucket: string, prefix: string, signal: AbortSignal | undefined): Promise<number> {
  let found = 0;
  const failures: unknown[] = [];
  const running = new Set<Promise<void>>();
  for await (const page of listObjects(bucket, prefix)) {
    if (signal?.aborted || failures.length > 0) break;
    found += page.length;
    const keys = page.map(({ Key }) => Key);
    const removing: Promise<void> = removeObjects(bucket, keys)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(removing));
    running.add(removing);
    if (running.size >= PARALLEL) await Promise.race(running);
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
  signal?.throwIfAborted();
  return found;
}
