/**
 * The key that all samples of a revision are encrypted by. It is made once, by whichever task needs it first, by a conditional
 * put, and never changes. It lies where the edge serves nothing from.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { required } from '../../lib/contract/env.ts';
import { contentKeysKey } from '../../lib/contract/keys.ts';
import { KEY_BYTES, readKey, writtenKey } from '../shared/content-key.ts';
import { putIf, readBytes } from './objects.ts';

/** Somebody else is writing it at this moment: ms until it is looked at again, each time longer. */
const AGAIN = 50;
const TRIES = 6;

const KEPT = { contentType: 'application/json', cacheControl: 'no-store' };

/** The key that is there. @throws Error when there is none: it went with its video */
export async function keyThere(videoId: string, revision: number): Promise<Buffer> {
  const found = await find(contentKeysKey(videoId, revision));
  if (found === undefined) throw new Error(`there is no content key of ${videoId} r${revision}`);
  return found;
}

/** The key that is there, or a new one, of whose S3 key `made` is told. */
export async function keyOrMade(videoId: string, revision: number, made: (key: string) => void): Promise<Buffer> {
  const Key = contentKeysKey(videoId, revision);
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const found = await find(Key);
    if (found) return found;
    const key = randomBytes(KEY_BYTES);
    if (await putIf({ bucket: required('MEDIA_BUCKET'), key: Key }, writtenKey(key), KEPT)) {
      made(Key);
      return key;
    }
    await setTimeout(AGAIN * tries);
  }
  throw new Error(`${Key} is being written by others all the time`);
}

async function find(key: string): Promise<Buffer | undefined> {
  const there = await readBytes({ bucket: required('MEDIA_BUCKET'), key });
  return there && readKey(there.toString('utf8'));
}
