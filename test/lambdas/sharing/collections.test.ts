/** Collections against the engine: what is in them in which order, nesting, and what being given one lets watch. */
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { routes, type RouteKey } from '../../../lib/contract/api.ts';
import { MOST_COLLECTIONS } from '../../../lib/contract/collection.ts';
import { callRoute, type Call } from '../engine.ts';
import { startFleet, type Fleet } from '../devices/fleet.ts';
import { record } from '../playback/fixture.ts';

let fleet: Fleet;
let catalog: Parameters<typeof callRoute>[0];
let sharing: typeof catalog;
let count = 0;

const olga = { sub: 'olga', groups: ['uploader'] };
const uma = { sub: 'uma', groups: ['uploader'] };
const sam = { sub: 'sam', groups: ['crew'] };
const ada = { sub: 'ada', groups: ['admin'] };

beforeAll(async () => {
  fleet = await startFleet();
  const { QueueUrl } = await fleet.sqs.send(new CreateQueueCommand({ QueueName: `removals-sets-${process.pid}` }));
  Object.assign(process.env, {
    REMOVAL_QUEUE: QueueUrl,
    CONSOLE_CONFIG: JSON.stringify({
      issuer: 'https://issuer.example',
      clientId: 'console',
      scope: 'openid',
      groupsClaim: 'groups',
      upload: { maxBytes: 1000, partBytes: 100, types: ['video/*'], maxInFlight: 2 },
    }),
  });
  ({ handler: catalog } = await import('../../../lambdas/catalog/handler.ts'));
  ({ handler: sharing } = await import('../../../lambdas/sharing/handler.ts'));
}, 600_000);
afterAll(() => fleet.close());

const call = (route: RouteKey, as: Call['as'], more: Call = {}) =>
  callRoute(routes[route].stage === 'sharing' ? sharing : catalog, route, { as, ...more });
const make = async (as: Call['as'], body: object = { title: 'Tour' }) => call('POST /api/collections', as, { body });
const get = (as: Call['as'], collection: string) =>
  call('GET /api/collections/{collection}', as, { params: { collection } });
const fill = (as: Call['as'], collection: string, videos: readonly string[]) =>
  call('PUT /api/collections/{collection}/videos', as, { params: { collection }, body: { videos } });
const remove = (as: Call['as'], collection: string) =>
  call('DELETE /api/collections/{collection}', as, { params: { collection } });
const give = (as: Call['as'], collection: string, more: object = {}) =>
  call('POST /api/entitlements', as, {
    body: { resource: `collection:${collection}`, subject: 'group:crew', ...more },
  });
const sees = async (as: Call['as'], id: string) =>
  (await call('GET /api/videos/{id}', as, { params: { id } })).status === 200;

async function stored(over: object = {}): Promise<string> {
  const id = `member${String(count++).padStart(14, '0')}`;
  await fleet.put('VIDEOS_TABLE', record({ id, visibility: 'entitled', hasPoster: true, ...over }));
  return id;
}

it('are made, filled in an order, changed, listed and deleted', async () => {
  const [a, b, c] = [await stored(), await stored(), await stored()];
  const made = await make(olga, { title: 'Tour', description: 'Spring' });
  expect(made).toMatchObject({
    status: 201,
    json: { title: 'Tour', description: 'Spring', owner: 'olga', videoIds: [], coverUrl: null },
  });
  const { id } = made.json as { id: string };
  expect((await fill(olga, id, [b, a, b])).json.videoIds).toEqual([b, a]);
  const filled = (await fill(olga, id, [c, b])).json;
  expect(filled.videoIds).toEqual([c, b]);
  expect(filled.coverUrl).toMatch(new RegExp(`^/vod/${c}/`));
  const change = (body: object) =>
    call('PATCH /api/collections/{collection}', olga, { params: { collection: id }, body });
  expect((await change({ cover: b, title: 'Autumn' })).json).toMatchObject({
    title: 'Autumn',
    description: 'Spring',
    cover: b,
    coverUrl: expect.stringContaining(`/vod/${b}/`) as string,
  });
  expect(await change({ cover: a })).toMatchObject({ status: 400 });
  const nulled = (await change({ cover: null })).json;
  expect(nulled.cover).toBeUndefined();
  const read = (await get(olga, id)).json;
  expect(read).toMatchObject(nulled);
  expect((read.videos as { id: string }[]).map((one) => one.id)).toEqual([c, b]);
  const listed = (await call('GET /api/collections', olga)).json.collections;
  expect(listed).toEqual([nulled]);
  for (let time = 0; time < 2; time++) expect((await remove(olga, id)).status).toBe(204);
  expect(await get(olga, id)).toMatchObject({ status: 404 });
  expect(await sees(olga, c)).toBe(true);
});

