/**
 * Keys of segments that are encrypted as a whole. Each is made once, by whichever task needs it first: a conditional put, so
 * that tasks side by side have the same one, and a key that is there never changes. They lie beside what they open.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { required } from '../../lib/contract/env.ts';
import { revisionPrefix, segmentKeyPath, type RenditionKind } from '../../lib/contract/keys.ts';
import { BLOCK } from '../../lib/media/aes128.ts';
import { putIf, readBytes } from './objects.ts';

/** At the edge; what browsers may keep is said there (lib/constructs/edge-policies.ts). A day, so that none outlives a takedown. */
const KEPT = 'public, max-age=86400';

/** Somebody else is writing the same key at this moment: ms until it is looked at again, each time longer. */
const AGAIN = 50;
const TRIES = 6;

interface Rendition {
  readonly kind: RenditionKind;
  readonly name: string;
}

interface Revision {
  readonly videoId: string;
  readonly revision: number;
}

export class SegmentKeys {
  readonly #revision: Revision;
  readonly #made: (path: string) => void;
  readonly #known = new Map<string, Promise<Buffer>>();

  /** `made` is told the paths of keys that are new, relative to the revision. */
  constructor(revision: Revision, made: (path: string) => void = () => undefined) {
    this.#revision = revision;
    this.#made = made;
  }

  /** The key of this number that is there, or a new one. */
  orMade({ kind, name }: Rendition, number: number): Promise<Buffer> {
    return this.#once(segmentKeyPath(kind, name, number), (path) => this.#readOrMake(path));
  }

  /** The key that is there. @throws Error when there is none: it went with its video */
  there({ kind, name }: Rendition, number: number): Promise<Buffer> {
    return this.#once(segmentKeyPath(kind, name, number), async (path) => {
      const key = await this.#read(path);
      if (key === undefined) throw new Error(`there is no key ${path}`);
      return key;
    });
  }

  /** Asked for by several segments at a time, it is read once. What failed is tried again. */
  #once(path: string, get: (path: string) => Promise<Buffer>): Promise<Buffer> {
    const known = this.#known.get(path);
    if (known) return known;
    const getting = get(path);
    this.#known.set(path, getting);
    getting.catch(() => this.#known.delete(path));
    return getting;
  }

  #ref(path: string) {
    const { videoId, revision } = this.#revision;
    return { bucket: required('MEDIA_BUCKET'), key: `${revisionPrefix(videoId, revision)}${path}` };
  }

  async #read(path: string): Promise<Buffer | undefined> {
    const key = await readBytes(this.#ref(path));
    if (key !== undefined && key.length !== BLOCK) throw new Error(`${path} has ${key.length} bytes and is no key`);
    return key;
  }

  async #readOrMake(path: string): Promise<Buffer> {
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const found = await this.#read(path);
      if (found) return found;
      const key = randomBytes(BLOCK);
      if (await putIf(this.#ref(path), key, { contentType: 'application/octet-stream', cacheControl: KEPT })) {
        this.#made(path);
        return key;
      }
      await setTimeout(AGAIN * (tries - 1));
    }
    throw new Error(`${path} is being written by others all the time`);
  }
}
