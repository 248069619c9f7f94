/**
 * Cursors of lists, sealed by a key (cursor.ts; without a secret open-cursor.ts), and good for one list as one person asked for it.
 * Pure.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { RouteKey } from '../../lib/contract/api.ts';
import { ApiError } from './errors.ts';
import type { Viewer } from './viewer.ts';

/** A list as one person asks for it. */
export interface List {
  readonly route: RouteKey;
  readonly viewer: Viewer;
  readonly params?: Readonly<Record<string, unknown>>;
  /** With its cursor and its limit, which may change from one page to the next. */
  readonly query: Readonly<Record<string, unknown>>;
}

/** Bytes of AES-256-GCM's nonce and tag (NIST SP 800-38D: 96 bits at random serve for 2^32 cursors of one key). */
const [NONCE, TAG] = [12, 16];
/** Bytes. A position is filled up to a multiple, so that a cursor's length does not tell that of a name. */
const BLOCK = 64;

/** Where a list goes on, as a client hands it back. */
export function seal(key: Uint8Array, list: List, position: unknown): string {
  const text = Buffer.from(JSON.stringify(position));
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(nameOf(list));
  const spaces = Buffer.alloc(Math.ceil(text.length / BLOCK) * BLOCK - text.length, ' ');
  const sealed = Buffer.concat([cipher.update(text), cipher.update(spaces), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** Throws `invalid-request` for anything but a cursor of this very list, asked for by the same person with the same filters. */
export function unseal<T>(key: Uint8Array, list: List, cursor: string, schema: z.ZodType<T>): T {
  try {
    const bytes = Buffer.from(cursor, 'base64url');
    if (bytes.toString('base64url') !== cursor || bytes.length <= NONCE + TAG) throw new RangeError('no cursor');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE), { authTagLength: TAG })
      .setAAD(nameOf(list))
      .setAuthTag(bytes.subarray(-TAG));
    const text = Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]);
    return schema.parse(JSON.parse(text.toString('utf8')));
  } catch (cause) {
    const message = 'is not one this API gave you for this list with these filters; start again without it';
    const errors = [{ path: 'query.cursor', message }];
    throw new ApiError('invalid-request', `query.cursor: ${message}`, { errors, cause });
  }
}

/** What a cursor is bound to, in one spelling. */
function nameOf({ route, viewer, params, query }: List): Buffer {
  const { cursor: _, limit: __, ...filters } = query;
  const inOrder = (fields: Readonly<Record<string, unknown>>) =>
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(JSON.stringify([route, viewer.subject, inOrder(params ?? {}), inOrder(filters)]));
}
