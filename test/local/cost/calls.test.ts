/** Which billed calls a request is, and that what stands between passes everything on. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBetween, type Between } from '../../../local/cost/between.ts';
import { callsOf, NO_CALLS, plus, times, type Request } from '../../../local/cost/calls.ts';
import { unitsOf } from '../../../local/cost/count.ts';
import { Counter } from '../../../local/cost/counter.ts';

const UNITS: Readonly<Record<string, number>> = { videos: 4, keys: 2 };
const of = (given: Partial<Request>) =>
  callsOf({ method: 'POST', url: '/', headers: {}, body: '', ...given }, (table) => UNITS[table] ?? 1);
const call = (target: string, body: object) => of({ headers: { 'x-amz-target': target }, body: JSON.stringify(body) });

describe('a request', () => {
  it.each<[string, object, object]>([
    ['DynamoDB_20120810.GetItem', { TableName: 'videos' }, { reads: 1 }],
    ['DynamoDB_20120810.Query', { TableName: 'videos' }, { reads: 1 }],
    [
      'DynamoDB_20120810.BatchGetItem',
      { RequestItems: { videos: { Keys: [1, 2] }, keys: { Keys: [1] } } },
      { reads: 3 },
    ],
    ['DynamoDB_20120810.UpdateItem', { TableName: 'videos' }, { writes: 4 }],
    ['DynamoDB_20120810.PutItem', { TableName: 'other' }, { writes: 1 }],
    ['DynamoDB_20120810.BatchWriteItem', { RequestItems: { keys: [1, 2, 3] } }, { writes: 6 }],
    [
      'DynamoDB_20120810.TransactWriteItems',
      { TransactItems: [{ Put: { TableName: 'keys' } }, { Update: { TableName: 'videos' } }] },
      { writes: 12 },
    ],
    ['AmazonSQS.SendMessage', {}, { messages: 1 }],
    ['AWSEvents.PutEvents', { Entries: [{}, {}] }, { events: 2 }],
    ['secretsmanager.GetSecretValue', {}, { secretCalls: 1 }],
    ['AWSStepFunctions.StartExecution', {}, {}],
  ])('%s', (target, body, calls) => expect(call(target, body)).toEqual(calls));

  it.each<[string, string, object]>([
    ['PUT', '/bucket/key', { puts: 1 }],
    ['POST', '/bucket/key?uploads', { puts: 1 }],
    ['GET', '/bucket?list-type=2&prefix=a', { puts: 1 }],
    ['GET', '/bucket/key', { gets: 1 }],
    ['HEAD', '/bucket/key', { gets: 1 }],
    ['DELETE', '/bucket/key', {}],
    ['GET', '/_aws/execute-api/abc/$default/api/videos', { api: 1 }],
    ['GET', '/_localstack/health', {}],
    ['GET', '/2020-05-31/key-group', {}],
  ])('%s %s', (method, url, calls) => expect(of({ method, url })).toEqual(calls));

  it('of an old service, which comes as a form, is none of S3', () => {
    expect(of({ headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }, url: '/' })).toEqual(
      {},
    );
  });
});

it('counts units of tables by their indexes, and of videos by the size of a record', () => {
  const table = (indexes: number) => ({
    Type: 'AWS::DynamoDB::Table',
    Properties: { GlobalSecondaryIndexes: Array.from({ length: indexes }, () => ({})) },
  });
  const Resources = { StorageVideos1: table(3), StorageKeys1: table(0), StorageLinks1: table(2) };
  const units = unitsOf({ Resources }, { StorageVideos1: 'v', StorageKeys1: 'k', StorageLinks1: 'l' });
  expect(['v', 'k', 'l', 'unknown'].map(units)).toEqual([4, 1, 3, 1]);
});

describe('between an engine and who calls it', () => {
  let between: Between;
  const seen: { method?: string; url?: string; body: string; host?: string }[] = [];
  const engine = createServer((request, response) => {
    void answer(request, response);
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    seen.push({ method: request.method!, url: request.url!, body, host: request.headers.host! });
    response.writeHead(201, { 'x-answer': 'yes' }).end(`got ${body}`);
  }
  async function text(request: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  }
  beforeAll(async () => {
    between = await startBetween();
    await new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve));
    between.to(`http://127.0.0.1:${(engine.address() as AddressInfo).port}`);
  });
  afterAll(async () => {
    await between.close();
    engine.closeAllConnections();
    engine.close();
  });

  it('everything is passed on, headers and bodies, and counted until it is taken', async () => {
    const counter = new Counter(between);
    const counted = await counter.during(async () => {
      const put = await fetch(`${between.url}/bucket/key`, { method: 'PUT', body: 'bytes' });
      expect([put.status, put.headers.get('x-answer'), await put.text()]).toEqual([201, 'yes', 'got bytes']);
      await fetch(between.url, {
        method: 'POST',
        headers: { 'x-amz-target': 'DynamoDB_20120810.PutItem' },
        body: '{"TableName":"t"}',
      });
    });
    expect(counted).toEqual({ ...NO_CALLS, puts: 1, writes: 1 });
    expect(between.take()).toEqual(NO_CALLS);
    expect(seen).toMatchObject([
      { method: 'PUT', url: '/bucket/key', body: 'bytes', host: new URL(between.url).host },
      { method: 'POST', body: '{"TableName":"t"}' },
    ]);
  });

  it('a short action is what several runs have in common', async () => {
    let run = 0;
    const least = await new Counter(between).least(async () => {
      run += 1;
      await fetch(`${between.url}/bucket/key`);
      if (run % 2 === 0) await fetch(`${between.url}/bucket/key`, { method: 'PUT' });
    });
    expect(least).toEqual({ ...NO_CALLS, gets: 1 });
  });
});

it('calls add up', () => {
  expect(times(plus({ ...NO_CALLS, api: 1 }, { api: 1, puts: 3 }), 2)).toEqual({ ...NO_CALLS, api: 4, puts: 6 });
});
