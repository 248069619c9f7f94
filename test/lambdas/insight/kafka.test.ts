/** What the function does when it can send nothing: with no broker, and with none it could set something aside in. */
import { createServer, type Server } from 'node:net';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { simulate, videoNumber } from '../../../bench/events/viewers.ts';
import {
  erasuresOf,
  kafkaErasure,
  kafkaKey,
  kafkaRecord,
  kafkaRecords,
  kafkaSecret,
} from '../../../lib/contract/kafka.ts';
import { freePort } from '../../../local/engine.ts';

const { reports } = simulate({ number: 1, what: videoNumber(1), began: 1_795_939_200, posts: 3, seconds: 600 });
const eventOf = (...bodies: readonly unknown[]): SQSEvent =>
  ({
    Records: bodies.map((body, index) => ({
      messageId: `m${index}`,
      body: JSON.stringify(body),
      attributes: { MessageGroupId: 'group' },
    })),
  }) as unknown as SQSEvent;
const all = (count: number) => ({
  batchItemFailures: Array.from({ length: count }, (_, index) => ({ itemIdentifier: `m${index}` })),
});

let silent: Server;
let ports: { readonly nobody: number; readonly silent: number };
beforeAll(async () => {
  silent = createServer(() => {});
  const port = await freePort();
  await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
  ports = { nobody: await freePort(), silent: port };
});
afterAll(() => silent.close());

async function handlerFor(port: number) {
  vi.resetModules();
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${ports.nobody}`,
    KAFKA: JSON.stringify({ brokers: [`127.0.0.1:${port}`], topic: 'reports', tls: false, sasl: 'none' }),
    KAFKA_DEAD_QUEUE: `http://127.0.0.1:${ports.nobody}/000000000000/dead.fifo`,
  });
  return (await import('../../../lambdas/insight/kafka/handler.ts')).handler;
}

it('leaves everything in the queue while there is no broker, and says so in time where one says nothing', async () => {
  const handler = await handlerFor(ports.nobody);
  expect(await handler(eventOf(...reports))).toEqual(all(3));
  const waits = await handlerFor(ports.silent);
  const began = Date.now();
  expect(await waits(eventOf(...reports))).toEqual(all(3));
  // The function has 30 s.
  expect(Date.now() - began).toBeLessThan(25_000);
}, 60_000);

it('leaves what cannot be read where it cannot be set aside either', async () => {
  const handler = await handlerFor(ports.nobody);
  expect(await handler(eventOf({ what: 'nothing' }))).toEqual(all(1));
});

it('makes a record of each number, the lowest first, with nothing of the session left out', () => {
  const [one] = reports;
  const events = one!.units[0]!.events;
  const units = [7, 5, 6].map((sequence) => ({ sequence, events }));
  const records = kafkaRecords({ ...one!, units });
  expect(records.map(({ sequence }) => sequence)).toEqual([5, 6, 7]);
  const { units: _, ...rest } = one!;
  for (const record of records) expect(kafkaRecord.parse(record)).toMatchObject({ schema: 1, ...rest, events });
});

it('takes a secret of Amazon MSK, and one of a certificate alone', () => {
  expect(kafkaSecret.parse({ username: 'a', password: 'b', engine: 'msk' })).toEqual({ username: 'a', password: 'b' });
  expect(kafkaSecret.safeParse({ ca: 'nothing in PEM' }).success).toBe(false);
});

it('tells of who was erased once by the pseudonym and in each session, and no report reads as such', () => {
  const erasures = erasuresOf('viewer00001', 1_795_939_300_000, ['one', 'two']);
  expect(erasures.map(kafkaKey)).toEqual(['viewer00001', 'one', 'two']);
  for (const erasure of erasures) {
    expect(kafkaErasure.parse(JSON.parse(JSON.stringify(erasure)))).toEqual(erasure);
    expect(kafkaRecord.safeParse(erasure).success).toBe(false);
  }
  for (const record of reports.flatMap(kafkaRecords)) {
    expect(kafkaErasure.safeParse(record).success).toBe(false);
    expect(kafkaKey(record)).toBe(record.session);
  }
});
