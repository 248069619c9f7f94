/** Who is given what, in words and as the API takes it. Pure. */
import type { Entitlement } from '../../../lib/contract/entitlement.ts';
import { mailAddress } from '../../../lib/contract/mail.ts';
import type { Person } from '../../../lib/contract/person.ts';

export type Kind = 'person' | 'group' | 'everyone';

/** What stands in the fields; an empty one says no limit. */
export interface Fields {
  readonly seconds: string;
  readonly maxHeight: string;
  readonly maxSessions: string;
  /** Codes with whatever between them. */
  readonly countries: string;
}

export const NO_LIMITS: Fields = { seconds: '', maxHeight: '', maxSessions: '', countries: '' };

/** `now` in ms. */
export const conditions = ({ seconds, maxHeight, maxSessions, countries }: Fields, now: number) => ({
  ...(seconds !== '' && { expiresAt: Math.floor(now / 1000) + Number(seconds) }),
  ...(maxHeight !== '' && { maxHeight: Number(maxHeight) }),
  ...(maxSessions !== '' && { maxSessions: Number(maxSessions) }),
  ...(codesIn(countries).length > 0 && { countries: { only: codesIn(countries) } }),
});

const codesIn = (text: string): string[] => [...new Set(text.toUpperCase().match(/[^\s,;]+/g))];

/** How somebody stands in the list that typing opens: what tells them from others of their name. */
export const choice = ({ name, email, subject }: Person): string =>
  name !== null && email !== null ? `${name} (${email})` : (name ?? email ?? subject);

/** Labels in a list must differ; who shares one with another has the subject behind it. */
export function choices(people: readonly Person[]): ReadonlyMap<string, Person> {
  const labels = people.map(choice);
  return new Map(
    people.map((person, index) => {
      const label = labels[index]!;
      const isShared = labels.indexOf(label) !== labels.lastIndexOf(label);
      return [isShared ? `${label} · ${person.subject}` : label, person];
    }),
  );
}

/**
 * Whom a text means: who was chosen, an address, the one person who is called just so, or else a subject as the sign-in service
 * has it. `found`: people by what was typed.
 */
export function subjectOf(text: string, chosen: Person | undefined, found: readonly Person[]): string {
  if (chosen !== undefined) return `person:${chosen.subject}`;
  const mail = mailAddress(text);
  if (mail !== undefined) return `email:${mail}`;
  const called = found.filter(({ name }) => name?.toLocaleLowerCase() === text.trim().toLocaleLowerCase());
  return `person:${called.length === 1 ? called[0]!.subject : text.trim()}`;
}

export type Whom =
  | { readonly kind: 'person'; readonly subject: string }
  | { readonly kind: 'invited' | 'group' | 'everyone'; readonly name: string };

export function whom(subject: string): Whom {
  const rest = subject.slice(subject.indexOf(':') + 1);
  if (subject.startsWith('person:')) return { kind: 'person', subject: rest };
  if (subject.startsWith('email:')) return { kind: 'invited', name: rest };
  if (subject.startsWith('group:')) return { kind: 'group', name: `Group ${rest}` };
  return { kind: 'everyone', name: 'Everyone' };
}

const day = (seconds: number): string =>
  new Date(seconds * 1000).toLocaleDateString(undefined, { dateStyle: 'medium' });

/** A few by name, more by how many they are. */
function named(codes: readonly string[]): string {
  if (codes.length > 3) return `${codes.length} countries`;
  const names = new Intl.DisplayNames(undefined, { type: 'region', fallback: 'code' });
  return codes.map((code) => names.of(code)).join(', ');
}

/** All that a grant says beside whom it is for. `now` in ms. */
export function said(grant: Omit<Entitlement, 'id' | 'resource'>, now: number): string {
  const { effect, notBefore, expiresAt, pendingUntil, maxHeight, maxSessions, ip, countries, sites } = grant;
  const isOver = expiresAt !== undefined && expiresAt * 1000 <= now;
  const isClosed = pendingUntil !== undefined && pendingUntil * 1000 <= now;
  const parts = [
    effect === 'deny' && 'may not watch',
    pendingUntil !== undefined && (isClosed ? 'invitation over' : `invited, open until ${day(pendingUntil)}`),
    notBefore !== undefined && notBefore * 1000 > now && `from ${day(notBefore)}`,
    expiresAt !== undefined && `${isOver ? 'ended' : 'until'} ${day(expiresAt)}`,
    maxHeight !== undefined && `up to ${maxHeight}p`,
    maxSessions !== undefined && `${maxSessions} at a time`,
    ip !== undefined && `from ${ip} only`,
    countries?.only !== undefined && `in ${named(countries.only)} only`,
    countries?.except !== undefined && `but for ${named(countries.except)}`,
    sites !== undefined && `on ${sites.length === 1 ? new URL(sites[0]!).host : `${sites.length} sites`}`,
  ];
  return parts.filter((part) => typeof part === 'string').join(' · ') || 'until taken back';
}
