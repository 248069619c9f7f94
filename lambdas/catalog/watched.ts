/** What was counted of a video's viewers (docs/insight.md), when the video goes for good. */
import { DeleteCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { watchedVideo } from '../../lib/contract/player-events.ts';
import { dynamo } from '../shared/clients.ts';

/** Rows that are deleted at a time: a year of watching is some four hundred. */
const AT_A_TIME = 25;

/** All rows of it: who watched when, and which seconds. What players report afterwards makes new ones, which nobody asks for. */
export async function forgetWatched(videoId: string): Promise<void> {
  const TableName = required('HEATMAPS_TABLE');
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName,
      KeyConditionExpression: 'what = :what',
      ExpressionAttributeValues: { ':what': watchedVideo(videoId) },
      ProjectionExpression: '#row',
      ExpressionAttributeNames: { '#row': 'row' },
    },
  );
  for await (const { Items = [] } of pages) {
    for (let from = 0; from < Items.length; from += AT_A_TIME)
      await Promise.all(
        Items.slice(from, from + AT_A_TIME).map(async ({ row }) =>
          dynamo.send(new DeleteCommand({ TableName, Key: { what: watchedVideo(videoId), row } })),
        ),
      );
  }
}
