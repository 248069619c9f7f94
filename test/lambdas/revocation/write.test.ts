/** `revoke`, the writer and its table on the engine, and a store with AWS's bounds. */
import { ReceiveMessageCommand, DeleteMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { BatchWriteCommand, GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bytesOf, SESSION_BYTES } from '../../../lambdas/revocation/plan.ts';
import { keyOf, valueOf, type Revocation } from '../../../lib/contract/revocation.ts';
import { startHandlerEngine } from '../engine.ts';
import { standInStore, type StandIn } from './store-stand-in.ts';

const STORE = 'arn:aws:cloudfront::000000000000:key-value-store/3f2a1b0c-0000-4000-8000-000000000001';

let close = async () => {};
let store: StandIn;
let write: typeof import('../../../lambdas/revocation/write.ts').handler;
let shared: typeof import('../../../lambdas/shared/revocation.ts');
let clients: typeof import('../../../lambdas/shared/clients.ts');
let sqs: SQSClient;
let left = 60_000;

beforeAll(async () => {
  store = await standInStore();
  close = await startHandlerEngine({
    AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE: store.url,
    REVOCATION_STORE: STORE,
  });
  sqs = new SQSClient({});
  ({ handler: write } = await import('../../../lambdas/revocation/write.ts'));
  shared = await import('../../../lambdas/shared/revocation.ts');
  clients = await import('../../../lambdas/shared/clients.ts');
}, 600_000);

afterAll(async () => {
  await close();
  await store?.[Symbol.asyncDispose]();
  delete process.env['AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE'];
});

beforeEach(async () => {
  store.values.clear();
  store.sizes.length = 0;
  Object.assign(store, { meddle: 0, overhead: 0 });
  left = 60_000;
  for (const { key } of await rows()) await remove(String(key));
  await messages();
  // Looks at the store anew, of which the process may know what a test before it did.
  await run([JSON.stringify({ step: 'sweep' })]);
});

const now = () => Math.floor(Date.now() / 1000);
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000);
const TableName = () => process.env['REVOCATIONS_TABLE']!;

async function rows(): Promise<Record<string, unknown>[]> {
  const { Items = [] } = await clients.dynamo.send(new ScanCommand({ TableName: TableName(), ConsistentRead: true }));
  return Items;
}
const row = async (key: string) =>
  (await clients.dynamo.send(new GetCommand({ TableName: TableName(), Key: { key }, ConsistentRead: true }))).Item;
const remove = (key: string) =>
  clients.dynamo.send(
    new BatchWriteCommand({ RequestItems: { [TableName()]: [{ DeleteRequest: { Key: { key } } }] } }),
  );
async function put(revocations: readonly (Revocation & { store?: string })[]): Promise<void> {
  for (let at = 0; at < revocations.length; at += 25) {
    const Requests = revocations.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
    await clients.dynamo.send(new BatchWriteCommand({ RequestItems: { [TableName()]: Requests } }));
  }
}

/** Bodies of all messages that wait; they are gone then. */
async function messages(): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const QueueUrl = process.env['REVOCATION_QUEUE'];
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return bodies;
    for (const { Body, ReceiptHandle } of Messages) {
      bodies.push(Body!);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
}

/** The writer on these messages. */
async function run(bodies: readonly string[]): Promise<SQSBatchResponse> {
  const Records = bodies.map((body, i) => ({ messageId: `m${i}`, body })) as Parameters<typeof write>[0]['Records'];
  return await write({ Records }, { getRemainingTimeInMillis: () => left });
}
const session = (n: number, until = now() + 3600): Revocation => ({
  key: keyOf('session', `0tij4k2${String(n).padStart(16, '0')}`),
  at: now(),
  until,
});
const writing = (revocations: readonly Revocation[]) => JSON.stringify({ step: 'write', revocations });

