/** Keys of others: registered, listed and taken back, by admins. */
import { DeleteCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { MAX_KEYS, publicJwk, registeredKey, type RegisteredKey } from '../../lib/contract/registered-key.ts';
import { keyRight } from '../../lib/contract/right.ts';
import { dynamo } from '../shared/clients.ts';
import { ApiError, refusedField } from '../shared/errors.ts';
import type { Handlers } from '../shared/http.ts';
import { endBy } from '../shared/taking-back.ts';
import { keyOf, thumbprint } from '../shared/thumbprint.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';

type KeyRoutes = Pick<Handlers<'sharing'>, 'GET /api/keys' | 'POST /api/keys' | 'DELETE /api/keys/{kid}'>;

const TableName = required('KEYS_TABLE');

function onlyAdmins(viewer: Viewer): void {
  if (!isAdmin(viewer)) throw new ApiError('forbidden', 'Only admins keep the keys of others.');
}

/** All there are: few enough for one page. */
async function all(): Promise<RegisteredKey[]> {
  const { Items = [] } = await dynamo.send(new ScanCommand({ TableName, ConsistentRead: true }));
  return Items.map((item) => registeredKey.parse(item)).toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

export const keyRoutes: KeyRoutes = {
  'GET /api/keys': async ({ viewer }) => {
    onlyAdmins(viewer);
    return { keys: await all() };
  },

  'POST /api/keys': async ({ body, viewer }) => {
    onlyAdmins(viewer);
    const jwk = publicJwk.parse(body.jwk);
    try {
      keyOf(jwk);
    } catch (cause) {
      throw refusedField('body.jwk', 'is no point of the curve P-256', cause);
    }
    const kid = thumbprint(jwk);
    const keys = await all();
    if (keys.length >= MAX_KEYS && !keys.some((key) => key.kid === kid))
      throw new ApiError(
        'conflict',
        `There are ${MAX_KEYS} keys, which is as many as there may be. Take one back first.`,
        {
          limit: { name: 'keys', value: MAX_KEYS },
        },
      );
    const key = { kid, name: body.name, jwk, createdAt: new Date().toISOString(), createdBy: viewer.subject };
    await dynamo.send(new PutCommand({ TableName, Item: key }));
    return key;
  },

  'DELETE /api/keys/{kid}': async ({ params: { kid }, viewer, note }) => {
    onlyAdmins(viewer);
    await endBy({ of: 'rights', rights: [keyRight(kid)] });
    const { Attributes } = await dynamo.send(new DeleteCommand({ TableName, Key: { kid }, ReturnValues: 'ALL_OLD' }));
    note(Attributes === undefined ? { unchanged: true } : { said: { name: registeredKey.parse(Attributes).name } });
    return undefined;
  },
};
