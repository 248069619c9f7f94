/** Signs the address that a session's events go to, and checks one. A MAC of 128 bits: it is looked at for every post. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  addressFor,
  addressText,
  EVENTS_PATH,
  parseAddress,
  type EventsAddress,
} from '../../lib/contract/events-address.ts';
import { required } from '../../lib/contract/env.ts';
import { MAX_POSITION } from '../../lib/contract/player-events.ts';
import { parseTicket } from '../../lib/contract/ticket.ts';
import { ensureInsightKeys, pseudonymOf, type InsightKeys } from './insight-keys.ts';
import { logger } from './logger.ts';

const MAC_BYTES = 16;
const macOf = (key: Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest().subarray(0, MAC_BYTES);

/** Query value of the address. URL-safe. */
export function eventsToken({ addresses }: Pick<InsightKeys, 'addresses'>, address: EventsAddress): string {
  const text = addressText(address);
  return `${text}.${macOf(addresses, text).toString('base64url')}`;
}

/** Undefined: not one of ours, or its time is over. */
export function readEventsToken(
  { addresses }: Pick<InsightKeys, 'addresses'>,
  token: string,
  now: number,
): EventsAddress | undefined {
  const dot = token.lastIndexOf('.');
  const [text, mac] = [token.slice(0, Math.max(0, dot)), Buffer.from(token.slice(dot + 1), 'base64url')];
  if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, macOf(addresses, text))) return undefined;
  // Of the ways base64url can write the same bytes one is taken.
  if (mac.toString('base64url') !== token.slice(dot + 1)) return undefined;
  const address = parseAddress(text);
  return address !== undefined && address.until >= now ? address : undefined;
}

/**
 * Where the events of a play start go; undefined where that cannot be said just now: nobody is kept from watching over it.
 * `what`: `vod/{id}` or `live/{device}/{channel}`; `duration`: seconds of a video, where they are known.
 */
export async function eventsUrl(
  what: string,
  ticketText: string,
  end: Date,
  duration?: number | null,
): Promise<string | undefined> {
  try {
    const keys = await ensureInsightKeys();
    const { session, subject } = parseTicket(ticketText)!;
    const viewer = subject === undefined ? undefined : pseudonymOf(keys, subject);
    const now = Math.floor(Date.now() / 1000);
    const seconds = typeof duration === 'number' ? Math.min(MAX_POSITION, Math.ceil(duration)) : undefined;
    const address = addressFor({ what, session, viewer, seconds }, Math.floor(end.getTime() / 1000), now);
    return `${required('PUBLIC_URL')}${EVENTS_PATH}?to=${eventsToken(keys, address)}`;
  } catch (error) {
    logger.warn('no address for events', { error: error as Error });
    return undefined;
  }
}