describe('revoke', () => {
  it('records, tells, and is at the edge when the writer has read', async () => {
    const before = now();
    await shared.revoke([
      { kind: 'video', id: 'abcdefghij0123456789', until: inHours(12) },
      { kind: 'session', id: '0tij4k2QwErTyUiOpAsDfGh', until: inHours(1) },
    ]);
    expect(await row('v:abcdefghij0123456789')).not.toHaveProperty('store');
    const told = await messages();
    expect(told).toHaveLength(1);
    expect((await run(told)).batchItemFailures).toEqual([]);
    const [at, until] = store.values.get('v:abcdefghij0123456789')!.split(' ').map(Number);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(now());
    expect(until! - at!).toBeGreaterThanOrEqual(12 * 3600 - 60);
    expect([...store.values.keys()].toSorted()).toEqual(['s:0tij4k2QwErTyUiOpAsDfGh', 'v:abcdefghij0123456789']);
    expect(await row('v:abcdefghij0123456789')).toMatchObject({ store: STORE });
  });

  it('sends many in messages that the writer has time for', async () => {
    const many = Array.from({ length: 401 }, (_, i) => ({
      kind: 'session' as const,
      id: `0tij4k2${String(i).padStart(16, '0')}`,
      until: inHours(1),
    }));
    await shared.revoke(many);
    const told = await messages();
    expect(told).toHaveLength(3);
    expect((await run(told)).batchItemFailures).toEqual([]);
    expect(store.values.size).toBe(401);
    expect(store.sizes).toEqual([50, 50, 50, 50, 50, 50, 50, 50, 1]);
  });

  it('refuses what no ticket could name, and records nothing', async () => {
    await expect(shared.revoke([{ kind: 'link', id: 'a.b', until: inHours(1) }])).rejects.toThrow(
      'must be a part of a ticket',
    );
    expect(await rows()).toEqual([expect.objectContaining({ key: 'store' })]);
  });
});

describe('the writer', () => {
  it('puts what several calls revoked into one update, and asks for the version once', async () => {
    const { describe, update } = store.calls;
    await run([writing([session(1)]), writing([session(2), session(1)]), writing([session(3)])]);
    expect(store.sizes).toEqual([3]);
    expect(store.calls).toEqual({ describe, update: update + 1 });
  });

  it('makes its update anew on top of somebody else’s, and gives up when that never ends', async () => {
    store.meddle = 3;
    expect((await run([writing([session(1)])])).batchItemFailures).toEqual([]);
    expect(store.values.has(session(1).key)).toBe(true);
    store.meddle = 100;
    expect((await run([writing([session(2)]), writing([session(3)])])).batchItemFailures).toEqual([
      { itemIdentifier: 'm0' },
      { itemIdentifier: 'm1' },
    ]);
    store.meddle = 0;
    expect((await run([writing([session(2)])])).batchItemFailures).toEqual([]);
  });

  it('notes how full the store is by what it wrote, since health tells that, and leaves what waits to who counted it', async () => {
    await remove('store');
    await run([writing([session(1), session(2)])]);
    expect(await row('store')).toMatchObject({ entries: 2, bytes: store.bytes(), waiting: 0 });
    await clients.dynamo.send(
      new PutCommand({ TableName: TableName(), Item: { key: 'store', entries: 2, bytes: 9, waiting: 7 } }),
    );
    await run([writing([session(3)])]);
    expect(await row('store')).toEqual({ key: 'store', entries: 3, bytes: store.bytes(), waiting: 7 });
  });

  it('gives back what it cannot read, and writes the rest', async () => {
    const bad = [
      '{',
      '{"step":"other"}',
      writing([]),
      JSON.stringify({ step: 'write', revocations: [{ key: 'x:1', at: 1, until: 2 }] }),
    ];
    const { batchItemFailures } = await run([...bad, writing([session(1)])]);
    expect(batchItemFailures.map((one) => one.itemIdentifier)).toEqual(['m0', 'm1', 'm2', 'm3']);
    expect([...store.values.keys()]).toEqual([session(1).key]);
  });

  it('writes nothing that is over already', async () => {
    await run([writing([session(1, now() - 1)])]);
    expect(store.values.size).toBe(0);
  });

  it('leaves to another message what it has no time for', async () => {
    left = 1000;
    const { batchItemFailures } = await run([writing([session(1)])]);
    expect(batchItemFailures).toEqual([{ itemIdentifier: 'm0' }]);
    expect(store.values.size).toBe(0);
  });
});

