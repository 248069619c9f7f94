/** Changing many videos by one call, against the engine: what is done to each, what is refused of which, and what is written down. */
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { routes, type RouteKey } from '../../../lib/contract/api.ts';
import { MOST_AT_ONCE } from '../../../lib/contract/bulk.ts';
import { MOST_COLLECTIONS, MOST_VIDEOS } from '../../../lib/contract/collection.ts';
import { MOST_TAGGED, type VideoRecord } from '../../../lib/contract/video.ts';
import { rowsOf } from '../../../lambdas/shared/audit.ts';
import { callRoute, type Call } from '../engine.ts';
import { loggedOf } from '../logged.ts';
import { startFleet, type Fleet } from '../devices/fleet.ts';
import { record } from '../playback/fixture.ts';

let fleet: Fleet;
let catalog: Parameters<typeof callRoute>[0];
let sharing: typeof catalog;
let count = 0;

const olga = { sub: 'olga', groups: ['uploader'] };
const uma = { sub: 'uma', groups: ['uploader'] };
const ada = { sub: 'ada', groups: ['admin'] };

beforeAll(async () => {
  fleet = await startFleet();
  const { QueueUrl } = await fleet.sqs.send(new CreateQueueCommand({ QueueName: `removals-bulk-${process.pid}` }));
  Object.assign(process.env, {
    REMOVAL_QUEUE: QueueUrl,
    TRASH_DAYS: '7',
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
beforeEach(async () => {
  for (const queue of ['REMOVAL_QUEUE', 'ENDING_QUEUE']) await fleet.sent(process.env[queue]);
});

const call = (route: RouteKey, as: Call['as'], more: Call = {}) =>
  callRoute(routes[route].stage === 'sharing' ? sharing : catalog, route, { as, ...more });
const bulk = (as: Call['as'], videos: readonly string[], change: object) =>
  call('POST /api/videos/bulk', as, { body: { videos, ...change } });
/** By its id, what each was refused for; `done` for those that were not. */
async function answers(as: Call['as'], videos: readonly string[], change: object): Promise<string[]> {
  const { status, json } = await bulk(as, videos, change);
  expect(status).toBe(200);
  return (json.videos as { refused?: { code: string; detail: string } }[]).map(
    ({ refused }) => refused?.code ?? 'done',
  );
}
const read = async (id: string) => (await fleet.get('VIDEOS_TABLE', { id })) as VideoRecord | undefined;
const tagsOf = async (id: string) => (await read(id))!.tags;

async function stored(over: Partial<VideoRecord> = {}): Promise<string> {
  const id = `many${String(count++).padStart(16, '0')}`;
  await fleet.put('VIDEOS_TABLE', record({ id, ...over }));
  return id;
}
const several = (many: number, over: Partial<VideoRecord> = {}) =>
  Promise.all(Array.from({ length: many }, async () => stored(over)));
const full = Array.from({ length: MOST_TAGGED }, (_, i) => `t${i}`);

describe('tags', () => {
  it('join those that are there and go from them, once each, and again changes nothing', async () => {
    const [bare, tagged] = [await stored(), await stored({ tags: ['sea', 'old'] })];
    expect(await answers(olga, [bare, tagged, bare], { action: 'tag', tags: ['sea', 'new'] })).toEqual([
      'done',
      'done',
    ]);
    expect([await tagsOf(bare), await tagsOf(tagged)]).toEqual([
      ['sea', 'new'],
      ['sea', 'old', 'new'],
    ]);
    const before = await read(tagged);
    await answers(olga, [tagged], { action: 'tag', tags: ['new', 'sea'] });
    await answers(olga, [tagged], { action: 'untag', tags: ['never'] });
    expect(await read(tagged)).toEqual(before);
    await answers(olga, [bare, tagged], { action: 'untag', tags: ['sea', 'old'] });
    expect([await tagsOf(bare), await tagsOf(tagged)]).toEqual([['new'], ['new']]);
  });

  it('are refused of each for its own reason, and of no other', async () => {
    const own = await stored();
    const [crowded, hidden, open] = [
      await stored({ tags: full }),
      await stored({ owner: 'uma' }),
      await stored({ owner: 'uma', visibility: 'public' }),
    ];
    const asked = [hidden, own, open, crowded, 'a'.repeat(20)];
    const change = { action: 'tag', tags: ['x'] };
    expect(await answers(olga, asked, change)).toEqual(['not-found', 'done', 'forbidden', 'conflict', 'not-found']);
    expect([await tagsOf(hidden), await tagsOf(own), await tagsOf(open)]).toEqual([[], ['x'], []]);
    expect(await tagsOf(crowded)).toEqual(full);
    const { json } = await bulk(olga, [crowded], change);
    expect(json.videos).toEqual([
      { id: crowded, refused: { code: 'conflict', detail: 'It would have 21 tags, and a video has 20 at most.' } },
    ]);
    expect(await answers(ada, [hidden, open], change)).toEqual(['done', 'done']);
  });

  it('count among the changes of the hour, of which one person has so many', async () => {
    const { changesRow, MOST_CHANGES } = await import('../../../lambdas/catalog/rewording.ts');
    const hour = Math.floor(Date.now() / 3_600_000);
    // This hour's and the next one's, which may have begun.
    for (const at of [hour, hour + 1])
      await fleet.put('UPLOADS_TABLE', {
        ...changesRow({ subject: 'bea' }, at),
        changes: MOST_CHANGES - 1,
        expiresAt: (at + 1) * 3600,
      });
    const videos = await several(3, { owner: 'bea' });
    const bea = { sub: 'bea', groups: ['uploader'] };
    const refused = await answers(bea, videos, { action: 'tag', tags: ['x'] });
    expect(refused.filter((one) => one === 'too-many-changes').length).toBeGreaterThanOrEqual(1);
    expect(await answers(bea, videos, { action: 'untag', tags: ['never'] })).toEqual(['done', 'done', 'done']);
  });

  it('of calls at the same time are all there', async () => {
    const id = await stored();
    const all = await Promise.all(['a', 'b', 'c'].map((tag) => answers(olga, [id], { action: 'tag', tags: [tag] })));
    expect(all.flat()).toEqual(['done', 'done', 'done']);
    expect((await tagsOf(id)).toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('that let somebody watch end what began by them when they go, as by a call of its own', async () => {
    const id = await stored({ tags: ['crew'], visibility: 'entitled' });
    await answers(olga, [id], { action: 'untag', tags: ['crew'] });
    const ended = (await fleet.sent(process.env['ENDING_QUEUE'])) as { taken: object }[];
    expect(ended.map(({ taken }) => taken)).toEqual([{ of: 'videos', videos: [id], reasons: [], from: ['tag:crew'] }]);
  });
});

it('who may watch is said of each, and what others had by it ends', async () => {
  const [open, hidden] = [await stored({ visibility: 'public' }), await stored()];
  const foreign = await stored({ owner: 'uma', visibility: 'public' });
  const change = { action: 'visibility', visibility: 'private' };
  expect(await answers(olga, [open, hidden, foreign], change)).toEqual(['done', 'done', 'forbidden']);
  expect([(await read(open))!.visibility, (await read(foreign))!.visibility]).toEqual(['private', 'public']);
  const ended = (await fleet.sent(process.env['ENDING_QUEUE'])) as { taken: { videos: string[]; reasons: string[] } }[];
  expect(ended.map(({ taken }) => taken.videos)).toEqual([[open]]);
  expect(ended[0]!.taken.reasons).toContain('public');
});

describe('a collection', () => {
  const make = async (as: Call['as'], parent?: string) =>
    ((await call('POST /api/collections', as, { body: { title: 'Tour', parent } })).json as { id: string }).id;
  const inside = async (as: Call['as'], collection: string): Promise<string[]> =>
    (await call('GET /api/collections/{collection}', as, { params: { collection } })).json.videoIds;

  it('is joined behind what is in it, once, by what one may share', async () => {
    const [first, second, third] = (await several(3)) as [string, string, string];
    const foreign = await stored({ owner: 'uma', visibility: 'public' });
    const collection = await make(olga);
    const into = (as: Call['as'], videos: readonly string[]) => answers(as, videos, { action: 'collect', collection });
    expect(await into(olga, [second])).toEqual(['done']);
    expect(await into(olga, [first, foreign, second, third])).toEqual(['done', 'forbidden', 'done', 'done']);
    expect(await inside(olga, collection)).toEqual([second, first, third]);
    expect(await into(olga, [first, third])).toEqual(['done', 'done']);
    expect(await inside(olga, collection)).toEqual([second, first, third]);
    // As a call that died before the record said so left it.
    await fleet.put('VIDEOS_TABLE', record({ id: first }));
    expect(await inside(olga, collection)).toEqual([second, third]);
    expect(await into(olga, [first])).toEqual(['done']);
    expect(await inside(olga, collection)).toEqual([second, first, third]);
    expect(await bulk(uma, [foreign], { action: 'collect', collection })).toMatchObject({ status: 404 });
  });

  it('takes what calls at the same time put in it', async () => {
    const [ids, collection] = [await several(3), await make(olga)];
    const all = await Promise.all(ids.map((id) => answers(olga, [id], { action: 'collect', collection })));
    expect(all.flat()).toEqual(['done', 'done', 'done']);
    expect((await inside(olga, collection)).toSorted()).toEqual(ids.toSorted());
  });

  it('is left by what is taken out of it, once, and by nothing that somebody else says', async () => {
    const [first, second, third] = (await several(3)) as [string, string, string];
    const foreign = await stored({ owner: 'uma', visibility: 'public' });
    const collection = await make(olga);
    await answers(ada, [first, foreign, second, third], { action: 'collect', collection });
    const outOf = (as: Call['as'], videos: readonly string[]) => bulk(as, videos, { action: 'uncollect', collection });
    expect(await outOf(uma, [foreign])).toMatchObject({ status: 404 });
    // Who keeps it says what is in it: what an admin put in need not be theirs.
    const gone = 'a'.repeat(20);
    expect((await outOf(olga, [foreign, first, gone])).json.videos).toEqual([
      { id: foreign },
      { id: first },
      { id: gone },
    ]);
    expect(await inside(olga, collection)).toEqual([second, third]);
    expect([(await read(first))!.collections, (await read(foreign))!.collections]).toEqual([undefined, undefined]);
    const ended = (await fleet.sent(process.env['ENDING_QUEUE'])) as { taken: object }[];
    const taken = { of: 'videos', videos: [foreign, first], reasons: [], from: [`collection:${collection}`] };
    expect(ended.map((one) => one.taken)).toEqual([taken]);
    const before = await fleet.get('COLLECTIONS_TABLE', { root: collection, id: collection });
    expect(await outOf(olga, [first])).toMatchObject({ status: 200 });
    expect(await fleet.get('COLLECTIONS_TABLE', { root: collection, id: collection })).toEqual(before);
    expect(await fleet.sent(process.env['ENDING_QUEUE'])).toEqual([]);
    const all = await Promise.all([second, third].map(async (id) => (await outOf(olga, [id])).status));
    expect([all, await inside(olga, collection)]).toEqual([[200, 200], []]);
  });

  it('is left for another: in, then out, and what breaks off in between is done by the same call again', async () => {
    const [a, b, stray] = (await several(3)) as [string, string, string];
    const foreign = await stored({ owner: 'uma', visibility: 'public' });
    const [from, to, of] = [await make(olga), await make(olga), await make(uma)];
    await answers(ada, [a, b, foreign], { action: 'collect', collection: from });
    const change = { action: 'move', from, to };
    const both = async () => [await inside(olga, from), await inside(olga, to)];
    // Nothing is lost to a collection of somebody else, nor to itself.
    expect(await bulk(olga, [a], { ...change, to: of })).toMatchObject({ status: 404 });
    expect(await bulk(uma, [foreign], { ...change, to: of })).toMatchObject({ status: 404 });
    expect(await bulk(olga, [a], { ...change, to: from })).toMatchObject({
      status: 400,
      json: { code: 'invalid-request', errors: [{ path: 'body.to' }] },
    });
    expect(await both()).toEqual([[a, b, foreign], []]);
    // While nobody can be told what ends by it, none of them leaves.
    const queue = process.env['ENDING_QUEUE']!;
    process.env['ENDING_QUEUE'] = `${queue}-gone`;
    try {
      expect((await bulk(olga, [b], change)).status).toBeGreaterThanOrEqual(500);
    } finally {
      process.env['ENDING_QUEUE'] = queue;
    }
    expect(await both()).toEqual([[a, b, foreign], [b]]);
    const done = ['done', 'done', 'conflict', 'forbidden'];
    for (let time = 0; time < 2; time += 1) {
      expect(await answers(olga, [a, b, stray, foreign], change)).toEqual(done);
      expect(await both()).toEqual([[foreign], [b, a]]);
    }
    expect((await read(b))!.collections).toEqual(new Set([to]));
    const ended = (await fleet.sent(process.env['ENDING_QUEUE'])) as { taken: object }[];
    const taken = { of: 'videos', videos: [a, b], reasons: [], from: [`collection:${from}`] };
    expect(ended.map((one) => one.taken)).toEqual([taken]);
  });

  it('is left by none that the other has no place for; what is around both goes on letting them be watched', async () => {
    const around = await make(olga);
    const [from, to] = [await make(olga, around), await make(olga, around)];
    const others = Array.from({ length: MOST_COLLECTIONS - 1 }, (_, i) => `other${String(i).padStart(7, '0')}`);
    const [id, full] = [await stored(), await stored({ collections: new Set(others) })];
    await answers(olga, [id, full], { action: 'collect', collection: from });
    expect(await answers(olga, [id, full], { action: 'move', from, to })).toEqual(['done', 'conflict']);
    expect([await inside(olga, from), await inside(olga, to)]).toEqual([[full], [id]]);
    await answers(olga, [id], { action: 'move', from: to, to: around });
    await answers(olga, [id], { action: 'move', from: around, to });
    const ended = (await fleet.sent(process.env['ENDING_QUEUE'])) as { taken: { from: string[] } }[];
    // By the last of them nothing ends: what is in one inside it is watched by what is given on it.
    const resources = ended.flatMap(({ taken }) => taken.from);
    expect(resources.toSorted()).toEqual([`collection:${from}`, `collection:${to}`].toSorted());
  });

  it('that has no room left, or is one too many, is said of each', async () => {
    const collection = await make(olga);
    const there = await several(MOST_VIDEOS - 1, { collections: new Set([collection]) });
    const row = (await fleet.get('COLLECTIONS_TABLE', { root: collection, id: collection }))!;
    await fleet.put('COLLECTIONS_TABLE', { ...row, videos: there });
    const [fits, beyond] = (await several(2)) as [string, string];
    const change = { action: 'collect', collection };
    expect(await answers(olga, [fits, there[0]!, beyond], change)).toEqual(['done', 'done', 'conflict']);
    expect((await read(beyond))!.collections).toBeUndefined();
    const others = Array.from({ length: MOST_COLLECTIONS }, (_, i) => `other${String(i).padStart(7, '0')}`);
    const everywhere = await stored({ collections: new Set(others) });
    expect(await answers(olga, [everywhere], { action: 'collect', collection: await make(olga) })).toEqual([
      'conflict',
    ]);
  });
});

it('deletes into the trash, restores and deletes for good, and what is gone is gone', async () => {
  const [a, b, sending] = [await stored(), await stored(), await stored({ status: 'uploading', revision: 0 })];
  const foreign = await stored({ owner: 'uma' });
  const all = [a, b, sending, foreign, 'a'.repeat(20)];
  expect(await answers(olga, all, { action: 'delete' })).toEqual(['done', 'done', 'done', 'not-found', 'done']);
  const trashed = (await read(a))!.trashedAt;
  expect([trashed, (await read(sending))!.status, (await read(foreign))!.trashedAt]).toEqual([
    expect.any(String),
    'deleted',
    undefined,
  ]);
  const told = await fleet.sent(process.env['REMOVAL_QUEUE']);
  expect(told).toHaveLength(3);
  for (const id of [a, b]) {
    const did = { type: 'trashed', at: (await read(id))!.trashedAt };
    expect(told).toContainEqual({ step: 'trash', videoId: id, did });
  }
  await answers(olga, [a], { action: 'delete' });
  expect((await read(a))!.trashedAt).toBe(trashed);
  // Nothing else is done to what is in it.
  expect(await answers(olga, [a], { action: 'tag', tags: ['x'] })).toEqual(['not-found']);
  expect(await answers(olga, [a, sending], { action: 'restore' })).toEqual(['done', 'not-found']);
  expect((await read(a))!.trashedAt).toBeUndefined();
  expect(await answers(olga, [a, b], { action: 'delete', now: true })).toEqual(['done', 'done']);
  expect([(await read(a))!.status, (await read(b))!.status]).toEqual(['deleted', 'deleted']);
});

it('takes a hundred at once and no more, nor none, nor what it does not know', async () => {
  const ids = await several(MOST_AT_ONCE);
  expect(new Set(await answers(olga, ids, { action: 'tag', tags: ['many'] }))).toEqual(new Set(['done']));
  expect(await tagsOf(ids.at(-1)!)).toEqual(['many']);
  const bad: [readonly string[], object][] = [
    [[...ids, 'a'.repeat(20)], { action: 'delete' }],
    [[], { action: 'delete' }],
    [ids, { action: 'erase' }],
    [ids, { action: 'tag', tags: [] }],
    [ids, { action: 'restore', now: true }],
  ];
  for (const [videos, change] of bad)
    expect(await bulk(olga, videos, change)).toMatchObject({ status: 400, json: { code: 'invalid-request' } });
  expect((await read(ids[0]!))!.trashedAt).toBeUndefined();
});

it('is in the audit log under each video that it changed, and under no other', async () => {
  const body = { action: 'tag', videos: ['a', 'b', 'c'], tags: ['x', 'y'] };
  const refused = { code: 'not-found', detail: 'x' };
  const answer = { videos: [{ id: 'a' }, { id: 'b', refused }, { id: 'c' }] };
  const done = { route: 'POST /api/videos/bulk', by: 'olga', params: {}, query: {}, body, answer, requestId: 'r=1' };
  const rows = rowsOf({ ...done, route: 'POST /api/videos/bulk' }, 1_767_225_600_000, 1);
  expect(rows.map(({ about, id, requestId }) => [about, id, requestId])).toEqual([
    ['video:a', '1767225600000~r=1.0', 'r=1'],
    ['video:c', '1767225600000~r=1.1', 'r=1'],
  ]);
  expect(rows[0]!.said).toEqual({ action: 'tag', tags: 'x, y' });
  const ids = await several(2);
  await answers(olga, [...ids, await stored({ owner: 'uma' })], { action: 'visibility', visibility: 'public' });
  const { DynamoDBClient, ScanCommand } = await import('@aws-sdk/client-dynamodb');
  const { Items = [] } = await new DynamoDBClient({}).send(new ScanCommand({ TableName: process.env['AUDIT_TABLE'] }));
  const about = Items.filter(({ said }) => said?.M?.['visibility']?.S === 'public').map((row) => row['about']!.S!);
  expect(about.toSorted()).toEqual(ids.map((id) => `video:${id}`).toSorted());
});

it('says in the audit log of each what was done to it, what it was called where it is deleted, and which one was as asked', async () => {
  const [tagged, bare] = [await stored({ tags: ['sea'], title: 'Sea' }), await stored({ title: 'Bare' })];
  await answers(olga, [tagged, bare], { action: 'tag', tags: ['sea'] });
  await answers(olga, [tagged], { action: 'visibility', visibility: 'public' });
  await answers(olga, [tagged], { action: 'delete' });
  await answers(olga, [tagged], { action: 'restore' });
  await answers(olga, [tagged, bare], { action: 'delete', now: true });
  const gone = (title: string) => ({
    did: 'deleted a video for good',
    said: { action: 'delete', title, forGood: true },
  });
  const tag = { action: 'tag', tags: 'sea' };
  expect(await loggedOf(`video:${bare}`)).toEqual([gone('Bare'), { did: 'tagged a video', said: tag }]);
  expect(await loggedOf(`video:${tagged}`)).toEqual([
    gone('Sea'),
    { did: 'put a video into the trash', said: { action: 'delete', title: 'Sea', forGood: false } },
    { did: 'restored a video', said: { action: 'restore' } },
    { did: 'said who may watch a video', said: { action: 'visibility', visibility: 'public' } },
    { did: 'tagged a video, which changed nothing', said: tag },
  ]);
});
