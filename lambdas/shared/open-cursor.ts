/**
 * Cursors of lists whose every row their reader may see, admins' lists: bound to list, person and filters as others are, so that what is
 * no cursor of theirs is told. They hide nothing, so their key is no secret, and their functions have none of playback's.
 */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { seal, unseal, type List } from './sealed.ts';

const KEY = createHash('sha256').update('sluice cursors of lists that hide nothing').digest();

/** Null where there is no further page. */
export const openCursor = (list: List, position: unknown): string | null =>
  position === undefined ? null : seal(KEY, list, position);

/** Undefined for the first page; throws as `unseal` does. */
export function readOpenCursor<T>(list: List, schema: z.ZodType<T>): T | undefined {
  const { cursor } = list.query;
  return typeof cursor === 'string' ? unseal(KEY, list, cursor, schema) : undefined;
}
