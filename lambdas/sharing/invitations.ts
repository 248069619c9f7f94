/** Invitations become grants when somebody signs in whose verified address they name. */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { subjectKey, type GrantRow } from '../../lib/contract/entitlement.ts';
import { dynamo } from '../shared/clients.ts';
import { endBy, takenBy } from '../shared/taking-back.ts';
import { deleteGrant, pageOfGrants, readGrant } from '../catalog/grants.ts';
import { peopleWith } from './people-rows.ts';
import { grantFor } from './invitation.ts';

/** Of one sign-in; what is beyond becomes grants at the next one. */
const MOST = 200;
const SIDE_BY_SIDE = 10;

/** How many became grants. */
export async function redeem(email: string, subject: string): Promise<number> {
  // The index is seconds old at most; each is read again before it counts.
  const { grants } = await pageOfGrants({ subject: subjectKey(`email:${email}`) }, MOST, undefined);
  let taken = 0;
  for (let at = 0; at < grants.length; at += SIDE_BY_SIDE) {
    const some = await Promise.all(grants.slice(at, at + SIDE_BY_SIDE).map((one) => take(one, subject)));
    taken += some.filter(Boolean).length;
  }
  return taken;
}

/** In one act, so that one that is withdrawn meanwhile lets nobody in. What was said of the person themselves stands. */
async function take({ videoId, subject: key }: GrantRow, subject: string): Promise<boolean> {
  const now = new Date();
  const invitation = await readGrant({ videoId, subject: key });
  const grant = invitation && grantFor(invitation, subject, now);
  if (grant === undefined) return false;
  const TableName = required('ENTITLEMENTS_TABLE');
  // With limits it may be less than they watch by what everyone or a group was given.
  await endBy(...takenBy(undefined, grant, now.getTime() / 1000));
  try {
    await dynamo.send(
      new TransactWriteCommand({
        TransactItems: [
          {
            Put: {
              TableName,
              Item: grant,
              ConditionExpression: 'attribute_not_exists(videoId) OR expiresAt <= :now',
              ExpressionAttributeValues: { ':now': Math.floor(now.getTime() / 1000) },
            },
          },
          { Delete: { TableName, Key: { videoId, subject: key }, ConditionExpression: 'attribute_exists(videoId)' } },
        ],
      }),
    );
    return true;
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    const [taken, gone] = error.CancellationReasons?.map(({ Code }) => Code === 'ConditionalCheckFailed') ?? [];
    if (taken === true) await deleteGrant(videoId, key);
    else if (gone !== true) throw error;
    return false;
  }
}

/** The one person who has signed in with this address; undefined: nobody has, or several, of whom the next to come is meant. */
export async function personWith(email: string): Promise<string | undefined> {
  const people = await peopleWith(email);
  return people.length === 1 ? people[0]!.sub : undefined;
}
