/**
 * Ten thousand viewers, whose reports come late, in any order, twice and again, counted by two executions at a time and by some that
 * are ended half way: what is counted is to be what they did, to the second.
 */
import { Worker } from 'node:worker_threads';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hourOf, HOUR_ROWS } from '../../../lib/contract/heatmap.ts';
import type { Report } from '../../../lib/contract/player-events.ts';
import { sessionId } from '../../../lib/contract/ticket.ts';
import type { Item } from '../../../lambdas/insight/rows.ts';
import { startHandlerEngine } from '../engine.ts';
import { chance, shuffled, simulate, videoNumber } from '../../../bench/events/viewers.ts';
import { letters } from './letters.ts';

const VIEWERS = 10_000;
const POSTS = 3;
/** Of the one video that half of them watch: more began in an hour than one row holds. */
const CROWD = VIEWERS / 2;
const SECONDS = 600;
const HOUR = Math.floor(Date.now() / 3_600_000) * 3600 - 3 * 3600;

let close: () => Promise<void>;
let count: (event: SQSEvent) => Promise<SQSBatchResponse>;
let read: typeof import('../../../lambdas/insight/read.ts');
let fold: typeof import('../../../lambdas/insight/fold.ts');
let dynamo: (typeof import('../../../lambdas/shared/clients.ts'))['dynamo'];
const sqs = () => new SQSClient({});

beforeAll(async () => {
  close = await startHandlerEngine({});
  const { QueueUrl } = await sqs().send(new CreateQueueCommand({ QueueName: `counts-${process.pid}` }));
  process.env['COUNTS_QUEUE'] = QueueUrl;
  count = (await import('../../../lambdas/insight/count.ts')).handler;
  read = await import('../../../lambdas/insight/read.ts');
  fold = await import('../../../lambdas/insight/fold.ts');
  ({ dynamo } = await import('../../../lambdas/shared/clients.ts'));
}, 600_000);
afterAll(async () => close());

const messages = (...bodies: readonly unknown[]): SQSEvent =>
  ({
    Records: bodies.map((body, index) => ({ messageId: `m${index}`, body: JSON.stringify(body) })),
  }) as unknown as SQSEvent;

/** Bundles of two hundred, as they come from the fan-out. */
const bundled = (reports: readonly Report[]): SQSEvent =>
  messages(
    ...Array.from({ length: Math.ceil(reports.length / 200) }, (_, at) => ({
      reports: reports.slice(at * 200, at * 200 + 200),
    })),
  );

const endedHalfWay = (event: SQSEvent, writes: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('killed.ts', import.meta.url), { workerData: { event, writes } });
    worker.once('exit', resolve);
    worker.once('error', reject);
  });

const itemsOf = async (what: string): Promise<Item[]> => {
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: process.env['HEATMAPS_TABLE'],
      KeyConditionExpression: 'what = :what',
      ExpressionAttributeValues: { ':what': what },
    }),
  );
  return Items as Item[];
};
const rowsOf = async (what: string): Promise<string[]> => (await itemsOf(what)).map(({ row }) => row);

it('counts what ten thousand viewers did, exactly', async () => {
  const sessions = Array.from({ length: VIEWERS }, (_, number) =>
    simulate({
      number,
      what: videoNumber(number < CROWD ? 0 : number % 100),
      began: number < CROWD ? HOUR + (number % 3600) : HOUR + ((number * 7) % 7200),
      posts: POSTS,
      seconds: SECONDS,
    }),
  );
  const all = sessions.flatMap(({ reports }) => reports);
  // A fifth comes twice.
  const sent = shuffled([...all, ...all.filter((_, index) => index % 5 === 0)], 1);
  const batches = Array.from({ length: Math.ceil(sent.length / 4000) }, (_, at) =>
    bundled(sent.slice(at * 4000, at * 4000 + 4000)),
  );
  // Two at a time, as the template has it; each third batch was begun by one that is gone.
  const waiting = batches.map((event, index) => ({ event, dies: index % 3 === 0 }));
  const worker = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      if (one.dies) expect(await endedHalfWay(one.event, 40)).toBe(3);
      expect(await count(one.event)).toEqual({ batchItemFailures: [] });
    }
  };
  await Promise.all([worker(), worker()]);

  const things = [...new Set(sessions.map(({ what }) => what))];
  expect(things).toHaveLength(100);
  let writes = 0;
  for (const what of things) {
    const mine = sessions.filter((one) => one.what === what);
    const watched = Array.from({ length: SECONDS }, () => 0);
    const again = Array.from({ length: SECONDS }, () => 0);
    for (const { plays } of mine)
      for (const [second, times] of plays) {
        watched[second]! += times;
        again[second]! += times - 1;
      }
    const events = mine.flatMap(({ reports }) => reports.flatMap(({ units }) => units.flatMap((unit) => unit.events)));
    const sum = (of: (event: (typeof events)[number]) => number) =>
      events.reduce((total, event) => total + of(event), 0);
    const { counters, heat, days } = await read.readWhat(what);
    const { curve } = await import('../../../lambdas/insight/heat.ts');
    expect(curve(heat, SECONDS)).toEqual({ watched, again });
    expect(counters).toMatchObject({
      plays: mine.length,
      views: mine.length,
      watched: watched.reduce((a, b) => a + b, 0),
      again: again.reduce((a, b) => a + b, 0),
      stalls: sum(({ type }) => (type === 'stall' ? 1 : 0)),
      stalled: sum((event) => (event.type === 'stall' ? event.lasted : 0)),
      seeks: sum(({ type }) => (type === 'seek' ? 1 : 0)),
      startup: sum((event) => (event.type === 'first-frame' ? event.startup : 0)),
      completed: sum((event) => (event.type === 'end' && event.reason === 'ended' ? 1 : 0)),
      errors: events.some(({ type }) => type === 'error')
        ? { network: sum(({ type }) => (type === 'error' ? 1 : 0)) }
        : {},
    });
    expect([...days.values()].reduce((total, day) => total + day.counters.views, 0)).toBe(mine.length);
    writes += (await rowsOf(what)).length;
  }
  // The crowd's hour did not fit one row.
  expect((await rowsOf(videoNumber(0))).filter((row) => row.startsWith(`${HOUR_ROWS}${hourOf(HOUR)}#`)).length).toBe(
    17,
  );
  console.log(`${all.length} reports of ${VIEWERS} viewers, ${sent.length} sent, in ${writes} rows`);
}, 600_000);

