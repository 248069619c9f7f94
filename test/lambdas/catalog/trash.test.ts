/** The trash against a real engine: what is deleted, who sees it there, and what the edge is told meanwhile and after. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newVideoId } from '../../../lambdas/upload/draft.ts';
import { intoTrash } from '../../../lambdas/catalog/trash.ts';
import type { RouteKey } from '../../../lib/contract/api.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { playbackSecret } from '../../support/secret.ts';
import { callRoute, startHandlerEngine, type Call } from '../engine.ts';
import { loggedOf } from '../logged.ts';
import { aRecord } from './record.ts';

const consoleConfig = {
  issuer: 'https://issuer.example',
  clientId: 'console',
  scope: 'openid',
  groupsClaim: 'groups',
  trashDays: 3,
  upload: { maxBytes: 1000, partBytes: 100, types: ['video/*'], maxInFlight: 2 },
};

let close = async () => {};
let handler: typeof import('../../../lambdas/catalog/handler.ts').handler;
let remove: typeof import('../../../lambdas/catalog/remove.ts').handler;
let expire: typeof import('../../../lambdas/catalog/expire.ts').handler;
let table: DynamoDBDocumentClient;
let s3: S3Client;
let sqs: SQSClient;

beforeAll(async () => {
  close = await startHandlerEngine({
    CONSOLE_CONFIG: JSON.stringify(consoleConfig),
    EXPIRE_DAYS: '7',
    SOURCES_GO: 'no',
    SIGNATURE_HOURS: '12',
    DISTRIBUTION_ID: 'E1',
    STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:none',
  });
  s3 = new S3Client({ forcePathStyle: true });
  sqs = new SQSClient({});
  table = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `trash-${process.pid}` }));
  const { ARN } = await new SecretsManagerClient({}).send(
    new CreateSecretCommand({ Name: `trash-${process.pid}`, SecretString: playbackSecret().text }),
  );
  Object.assign(process.env, { REMOVAL_QUEUE: QueueUrl, SIGNING_SECRET: ARN });
  ({ handler } = await import('../../../lambdas/catalog/handler.ts'));
  ({ handler: remove } = await import('../../../lambdas/catalog/remove.ts'));
  ({ handler: expire } = await import('../../../lambdas/catalog/expire.ts'));
}, 180_000);
afterAll(async () => close());

const ada = { sub: 'ada', groups: ['admin'] };
const sam = { sub: 'sam', groups: [] };
let olga = { sub: '', groups: ['uploader'] };
let turn = 0;
beforeEach(async () => {
  turn += 1;
  olga = { sub: `olga-${turn}`, groups: ['uploader'] };
  await messages('REMOVAL_QUEUE');
  await messages('ENDING_QUEUE');
});

async function stored(changes: Partial<VideoRecord> = {}): Promise<VideoRecord> {
  const record = aRecord({ id: newVideoId(), owner: olga.sub, revision: 1, ...changes });
  await table.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
  return record;
}
const call = (route: RouteKey, options: Call) => callRoute(handler, route, options);
const del = (as: Call['as'], id: string, query = {}) => call('DELETE /api/videos/{id}', { as, params: { id }, query });
const restore = (as: Call['as'], id: string) => call('POST /api/videos/{id}/restore', { as, params: { id } });
const get = (as: Call['as'], id: string) => call('GET /api/videos/{id}', { as, params: { id } });
const list = async (as: Call['as'], query = {}): Promise<string[]> =>
  (await call('GET /api/videos', { as, query })).json.videos.map((one: { id: string }) => one.id);
const trash = (as: Call['as']) => list(as, { trash: '1' });
const read = async (id: string) =>
  (await table.send(new GetCommand({ TableName: process.env['VIDEOS_TABLE'], Key: { id } }))).Item as
    | VideoRecord
    | undefined;
const revocation = async (id: string) =>
  (await table.send(new GetCommand({ TableName: process.env['REVOCATIONS_TABLE'], Key: { key: `v:${id}` } }))).Item;

/** Takes what is in a queue, in no order. */
async function messages(queue: string): Promise<unknown[]> {
  const bodies: unknown[] = [];
  const QueueUrl = process.env[queue];
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return bodies;
    for (const { Body, ReceiptHandle } of Messages) {
      bodies.push(JSON.parse(Body!));
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
}
const work = (...bodies: unknown[]) =>
  remove({
    Records: bodies.map((body, index) => ({ messageId: String(index), body: JSON.stringify(body) })),
  } as unknown as SQSEvent);
const NOT_FOUND = { status: 404, json: { code: 'not-found' } };

describe('deleting', () => {
  it('puts it where only its owner and admins find it, plays to nobody, and leaves everything where it is', async () => {
    const { id } = await stored({ visibility: 'public', hasPoster: true, tags: [`sea-${turn}`] });
    const file = { Bucket: process.env['MEDIA_BUCKET'], Key: `vod/${id}/r1/poster.jpg` };
    await s3.send(new PutObjectCommand({ ...file, Body: 'x' }));
    const other = await stored();
    expect((await del(olga, id)).status).toBe(204);
    for (const as of [olga, ada, sam]) expect(await get(as, id)).toMatchObject(NOT_FOUND);
    expect(await list(olga)).toEqual([other.id]);
    expect((await call('GET /api/tags', { as: olga })).json.tags).toEqual([]);
    expect(await trash(olga)).toEqual([id]);
    expect(await trash(ada)).toContain(id);
    expect(await trash(sam)).toEqual([]);
    const answer = await call('GET /api/videos', { as: olga, query: { trash: '1' } });
    expect(answer.json.videos[0]).toMatchObject({
      id,
      status: 'ready',
      trashedAt: expect.any(String),
      posterUrl: null,
    });
    expect(answer.json.videos[0].removeOn).toBe((await read(id))!.removeOn);
    expect(await call('GET /api/videos', { as: sam, query: { trash: '1', shared: '1' } })).toMatchObject({
      status: 400,
    });
    expect((await s3.send(new ListObjectsV2Command({ Bucket: file.Bucket, Prefix: `vod/${id}/` }))).KeyCount).toBe(1);
    // Again changes nothing: its time does not begin anew.
    const before = await read(id);
    expect((await del(olga, id)).status).toBe(204);
    expect(await read(id)).toEqual(before);
    const told = { step: 'trash', videoId: id, did: { type: 'trashed', at: before!.trashedAt } };
    expect(await messages('REMOVAL_QUEUE')).toEqual([told, told]);
  });

  it('is for owner and admins, as ever', async () => {
    const { id } = await stored({ visibility: 'public' });
    expect(await del(sam, id)).toMatchObject({ status: 403 });
    const hidden = await stored();
    expect(await del(sam, hidden.id)).toMatchObject(NOT_FOUND);
    await del(ada, hidden.id);
    expect(await del(sam, hidden.id, { now: 'true' })).toMatchObject(NOT_FOUND);
    expect(await restore(sam, hidden.id)).toMatchObject(NOT_FOUND);
    expect((await read(hidden.id))!.trashedAt).toBeDefined();
  });

  it('for good is for good, at once or out of the trash, and so is an upload under way', async () => {
    const [whole, trashed] = [await stored(), await stored()];
    const upload = await stored({ status: 'uploading', revision: 0 });
    await del(olga, trashed.id);
    await messages('REMOVAL_QUEUE');
    for (const { id } of [whole, trashed]) expect((await del(olga, id, { now: 'true' })).status).toBe(204);
    expect((await del(olga, upload.id)).status).toBe(204);
    const told = await messages('REMOVAL_QUEUE');
    expect(told).toHaveLength(3);
    for (const { id } of [whole, trashed, upload]) {
      expect(told).toContainEqual({ step: 'remove', videoId: id });
      expect((await read(id))!.status).toBe('deleted');
      expect(await restore(olga, id)).toMatchObject(NOT_FOUND);
    }
    expect(await trash(olga)).toEqual([]);
    await work(...told);
    for (const { id } of [whole, trashed, upload]) expect(await read(id)).toBeUndefined();
  });
});

describe('restoring', () => {
  it('brings it back as it was', async () => {
    const record = await stored({
      visibility: 'public',
      description: 'd',
      tags: ['a'],
      collections: new Set(['c'.repeat(12)]),
    });
    const { id } = record;
    await del(olga, id);
    const { status, json } = await restore(olga, id);
    expect(status).toBe(200);
    expect(json).toMatchObject({ id, visibility: 'public', tags: ['a'], status: 'ready' });
    expect(json).not.toHaveProperty('trashedAt');
    const { updatedAt: _, restoredAt, ...restored } = (await read(id))!;
    const { updatedAt: __, ...before } = record;
    expect(restored).toEqual(before);
    expect(restoredAt).toEqual(expect.any(String));
    expect((await get(sam, id)).status).toBe(200);
    // One that is not there is as it is, for who may change it.
    expect((await restore(olga, id)).status).toBe(200);
    expect(await restore(sam, id)).toMatchObject({ status: 403 });
  });

  it('is finished by the same call made again, where the first one broke off before it told the worker', async () => {
    const { id } = await stored({ visibility: 'public' });
    await del(olga, id);
    await messages('REMOVAL_QUEUE');
    const queue = process.env['REMOVAL_QUEUE']!;
    process.env['REMOVAL_QUEUE'] = `${queue}-not-there`;
    try {
      expect((await restore(olga, id)).status).toBe(500);
    } finally {
      process.env['REMOVAL_QUEUE'] = queue;
    }
    const { trashedAt, restoredAt } = (await read(id))!;
    expect([trashedAt, restoredAt]).toEqual([undefined, expect.any(String)]);
    // It is on the lists of others by now, who change nothing of it.
    expect((await restore(sam, id)).status).toBe(403);
    expect(await messages('REMOVAL_QUEUE')).toEqual([]);
    const told = { step: 'trash', videoId: id, did: { type: 'restored', at: restoredAt } };
    for (const again of [1, 2]) {
      expect([again, (await restore(olga, id)).status]).toEqual([again, 200]);
      expect(await messages('REMOVAL_QUEUE')).toEqual([told]);
    }
    // In the trash again it is restored at another moment.
    await del(olga, id);
    expect(await read(id)).not.toHaveProperty('restoredAt');
  });

  it('tells of each time that it is put there, however soon after one another, and of none that is long ago', async () => {
    const { id } = await stored();
    await del(olga, id);
    const first = (await read(id))!.trashedAt;
    await restore(olga, id);
    await del(olga, id);
    const second = (await read(id))!.trashedAt;
    expect(second).not.toBe(first);
    const told = (await messages('REMOVAL_QUEUE')).map((one) => (one as { did: { at: string } }).did.at);
    expect(told.filter((at) => at === first || at === second).toSorted()).toEqual([first, second]);

    const old = await stored({ restoredAt: new Date(Date.now() - 2 * 86_400_000).toISOString() });
    expect((await restore(olga, old.id)).status).toBe(200);
    expect(await messages('REMOVAL_QUEUE')).toEqual([]);
  });

  it('gives an incident the day back that it had, and the trash never puts that off', async () => {
    const soon = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const [near, far] = [await stored({ removeOn: soon }), await stored({ removeOn: '2099-01-01' })];
    for (const { id } of [near, far]) await del(olga, id);
    expect((await read(near.id))!.removeOn).toBe(soon);
    expect(Date.parse((await read(far.id))!.removeOn!)).toBeLessThanOrEqual(Date.now() + 4 * 86_400_000);
    for (const { id } of [near, far]) await restore(olga, id);
    expect([(await read(near.id))!.removeOn, (await read(far.id))!.removeOn]).toEqual([soon, '2099-01-01']);
  });
});

describe('in the audit log', () => {
  it('is what became of it and what it was called, for good or not, and which calls changed nothing', async () => {
    const { id } = await stored({ title: 'Harbour at dawn' });
    const trashed = { did: 'put a video into the trash', said: { title: 'Harbour at dawn', forGood: false } };
    const deleted = { did: 'deleted a video for good', said: { title: 'Harbour at dawn', forGood: true } };
    const again = (one: { did: string }) => ({ ...one, did: `${one.did}, which changed nothing` });
    await del(olga, id);
    await del(olga, id);
    expect(await loggedOf(`video:${id}`)).toEqual([trashed, again(trashed)]);
    await del(olga, id, { now: 'true' });
    await del(olga, id, { now: 'true' });
    expect(await loggedOf(`video:${id}`)).toEqual([deleted, again(deleted), trashed, again(trashed)]);
    const gone = newVideoId();
    await del(olga, gone);
    expect(await loggedOf(`video:${gone}`)).toEqual([{ did: 'deleted a video, which changed nothing' }]);
  });

  it('is restored once, however many ask for that at a time and after, and once is told of it', async () => {
    const { id } = await stored();
    await del(olga, id);
    await messages('REMOVAL_QUEUE');
    const asked = await Promise.all([1, 2, 3].map(async () => restore(olga, id)));
    expect([...asked, await restore(olga, id)].map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const nothing = { did: 'restored a video, which changed nothing' };
    const [, ...restored] = await loggedOf(`video:${id}`);
    expect(restored).toEqual([{ did: 'restored a video' }, nothing, nothing, nothing]);
    const { restoredAt } = (await read(id))!;
    const told = { step: 'trash', videoId: id, did: { type: 'restored', at: restoredAt } };
    expect(new Set((await messages('REMOVAL_QUEUE')).map((one) => JSON.stringify(one)))).toEqual(
      new Set([JSON.stringify(told)]),
    );
  });
});

it('is removed by the daily run when its days are over, and one that was restored meanwhile is not', async () => {
  const [over, waits] = [await stored(), await stored()];
  for (const { id } of [over, waits]) await del(olga, id);
  const past = { ...(await read(over.id))!, removeOn: '2026-01-01' };
  await table.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: past }));
  expect(await trash(olga)).toEqual([waits.id]);
  await messages('REMOVAL_QUEUE');
  await expire();
  expect(await messages('REMOVAL_QUEUE')).toEqual([{ step: 'remove', videoId: over.id }]);
  expect([(await read(over.id))!.status, (await read(waits.id))!.status]).toEqual(['deleted', 'ready']);
  // As the index had it before: the day that was read there is not its day any more.
  const { changeVideo } = await import('../../../lambdas/shared/videos.ts');
  const removeOn = (await read(waits.id))!.removeOn!;
  await restore(olga, waits.id);
  expect(await changeVideo(waits.id, { status: 'deleted' }, { removeOn })).toBeUndefined();
});

