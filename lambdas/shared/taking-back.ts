/** What plays by a right that somebody takes back: told to the worker that ends it. Call this when the right is gone already. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ending, MOST_RIGHTS, type Ending, type Taken } from '../../lib/contract/ending.ts';
import { isInvitation, resourceOf, subjectOf, type GrantRow } from '../../lib/contract/entitlement.ts';
import { required } from '../../lib/contract/env.ts';
import { LONGEST_SIGNATURE_SECONDS } from '../../lib/contract/options.ts';
import { grantRight } from '../../lib/contract/right.ts';

const sqs = new SQSClient({});

/** Throws when it could not be told: then take it back once more, which does no harm. */
export async function endBy(...all: readonly Taken[]): Promise<void> {
  for (const taken of all.flatMap(inMessages)) await tellEnding({ taken, isAgain: false });
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
 * What is taken back when `after` stands in the place of `before`; undefined: there was none, or is none. A denial that begins
 * later than any signature lasts is met by each play start until then. `now`: epoch seconds. Pure.
 */
export function takenBy(before: GrantRow | undefined, after: GrantRow | undefined, now: number): Taken[] {
  const taken: Taken[] = [];
  if (before?.effect === 'allow' && !isInvitation(before) && (after === undefined || isNarrower(before, after)))
    taken.push({ of: 'rights', rights: [grantRight(before)] });
  if (after?.effect === 'deny' && (after.notBefore ?? 0) < now + LONGEST_SIGNATURE_SECONDS)
    taken.push({ of: 'denied', resource: resourceOf(after.videoId), subject: subjectOf(after.subject) });
  return taken;
}

/** Of these, more is wider; without one there is no bound. Of all else that is said, another word may be narrower. */
const MORE_IS_WIDER = new Set(['expiresAt', 'maxHeight', 'maxSessions']);
const LESS_IS_WIDER = new Set(['notBefore']);
const NO_TERMS = new Set(['videoId', 'subject', 'grantedBy', 'createdAt']);

function isNarrower(before: GrantRow, after: GrantRow): boolean {
  const old = before as Readonly<Record<string, unknown>>;
  return Object.entries(after).some(([name, value]) => {
    const was = old[name];
    if (NO_TERMS.has(name) || JSON.stringify(was) === JSON.stringify(value)) return false;
    if (typeof was !== 'number' || typeof value !== 'number') return true;
    if (MORE_IS_WIDER.has(name)) return value < was;
    return LESS_IS_WIDER.has(name) ? value > was : true;
  });
}
