/** When keys take turns, and what becomes of them then. Pure; times are epoch seconds. */
import { LONGEST_SIGNATURE_SECONDS, MAX_TOKEN_SECONDS } from '../../lib/contract/options.ts';
import type { Ring, SigningSecret } from '../../lib/contract/signing.ts';

const HOUR = 3600;

/**
 * How long a key is known before it signs: CloudFront spreads a key group in minutes, and who reads the key set may keep it
 * for an hour.
 */
export const KNOWN_SECONDS = 2 * HOUR;

/** What a process may still sign by a key whose turn is over: it reads the secret again after minutes (signing.ts). */
const LATE = HOUR;

/** How long what a key has signed may be good after its turn: by the options' bounds, since an option may have been changed since. */
export const LIVES = {
  /** The longest signature (`signatureEnd` of access.ts). */
  media: LONGEST_SIGNATURE_SECONDS + LATE,
  /** The longest token, of a person or of an expanded manifest, which lasts as long as its signature. */
  tokens: Math.max(MAX_TOKEN_SECONDS, LONGEST_SIGNATURE_SECONDS) + LATE,
} as const;

export type RingName = keyof typeof LIVES;

/** Whether `current` has signed for `days`. */
export const isDue = ({ current }: Ring, days: number, now: number): boolean => now - current.since >= days * 24 * HOUR;

/** From when `next` may sign. */
export const knownFrom = ({ next }: Ring): number => next.since + KNOWN_SECONDS;

/** Public keys that a key group of CloudFront holds at most (CloudFront Developer Guide, "Quotas"). */
const MAX_KEYS = 5;

/** When the group has room for one more: now, or when enough of the previous keys are over. */
export const roomFrom = ({ previous }: Ring, now: number): number =>
  previous.length + 3 <= MAX_KEYS ? now : Math.min(...previous.map(({ until }) => until));

/** `next` signs, `made` is the next one, and what `current` has signed is good for `lives` more seconds. */
export function turn(ring: Ring, made: Ring['next'], lives: number, now: number): Ring {
  const { id, publicKey } = ring.current;
  return {
    current: { ...ring.next, since: now },
    next: { ...made, since: now },
    previous: [...ring.previous, { id, publicKey, until: now + lives }],
  };
}

/** Without the keys that nothing good is signed by any more. */
export const swept = (ring: Ring, now: number): Ring => ({
  ...ring,
  previous: ring.previous.filter(({ until }) => until > now),
});

/** Every key that signatures are checked by. */
export const idsOf = ({ current, next, previous }: Ring): string[] => [current, next, ...previous].map(({ id }) => id);

/** What an operator is told: never a key. */
export const reportOf = ({ media, tokens }: Pick<SigningSecret, RingName>) => ({
  media: shown(media),
  tokens: shown(tokens),
});
const shown = ({ current, next, previous }: Ring) => ({
  signs: { id: current.id, since: iso(current.since) },
  next: { id: next.id, since: iso(next.since) },
  previous: previous.map(({ id, until }) => ({ id, until: iso(until) })),
});
export const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
