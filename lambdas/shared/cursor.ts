/** Cursors of lists that go on behind rows which their reader may not see: encrypted by a key of the deployment's own. */
import type { z } from 'zod';
import { seal, unseal, type List } from './sealed.ts';
import { loadSigner } from './signing.ts';

/** Null where there is no further page. */
export const sealCursor = async (list: List, position: unknown): Promise<string | null> =>
  position === undefined ? null : seal((await loadSigner()).cursorKey, list, position);

/** Undefined for the first page; throws as `unseal` does. */
export async function readCursor<T>(list: List, schema: z.ZodType<T>): Promise<T | undefined> {
  const { cursor } = list.query;
  return typeof cursor === 'string' ? unseal((await loadSigner()).cursorKey, list, cursor, schema) : undefined;
}