it('days are whole ones, and end at midnight', () => {
  const now = Date.parse('2026-11-29T12:00:00Z');
  expect(intoTrash({}, now, 7)).toEqual({ trashedAt: '2026-11-29T12:00:00.000Z', removeOn: '2026-12-07' });
  expect(intoTrash({ removeOn: '2026-12-01' }, now, 7)).toMatchObject({
    removeOn: '2026-12-01',
    removeOnBefore: '2026-12-01',
  });
});

it('is told on the bus, each time by when it was: that it is in the trash, and that it is out of it', async () => {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `trash-told-${process.pid}` }));
  process.env['TOLD_QUEUE'] = QueueUrl;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const pattern = { source: ['sluice.video'], resources: [process.env['VIDEOS_TABLE']] };
  const [bridge, Rule] = [new EventBridgeClient({}), `trash-${process.pid}`];
  await bridge.send(new PutRuleCommand({ Name: Rule, EventPattern: JSON.stringify(pattern) }));
  await bridge.send(new PutTargetsCommand({ Rule, Targets: [{ Id: '1', Arn: Attributes!['QueueArn']! }] }));
  const workAll = async () => {
    const all = (await messages('REMOVAL_QUEUE')) as { step: string }[];
    return work(...all.filter(({ step }) => step === 'trash'));
  };
  const [first, never] = [await stored({ duration: 12 }), await stored({ revision: 0, status: 'failed' })];
  // What is done twice is told of twice, as one and the same; that the edge looks again is told to nobody, nor of what is gone.
  await del(olga, first.id);
  await del(olga, first.id);
  await workAll();
  const { trashedAt } = (await read(first.id))!;
  await restore(olga, first.id);
  await workAll();
  const { restoredAt } = (await read(first.id))!;
  const at = new Date().toISOString();
  const gone = { step: 'trash', videoId: newVideoId(), did: { type: 'trashed', at } };
  expect(await work({ step: 'trash', videoId: first.id }, gone)).toEqual({ batchItemFailures: [] });
  await del(olga, never.id);
  await workAll();
  const seen: { detail: object }[] = [];
  const last = { videoId: never.id, owner: olga.sub, status: 'trashed', at: (await read(never.id))!.trashedAt };
  await expect
    .poll(async () => seen.push(...((await messages('TOLD_QUEUE')) as typeof seen)), { timeout: 20_000 })
    .toBe(4);
  const common = { videoId: first.id, owner: olga.sub, revision: 1, duration: 12 };
  const trashed = { ...common, status: 'trashed', at: trashedAt };
  const restored = { ...common, status: 'restored', at: restoredAt };
  const inOrder = (all: readonly object[]) =>
    all.map((one) => JSON.stringify(Object.entries(one).toSorted())).toSorted();
  expect(inOrder(seen.map(({ detail }) => detail))).toEqual(inOrder([trashed, trashed, restored, last]));
});

