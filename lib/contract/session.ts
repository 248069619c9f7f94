/** A play start, as it is kept while it lasts and shown to who may end it. */
import { z } from 'zod';
import { LONGEST_TICKET } from './ticket.ts';

/** What the player calls its session; the ticket is ours (ticket.ts). */
export const playerSession = z
  .string()
  .regex(/^[A-Za-z0-9_-]{16,64}$/)
  .meta({ description: 'Chosen by the player at random, the same for as long as it watches: its sign of life.' });

/** A session as we name it: the first part of its ticket. */
export const sessionName = z.string().regex(/^[0-9a-z]{7}[A-Za-z0-9]{16}$/);

export const ticketParam = z
  .string()
  .max(LONGEST_TICKET)
  .regex(/^[A-Za-z0-9._-]+$/)
  .meta({ description: 'What stands behind `/s/` in the addresses of the session.' });

/** Seconds a signature lasts for a player that renews it: after two thirds it asks again, and who does not is gone at its end. */
export const RENEWED_SECONDS = 600;
/** Seconds that clocks may differ. */
export const CLOCK_SECONDS = 60;

/** Who ended it, besides the player itself. `self`: the same person, elsewhere. */
export const endedBy = z.enum(['owner', 'admin', 'self']);
export type EndedBy = z.infer<typeof endedBy>;

/** Row of the sessions table. Over when `expiresAt` (epoch seconds) is past, however long the row still lies there. */
export const sessionRow = z.object({
  /** Of whom: `u:` and the ticket's subject, `l:` and the link, or `a:` and the session of somebody unknown. */
  who: z.string(),
  /** One of a person's numbered places where their sessions are counted; else what is watched and by which player. */
  place: z.string(),
  /** What is watched: `vod/{id}` or `live/{device}/{channel}`. Gone once it was ended, and with it the row from the index. */
  what: z.string().optional(),
  session: z.string(),
  ticket: z.string(),
  subject: z.string().optional(),
  link: z.string().optional(),
  /** What decided that it may begin, and go on (docs/playback.md); absent of one that an earlier version began. */
  reason: z.string().optional(),
  /** What let them in, where that can be taken back by itself (right.ts). */
  right: z.string().optional(),
  /** The name its player gave it. One without never asks again. */
  player: z.string().optional(),
  startedAt: z.iso.datetime(),
  seenAt: z.iso.datetime(),
  expiresAt: z.int().positive(),
  endedAt: z.iso.datetime().optional(),
  endedBy: endedBy.optional(),
});
export type SessionRow = z.infer<typeof sessionRow>;

/** As `GET /api/videos/{id}/sessions` shows it. */
export const watching = z.object({
  session: z.string(),
  subject: z
    .string()
    .nullable()
    .meta({ description: 'Who watches (`sub` of their token); null: somebody who did not sign in.' }),
  link: z.string().nullable().meta({ description: 'The link that let them in.' }),
  startedAt: z.iso.datetime(),
  seenAt: z.iso.datetime().meta({ description: 'When the player last asked for something that only we answer.' }),
  until: z.iso.datetime().meta({ description: 'When it is over unless its player asks again.' }),
  renews: z.boolean().meta({ description: 'Whether its player asks again. Another is taken to watch until the end.' }),
});
export type Watching = z.infer<typeof watching>;

/** As an answer to ending several. */
export const ended = z.object({
  ended: z.int().nonnegative(),
  isWhole: z.boolean().meta({ description: 'False where more are watching: ask again.' }),
});
