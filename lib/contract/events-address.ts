/**
 * What stands in the address that a session's events go to: who reports, on what, until when. Signed by
 * lambdas/shared/events-address.ts; a player only keeps the whole address. Pure.
 *
 *   {what}.{session}.{part}.{viewer}.{until}[.{seconds}]      `what`: v-{id}, or l-{device}-{channel}; `-` where nobody signed in
 */
import { beganAt } from './ticket.ts';

/** Path of the API that takes events. */
export const EVENTS_PATH = '/api/events';

/** Seconds after which a session that goes on is counted as another view: a wall that shows one channel for weeks. */
export const PART_SECONDS = 86_400;
/** Seconds that events may come after the signature's end: the last ones of who paused, or lost the network. */
export const LATE_SECONDS = 3600;

export interface EventsAddress {
  /** `vod/{id}` or `live/{device}/{channel}`. */
  readonly what: string;
  /** As tickets name it (ticket.ts). */
  readonly session: string;
  /** How many days it has gone on. */
  readonly part: number;
  /** A pseudonym; undefined: nobody signed in. */
  readonly viewer: string | undefined;
  /** Epoch seconds. */
  readonly until: number;
  /** Whole seconds that a video has: none beyond is counted. Undefined: they are not known, or an earlier version signed it. */
  readonly seconds?: number | undefined;
}

/** The address of a session whose signature ends then. Epoch seconds. */
export function addressFor(
  { what, session, viewer, seconds }: Pick<EventsAddress, 'what' | 'session' | 'viewer' | 'seconds'>,
  signatureEnd: number,
  now: number,
): EventsAddress {
  const began = beganAt(session);
  const part = Math.max(0, Math.floor((now - began) / PART_SECONDS));
  const last = began + (part + 1) * PART_SECONDS;
  return { what, session, part, viewer, until: Math.min(signatureEnd, last) + LATE_SECONDS, seconds };
}

/** What its events are counted under: each part is one view. */
export const countedAs = ({ session, part }: Pick<EventsAddress, 'session' | 'part'>): string =>
  part === 0 ? session : `${session}-${part}`;

/** When that began: epoch seconds. */
export const partBegan = ({ session, part }: Pick<EventsAddress, 'session' | 'part'>): number =>
  beganAt(session) + part * PART_SECONDS;

const NOBODY = '-';

export function addressText({ what, session, part, viewer, until, seconds }: EventsAddress): string {
  const [kind, ...rest] = what.split('/');
  const thing = [kind === 'vod' ? 'v' : 'l', ...rest].join('-');
  return [thing, session, part, viewer ?? NOBODY, until, ...(seconds === undefined ? [] : [seconds])].join('.');
}

const TEXT =
  /^(v-[a-z0-9]{20}|l-[0-9a-f]{1,20}-[0-9]{1,3})\.([0-9a-z]{7}[A-Za-z0-9]{16})\.(0|[1-9][0-9]{0,3})\.(-|[A-Za-z0-9_-]{11})\.([1-9][0-9]{9})(?:\.(0|[1-9][0-9]{0,5}))?$/;

/** Undefined: it is none. */
export function parseAddress(text: string): EventsAddress | undefined {
  const [, thing, session, part, viewer, until, seconds] = TEXT.exec(text) ?? [];
  if (thing === undefined || session === undefined) return undefined;
  const [kind, ...rest] = thing.split('-');
  return {
    what: [kind === 'v' ? 'vod' : 'live', ...rest].join('/'),
    session,
    part: Number(part),
    viewer: viewer === NOBODY ? undefined : viewer,
    until: Number(until),
    ...(seconds !== undefined && { seconds: Number(seconds) }),
  };
}
