/** What was counted of a video's viewers (docs/insight.md), when the video goes for good. */
import { DeleteCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { goneRow } from '../../lib/contract/heatmap.ts';
import { watchedVideo } from '../../lib/contract/player-events.ts';
import { dynamo } from '../shared/clients.ts';

/** Rows that are deleted at a time: a year of watching is some four hundred. */
const AT_A_TIME = 25;

/** All rows of it: who watched when, and which seconds. First it is said that it is gone, so that none comes after these. */
export async function forgetWatched(videoId: string): Promise<void> {
  const TableName = required('HEATMAPS_TABLE');
  const what = watchedVideo(videoId);
  await dynamo.send(new PutCommand({ TableName, Item: goneRow(what) }));
  for (let rows = await some(what); rows.length > 0; rows = await some(what))
    await Promise.all(rows.map(async (row) => dynamo.send(new DeleteCommand({ TableName, Key: { what, row } }))));
}

/** Of those that are there now: one may come while others are deleted, from an hour that is put to its day. */
async function some(what: string): Promise<unknown[]> {
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: required('HEATMAPS_TABLE'),
      KeyConditionExpression: 'what = :what',
      ExpressionAttributeValues: { ':what': what },
      ProjectionExpression: '#row',
      ExpressionAttributeNames: { '#row': 'row' },
      ConsistentRead: true,
      Limit: AT_A_TIME,
    }),
  );
  return Items.map(({ row }) => row as unknown);
}
