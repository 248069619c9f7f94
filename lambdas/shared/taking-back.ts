/**
 * What plays by a right that somebody takes back: told to the worker that ends it. Call this before the change is written: what cannot
 * be told has then changed nothing, and the same call, made once more, does all of it. What begins in between is for the second look.
 */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ending, MOST_RIGHTS, type Ending, type Taken } from '../../lib/contract/ending.ts';
import { isInvitation, resourceOf, subjectOf, type GrantRow } from '../../lib/contract/entitlement.ts';
import { required } from '../../lib/contract/env.ts';
import { LONGEST_SIGNATURE_SECONDS } from '../../lib/contract/options.ts';
import { grantRight } from '../../lib/contract/right.ts';
import { isLimiting } from './entitlement.ts';

const sqs = new SQSClient({});

/** Messages sent at a time. */
const SIDE_BY_SIDE = 10;

/** Throws when it could not be told: then write nothing. Told twice it does no harm. */
export async function endBy(...all: readonly Taken[]): Promise<void> {
  const messages = all.flatMap(inMessages);
  for (let at = 0; at < messages.length; at += SIDE_BY_SIDE)
    await Promise.all(messages.slice(at, at + SIDE_BY_SIDE).map((taken) => tellEnding({ taken, isAgain: false })));
}

const inMessages = (taken: Taken): Taken[] =>
  taken.of === 'rights'
    ? Array.from({ length: Math.ceil(taken.rights.length / MOST_RIGHTS) }, (_, i) => ({
        of: 'rights',
        rights: taken.rights.slice(i * MOST_RIGHTS, (i + 1) * MOST_RIGHTS),
      }))
    : [taken];

/** `delay`: seconds. */
export async function tellEnding(message: Ending, delay = 0): Promise<void> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: required('ENDING_QUEUE'),
      MessageBody: JSON.stringify(ending.parse(message)),
      ...(delay > 0 && { DelaySeconds: delay }),
    }),
  );
}

/**
 * What is taken back when `after` stands in the place of `before`; undefined: there was none, or is none. What denies or limits keeps
 * others from what they had by other grants. One that begins later than any signature lasts is met by each play start until
 * then. `now`: epoch seconds. Pure.
 */
export function takenBy(before: GrantRow | undefined, after: GrantRow | undefined, now: number): Taken[] {
  const taken: Taken[] = [];
  const isLess = after === undefined || before === undefined || isNarrower(before, after);
  if (before?.effect === 'allow' && !isInvitation(before) && isLess)
    taken.push({ of: 'rights', rights: [grantRight(before)] });
  if (after === undefined || isInvitation(after) || !countsSoon(after, now)) return taken;
  const about = { resource: resourceOf(after.videoId), subject: subjectOf(after.subject) };
  if (after.effect === 'deny') taken.push({ of: 'denied', ...about });
  else if (isLimiting(after) && (isLess || isForMore(before, after, now))) taken.push({ of: 'nearer', ...about });
  return taken;
}

/**
 * Whether it may count for somebody, or at a time, that it did not count for: who watches by what is farther is then held to its limits.
 * Of a condition that is said otherwise nobody knows whom else it lets in.
 */
const isForMore = (before: GrantRow, after: GrantRow, now: number): boolean =>
  !isSame(before.ip, after.ip) ||
  !isSame(before.countries, after.countries) ||
  !isSame(before.sites, after.sites) ||
  (before.notBefore ?? 0) > Math.max(now, after.notBefore ?? 0) ||
  (before.expiresAt ?? Infinity) <= now;

/** Whether it counts, or will while signatures of now last. */
const countsSoon = ({ notBefore = 0, expiresAt = Infinity }: GrantRow, now: number): boolean =>
  notBefore < now + LONGEST_SIGNATURE_SECONDS && expiresAt > now;

/** Of these, more is wider; without one there is no bound. Of all else that is said, another word may be narrower. */
const MORE_IS_WIDER = new Set(['expiresAt', 'maxHeight', 'maxSessions']);
const LESS_IS_WIDER = new Set(['notBefore']);
const NO_TERMS = new Set(['videoId', 'subject', 'grantedBy', 'createdAt']);
const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

function isNarrower(before: GrantRow, after: GrantRow): boolean {
  const old = before as Readonly<Record<string, unknown>>;
  return Object.entries(after).some(([name, value]) => {
    const was = old[name];
    if (NO_TERMS.has(name) || isSame(was, value)) return false;
    if (typeof was !== 'number' || typeof value !== 'number') return true;
    if (MORE_IS_WIDER.has(name)) return value < was;
    return LESS_IS_WIDER.has(name) ? value > was : true;
  });
}