it('let watch what is in them and in those inside them, for as long as it is', async () => {
  const [above, below, other] = [await stored(), await stored(), await stored()];
  const { id } = (await make(olga)).json as { id: string };
  const inside = (await make(olga, { title: 'Day 1', parent: id })).json as { id: string; parent: string };
  expect(inside).toMatchObject({ parent: id, id: expect.stringMatching(new RegExp(`^${id}-`)) as string });
  expect(await make(olga, { title: 'Too deep', parent: inside.id })).toMatchObject({ status: 400 });
  await fill(olga, id, [above]);
  await fill(olga, inside.id, [below]);
  const seen = async (as: Call['as']) => [await sees(as, above), await sees(as, below), await sees(as, other)];
  expect(await seen(sam)).toEqual([false, false, false]);
  await give(olga, inside.id);
  expect(await seen(sam)).toEqual([false, true, false]);
  expect(await get(sam, id)).toMatchObject({ status: 404 });
  expect((await get(sam, inside.id)).json.videoIds).toEqual([below]);
  await give(olga, id);
  expect(await seen(sam)).toEqual([true, true, false]);
  const shared = await call('GET /api/videos', sam, { query: { shared: '1' } });
  expect((shared.json.videos as { id: string }[]).map((one) => one.id)).toEqual(
    expect.arrayContaining([above, below]) as string[],
  );
  // What denies on the video wins, and is not shown in the collection either.
  const denied = { resource: `video:${below}`, subject: 'group:crew', effect: 'deny' };
  await call('POST /api/entitlements', olga, { body: denied });
  expect(await seen(sam)).toEqual([true, false, false]);
  expect((await get(sam, inside.id)).json.videoIds).toEqual([]);
  await fill(olga, id, []);
  expect(await seen(sam)).toEqual([false, false, false]);
  expect(await remove(olga, id)).toMatchObject({ status: 409 });
  expect([(await remove(olga, inside.id)).status, (await remove(olga, id)).status]).toEqual([204, 204]);
});

it('are for their owners and admins to change, and take only what one may share', async () => {
  const [own, foreign] = [await stored(), await stored({ owner: 'uma' })];
  const { id } = (await make(olga)).json as { id: string };
  expect(await make(sam)).toMatchObject({ status: 403 });
  for (const as of [uma, sam]) {
    expect(await get(as, id)).toMatchObject({ status: 404 });
    expect(await fill(as, id, [])).toMatchObject({ status: 404 });
    expect(await give(as, id)).toMatchObject({ status: 404 });
    expect(await remove(as, id)).toMatchObject({ status: 404 });
    expect(await make(as === sam ? { ...sam, groups: ['uploader'] } : as, { title: 'x', parent: id })).toMatchObject({
      status: 404,
    });
  }
  for (const video of [foreign, 'a'.repeat(20)])
    expect(await fill(olga, id, [own, video])).toMatchObject({ status: 400, json: { code: 'invalid-request' } });
  expect(await give(ada, id)).toMatchObject({ status: 200 });
  expect((await fill(ada, id, [own, foreign])).json.videoIds).toEqual([own, foreign]);
  // Once there it may stay when its order is changed by who could not put it in.
  expect((await fill(olga, id, [foreign, own])).json.videoIds).toEqual([foreign, own]);
  expect(await sees(sam, own)).toBe(true);
  await call('PATCH /api/videos/{id}', ada, { params: { id: own }, body: { owner: 'uma' } });
  expect(await sees(sam, own)).toBe(false);
  expect((await get(olga, id)).json).toMatchObject({ videoIds: [foreign], videos: [] });
});

it('hold a video in so many and no more, and none is told of it that it is not in', async () => {
  const video = await stored();
  const ids: string[] = [];
  for (let index = 0; index < MOST_COLLECTIONS; index++) {
    const { id } = (await make(olga, { title: `Number ${index}` })).json as { id: string };
    ids.push(id);
    expect((await fill(olga, id, [video])).status).toBe(200);
  }
  const { id } = (await make(olga)).json as { id: string };
  expect(await fill(olga, id, [video])).toMatchObject({ status: 409 });
  expect((await get(olga, id)).json.videoIds).toEqual([]);
  await remove(olga, ids[0]!);
  expect((await fill(olga, id, [video])).json.videoIds).toEqual([video]);
});