it('counts sessions whose numbers are all apart once, in rows that DynamoDB takes', async () => {
  const what = videoNumber(999);
  const random = chance(4);
  const reports = Array.from({ length: 2000 }, (_, number): Report => {
    const at = (HOUR + 60) * 1000;
    const step = () => 2 + Math.floor(random() * 150);
    let sequence = 100_000;
    return {
      what,
      session: sessionId(HOUR * 1000, `${letters(random, 12)}${String(number).padStart(4, '0')}`),
      began: HOUR,
      receivedAt: at,
      device: 'other',
      units: Array.from({ length: 64 }, (__, index) => ({
        sequence: (sequence += step()),
        events:
          index === 0 ? [{ type: 'heartbeat', at, watched: [[number % 600, (number % 600) + 1]], again: [] }] : [],
      })),
    };
  });
  // The first one is gone when it has said that the row is full, and has counted nobody below it.
  expect(await endedHalfWay(bundled(reports), 1)).toBe(3);
  for (const event of [bundled(reports), bundled(shuffled(reports, 2))])
    expect(await count(event)).toEqual({ batchItemFailures: [] });
  expect((await read.readWhat(what)).counters).toMatchObject({ plays: 2000, views: 2000, watched: 2000 });
  const rows = await itemsOf(what);
  expect(rows.length).toBeGreaterThan(2);
  for (const { ledger, heat } of rows) expect(ledger!.length + heat!.length, 'bytes of a row').toBeLessThan(300 * 1024);
});

describe('what is over', () => {
  const what = videoNumber(777);
  it('is folded into its day, and reads the same before and after', async () => {
    const [a, b] = [HOUR - 3600, HOUR].map((began, index) =>
      simulate({ number: 90_000 + index, what, began: began + 60, posts: 5, seconds: SECONDS }),
    );
    await count(bundled([...a!.reports, ...b!.reports]));
    const before = await read.readWhat(what);
    expect((await rowsOf(what)).map((row) => row.slice(0, 2))).toEqual(['h#', 'h#']);
    // Four days later, by two who begin at once; each hour is folded once.
    await Promise.all([fold.foldOld(what, HOUR + 4 * 86_400), fold.foldOld(what, HOUR + 4 * 86_400)]);
    await fold.foldOld(what, HOUR + 4 * 86_400);
    const days = new Set([a, b].map((one) => hourOf(one!.reports[0]!.began).slice(0, 10)));
    expect(await rowsOf(what)).toEqual([...[...days].toSorted().map((day) => `d#${day}`), 'heat']);
    expect(await read.readWhat(what)).toEqual(before);
    const { of, isWhole } = await read.readDay([...days][0]!);
    expect(of.get(what)?.counters.views).toBe(before.days.get([...days][0]!)!.counters.views);
    expect(isWhole).toBe(true);
  });

  it('is folded hour by hour, though one of them cannot be', async () => {
    const other = videoNumber(778);
    const [a, b] = [HOUR - 3600, HOUR].map((began, index) =>
      simulate({ number: 91_000 + index, what: other, began: began + 60, posts: 2, seconds: SECONDS }),
    );
    await count(bundled([...a!.reports, ...b!.reports]));
    const [first, second] = await rowsOf(other);
    await dynamo.send(
      new UpdateCommand({
        TableName: process.env['HEATMAPS_TABLE'],
        Key: { what: other, row: first },
        UpdateExpression: 'SET counters = :broken',
        ExpressionAttributeValues: { ':broken': '{"plays":-1}' },
      }),
    );
    await fold.foldOld(other, HOUR + 4 * 86_400);
    const rows = await rowsOf(other);
    expect(rows).toContain(first);
    expect(rows).not.toContain(second);
    expect(rows).toContain('heat');
  });

  it('takes nothing more', async () => {
    const old = simulate({ number: 1, what, began: HOUR - 5 * 86_400, posts: 1, seconds: SECONDS });
    const before = await read.readWhat(what);
    expect(await count(bundled(old.reports))).toEqual({ batchItemFailures: [] });
    expect(await read.readWhat(what)).toEqual(before);
  });
});

it('sends a report that cannot be read again alone, and then fails that one alone', async () => {
  const good = simulate({ number: 95_000, what: videoNumber(888), began: HOUR, posts: 1, seconds: SECONDS });
  const bad = { what: 'no such thing' };
  expect(await count(messages({ reports: [...good.reports, bad] }))).toEqual({ batchItemFailures: [] });
  expect((await read.readWhat(videoNumber(888))).counters.views).toBe(1);
  const { Messages = [] } = await sqs().send(
    new ReceiveMessageCommand({ QueueUrl: process.env['COUNTS_QUEUE'], WaitTimeSeconds: 1 }),
  );
  expect(Messages.map(({ Body }) => JSON.parse(Body!) as unknown)).toEqual([{ reports: [bad] }]);
  expect(await count(messages(JSON.parse(Messages[0]!.Body!), { reports: good.reports }))).toEqual({
    batchItemFailures: [{ itemIdentifier: 'm0' }],
  });
});
