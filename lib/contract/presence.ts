/**
 * What the console is told as it happens: the ticket a connection begins by, and the messages of the WebSocket (docs/presence.md).
 * A frame is one JSON object.
 */
import { z } from 'zod';
import { device } from './device.ts';
import type { Route } from './route.ts';
import { watching } from './session.ts';
import { LONGEST_TOPIC, MOST_TOPICS } from './socket.ts';
import { videoStatus } from './video.ts';

/** Seconds a ticket is good for, once. */
export const TICKET_SECONDS = 60;
/** Seconds after which API Gateway ends a connection, however busy ("Quotas for WebSocket APIs"), less what it takes to begin another. */
export const CONNECTION_SECONDS = 7_140;
/** At a time. A person with as many tabs polls in the next. */
export const MOST_CONNECTIONS = 20;
/**
 * Of a person in a minute (UTC), by all their connections; with one more a connection ends. A screen asks when what it shows changes, and each
 * message may be 200 writes.
 */
export const MOST_MESSAGES = 120;
/** Of a client's message: `MOST_TOPICS`, of which one says a subject, and room. */
export const MOST_BYTES = 8_192;

/** What a client says: all that it wants to hear of. Said again it is the sign of life, and holds in place of what was said before. */
export const wanted = z.strictObject({
  topics: z.array(z.string().max(LONGEST_TOPIC)).max(MOST_TOPICS, { abort: true }),
});

/** `isMore`: more has changed than is said, so what the API answers is worth asking for. */
const common = { topic: z.string(), isMore: z.boolean() };

const videoNews = z.object({
  ...common,
  of: z.literal('video'),
  status: videoStatus,
  progress: z.number(),
  updatedAt: z.string(),
});

/** Who began, and the sessions that are over. One that ends without a word is over at its `until`. */
const watchingNews = z.object({
  ...common,
  of: z.literal('watching'),
  joined: z.array(watching.extend({ channel: z.int().optional() })),
  left: z.array(z.string()),
});

/** An alarm that is pushed has come, or somebody acknowledged one: the inbox says which. */
const alarmsNews = z.object({ ...common, of: z.literal('alarms') });

/** A person's own sessions that are over, however: ended, their right taken back, or left. Whoever plays one asks what became of it. */
const sessionsNews = z.object({ ...common, of: z.literal('sessions'), over: z.array(z.string()) });

/** Where a device is, with the alarms in force there. */
const deviceNews = device
  .pick({ lastSeenAt: true, position: true, alarms: true })
  .extend({ ...common, of: z.literal('device') });

export const news = z.discriminatedUnion('of', [videoNews, watchingNews, alarmsNews, sessionsNews, deviceNews]);
export type News = z.infer<typeof news>;
export type WatchingNews = z.infer<typeof watchingNews>;
export type DeviceNews = z.infer<typeof deviceNews>;
export type SessionsNews = z.infer<typeof sessionsNews>;

/** The answer to `wanted`: of the topics those that were granted, and the epoch second at which the connection is over. */
export const granted = z.object({ topics: z.array(z.string()), until: z.int() });

/** All that a client is told. */
export const told = z.union([granted, z.object({ news: z.array(news) })]);
export type Told = z.infer<typeof told>;

export const presenceRoutes = {
  'POST /api/presence': {
    stage: 'presence',
    auth: 'user',
    status: 201,
    summary:
      'A ticket for one WebSocket connection, `wss://{host}/ws?ticket={ticket}`, over which what happens is told (docs/presence.md).',
    response: z.object({
      ticket: z.string().meta({ description: 'Good for one connection, from a page of the same origin.' }),
      expiresAt: z.iso.datetime(),
    }),
  },
} as const satisfies Record<string, Route>;
