/** Routes for admins: whether anything is wrong, since when, and what to do; and who changed what. */
import { z } from 'zod';
import { auditEntry, auditQuery } from './audit.ts';
import type { Route } from './route.ts';

/** `urgent` and `soon` are those of the runbook (operations.ts). */
export const healthState = z.enum(['ok', 'soon', 'urgent']);

export const healthPart = z.object({
  part: z.string().max(60).meta({ description: 'Stable, e.g. `dead-letters-clips`, `slicing`, `alarm-api-5xx`.' }),
  state: healthState,
  since: z.iso.datetime().nullable().meta({
    description:
      'Since when it is so: as CloudWatch or the record says, else when somebody first asked and it was so. Null: it was never seen otherwise.',
  }),
  says: z.string().meta({ description: 'One sentence: how it is.' }),
  todo: z.string().optional().meta({ description: 'Where something is wrong: one sentence, what to do.' }),
  article: z
    .string()
    .optional()
    .meta({ description: 'Where something is wrong: the place in `docs/` that says more.' }),
});
export type HealthPart = z.infer<typeof healthPart>;
export type HealthState = z.infer<typeof healthState>;

export const health = z.object({
  at: z.iso.datetime(),
  state: healthState.meta({ description: 'The worst of all parts.' }),
  parts: z.array(healthPart).meta({ description: 'The worst first.' }),
});
export type Health = z.infer<typeof health>;

export const operationsRoutes = {
  'GET /api/health': {
    stage: 'operations',
    auth: 'user',
    status: 200,
    summary: 'Whether anything is wrong, since when, and what to do, part by part: for admins.',
    response: health,
  },
  'GET /api/audit': {
    stage: 'operations',
    auth: 'user',
    status: 200,
    summary:
      'Who changed what, the newest first: for admins. A page may be short, or empty, and still have a cursor: quiet days are looked through, too.',
    query: auditQuery,
    response: z.object({ entries: z.array(auditEntry), cursor: z.string().nullable() }),
  },
} as const satisfies Record<string, Route>;
