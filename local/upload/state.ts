/**
 * What was begun and what has arrived, kept beside the cache, a small file for each source and platform: so that a command
 * that was killed goes on when it is run again, and a library is not sent twice. It holds no token and no signed address.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { cacheFolder } from '../cache.ts';

const state = z.discriminatedUnion('kind', [
  /** Parts are at S3: which, it says itself. */
  z.object({
    kind: z.literal('begun'),
    uploadId: z.string(),
    key: z.string(),
    videoId: z.string(),
    partBytes: z.int().positive(),
  }),
  /** The platform is pulling it, or has. */
  z.object({ kind: z.literal('pulling'), videoId: z.string() }),
  z.object({ kind: z.literal('arrived'), videoId: z.string() }),
]);
export type State = z.infer<typeof state>;

export class Remembered {
  readonly #file: string;

  /** `source`: a file's fingerprint, or an address, which is kept as its hash only. */
  constructor(platform: string, source: string, folder = cacheFolder('uploads')) {
    this.#file = `${folder}/${createHash('sha256').update(`${platform} ${source}`).digest('hex')}.json`;
  }

  /** Undefined: nothing is known, or what is there cannot be read. */
  async read(): Promise<State | undefined> {
    const text = await readFile(this.#file, 'utf8').catch(() => undefined);
    try {
      return text === undefined ? undefined : state.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  /** Whole or not at all, also when we are killed meanwhile. */
  async write(value: State): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true });
    const part = `${this.#file}.${process.pid}.part`;
    await writeFile(part, JSON.stringify(value), { mode: 0o600 });
    await rename(part, this.#file);
  }

  async forget(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}
