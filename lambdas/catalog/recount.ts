/**
 * Counts what is kept of each owner where it was never counted: videos of before it was. Once, which a row of its own says; what one run
 * does not get done, the next goes on with.
 */
import { GetCommand, paginateQuery, PutCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { storageId } from '../../lib/contract/storage.ts';
import { videoRecord } from '../../lib/contract/video.ts';
import { dynamo } from '../shared/clients.ts';
import { countVideo } from '../shared/storage.ts';

/** Nobody's: subjects are one character at least. */
const DONE = { id: storageId('') };

export async function countWhatIsNot(now: number): Promise<void> {
  const TableName = required('VIDEOS_TABLE');
  if ((await dynamo.send(new GetCommand({ TableName, Key: DONE }))).Item !== undefined) return;
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName,
      IndexName: 'byTime',
      KeyConditionExpression: '#kind = :kind',
      FilterExpression: 'attribute_not_exists(#counted)',
      ExpressionAttributeNames: { '#kind': 'kind', '#counted': 'counted' },
      ExpressionAttributeValues: { ':kind': 'video' },
    },
  );
  for await (const { Items = [] } of pages) for (const item of Items) await countVideo(videoRecord.parse(item));
  await dynamo.send(new PutCommand({ TableName, Item: { ...DONE, at: new Date(now).toISOString() } }));
}
