/** What is kept of the last count still holds of what can be counted here: an upload, by its function on the engine. */
import { DescribeTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { UNITS_A_WRITE } from '../../../lambdas/slicing/cost-of-a-second.ts';
import { startEngine } from '../../../local/engine.ts';
import { startBetween, type Between } from '../../../local/cost/between.ts';
import { combine, NO_CALLS, type Calls } from '../../../local/cost/calls.ts';
import { readCounted } from '../../../local/cost/counted.ts';
import { Counter } from '../../../local/cost/counter.ts';
import { callRoute, startHandlerEngine, type Call } from '../../lambdas/engine.ts';
import type { RouteKey } from '../../../lib/contract/api.ts';

const MiB = 1024 ** 2;
const PARTS = 2;
const as = { sub: 'person', groups: ['uploader'] };

let between: Between;
let close: (() => Promise<void>)[] = [];
let handler: typeof import('../../../lambdas/upload/handler.ts').handler;

beforeAll(async () => {
  between = await startBetween();
  const engine = await startEngine({ log: () => {} });
  close = [between.close, engine.close];
  between.to(engine.endpoint);
  process.env['AWS_ENDPOINT_URL'] = between.url;
  await startHandlerEngine({
    UPLOAD_LIMITS: JSON.stringify({
      maxBytes: 12 * MiB,
      types: ['video/*'],
      maxInFlight: 5,
      urlSeconds: 600,
      expireSeconds: 86_400,
    }),
    PULL_RULES: JSON.stringify({ allowPrivate: false, buckets: [] }),
  });
  const { stateMachineArn } = await new SFNClient({}).send(
    new CreateStateMachineCommand({
      name: `counted-${process.pid}`,
      roleArn: 'arn:aws:iam::000000000000:role/states',
      definition: JSON.stringify({ StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }),
    }),
  );
  process.env['STATE_MACHINE_ARN'] = stateMachineArn;
  ({ handler } = await import('../../../lambdas/upload/handler.ts'));
  const units = await unitsOfTables();
  between.unitsAre((table) => units.get(table) ?? 1);
});
afterAll(async () => {
  delete process.env['AWS_ENDPOINT_URL'];
  for (const end of close) await end();
});

/** As `unitsOf` says them of a template. */
async function unitsOfTables(): Promise<Map<string, number>> {
  const dynamo = new DynamoDBClient({});
  const { TableNames = [] } = await dynamo.send(new ListTablesCommand({}));
  const entries = TableNames.map(async (TableName): Promise<[string, number]> => {
    const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
    const indexes = Table?.GlobalSecondaryIndexes?.length ?? 0;
    return [TableName, TableName === process.env['VIDEOS_TABLE'] ? UNITS_A_WRITE : 1 + indexes];
  });
  return new Map(await Promise.all(entries));
}

/** The function is called here without an API in front of it. */
let requests = 0;
async function call(route: RouteKey, options: Omit<Call, 'as'>) {
  requests += 1;
  const answer = await callRoute(handler, route, { as, ...options });
  expect(answer.status).toBe(200);
  return answer.json;
}

async function upload(): Promise<void> {
  const { uploadId, key } = await call('POST /api/s3/multipart', { body: { filename: 'a.mp4', type: 'video/mp4' } });
  const of = { params: { uploadId }, query: { key } };
  const parts = [];
  for (let part = 1; part <= PARTS; part += 1) {
    const { url } = await call('GET /api/s3/multipart/{uploadId}/{partNumber}', {
      ...of,
      params: { uploadId, partNumber: String(part) },
    });
    const body = new Uint8Array(part < PARTS ? 5 * MiB : 1000);
    const answer = await fetch(url, { method: 'PUT', body });
    parts.push({ PartNumber: part, ETag: answer.headers.get('etag')! });
  }
  await call('POST /api/s3/multipart/{uploadId}/complete', { ...of, body: { parts } });
}

it('an upload calls what local/cost/counted.json says; else: npm run cost -- --count', async () => {
  const { upload: whole, part } = readCounted().actions;
  const found: Calls = { ...(await new Counter(between).during(upload)), api: requests };
  const parts = combine(NO_CALLS, part, (_, each) => each * PARTS);
  const own = combine(found, parts, (all, of) => all - of);
  // On a platform the readers of streams ask meanwhile who listens: a read for each change that they are told.
  expect(whole.reads - own.reads).toBeGreaterThanOrEqual(0);
  expect(whole.reads - own.reads).toBeLessThanOrEqual(4);
  expect({ ...own, reads: whole.reads }).toEqual(whole);
});
