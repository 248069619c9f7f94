/** What is sealed, and what seals and opens it (sealing.ts). */
import type { Encryption } from '../../lib/contract/encryption.ts';
import type { Range } from '../../lib/media/aes128.ts';

/** A revision, and how its media is encrypted. Plans are such. */
export interface Sealed {
  readonly videoId: string;
  readonly revision: number;
  readonly encryption?: Encryption | undefined;
}

/**
 * What is put in place of these bytes. `path`: relative to the revision; of what is no media, the bytes themselves. `init`: of a
 * segment of fMP4, the initialization section of its rendition, in clear.
 */
export type Seal = (path: string, bytes: Buffer, init?: Buffer) => Promise<Buffer>;

/** Reads a file of a revision by its path, all of it or as much of a range as there is. */
export type Read = (path: string, range?: Range) => Promise<Buffer>;
