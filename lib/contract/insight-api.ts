/** Routes of insight: where players report, and what became of it. */
import { z } from 'zod';
import { MAX_POST_BYTES } from './player-events.ts';
import type { Route } from './route.ts';

export const eventsRoutes = {
  'POST /api/events': {
    stage: 'events',
    auth: 'none',
    status: 204,
    summary:
      "What a player reports of its session, at the address that its manifest names (`io.sluice.events`): our players' JSON (docs/insight.md), or reports of CMCD version 2, event mode (CTA-5004-B), a line each. The body may have any type, so `sendBeacon` can send it.",
    query: z.object({
      to: z.string().min(1).max(300, { abort: true }).meta({ description: 'As it stands in the address.' }),
      every: z.coerce
        .number()
        .int()
        .min(1)
        .max(600)
        .default(30)
        .meta({ description: 'Of CMCD: seconds between reports of the time, where the player was told another.' }),
    }),
    maxBytes: MAX_POST_BYTES,
  },
} as const satisfies Record<string, Route>;
