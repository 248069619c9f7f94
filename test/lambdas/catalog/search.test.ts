/** Search by the index of words on a real engine: what is found, follows what videos say, in pages, and nothing of others. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newVideoId } from '../../../lambdas/upload/draft.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { playbackSecret } from '../../support/secret.ts';
import { callRoute, startHandlerEngine, type Call } from '../engine.ts';
import { aRecord } from './record.ts';

const DEVICE = '13900000016';

let close = async () => {};
let handler: typeof import('../../../lambdas/catalog/handler.ts').handler;
let daily: typeof import('../../../lambdas/catalog/expire.ts').handler;
let index: typeof import('../../../lambdas/catalog/index-rows.ts');
let table: DynamoDBDocumentClient;
let TableName = '';
let old: VideoRecord;

beforeAll(async () => {
  close = await startHandlerEngine({
    CONSOLE_CONFIG: JSON.stringify({
      issuer: 'https://issuer.example',
      clientId: 'console',
      scope: 'openid',
      groupsClaim: 'groups',
      upload: { maxBytes: 1000, partBytes: 100, types: ['video/*'], maxInFlight: 2 },
    }),
    EXPIRE_DAYS: '7',
    SOURCES_GO: 'no',
  });
  table = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  TableName = process.env['VIDEOS_TABLE']!;
  const { QueueUrl } = await new SQSClient({}).send(new CreateQueueCommand({ QueueName: `removals-${process.pid}` }));
  const { ARN } = await new SecretsManagerClient({}).send(
    new CreateSecretCommand({ Name: `signing-${process.pid}`, SecretString: playbackSecret().text }),
  );
  Object.assign(process.env, { REMOVAL_QUEUE: QueueUrl, SIGNING_SECRET: ARN });
  ({ handler } = await import('../../../lambdas/catalog/handler.ts'));
  ({ handler: daily } = await import('../../../lambdas/catalog/expire.ts'));
  index = await import('../../../lambdas/catalog/index-rows.ts');
  // As it was before there was an index: nothing is told of it.
  old = aRecord({ id: newVideoId(), owner: 'olga', title: 'Harbour at dawn', createdAt: '2020-01-01T00:00:00.000Z' });
  await table.send(new PutCommand({ TableName, Item: old }));
}, 180_000);
afterAll(async () => close());

const image = (record: VideoRecord) => marshall(record, { removeUndefinedValues: true });
const told = (before: VideoRecord | undefined, now: VideoRecord | undefined) =>
  ({
    eventName: before === undefined ? 'INSERT' : now === undefined ? 'REMOVE' : 'MODIFY',
    dynamodb: { ...(before && { OldImage: image(before) }), ...(now && { NewImage: image(now) }) },
  }) as DynamoDBRecord;

/** Written, and told by the table's stream. */
async function stored(changes: Partial<VideoRecord>): Promise<VideoRecord> {
  const record = aRecord({ id: newVideoId(), ...changes });
  await table.send(new PutCommand({ TableName, Item: record }));
  await daily({ Records: [told(undefined, record)] });
  return record;
}
async function changed(before: VideoRecord, changes: Partial<VideoRecord>): Promise<VideoRecord> {
  const now = { ...before, ...changes };
  await table.send(new PutCommand({ TableName, Item: now }));
  await daily({ Records: [told(before, now)] });
  return now;
}
const find = async (sub: string, query: Record<string, string>) => {
  const as: Call['as'] = { sub, groups: sub === 'ada' ? ['admin'] : ['uploader'] };
  const answer = await callRoute(handler, 'GET /api/videos', { as, query });
  expect(answer.status).toBe(200);
  return answer.json as { videos: { id: string }[]; cursor: string | null };
};
const ids = async (sub: string, query: Record<string, string>) => (await find(sub, query)).videos.map(({ id }) => id);