describe('the edge', () => {
  it('refuses what was signed, ends its sessions, and lets pictures through again once it is restored', async () => {
    const { id } = await stored();
    await del(olga, id);
    expect(await work(...(await messages('REMOVAL_QUEUE')))).toEqual({ batchItemFailures: [] });
    const refused = (await revocation(id))!;
    expect(Number(refused['until']) - Number(refused['at'])).toBeGreaterThanOrEqual(12 * 3600);
    expect(refused).toMatchObject({ takedown: { owner: olga.sub } });
    expect(refused).not.toHaveProperty('open');
    const [ended] = (await messages('ENDING_QUEUE')) as { taken: { videos: string[]; reasons: string[] } }[];
    expect(ended!.taken.videos).toEqual([id]);
    expect(ended!.taken.reasons).toEqual(expect.arrayContaining(['owner', 'admin', 'public', 'grant', 'link', '']));
    expect(await messages('REMOVAL_QUEUE')).toEqual([{ step: 'invalidate', videoIds: [id] }]);

    await restore(olga, id);
    expect(await work(...(await messages('REMOVAL_QUEUE')))).toEqual({ batchItemFailures: [] });
    const { at, until } = refused;
    expect(await revocation(id)).toEqual({ key: `v:${id}`, at, until, open: true });

    // Deleted once more, all of it is refused anew.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await del(olga, id);
    await work(...(await messages('REMOVAL_QUEUE')));
    const anew = (await revocation(id))!;
    expect(Number(anew['at'])).toBeGreaterThan(Number(at));
    expect(anew).not.toHaveProperty('open');
  });

  it('goes by the record, whatever messages come in which order', async () => {
    const { id } = await stored();
    await del(olga, id);
    await restore(olga, id);
    // Both messages come when it is back: nothing of it was refused, and nothing is.
    await work(...(await messages('REMOVAL_QUEUE')));
    expect(await revocation(id)).toBeUndefined();
    expect(await messages('ENDING_QUEUE')).toEqual([]);
    // Nobody was ever given a signature for what was not published.
    const never = await stored({ revision: 0, status: 'failed' });
    await del(olga, never.id);
    await work(...(await messages('REMOVAL_QUEUE')));
    expect(await revocation(never.id)).toBeUndefined();
  });
});
