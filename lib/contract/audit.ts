/** The audit log: who changed what, and when. Its rows, and what the API tells of them. */
import { z } from 'zod';
import { characters, line, opaque } from './text.ts';

/** Milliseconds since 1970, then the request: rows sort by time, and two of one millisecond are two. */
export const auditId = (at: number, requestId: string): string => `${String(at).padStart(13, '0')}~${requestId}`;

/** Where a list goes on, an id of a row, or the beginning of a day: what is before it follows. */
export const auditPosition = z
  .string()
  .max(120)
  .regex(/^[0-9]{13}~[\w=.-]*$/);

/** Of one field, characters at most: a log says what was meant, not all that was sent. */
export const MOST_SAID = 200;

/** One row. Partition key `day`, sort key `id`. */
export const auditRow = z.object({
  /** `YYYY-MM-DD`, UTC. */
  day: z.iso.date(),
  id: z.string(),
  at: z.iso.datetime(),
  /** `sub` of who did it. */
  by: z.string(),
  route: z.string(),
  /** What it was done to, `kind:name`, as grants name resources and people; absent where there is no such thing. */
  about: z.string().optional(),
  said: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  /** What was asked for was so already. */
  unchanged: z.literal(true).optional(),
  requestId: z.string(),
  /** Epoch seconds: kept so long (`operations.auditDays`). */
  expiresAt: z.int(),
});
export type AuditRow = z.infer<typeof auditRow>;

export const auditEntry = auditRow.omit({ day: true, expiresAt: true }).extend({
  did: z.string().meta({ description: 'What they did, in words: `changed a video`.' }),
  about: auditRow.shape.about.meta({
    description:
      'What it was done to: `video:{id}`, `device:{id}`, `collection:{id}`, `tag:{tag}`, `person:{sub}`, `key:{kid}`, `webhook:{id}`.',
  }),
  said: auditRow.shape.said.meta({
    description: `Fields that the request set, and what is gone after a deletion: what it was called. Of each ${MOST_SAID} characters at most; of secrets and addresses that they were set.`,
  }),
  unchanged: auditRow.shape.unchanged.meta({
    description: 'True where the call changed nothing, since what it asked for was so already; `did` says so, too.',
  }),
});
export type AuditEntry = z.infer<typeof auditEntry>;

export const auditQuery = z.object({
  by: line(255).optional().meta({ description: 'Only what this subject (`sub`) did.' }),
  about: characters(300).optional().meta({ description: 'Only what was done to this, e.g. `video:{id}`.' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: opaque(2000).optional(),
});
