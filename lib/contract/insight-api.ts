/** Routes of insight: where players report, and what became of it. */
import { z } from 'zod';
import { MAX_POST_BYTES } from './player-events.ts';
import { MOST_DAYS } from './insight.ts';
import { idParam } from './params.ts';
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

const amount = z.number().nonnegative();
const many = z.int().nonnegative();

export const figures = z.object({
  plays: many.meta({ description: 'Sessions that reported anything.' }),
  views: many.meta({ description: 'Of them, those that showed a picture. One that goes on for days counts each day.' }),
  viewers: many.meta({
    description: 'Different people, and of who did not sign in sessions: exact below 256, then to within about 6 %.',
  }),
  watchSeconds: many,
  againSeconds: many.meta({ description: 'Of `watchSeconds`, what the same session had shown before.' }),
  completion: amount.nullable().meta({ description: 'Views that came to the end, of all: from 0 to 1.' }),
  startupSeconds: amount.nullable().meta({ description: 'From asking to play to the first picture, on average.' }),
  startups: z.array(
    z.object({ within: amount.nullable().meta({ description: 'Seconds; null: longer than all.' }), count: many }),
  ),
  stalls: many,
  stalledSeconds: amount,
  stallRatio: amount
    .nullable()
    .meta({ description: 'Of the time in which something should have played, that in which nothing did.' }),
  seeks: many,
  failed: many.meta({ description: 'Sessions that an error ended.' }),
  kbps: many.nullable().meta({ description: 'Of the renditions shown, on average, in kbit/s.' }),
  score: many
    .nullable()
    .meta({ description: 'From 0 to 100; docs/insight.md has the formula. Null where nobody watched.' }),
});
export type Figures = z.infer<typeof figures>;

const shared = z.object({ name: z.string(), views: many, watchSeconds: many, stalledSeconds: amount });
export type Shared = z.infer<typeof shared>;

const day = z.iso.date();
const dayFigures = figures.extend({ day });

const days = {
  from: day.optional().meta({ description: 'First day, UTC; without it 27 days before the last.' }),
  to: day.optional().meta({ description: `Last day, UTC, at most ${MOST_DAYS} with the first; without it today.` }),
};

const breakdown = {
  devices: z.array(shared).meta({ description: 'By kind of device.' }),
  countries: z.array(shared).meta({ description: 'By ISO 3166 code; `ZZ` where nobody knows.' }),
  errors: z.array(z.object({ kind: z.string(), count: many })),
  renditions: z.array(z.object({ name: z.string(), watchSeconds: many })),
};

export const videoInsight = z.object({
  from: day,
  to: day,
  totals: figures,
  days: z.array(dayFigures).meta({ description: 'Days on which somebody watched, oldest first.' }),
  heatmap: z.object({
    step: z.int().positive().meta({ description: 'Seconds that each number is of.' }),
    watched: z
      .array(many)
      .meta({ description: 'How often each was shown, since there are reports: of `step` seconds the most of any.' }),
    again: z.array(many).meta({ description: 'Of that, by sessions that had shown it before.' }),
  }),
  ...breakdown,
  isWhole: z.boolean().meta({
    description:
      'False where there was more than could be read in time: the oldest days are missing, or some of a day is, and what the heatmap has of them.',
  }),
});
export type VideoInsight = z.infer<typeof videoInsight>;

export const overview = z.object({
  from: day,
  to: day,
  totals: figures,
  days: z.array(dayFigures),
  most: z
    .array(
      z.object({
        video: z.string().nullable(),
        device: z.string().nullable(),
        channel: z.int().nullable(),
        title: z.string().nullable().meta({ description: 'Of a video that is there still.' }),
        ...figures.shape,
      }),
    )
    .meta({ description: 'Videos and channels that were watched longest, 50 at most.' }),
  ...breakdown,
  isWhole: z.boolean().meta({
    description:
      'False where there was more than could be read in time: the oldest days are missing, or some of a day is. Ask for fewer.',
  }),
});
export type Overview = z.infer<typeof overview>;

export const insightRoutes = {
  'GET /api/videos/{id}/insight': {
    stage: 'insight',
    auth: 'user',
    status: 200,
    summary: 'What was watched of a video, how well it played, by how many and with what: for its owner and admins.',
    params: idParam,
    query: z.object({
      ...days,
      step: z.coerce
        .number()
        .int()
        .min(1)
        .max(3600)
        .default(1)
        .meta({ description: 'Seconds that each number of the heatmap is of.' }),
    }),
    response: videoInsight,
  },
  'GET /api/insight': {
    stage: 'insight',
    auth: 'user',
    status: 200,
    summary: 'The same of all videos and channels together: for admins.',
    query: z.object(days),
    response: overview,
  },
} as const satisfies Record<string, Route>;