it('looks through videos until all are in the index, which the daily run sees to once, from where it was cut off', async () => {
  const young = await stored({ owner: 'olga', title: 'Harbour at dusk', createdAt: '2020-01-02T00:00:00.000Z' });
  expect(await index.isWhole()).toBe(false);
  expect(await ids('olga', { q: 'harb' })).toEqual([young.id, old.id]);
  await daily();
  expect(await index.isWhole()).toBe(true);
  expect(await ids('olga', { q: 'harb' })).toEqual([young.id, old.id]);
  // What has no word is no filter that lets all through, whoever asks.
  for (const q of ['🎬', '%', '"'])
    for (const sub of ['olga', 'ada']) expect(await find(sub, { q })).toEqual({ videos: [], cursor: null });
  expect(await find('olga', { q: '🎬', shared: '1' })).toEqual({ videos: [], cursor: null });
  const { Items = [] } = await table.send(new ScanCommand({ TableName }));
  expect(Items.filter(({ id }) => String(id).includes(old.id) && String(id).endsWith('\u001Fharbour'))).toHaveLength(1);
  // Again it writes nothing: what is not told of is not found by it.
  const untold = aRecord({ id: newVideoId(), owner: 'olga', title: 'Harbour untold' });
  await table.send(new PutCommand({ TableName, Item: untold }));
  await daily();
  expect(await ids('olga', { q: 'untold' })).toEqual([]);
  // Begun at the first, it would index this one, too: it goes on behind it.
  const at = { id: untold.id, kind: 'video', createdAt: untold.createdAt };
  const behind = await untoldBehind(untold);
  await table.send(new PutCommand({ TableName, Item: { id: '\u001F', next: at } }));
  await daily();
  expect(await ids('olga', { q: 'untold' })).toEqual([]);
  expect(await ids('olga', { q: 'behind' })).toEqual([behind.id]);
  const { Item } = await table.send(new GetCommand({ TableName, Key: { id: '\u001F' } }));
  expect(Item).toEqual({ id: '\u001F', isDone: true });
  // Whoever deletes it has all indexed anew, and until then it is not believed for longer than a minute.
  await table.send(new DeleteCommand({ TableName, Key: { id: '\u001F' } }));
  expect(await index.isWhole(Date.now() + 61_000)).toBe(false);
  await daily();
  expect(await ids('olga', { q: 'untold' })).toEqual([untold.id]);
});

async function untoldBehind({ createdAt }: VideoRecord): Promise<VideoRecord> {
  const later = new Date(Date.parse(createdAt) + 1).toISOString();
  const record = aRecord({ id: newVideoId(), owner: 'olga', title: 'Behind', createdAt: later });
  await table.send(new PutCommand({ TableName, Item: record }));
  return record;
}

it('finds by words of all that is said of a video, by access, tag, status and days, and of one’s own alone', async () => {
  const bars = await stored({
    owner: 'cleo',
    title: 'Test card',
    filename: 'colour-bars.mov',
    tags: ['Engineering'],
    description: 'For monitors',
    visibility: 'public',
    createdAt: '2021-05-05T23:59:59.999Z',
  });
  const tape = await stored({ owner: 'cleo', title: 'Colour tape', createdAt: '2021-05-06T00:00:00.000Z' });
  const his = await stored({ owner: 'carl', title: 'Colour bars of Carl', createdAt: '2021-05-07T00:00:00.000Z' });
  for (const q of ['colour bars', 'BARS col', 'card', 'engin', 'monitors colour-bars', 'colour-bars.mov'])
    expect([q, await ids('cleo', { q })]).toEqual([q, [bars.id]]);
  expect(await ids('cleo', { q: 'colour' })).toEqual([tape.id, bars.id]);
  expect(await ids('carl', { q: 'colour' })).toEqual([his.id]);
  expect(await ids('ada', { q: 'colour bars' })).toEqual([his.id, bars.id]);
  expect(await ids('ada', { q: 'colour', owner: 'cleo' })).toEqual([tape.id, bars.id]);
  // What the index calls them nobody can ask for.
  const rows = { as: { sub: 'ada', groups: ['admin'] }, query: { owner: '\u001Fcleo\u001Fcolour' } };
  expect(await callRoute(handler, 'GET /api/videos', rows)).toMatchObject({ status: 400 });
  expect(await ids('cleo', { q: 'colour', visibility: 'public' })).toEqual([bars.id]);
  expect(await ids('cleo', { visibility: 'public' })).toEqual([bars.id]);
  expect(await ids('cleo', { tag: 'Engineering' })).toEqual([bars.id]);
  expect(await ids('cleo', { status: 'failed' })).toEqual([]);
  expect(await ids('cleo', { q: 'colour', to: '2021-05-05' })).toEqual([bars.id]);
  expect(await ids('cleo', { q: 'colour', from: '2021-05-06' })).toEqual([tape.id]);
  expect(await ids('cleo', { from: '2021-05-06', to: '2021-05-06' })).toEqual([tape.id]);
  const as = { sub: 'cleo' };
  expect(await callRoute(handler, 'GET /api/videos', { as, query: { from: 'May' } })).toMatchObject({ status: 400 });
});

