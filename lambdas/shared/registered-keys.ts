/** The table of keys that others sign playback tokens with. */
import type { KeyObject } from 'node:crypto';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { registeredKey } from '../../lib/contract/registered-key.ts';
import { dynamo } from './clients.ts';
import { keyOf } from './thumbprint.ts';

/** Undefined: nobody registered it, or it was taken back. Read consistently, at each use: a right is never cached. */
export async function readRegisteredKey(kid: string): Promise<KeyObject | undefined> {
  const TableName = required('KEYS_TABLE');
  const { Item } = await dynamo.send(new GetCommand({ TableName, Key: { kid }, ConsistentRead: true }));
  return Item === undefined ? undefined : keyOf(registeredKey.parse(Item).jwk);
}
