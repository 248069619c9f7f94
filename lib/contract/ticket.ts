/**
 * The ticket of one play start, which stands in the path of everything it opens: `/vod/{id}/s/{ticket}/…`. The signature is
 * for that path, so nobody can put another one there; the edge takes it out again before its cache, so copies stay shared.
 * It tells the edge what may be taken back: this session, this person, this link. Imports nothing.
 *
 *   {session}.{subject}.{link}.{ip}[.{height}.{country}]      each part of [A-Za-z0-9_-], `-` where there is none
 *
 *   session  when it began (epoch seconds in base 36, 7 digits) and 16 random letters and digits
 *   subject  11 characters that stand for a person and tell nobody who it is
 *   link     id of the link that let them in
 *   ip       the only address that may use it: 8 hexadecimal digits (IPv4) or 32 (IPv6)
 *   height   the tallest rung it opens, by the number in its name (`720p`); of a channel, lines
 *   country  the only country it may be used from (ISO 3166-1 alpha-2); the last two stand there where there is one of them
 */

export interface Ticket {
  readonly session: string;
  readonly subject?: string | undefined;
  readonly link?: string | undefined;
  readonly ip?: string | undefined;
  /** Of a rung's name, or lines of a channel, 10 to 99,999. */
  readonly height?: number | undefined;
  readonly country?: string | undefined;
}

/** Folder of tickets below a video or channel. No key of ours has it (keys.ts, live-keys.ts). */
const FOLDER = 's';
const NONE = '-';

/** Parts, in their order; what each may be. Upper and lower case are two things everywhere. */
const PARTS = {
  session: /^[0-9a-z]{7}[A-Za-z0-9]{16}$/,
  subject: /^[A-Za-z0-9_-]{11}$/,
  link: /^(?!-$)[A-Za-z0-9_-]{1,64}$/,
  ip: /^(?:[0-9a-f]{8}|[0-9a-f]{32})$/,
  height: /^[1-9][0-9]{1,4}$/,
  country: /^[A-Z]{2}$/,
} as const;
/** In every ticket; and in those of what has such a limit. */
const ALWAYS = ['subject', 'link', 'ip'] as const;
const LIMITED = ['height', 'country'] as const;

/** Characters of the longest ticket there is. */
export const LONGEST_TICKET = 23 + 1 + 11 + 1 + 64 + 1 + 32 + 1 + 5 + 1 + 2;

/** A session that begins at `at` (epoch ms). `random`: 16 letters and digits that nobody can guess, over 95 bits. */
export const sessionId = (at: number, random: string): string =>
  checked(
    'session',
    `${Math.floor(at / 1000)
      .toString(36)
      .padStart(7, '0')}${random}`,
  );

/** When a session began: epoch seconds. */
export const beganAt = (session: string): number => Number.parseInt(session.slice(0, 7), 36);

/** Throws RangeError on a part that is none. */
export function ticketText(ticket: Ticket): string {
  const names = LIMITED.some((name) => ticket[name] !== undefined) ? [...ALWAYS, ...LIMITED] : ALWAYS;
  return [
    checked('session', ticket.session),
    ...names.map((name) => {
      const part = ticket[name];
      return part === undefined ? NONE : checked(name, String(part));
    }),
  ].join('.');
}

/** Undefined: it is no ticket. */
export function parseTicket(text: string): Ticket | undefined {
  if (text.length > LONGEST_TICKET) return undefined;
  const [session, ...parts] = text.split('.');
  if (session === undefined || !PARTS.session.test(session)) return undefined;
  const names = parts.length > ALWAYS.length ? [...ALWAYS, ...LIMITED] : ALWAYS;
  if (parts.length !== names.length) return undefined;
  const there = names.flatMap((name, index) => {
    const part = parts[index]!;
    return part === NONE ? [] : [{ name, part }];
  });
  if (!there.every(({ name, part }) => PARTS[name].test(part))) return undefined;
  const ticket: Ticket = {
    session,
    ...Object.fromEntries(there.map(({ name, part }) => [name, name === 'height' ? Number(part) : part])),
  };
  // Of the ways to say the same one is taken.
  return ticketText(ticket) === text ? ticket : undefined;
}

/** A key below `prefix` as a path with a ticket in it. */
export const ticketed = (key: string, prefix: string, ticket: string): string =>
  `${ticketPath(prefix, ticket)}${key.slice(prefix.length)}`;

/** Path below which a ticket opens everything of `prefix` (`vod/{id}/`, `live/{device}/{channel}/`). From `/` to `/`. */
export const ticketPath = (prefix: string, ticket: string): string => `/${prefix}${FOLDER}/${ticket}/`;

/** The ticket in a path below `/{prefix}`; undefined: none is there. */
export function ticketIn(path: string, prefix: string): string | undefined {
  const before = `/${prefix}${FOLDER}/`;
  if (!path.startsWith(before)) return undefined;
  const end = path.indexOf('/', before.length);
  return end === -1 ? undefined : path.slice(before.length, end);
}

/** An address as a ticket says it, 8 or 32 hexadecimal digits; undefined: it is none. IPv4 inside IPv6 is IPv4. */
export function addressPart(address: string): string | undefined {
  const v4 = hexOfV4(address);
  if (v4 !== undefined) return v4;
  const [head = '', tail, ...more] = address.toLowerCase().split('::');
  if (more.length > 0 || !address.includes(':')) return undefined;
  const before = groupsOf(head, tail === undefined);
  const after = tail === undefined ? [] : groupsOf(tail, true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const hex = [...before, ...Array.from({ length: missing }, () => '0000'), ...after].join('');
  return hex.startsWith(`${'0'.repeat(20)}ffff`) ? hex.slice(24) : hex;
}

function hexOfV4(address: string): string | undefined {
  const bytes = address.split('.');
  if (bytes.length !== 4 || !bytes.every((byte) => /^(?:0|[1-9][0-9]{0,2})$/.test(byte) && Number(byte) < 256)) {
    return undefined;
  }
  return bytes.map((byte) => Number(byte).toString(16).padStart(2, '0')).join('');
}

/** Groups of IPv6 as four digits each, where each has one at least; an address's last may be an IPv4 address (RFC 4291 2.2). */
function groupsOf(text: string, isLast: boolean): string[] | undefined {
  if (text === '') return [];
  const groups = text.split(':').flatMap((group, index, all) => {
    const v4 = isLast && index === all.length - 1 ? hexOfV4(group) : undefined;
    return v4 === undefined ? [group] : [v4.slice(0, 4), v4.slice(4)];
  });
  return groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))
    ? groups.map((group) => group.padStart(4, '0'))
    : undefined;
}

function checked(name: keyof typeof PARTS, part: string): string {
  if (!PARTS[name].test(part)) throw new RangeError(`not the ${name} of a ticket: ${JSON.stringify(part)}`);
  return part;
}