it('follows what is changed, handed over, put into the trash and removed, and does no harm when it is told twice', async () => {
  const video = await stored({ owner: 'dora', title: 'Wrong title', tags: ['draft'] });
  const right = await changed(video, { title: 'Right title', tags: [] });
  await daily({ Records: [told(undefined, video), told(video, right)] });
  expect(await ids('dora', { q: 'wrong' })).toEqual([]);
  expect(await ids('dora', { tag: 'draft' })).toEqual([]);
  expect(await ids('dora', { q: 'right' })).toEqual([right.id]);
  const handed = await changed(right, { owner: 'dave' });
  expect([await ids('dora', { q: 'right' }), await ids('dave', { q: 'right' })]).toEqual([[], [video.id]]);
  const trashed = await changed(handed, { trashedAt: new Date().toISOString(), removeOn: '2999-01-01' });
  expect([await ids('dave', { q: 'right' }), await ids('dave', { q: 'right', trash: '1' })]).toEqual([[], [video.id]]);
  await table.send(new DeleteCommand({ TableName, Key: { id: video.id } }));
  // Gone, and not yet told of: its rows are there, and find nothing.
  expect(await ids('dave', { q: 'right', trash: '1' })).toEqual([]);
  await daily({ Records: [told(trashed, undefined)] });
  const { Items = [] } = await table.send(new ScanCommand({ TableName }));
  expect(Items.filter(({ id }) => String(id).includes(video.id))).toEqual([]);
});

it('changes of what is not in it, and rows that are no videos, write nothing', async () => {
  const video = aRecord({ id: newVideoId(), owner: 'eva' });
  const moved = told(video, { ...video, progress: 50, updatedAt: new Date().toISOString() });
  const row = { ...video, kind: 'storage' } as unknown as VideoRecord;
  const odd = { ...video, title: 7 } as unknown as VideoRecord;
  await daily({ Records: [moved, told(undefined, row), told(undefined, odd)] });
  const { Items = [] } = await table.send(new ScanCommand({ TableName }));
  expect(Items.filter(({ id }) => String(id).includes(video.id))).toEqual([]);
});

it('gives each once and in order, page by page, those of one moment, too, beside more that have but one of the words', async () => {
  const wanted: VideoRecord[] = [];
  for (let n = 0; n < 30; n += 1) {
    const createdAt = `2022-01-01T00:00:00.${String(Math.floor(n / 5)).padStart(3, '0')}Z`;
    const title = n % 3 === 0 ? 'Night train' : n % 3 === 1 ? 'Night bus' : 'Day train';
    const one = await stored({ owner: 'finn', title, createdAt });
    if (n % 3 === 0) wanted.push(one);
  }
  const inOrder = wanted.toSorted((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? 1 : -1)).map(({ id }) => id);
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await find('finn', { q: 'train night', limit: '3', ...(cursor !== null && { cursor }) });
    seen.push(...page.videos.map(({ id }) => id));
    ({ cursor } = page);
  } while (cursor !== null);
  expect(seen).toEqual(inOrder);
}, 60_000);

