/**
 * How far taking a video down has come. It stands on the row by which the edge refuses the video, since its record goes: refused, files
 * deleted, caches emptied.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import {
  keyOf,
  revocationRecord,
  type Revocable,
  type RevocationRecord,
  type Takedown,
} from '../../lib/contract/revocation.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { dynamo } from './clients.ts';
import { revoke, tell } from './revocation.ts';

const row = (id: string, kind: Revocable = 'video') => ({
  TableName: required('REVOCATIONS_TABLE'),
  Key: { key: keyOf(kind, id) },
});

/** Has the edge refuse all that was ever signed of it, until the last such signature ends, and begins to say how far it is. */
export async function takeDown({ id, owner, updatedAt }: VideoRecord, until: Date): Promise<void> {
  await revoke([{ kind: 'video', id, until }]);
  const begun: Takedown = { owner, askedAt: updatedAt };
  await dynamo.send(
    new UpdateCommand({
      ...row(id),
      UpdateExpression: 'SET takedown = :begun',
      ExpressionAttributeValues: { ':begun': begun },
    }),
  );
}

/**
 * A video was taken out of the trash, or a device is registered again: what began before stays refused, pictures and files are not, and
 * nothing is said of a takedown any more. Of what was never refused, or is so anew, nothing changes.
 */
export async function reopen(id: string, kind?: 'video' | 'device'): Promise<void> {
  const { Item } = await dynamo.send(new GetCommand({ ...row(id, kind), ConsistentRead: true }));
  if (Item === undefined) return;
  const { key, at, until } = revocationRecord.parse(Item);
  try {
    await dynamo.send(
      new UpdateCommand({
        ...row(id, kind),
        // Not in the store as it is now: if nobody is told, a sweep brings it there.
        UpdateExpression: 'SET #open = :true REMOVE takedown, #store, writtenAt',
        ConditionExpression: '#at = :at',
        ExpressionAttributeNames: { '#open': 'open', '#store': 'store', '#at': 'at' },
        ExpressionAttributeValues: { ':true': true, ':at': at },
      }),
    );
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return;
    throw error;
  }
  await tell({ step: 'write', revocations: [{ key, at, until, open: true }] });
}

/** The first time counts. Of a video that was never published, or whose row is over, nothing is said. */
export async function reached(id: string, what: 'removedAt' | 'emptiedAt'): Promise<void> {
  try {
    await dynamo.send(
      new UpdateCommand({
        ...row(id),
        UpdateExpression: 'SET takedown.#what = if_not_exists(takedown.#what, :now)',
        ConditionExpression: 'attribute_exists(takedown)',
        ExpressionAttributeNames: { '#what': what },
        ExpressionAttributeValues: { ':now': new Date().toISOString() },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

type Seen = Pick<RevocationRecord, 'writtenAt'> & { readonly takedown: Takedown };

/** Undefined: there is none, or its row is over. */
export async function readTakedown(id: string): Promise<Seen | undefined> {
  const { Item } = await dynamo.send(new GetCommand({ ...row(id), ConsistentRead: true }));
  const found = Item === undefined ? undefined : revocationRecord.parse(Item);
  return found?.takedown === undefined ? undefined : { ...found, takedown: found.takedown };
}
