/**
 * The directory: what people are called. Its rows are in the entitlements table, in a partition of their own (`DIRECTORY`): one of each person
 * under `\n@{sub}`, and one under `\n?{term}\n{hash of sub}` for each term by which they are found. No grant's subject begins like that.
 */
import { z } from 'zod';
import { line } from './text.ts';

/** No resource's partition key reads so: ids of videos have 20 characters, all others a colon. */
export const DIRECTORY = 'people';

export const personKey = (subject: string): string => `\n@${subject}`;
export const termKey = (term: string): string => `\n?${term}`;

/** As the API shows one. */
export const person = z.object({
  subject: z.string().meta({ description: '`sub` of their tokens: what grants, owners and sessions name them by.' }),
  name: z.string().nullable().meta({ description: 'As their sign-in service says it; null where it says none.' }),
  email: z
    .string()
    .nullable()
    .meta({ description: 'Verified by their sign-in service; null where none is, and to who may not see it.' }),
});
export type Person = z.infer<typeof person>;

/** What the directory knows of somebody. */
export const known = z.object({
  sub: z.string().min(1),
  name: z.string().optional(),
  email: z.string().optional(),
});
export type Known = z.infer<typeof known>;

export const personRow = known.extend({ terms: z.array(z.string()), seenAt: z.iso.datetime() });
export type PersonRow = z.infer<typeof personRow>;

/** People of one answer, and subjects of one question. */
export const MOST_FOUND = 10;
export const MOST_NAMES = 100;

/** A JWT: three parts of base64url. */
export const jwt = z
  .string()
  .min(1, { abort: true })
  .max(16_384, { abort: true })
  .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/, 'must be a JWT');

export const subjects = z.array(line(255)).min(1).max(MOST_NAMES, { abort: true });