it('finds clips and incidents by where and when they were recorded, over 180° and around the poles, too', async () => {
  const clip = (places: [number, number][], from: string, to: string) =>
    stored({ owner: 'gwen', places, origin: { kind: 'clip', device: DEVICE, channel: 1, from, to }, createdAt: to });
  const gate = await clip(
    [
      [52_520_000, 13_400_000],
      [52_520_000, 13_405_000],
    ],
    '2026-11-04T23:58:00.000Z',
    '2026-11-05T00:03:00.000Z',
  );
  const yard = await clip([[52_524_000, 13_405_000]], '2026-11-05T12:00:00.000Z', '2026-11-05T12:10:00.000Z');
  const fiji = await clip([[-16_800_000, 179_999_000]], '2025-01-01T00:00:00.000Z', '2025-01-01T00:01:00.000Z');
  const pole = await clip([[-89_999_900, 45_000_000]], '2025-06-01T00:00:00.000Z', '2025-06-01T00:01:00.000Z');
  const upload = await stored({ owner: 'gwen', title: 'Clip of no device' });
  const as = (query: Record<string, string>) => ids('ada', { owner: 'gwen', ...query });
  expect(await as({ near: '52.52,13.405', within: '100' })).toEqual([gate.id]);
  expect(await as({ near: '52.52,13.405' })).toEqual([yard.id, gate.id]);
  expect(await as({ near: '52.52,13.405', within: '50000', q: 'day', status: 'ready' })).toEqual([yard.id, gate.id]);
  expect(await as({ near: '52.53,13.5', within: '100' })).toEqual([]);
  expect(await as({ near: '-16.8,-179.999', within: '500' })).toEqual([fiji.id]);
  expect(await as({ near: '-90,0', within: '100' })).toEqual([pole.id]);
  expect(await as({ recordedFrom: '2026-11-05T00:01:00Z', recordedTo: '2026-11-05T00:02:00Z' })).toEqual([gate.id]);
  expect(await as({ recordedFrom: '2026-11-05T01:00:00+01:00' })).toEqual([yard.id, gate.id]);
  expect(await as({ recordedTo: '2025-06-01T00:00:00Z' })).toEqual([pole.id, fiji.id]);
  expect(await as({ near: '52.52,13.405', recordedFrom: '2026-11-05T06:00:00Z' })).toEqual([yard.id]);
  expect(await as({ recordedFrom: '1970-01-01T00:00:00Z' })).not.toContain(upload.id);
  // Made anew it is found where it is now.
  const moved = await changed(yard, { places: [[48_000_000, 2_000_000]] });
  expect(await as({ near: '52.52,13.405' })).toEqual([gate.id]);
  expect(await as({ near: '48,2' })).toEqual([moved.id]);
});

it('tells by a search where a video was recorded to nobody whom its device is not for, whoever owns it', async () => {
  const origin = { kind: 'clip', device: DEVICE, channel: 1, from: '2026-11-04T12:00:00.000Z' } as const;
  const clip = await stored({ owner: 'hugo', places: [[31_000_000, 121_000_000]], origin });
  const register = (viewers: readonly string[]) =>
    table.send(new PutCommand({ TableName: process.env['DEVICES_TABLE'], Item: { id: DEVICE, viewers } }));
  await register(['hugo']);
  expect(await find('hugo', { near: '31,121' })).toMatchObject({ videos: [{ id: clip.id }], cursor: null });
  await register([]);
  expect(await find('hugo', { near: '31,121' })).toEqual({ videos: [], cursor: null });
  expect(await ids('hugo', { recordedFrom: '2026-11-04T00:00:00Z' })).toEqual([clip.id]);
  expect(await ids('ada', { near: '31,121' })).toEqual([clip.id]);
  expect(JSON.stringify(await find('ada', { near: '31,121' }))).not.toContain('places');
});

it.each<[Record<string, string>, string]>([
  [{ near: '91,0' }, 'query.near'],
  [{ near: '0,180.1' }, 'query.near'],
  [{ near: '52.52' }, 'query.near'],
  [{ near: '1e1,0' }, 'query.near'],
  [{ near: 'NaN,NaN' }, 'query.near'],
  [{ near: '0,0,0' }, 'query.near'],
  [{ near: '31,121', within: '99' }, 'query.within'],
  [{ near: '31,121', within: '50001' }, 'query.within'],
  [{ within: '500' }, 'query.within'],
  [{ from: '2026-01-02', to: '2026-01-01' }, 'query.to'],
  [{ recordedFrom: 'yesterday' }, 'query.recordedFrom'],
  [{ recordedFrom: '2026-01-02T00:00:00Z', recordedTo: '2026-01-01T00:00:00Z' }, 'query.recordedTo'],
  [{ shared: '1', near: '31,121' }, 'query.near'],
  [{ shared: '1', recordedTo: '2026-01-01T00:00:00Z' }, 'query.recordedTo'],
])('refuses %j by its name', async (query, name) => {
  const answer = await callRoute(handler, 'GET /api/videos', { as: { sub: 'ada', groups: ['admin'] }, query });
  expect(answer).toMatchObject({ status: 400, json: { code: 'invalid-request' } });
  expect((answer.json as { detail: string }).detail).toContain(name);
});
