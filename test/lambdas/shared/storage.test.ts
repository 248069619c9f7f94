/** What is kept of whom, on a real engine: exact, whatever is repeated, races or dies half way. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newVideoId } from '../../../lambdas/upload/draft.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { aRecord } from '../catalog/record.ts';
import { startHandlerEngine } from '../engine.ts';

let close = async () => {};
let storage: typeof import('../../../lambdas/shared/storage.ts');
let videos: typeof import('../../../lambdas/shared/videos.ts');
let recount: typeof import('../../../lambdas/catalog/recount.ts');
let table: DynamoDBDocumentClient;

beforeAll(async () => {
  close = await startHandlerEngine({});
  table = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  storage = await import('../../../lambdas/shared/storage.ts');
  videos = await import('../../../lambdas/shared/videos.ts');
  recount = await import('../../../lambdas/catalog/recount.ts');
}, 180_000);
afterAll(async () => close());

let turn = 0;
const somebody = () => `owner-${++turn}`;
async function stored(owner: string, changes: Partial<VideoRecord> = {}): Promise<VideoRecord> {
  const record = aRecord({ id: newVideoId(), owner, ...changes });
  await table.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
  return record;
}
const kept = async (owner: string) => {
  const { bytes, videos: count } = await storage.readStorage(owner);
  return [bytes, count];
};
const sized = (source: number, media: number) => ({ bytes: { source, media } });

it('follows a video from its upload to its end', async () => {
  const [olga, otto] = [somebody(), somebody()];
  const { id } = await stored(olga);
  expect(await kept(olga)).toEqual([0, 0]);
  await videos.changeVideo(id, { set: sized(100, 0) });
  expect(await kept(olga)).toEqual([100, 1]);
  await videos.changeVideo(id, { set: sized(100, 250) });
  expect(await kept(olga)).toEqual([350, 1]);
  // What is none of its size changes nothing.
  await videos.changeVideo(id, { set: { title: 'x' } });
  await videos.changeVideo(id, { set: sized(0, 250) });
  expect(await kept(olga)).toEqual([250, 1]);
  await videos.changeVideo(id, { set: { owner: otto } });
  expect([await kept(olga), await kept(otto)]).toEqual([
    [0, 0],
    [250, 1],
  ]);
  await storage.deleteVideo((await videos.readVideo(id))!);
  expect([await kept(otto), await videos.readVideo(id)]).toEqual([[0, 0], undefined]);
});

it('counts once what is counted twice, by many at once, or by who knows an older record', async () => {
  const olga = somebody();
  const records = await Promise.all(Array.from({ length: 8 }, () => stored(olga, sized(10, 5))));
  await Promise.all(records.flatMap((record) => [storage.countVideo(record), storage.countVideo(record)]));
  for (const record of records) await storage.countVideo(record);
  expect(await kept(olga)).toEqual([120, 8]);
  // Deleted twice at once, as a message that comes twice does, while somebody still counts it.
  await Promise.all([records[0]!, records[0]!].map((record) => storage.deleteVideo(record)));
  await storage.countVideo(records[0]!);
  expect(await kept(olga)).toEqual([105, 7]);
});

it('is of nobody’s list of videos', async () => {
  const olga = somebody();
  await storage.countVideo(await stored(olga, sized(1, 1)));
  const rows = [];
  for await (const row of storage.everyStorage()) rows.push(row);
  expect(rows).toContainEqual(expect.objectContaining({ subject: olga, bytes: 2, videos: 1 }));
  const { Item } = await table.send(
    new GetCommand({ TableName: process.env['VIDEOS_TABLE'], Key: { id: `storage ${olga}` } }),
  );
  expect(Item).not.toHaveProperty('owner');
});

it('is made up for once, of videos of before it was counted', async () => {
  const olga = somebody();
  await stored(olga, sized(3, 4));
  await storage.countVideo(await stored(olga, sized(1, 0)));
  await recount.countWhatIsNot(Date.now());
  expect(await kept(olga)).toEqual([8, 2]);
  await stored(olga, sized(1000, 0));
  await recount.countWhatIsNot(Date.now());
  expect(await kept(olga)).toEqual([8, 2]);
});
