/** Calls that succeed and say that entries of theirs did not: a throttled one is throttled, and waited for as such. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { step } from '../../../lambdas/slicing/transient.ts';

let server: Server;
let answer = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    EVENT_BUS: 'default',
    VIDEOS_TABLE: 'videos',
  });
});
afterAll(() => server.close());

it.each([
  ['ThrottlingException', 'ThrottledError'],
  ['InternalFailure', 'TransientError'],
  ['MalformedDetail', 'MalformedDetail'],
])('the event bus refuses an entry: %s', async (ErrorCode, name) => {
  const { publish } = await import('../../../lambdas/shared/events.ts');
  answer = JSON.stringify({ FailedEntryCount: 1, Entries: [{ ErrorCode, ErrorMessage: 'no' }] });
  const announce = step(publish);
  const event = { videoId: 'a'.repeat(20), owner: 'o', status: 'ready', at: '2026-01-01T00:00:00.000Z' } as const;
  await expect(announce(event)).rejects.toMatchObject({ name });
});

it.each([
  ['SlowDown', 'ThrottledError'],
  ['AccessDenied', 'AccessDenied'],
])('S3 does not remove an object: %s', async (code, name) => {
  const { removeObjects } = await import('../../../lambdas/shared/objects.ts');
  answer = `<DeleteResult><Error><Key>k</Key><Code>${code}</Code><Message>no</Message></Error></DeleteResult>`;
  await expect(step(removeObjects)('bucket', ['k'])).rejects.toMatchObject({ name });
});
