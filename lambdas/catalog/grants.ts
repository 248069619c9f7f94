/** The entitlements table: who may watch a video besides its owner and admins. */
import { DeleteCommand, paginateQuery, PutCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { grant as grantSchema, type Grant } from '../../lib/contract/video.ts';
import { dynamo } from '../shared/clients.ts';

const TableName = () => required('ENTITLEMENTS_TABLE');

/** Every grant on a video, those over and not yet swept included. */
export async function listGrants(videoId: string): Promise<Grant[]> {
  const grants: Grant[] = [];
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: TableName(),
      ConsistentRead: true,
      KeyConditionExpression: 'videoId = :id',
      ExpressionAttributeValues: { ':id': videoId },
    },
  );
  for await (const { Items = [] } of pages) grants.push(...Items.map((item) => grantSchema.parse(item)));
  return grants;
}

export async function putGrant(grant: Grant): Promise<void> {
  await dynamo.send(new PutCommand({ TableName: TableName(), Item: grant }));
}

export async function deleteGrant(videoId: string, subject: string): Promise<void> {
  await dynamo.send(new DeleteCommand({ TableName: TableName(), Key: { videoId, subject } }));
}
