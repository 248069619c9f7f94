/**
 * Once a day, where `slicing.keepSourceDays` asks for it: removes sources whose day has come, of which slicing said that they were
 * copied exactly. Every step is safe to repeat; what one day misses, the next ones find.
 */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { sourceKey } from '../../lib/contract/keys.ts';
import { videoRecord, type VideoRecord } from '../../lib/contract/video.ts';
import { dynamo } from '../shared/clients.ts';
import { removeObjects } from '../shared/objects.ts';
import { changeVideo } from '../shared/videos.ts';
import { monthlyDollars } from '../slicing/prices.ts';

/** `now` is epoch ms. */
export async function removeSources(now: number): Promise<void> {
  const day = new Date(now).toISOString().slice(0, 10);
  for await (const video of dueBy(day)) {
    await removeObjects(required('SOURCE_BUCKET'), [sourceKey(video.id)]);
    await changeVideo(video.id, { set: withoutSource(video, day), remove: ['sourceRemoveOn'] }, { from: ['ready'] });
  }
}

/** What the record says from then on: what keeping the video costs, without its source. */
export function withoutSource(
  { bytes, cost }: Pick<VideoRecord, 'bytes' | 'cost'>,
  day: string,
): Pick<VideoRecord, 'bytes' | 'cost' | 'sourceRemovedOn'> {
  const monthly = Number(monthlyDollars(bytes.media).toFixed(6));
  return {
    bytes: { ...bytes, source: 0 },
    sourceRemovedOn: day,
    ...(cost && { cost: { ...cost, monthly } }),
  };
}

/** Looks through all videos: a table gets one index a deploy, and this is asked once a day. */
async function* dueBy(day: string): AsyncGenerator<VideoRecord> {
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: required('VIDEOS_TABLE'),
      IndexName: 'byTime',
      KeyConditionExpression: '#kind = :kind',
      FilterExpression: '#goes <= :day AND #status = :ready',
      ExpressionAttributeNames: { '#kind': 'kind', '#goes': 'sourceRemoveOn', '#status': 'status' },
      ExpressionAttributeValues: { ':kind': 'video', ':day': day, ':ready': 'ready' },
    },
  );
  for await (const { Items = [] } of pages) for (const item of Items) yield videoRecord.parse(item);
}
