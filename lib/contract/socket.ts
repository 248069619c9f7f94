/** The WebSocket of the console as both of its ends know it: where it is, how long it lasts, and what one can listen to. */
import { VIDEO_ID } from './keys.ts';
import { DEVICE_ID } from './live-keys.ts';

/** The stage of the WebSocket API, and so its path on this host. */
export const SOCKET = 'ws';

/** Seconds between two times a client asks: before its subscriptions end, and before API Gateway's ten idle minutes. */
export const ASK_SECONDS = 240;
/** Seconds that a subscription holds unless it is asked for again, which decides anew whether it may. */
export const LEASE_SECONDS = 600;
/** That one connection listens to. */
export const MOST_TOPICS = 100;

/**
 * `video:{id}`: how far its slicing or pulling is. `watching:video:{id}`, `watching:device:{id}`: who watches it now, of a device on any
 * of its channels, live or recorded. `alarms`: that the inbox of all devices is another. `sessions:{subject}`: which of a person's own
 * sessions are over. `device:{id}`: where a device is, and what it does.
 */
export type Topic =
  | { readonly of: 'video'; readonly id: string }
  | { readonly of: 'device'; readonly id: string }
  | { readonly of: 'alarms' }
  | { readonly of: 'sessions'; readonly subject: string }
  | { readonly of: 'watching'; readonly what: 'video' | 'device'; readonly id: string };

export function topicText(topic: Topic): string {
  if (topic.of === 'alarms') return ALARMS_TOPIC;
  if (topic.of === 'sessions') return `${SESSIONS}${topic.subject}`;
  return topic.of === 'watching' ? `watching:${topic.what}:${topic.id}` : `${topic.of}:${topic.id}`;
}

export const ALARMS_TOPIC = 'alarms';
/** Before a subject, which may hold anything. */
const SESSIONS = 'sessions:';
/** Characters of the longest: a subject has 255 at most (OpenID Connect Core 2). */
export const LONGEST_TOPIC = SESSIONS.length + 255;

/** Undefined: that is no topic. */
export function topicOf(text: string): Topic | undefined {
  if (text === ALARMS_TOPIC) return { of: 'alarms' };
  if (text.startsWith(SESSIONS)) return { of: 'sessions', subject: text.slice(SESSIONS.length) };
  const [of, what, id, ...rest] = text.split(':');
  if (rest.length > 0) return undefined;
  if (of === 'video') return id === undefined && VIDEO_ID.test(what ?? '') ? { of, id: what! } : undefined;
  if (of === 'device') return id === undefined && DEVICE_ID.test(what ?? '') ? { of, id: what! } : undefined;
  if (of !== 'watching' || id === undefined) return undefined;
  if (what === 'video' && VIDEO_ID.test(id)) return { of, what, id };
  return what === 'device' && DEVICE_ID.test(id) ? { of, what, id } : undefined;
}

export const deviceTopic = (id: string): string => topicText({ of: 'device', id });
export const videoTopic = (id: string): string => topicText({ of: 'video', id });
