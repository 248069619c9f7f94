/** A real client and a server that answers as S3 does when it has too much to do. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { logger } from '../../../lambdas/shared/logger.ts';
import { tellStoreErrors } from '../../../lambdas/shared/store-errors.ts';
import { STORE_ERROR } from '../../../lib/contract/metrics.ts';

let server: Server;
let answers: [status: number, body: string][];
beforeEach(async () => {
  server = createServer((_, response) => {
    const [status, body] = answers.shift() ?? [200, 'there'];
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await new Promise((resolve) => server.close(resolve));
});

const slowDown = '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';

function ask() {
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 3,
  });
  tellStoreErrors(client);
  const warn = vi.spyOn(logger, 'warn').mockImplementation(() => {});
  const sent = client.send(new GetObjectCommand({ Bucket: 'b', Key: 'secret-name' })).finally(() => client.destroy());
  return { sent, warn };
}

it('each answer counts, those that are tried again with success too', async () => {
  answers = [
    [503, slowDown],
    [500, ''],
  ];
  const { sent, warn } = ask();
  const { Body } = await sent;
  expect(await Body!.transformToString()).toBe('there');
  expect(warn.mock.calls).toMatchObject([
    [STORE_ERROR, { command: 'GetObjectCommand', status: 503, code: 'SlowDown' }],
    [STORE_ERROR, { command: 'GetObjectCommand', status: 500 }],
  ]);
  expect(JSON.stringify(warn.mock.calls)).not.toContain('secret-name');
});

it('what the caller did wrong is none of it, and is thrown as ever', async () => {
  answers = [[404, '<Error><Code>NoSuchKey</Code><Message>none</Message></Error>']];
  const { sent, warn } = ask();
  await expect(sent).rejects.toMatchObject({ name: 'NoSuchKey' });
  expect(warn).not.toHaveBeenCalled();
});
