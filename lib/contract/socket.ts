/** The WebSocket of the console as both of its ends know it: where it is, how long it lasts, and what one can listen to. */
import { VIDEO_ID } from './keys.ts';

/** The stage of the WebSocket API, and so its path on this host. */
export const SOCKET = 'ws';

/** Seconds between two times a client asks: before its subscriptions end, and before API Gateway's ten idle minutes. */
export const ASK_SECONDS = 240;
/** Seconds that a subscription holds unless it is asked for again, which decides anew whether it may. */
export const LEASE_SECONDS = 600;
/** That one connection listens to. */
export const MOST_TOPICS = 100;

/** `video:{id}`: how far its slicing or pulling is. */
export const videoTopic = (id: string): string => `video:${id}`;

/** The video of `video:{id}`; undefined: that is no topic. */
export function videoOfTopic(topic: string): string | undefined {
  const [kind, id = '', ...rest] = topic.split(':');
  return kind === 'video' && rest.length === 0 && VIDEO_ID.test(id) ? id : undefined;
}
