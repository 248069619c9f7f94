/** A grant's name in addresses: its pair, which is its key. */
import { z } from 'zod';
import {
  resource as resourceSchema,
  resourceOf,
  subject as subjectSchema,
  subjectOf,
} from '../../lib/contract/entitlement.ts';

const pair = z.tuple([resourceSchema, subjectSchema]);

export const grantId = (row: { readonly videoId: string; readonly subject: string }): string =>
  Buffer.from(JSON.stringify([resourceOf(row.videoId), subjectOf(row.subject)])).toString('base64url');

/** Resource and subject; throws for what is no such name. */
export function grantNamed(id: string): { readonly resource: string; readonly subject: string } {
  const [resource, subject] = pair.parse(JSON.parse(Buffer.from(id, 'base64url').toString('utf8')));
  return { resource, subject };
}
