import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { customResource, CustomResourceError, type Work } from '../../../lambdas/shared/custom-resource.ts';

// Read when the logger is made.
vi.hoisted(() => (process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT'));

let server: Server;
let url: string;
let answers: Record<string, unknown>[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      answers.push(JSON.parse(body) as Record<string, unknown>);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer`;
});
afterAll(() => void server.close());
beforeEach(() => void (answers = []));

async function send(work: Work, milliseconds: number, over: object = {}): Promise<Record<string, unknown>> {
  const event = {
    RequestType: 'Create',
    ResponseURL: url,
    StackId: 's',
    RequestId: 'r',
    LogicalResourceId: 'l',
    ...over,
  };
  await customResource(({ ResourceProperties }) => `of-${String(ResourceProperties['Name'])}`, work)(event, {
    getRemainingTimeInMillis: () => milliseconds,
  });
  expect(answers).toHaveLength(1);
  return answers[0]!;
}

it('answers for work that never ends before the function does: CloudFormation would wait an hour', async () => {
  const answer = await send(() => new Promise(() => {}), 10_050);
  expect(answer).toMatchObject({ Status: 'FAILED', Reason: "The function's time is up: try again" });
});

it('tells work that its time is up, and answers what the work says to that', async () => {
  const work: Work = (_, signal) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(new CustomResourceError('half of it is done'))),
    );
  expect(await send(work, 10_050)).toMatchObject({ Status: 'FAILED', Reason: 'half of it is done' });
});

it('keeps the physical id that was made at Create, so that nothing is replaced', async () => {
  const work: Work = async () => ({});
  const ResourceProperties = { Name: 'a' };
  expect(await send(work, 900_000, { ResourceProperties })).toMatchObject({ PhysicalResourceId: 'of-a' });
  answers = [];
  const later = { ResourceProperties: { Name: 'b' }, RequestType: 'Update', PhysicalResourceId: 'of-a' };
  expect(await send(work, 900_000, later)).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'of-a' });
});
