/**
 * The key of a revision whose samples are encrypted (`cbcs`): what it is called, which everybody may know, and what it is, which
 * only licences say.
 */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { contentKey } from '../../lib/contract/encryption.ts';

/** Bytes of a key, of its name and of an initialization vector. */
export const KEY_BYTES = 16;

/** The key id (ISO/IEC 23001-7, KID): the same each time, and no other revision's. */
export const keyIdOf = (videoId: string, revision: number): Buffer =>
  createHash('sha256').update(`content key of ${videoId} r${revision}`).digest().subarray(0, KEY_BYTES);

/** As MPDs say it (`cenc:default_KID`). */
export const asUuid = (id: Buffer): string =>
  id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

export const writtenKey = (key: Buffer): string =>
  JSON.stringify({ key: key.toString('base64url') } satisfies z.infer<typeof contentKey>);

/** @throws ZodError, SyntaxError */
export const readKey = (text: string): Buffer => Buffer.from(contentKey.parse(JSON.parse(text)).key, 'base64url');