describe('the janitor', () => {
  it('takes out what is over, with its row, and leaves what is not', async () => {
    const over = [session(1, now() - 5), session(2, now() - 5)].map((one) => ({ ...one, store: STORE }));
    const lives = { ...session(3), store: STORE };
    await put([...over, lives, session(4, now() - 5)]);
    for (const one of [...over, lives]) store.values.set(one.key, valueOf(one));
    await run([JSON.stringify({ step: 'sweep' })]);
    expect([...store.values.keys()]).toEqual([lives.key]);
    expect((await rows()).map(({ key }) => key).toSorted()).toEqual([lives.key, 'store']);
  });

  it('brings in what has a row and was never written', async () => {
    await put([session(1), { ...session(2), store: `${STORE}-before` }]);
    await run([JSON.stringify({ step: 'sweep' })]);
    expect(store.values.size).toBe(2);
    expect(await row(session(2).key)).toMatchObject({ store: STORE });
  });

  it('asks nothing of the store while nothing is revoked, since every call costs, and asks before it writes again', async () => {
    const { describe, update } = store.calls;
    await run([JSON.stringify({ step: 'sweep' })]);
    await run([JSON.stringify({ step: 'sweep' })]);
    expect(store.calls).toEqual({ describe, update });
    await put([session(1)]);
    await run([writing([session(1)])]);
    expect(store.calls).toEqual({ describe: describe + 1, update: update + 1 });
    await run([JSON.stringify({ step: 'sweep' })]);
    expect(store.calls.describe).toBe(describe + 2);
    expect(await row('store')).toMatchObject({ entries: 1 });
  });

  it('goes on in another message when its time is up', async () => {
    await put(Array.from({ length: 60 }, (_, i) => ({ ...session(i, now() - 5), store: STORE })));
    left = 1000;
    expect((await run([JSON.stringify({ step: 'sweep' })])).batchItemFailures).toEqual([]);
    expect(await rows()).toHaveLength(61);
    const told = await messages();
    expect(told).toEqual(['{"step":"sweep"}']);
    left = 60_000;
    await run(told);
    expect(await rows()).toHaveLength(1);
  });
});

describe('at the bounds of the store', () => {
  /** Sessions that fill it up to some bytes below what sessions may fill. */
  function fill(below: number): void {
    const one = session(0);
    const count = Math.floor((SESSION_BYTES - below) / bytesOf(one));
    for (let i = 0; i < count; i++)
      store.values.set(keyOf('session', `0tij4k3${String(i).padStart(16, '0')}`), valueOf(one));
  }

  it('what finds no room waits, is counted, and comes in when there is some; a whole video always finds room', async () => {
    fill(3 * bytesOf(session(0)));
    await run([JSON.stringify({ step: 'sweep' })]);
    expect(await shared.edgeIsFull(Date.now() + 60_000)).toBe(false);

    const asked = Array.from({ length: 10 }, (_, i) => session(i, now() + 3600 + i));
    const video: Revocation = { key: 'v:abcdefghij0123456789', at: now(), until: now() + 3600 };
    await put([...asked, video]);
    expect((await run([writing([...asked, video])])).batchItemFailures).toEqual([]);
    expect(store.values.has(video.key)).toBe(true);
    const there = asked.filter(({ key }) => store.values.has(key));
    expect(there.length).toBeGreaterThanOrEqual(2);
    expect(there.length).toBeLessThan(5);
    // Those whose signatures would live longest.
    expect(there).toEqual(asked.slice(-there.length));
    expect(await row('store')).toMatchObject({ waiting: 10 - there.length, entries: store.values.size });
    expect(await shared.edgeIsFull(Date.now() + 120_000)).toBe(true);
    expect(await messages()).toEqual(['{"step":"sweep"}']);

    // Something is over.
    for (const key of [...store.values.keys()].slice(0, 20)) store.values.delete(key);
    await run([JSON.stringify({ step: 'sweep' })]);
    expect(asked.every(({ key }) => store.values.has(key))).toBe(true);
    expect(await row('store')).toMatchObject({ waiting: 0 });
    expect(await shared.edgeIsFull(Date.now() + 180_000)).toBe(false);
  });

  it('is full when CloudFront says so, whatever it says of its bytes', async () => {
    fill(100 * bytesOf(session(0)));
    store.overhead = 6;
    await run([JSON.stringify({ step: 'sweep' })]);
    await messages();
    const asked = [session(1), session(2)];
    await put(asked);
    expect((await run([writing(asked)])).batchItemFailures).toEqual([]);
    expect(store.values.has(asked[0]!.key)).toBe(false);
    expect(await row('store')).toMatchObject({ waiting: 2 });
  });
});
