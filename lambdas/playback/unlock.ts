/**
 * A link with a password: whoever types it gets a token for a while. Tries are counted at the link, before the password is looked
 * at, by conditional writes: however many come at once, no more are looked at than may be.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { UNLOCKED_SECONDS, type LinkRow } from '../../lib/contract/link.ts';
import { parseLinkToken } from '../../lib/contract/link-token.ts';
import { dynamo } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';
import type { Handlers } from '../shared/http.ts';
import { checkLink, readLink } from '../shared/links.ts';
import { isPassword } from '../shared/passwords.ts';
import { loadSigner } from '../shared/signing.ts';
import { byLinkOf, mintToken } from './token.ts';

/** Wrong passwords that make nobody wait. */
export const FREE_TRIES = 10;
/** Seconds: the wait doubles with each further one, up to this. */
const LONGEST_WAIT = 900;
/** Seconds without a wrong one after which they are forgotten. */
const FORGOTTEN = 86_400;

/** A try: the how manieth it is, and until when no other is taken if it is wrong, too. Or how long to wait. Seconds. */
export type Turn =
  | { readonly tries: number; readonly lockedUntil?: number; readonly wait?: never }
  | { readonly wait: number };

/** `now` in epoch seconds. About a hundred tries a day are looked at, of all who have the link together. Pure. */
export function turnOf(
  { tries = 0, triedAt = 0, lockedUntil = 0 }: Pick<LinkRow, 'tries' | 'triedAt' | 'lockedUntil'>,
  now: number,
): Turn {
  if (lockedUntil > now) return { wait: lockedUntil - now };
  const next = (triedAt + FORGOTTEN <= now ? 0 : Math.max(0, tries)) + 1;
  if (next <= FREE_TRIES) return { tries: next };
  return { tries: next, lockedUntil: now + Math.min(LONGEST_WAIT, 2 ** Math.min(20, next - FREE_TRIES)) };
}

export const unlockRoutes: Pick<Handlers<'playback'>, 'POST /api/play/{id}/unlock'> = {
  'POST /api/play/{id}/unlock': async ({ params: { id: videoId }, body: { token, password } }) => {
    const { id = '', secret } = parseLinkToken(token) ?? {};
    const now = Math.floor(Date.now() / 1000);
    const row = id === '' ? undefined : await readLink(videoId, id);
    checkLink(row, now, secret);
    if (row.password !== undefined) {
      await take(row, now);
      if (!(await isPassword(password, row.password)))
        throw new ApiError('wrong-password', 'That is not the password of this link. Whoever gave it to you knows it.');
      await giveBack(row);
    }
    const end = Math.min(now + UNLOCKED_SECONDS, row.goodUntil ?? Infinity);
    const expiresAt = new Date(end * 1000);
    const unlocked = await mintToken((await loadSigner()).tokens, byLinkOf(row), videoId, 'manifest', expiresAt);
    return { token: unlocked, expiresAt: expiresAt.toISOString() };
  },
};

const waitFor = (seconds: number) =>
  new ApiError(
    'too-many-attempts',
    `Too many wrong passwords. Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`,
    {
      limit: { name: 'attempts', value: seconds, unit: 'seconds' },
    },
  );

/** Takes one try of the link's. Throws `too-many-attempts`. */
async function take(row: LinkRow, now: number): Promise<void> {
  const turn = turnOf(row, now);
  if (turn.wait !== undefined) throw waitFor(turn.wait);
  const isFree = turn.lockedUntil === undefined && turn.tries === (row.tries ?? 0) + 1;
  try {
    await change(
      row,
      isFree
        ? {
            // Several at once are fine: not one of them is the eleventh.
            UpdateExpression: 'SET triedAt = :now ADD tries :one',
            ConditionExpression: 'attribute_exists(id) AND (attribute_not_exists(tries) OR tries < :free)',
            ExpressionAttributeValues: { ':now': now, ':one': 1, ':free': FREE_TRIES },
          }
        : {
            UpdateExpression: `SET triedAt = :now, tries = :tries${turn.lockedUntil === undefined ? ' REMOVE lockedUntil' : ', lockedUntil = :until'}`,
            ConditionExpression: 'tries = :seen',
            ExpressionAttributeValues: {
              ':now': now,
              ':tries': turn.tries,
              ':seen': row.tries ?? 0,
              ...(turn.lockedUntil !== undefined && { ':until': turn.lockedUntil }),
            },
          },
    );
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) throw waitFor(1);
    throw error;
  }
}

/** It was right, so it was none. */
const giveBack = (row: LinkRow): Promise<void> =>
  change(row, {
    UpdateExpression: 'ADD tries :less REMOVE lockedUntil',
    ConditionExpression: 'attribute_exists(tries)',
    ExpressionAttributeValues: { ':less': -1 },
  });

async function change(
  { videoId, id }: Pick<LinkRow, 'videoId' | 'id'>,
  update: Omit<UpdateCommandInput, 'TableName' | 'Key'>,
): Promise<void> {
  await dynamo.send(new UpdateCommand({ TableName: required('LINKS_TABLE'), Key: { videoId, id }, ...update }));
}
