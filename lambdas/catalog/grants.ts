/** The entitlements table: who may watch besides owners and admins. */
import { DeleteCommand, paginateQuery, PutCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { grantRow, type GrantRow } from '../../lib/contract/entitlement.ts';
import { dynamo } from '../shared/clients.ts';

const TableName = () => required('ENTITLEMENTS_TABLE');

/** Every grant on a resource (`resourceKey`), those over and not yet swept included. */
export async function listGrants(videoId: string): Promise<GrantRow[]> {
  const grants: GrantRow[] = [];
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: TableName(),
      ConsistentRead: true,
      KeyConditionExpression: 'videoId = :id',
      ExpressionAttributeValues: { ':id': videoId },
    },
  );
  for await (const { Items = [] } of pages) grants.push(...Items.map((item) => grantRow.parse(item)));
  return grants;
}

export async function putGrant(grant: GrantRow): Promise<void> {
  await dynamo.send(new PutCommand({ TableName: TableName(), Item: grant }));
}

export async function deleteGrant(videoId: string, subject: string): Promise<void> {
  await dynamo.send(new DeleteCommand({ TableName: TableName(), Key: { videoId, subject } }));
}
