/** One post of a player, as it was sent, made into a report whose times are by our clock. Pure. */
import {
  DEVICE_KINDS,
  MAX_POSITION,
  playerPost,
  report,
  type DeviceKind,
  type Heartbeat,
  type PlayerEvent,
  type Report,
} from '../../lib/contract/player-events.ts';
import { countedAs, partBegan, type EventsAddress } from '../../lib/contract/events-address.ts';
import { refused, refusedField } from '../shared/errors.ts';
import { readCmcd } from './cmcd.ts';
import { FirstTimes } from './first.ts';
import type { Units } from './units.ts';

/** Milliseconds before a session in which its events may lie: what a player did until it had its manifest. */
const BEFORE = 60_000;

export interface Posted {
  readonly address: EventsAddress;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** Of a standard player: seconds between its reports of the time. */
  readonly every: number;
}

/**
 * Throws `invalid-request`. Undefined: there is nothing in it that is counted. What is answered is held against what its readers
 * take: a queue must never have what none of them can read, for it would come again for days.
 */
export function reportOf({ address, body, headers, receivedAt, every }: Posted): Report | undefined {
  const began = partBegan(address);
  const { units, now } = body.trimStart().startsWith('{') ? ours(body) : readCmcd(body, every);
  if (units.length === 0) return undefined;
  const offset = receivedAt - now;
  const earliest = began * 1000 - BEFORE;
  const firstTimes = new FirstTimes();
  const known = (event: PlayerEvent): PlayerEvent =>
    event.type === 'heartbeat' ? firstTimes.take(within(event, address.seconds)) : event;
  const byOurClock = (event: PlayerEvent): PlayerEvent => ({
    ...known(event),
    at: Math.min(receivedAt, Math.max(earliest, event.at + offset)),
  });
  const country = headers['cloudfront-viewer-country'];
  const made = report.safeParse({
    what: address.what,
    session: countedAs(address),
    began,
    ...(address.viewer !== undefined && { viewer: address.viewer }),
    receivedAt,
    ...(country !== undefined && /^[A-Z]{2}$/.test(country) && { country }),
    device: deviceOf(headers),
    ...(address.seconds !== undefined && { seconds: Math.min(address.seconds, MAX_POSITION) }),
    units: units.map(({ sequence, events }) => ({ sequence, events: events.map(byOurClock) })),
  });
  if (!made.success) throw refused('body', made.error);
  return made.data;
}

/**
 * What it says of seconds that the video has, or any: of others a stranger may say what they like, and a heatmap would have to keep it;
 * and a player that was sent on may have played until then, or slept.
 */
function within(event: Heartbeat, seconds = MAX_POSITION): Heartbeat {
  const those = (stretches: Heartbeat['watched']): Heartbeat['watched'] =>
    stretches.flatMap(([from, to]): Heartbeat['watched'] => (from < seconds ? [[from, Math.min(to, seconds)]] : []));
  return { ...event, watched: those(event.watched), again: those(event.again) };
}

function ours(body: string): Units {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (cause) {
    throw refusedField('body', 'is neither JSON nor reports of CMCD', cause);
  }
  const post = playerPost.safeParse(parsed);
  if (!post.success) throw refused('body', post.error);
  const { sequence, now, events } = post.data;
  return { units: [{ sequence, events }], now };
}

/** As CloudFront tells it by the `User-Agent` (Developer Guide, "Headers for determining the viewer's device type"). */
function deviceOf(headers: Posted['headers']): DeviceKind {
  const names: Readonly<Record<Exclude<DeviceKind, 'other'>, string>> = {
    // A tablet is a mobile viewer, too.
    tablet: 'cloudfront-is-tablet-viewer',
    mobile: 'cloudfront-is-mobile-viewer',
    tv: 'cloudfront-is-smarttv-viewer',
    desktop: 'cloudfront-is-desktop-viewer',
  };
  const order = ['tablet', 'tv', 'mobile', 'desktop'] as const;
  return order.find((kind) => headers[names[kind]] === 'true') ?? DEVICE_KINDS.at(-1)!;
}
