/** A play start: the session it begins, and the signature of all that its ticket opens. */
import { EVENTS_HEADER } from '../../lib/contract/manifest.ts';
import { RENEWED_SECONDS } from '../../lib/contract/session.ts';
import { addressPart, parseTicket, sessionId, ticketPath, ticketText } from '../../lib/contract/ticket.ts';
import type { Terms } from '../shared/entitlement.ts';
import { eventsUrl } from '../shared/events-address.ts';
import { useLink } from '../shared/links.ts';
import { logger } from '../shared/logger.ts';
import { checkMayStart, startSession, unguessable, type Start } from '../shared/sessions.ts';
import { loadSigner, type Signer } from '../shared/signing.ts';
import type { Viewer } from '../shared/viewer.ts';
import { setCookies } from './cookies.ts';

interface Asked {
  /** What is played: `vod/{id}/` or `live/{device}/{channel}/`. */
  readonly prefix: string;
  /** What is watched, where that is not all there is below `prefix`: ends with `/`, too. */
  readonly what?: string;
  readonly viewer: Viewer | undefined;
  /** What the player calls its session, where it renews. */
  readonly player: string | undefined;
  /** When a signature ends that is not renewed. */
  readonly end: Date;
  /** What lets this viewer in and until when, how many sessions at a time, and from which address and country. */
  readonly limits: Pick<Terms, 'reason' | 'right' | 'endsAt' | 'maxSessions' | 'ip' | 'country'>;
  /** The tallest rung that is opened, by its name, or lines of a channel; undefined: each. */
  readonly tallest?: number | undefined;
  /** Seconds of a video: none beyond is counted of what its player reports. */
  readonly duration?: number | null;
  /** By HEAD: nobody sees what is answered, so nothing begins. */
  readonly isHead: boolean;
}

interface OpeningOptions {
  readonly signer: Signer;
  readonly prefix: string;
  readonly ticket: string;
  /** What its player calls the session. */
  readonly player?: string | undefined;
  readonly end: Date;
  /** Of what is opened, relative to `prefix`: all of it without. Ends with `/`. */
  readonly folder?: string;
  readonly isHead: boolean;
  /** Where its events go; undefined: nobody counts it, or that cannot be said just now. */
  readonly events?: string | undefined;
}

export class Opening {
  readonly ticket: string;
  readonly player: string | undefined;
  readonly end: Date;
  readonly events: string | undefined;
  readonly #signer: Signer;
  /** Path of what is opened. From `/` to `/`. */
  readonly #path: string;

  readonly #isHead: boolean;

  constructor({ signer, prefix, ticket, player, end, folder = '', isHead, events }: OpeningOptions) {
    this.ticket = ticket;
    this.player = player;
    this.end = end;
    this.events = events;
    this.#signer = signer;
    this.#isHead = isHead;
    this.#path = `${ticketPath(prefix, ticket)}${folder}`;
  }

  /** Of every answer that begins it. */
  get headers(): Record<string, string> {
    return this.events === undefined ? {} : { [EVENTS_HEADER]: this.events };
  }

  /** The signature, as a query of each address. */
  query(): string {
    return this.#signer.sign(`${this.#path}*`, this.end);
  }

  /** The same as `Set-Cookie` headers; HEAD gets none, or it would be a way to play that nobody counts. */
  cookies(): string[] {
    if (this.#isHead) return [];
    const maxAgeSeconds = (this.end.getTime() - Date.now()) / 1000;
    const { secure } = this.#signer;
    return setCookies(this.#signer.cookies(`${this.#path}*`, this.end), { path: this.#path, maxAgeSeconds, secure });
  }
}

/** Begins a session, or goes on with the one that `player` names. Throws `too-many-sessions`, `session-ended`. */
export async function open(asked: Asked): Promise<Opening> {
  const { prefix, player, limits, duration, isHead } = asked;
  const signer = await loadSigner();
  const end = within(asked.end, limits);
  if (isHead) {
    const ticket = looseTicket(signer, asked);
    return new Opening({
      signer,
      prefix,
      ticket,
      end,
      isHead,
      events: await eventsUrl(prefix.slice(0, -1), ticket, end, duration),
    });
  }
  const until = player === undefined ? end : renewedEnd(end, Date.now());
  await sayUsed(asked);
  const ticket = await startSession(startOf(asked, signer, until));
  // Who watches is in the table of sessions, and in no log.
  logger.info('opened', {
    what: prefix.slice(0, -1),
    session: parseTicket(ticket)?.session,
    until: until.toISOString(),
  });
  const events = await eventsUrl(prefix.slice(0, -1), ticket, until, duration);
  return new Opening({ signer, prefix, ticket, player, end: until, isHead, events });
}

/** Throws `too-many-sessions` and `session-ended` where `open` would by now, and opens nothing. */
export const checkMayOpen = async (asked: Asked): Promise<void> =>
  checkMayStart(startOf(asked, await loadSigner(), asked.end));

function startOf(
  { prefix, what = prefix, viewer, player, limits, tallest }: Asked,
  signer: Signer,
  until: Date,
): Start {
  const link = viewer?.right?.link;
  return {
    what: what.slice(0, -1),
    // By a link it is nobody's: the link can be taken back, and there is no person to be counted.
    person:
      viewer && link === undefined ? { subject: viewer.subject, part: signer.subjectPart(viewer.subject) } : undefined,
    link,
    ip: addressOf(limits),
    height: tallest,
    country: limits.country,
    player,
    until,
    reason: limits.reason,
    right: limits.right,
    cap: limits.maxSessions,
  };
}

/** One folder of what is beside the pictures and the sound, which is no play start and counts as none. */
export async function openFolder(folder: string, asked: Omit<Asked, 'player'>): Promise<Opening> {
  const { prefix, limits, end, isHead } = asked;
  const signer = await loadSigner();
  if (!isHead) await sayUsed(asked);
  return new Opening({ signer, prefix, ticket: looseTicket(signer, asked), end: within(end, limits), folder, isHead });
}

/** Of the first that is signed by a link: one that is ended without it needs no entry at the edge. */
async function sayUsed({ viewer }: Pick<Asked, 'viewer'>): Promise<void> {
  const { right } = viewer ?? {};
  if (right?.link !== undefined && right.unusedOf !== undefined)
    await useLink({ videoId: right.unusedOf, id: right.link });
}

/** Nothing is signed beyond the end of what lets somebody in, a link's or a grant's. Pure. */
const within = (end: Date, { endsAt = Infinity }: Pick<Terms, 'endsAt'>): Date =>
  new Date(Math.min(end.getTime(), endsAt * 1000));

/** When the signature of a player that renews ends. Pure. */
export const renewedEnd = (end: Date, now: number): Date =>
  new Date(Math.min(end.getTime(), now + RENEWED_SECONDS * 1000));

/** A ticket of no session that is kept: what was taken back of its person is refused all the same. */
const looseTicket = (
  signer: Signer,
  { viewer, limits, tallest }: Pick<Asked, 'viewer' | 'limits' | 'tallest'>,
): string =>
  ticketText({
    session: sessionId(Date.now(), unguessable()),
    subject: viewer && viewer.right?.link === undefined ? signer.subjectPart(viewer.subject) : undefined,
    link: viewer?.right?.link,
    ip: addressOf(limits),
    height: tallest,
    country: limits.country,
  });

/** As tickets say it. */
const addressOf = ({ ip }: Pick<Terms, 'ip'>): string | undefined => (ip === undefined ? undefined : addressPart(ip));
