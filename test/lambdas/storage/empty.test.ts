/** The handler on the engine's S3; CloudFormation is a server that says what state the stack is in and takes the answers. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startHandlerEngine } from '../engine.ts';

const STACK =
  'arn:aws:cloudformation:us-east-1:000000000000:stack/sluice-test-vod/51af3dc0-da77-11e4-872e-1234567db123';

let server: Server;
let url: string;
let close: () => Promise<void>;
let s3: (typeof import('../../../lambdas/shared/clients.ts'))['s3'];
let bucket: string;
/** What CloudFormation says; undefined: it refuses to. */
let status: string | undefined;
let asked: string[] = [];
let answers: Record<string, unknown>[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      if (request.method === 'PUT') {
        answers.push(JSON.parse(body) as Record<string, unknown>);
        response.end();
        return;
      }
      asked.push(new URLSearchParams(body).get('StackName') ?? '');
      if (status === undefined) {
        response.writeHead(403).end('<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>');
        return;
      }
      response.end(
        `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>s</StackName><StackId>${STACK}</StackId><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>${status}</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = await startHandlerEngine({ AWS_ENDPOINT_URL_CLOUDFORMATION: url });
  ({ s3 } = await import('../../../lambdas/shared/clients.ts'));
  bucket = process.env['MEDIA_BUCKET']!;
});
afterAll(async () => {
  server.close();
  await close();
});
beforeEach(async () => {
  [status, asked, answers] = ['DELETE_IN_PROGRESS', [], []];
  for (const Key of ['vod/1', 'vod/2']) await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }));
});
afterEach(async () => {
  s3.middlewareStack.remove('test');
  const { removePrefix } = await import('../../../lambdas/shared/objects.ts');
  await removePrefix(bucket, '');
});

async function send(over: object = {}, milliseconds = 900_000): Promise<Record<string, unknown>> {
  const { handler } = await import('../../../lambdas/storage/empty.ts');
  await handler(
    {
      RequestType: 'Delete',
      ResponseURL: `${url}/answer`,
      StackId: STACK,
      RequestId: 'request',
      LogicalResourceId: 'Emptied',
      PhysicalResourceId: `empty-${bucket}`,
      ResourceProperties: { Bucket: bucket },
      ...over,
    },
    { getRemainingTimeInMillis: () => milliseconds },
  );
  expect(answers).toHaveLength(1);
  return answers[0]!;
}
const left = async () => (await s3.send(new ListObjectsV2Command({ Bucket: bucket }))).KeyCount;

describe('a bucket on its way out', () => {
  it.each(['DELETE_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS'])('is emptied: %s', async (now) => {
    status = now;
    expect(await send()).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: `empty-${bucket}` });
    expect(await left()).toBe(0);
    expect(asked).toEqual([STACK]);
  });

  it('may be gone already', async () => {
    expect(await send({ ResourceProperties: { Bucket: 'sluice-no-such-bucket' } })).toMatchObject({
      Status: 'SUCCESS',
    });
  });

  it('is said not to be empty when S3 keeps some of it', async () => {
    s3.middlewareStack.add(
      (next, context) => async (args) =>
        context.commandName === 'DeleteObjectsCommand'
          ? { response: {}, output: { $metadata: {}, Errors: [{ Key: 'vod/1', Code: 'AccessDenied' }] } as never }
          : await next(args),
      { step: 'initialize', name: 'test' },
    );
    expect(await send()).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('AccessDenied') });
    expect(await left()).toBe(2);
  });

  it('is answered for before the time is up, with what to do', async () => {
    let more = 0;
    s3.middlewareStack.add(
      (next, context) => async (args) => {
        const answer = await next(args);
        // As many again as were deleted, for ever.
        if (context.commandName === 'DeleteObjectsCommand')
          await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `vod/more-${more++}`, Body: 'x' }));
        return answer;
      },
      { step: 'initialize', name: 'test' },
    );
    const answer = await send({}, 10_400);
    expect(answer).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringMatching(/delete the stack again to go on/),
    });
    expect(more).toBeGreaterThan(0);
  });
});

describe('a bucket that stays', () => {
  it.each([
    'UPDATE_IN_PROGRESS',
    'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
    'UPDATE_ROLLBACK_IN_PROGRESS',
    'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
    'IMPORT_ROLLBACK_IN_PROGRESS',
  ])('keeps everything, and the update goes on: %s', async (now) => {
    status = now;
    expect(await send()).toMatchObject({ Status: 'SUCCESS' });
    expect(await left()).toBe(2);
  });

  it.each(['Create', 'Update'])(
    'keeps everything at %s, when CloudFormation is not even asked',
    async (RequestType) => {
      expect(await send({ RequestType, PhysicalResourceId: undefined })).toMatchObject({
        Status: 'SUCCESS',
        PhysicalResourceId: `empty-${bucket}`,
      });
      expect(await left()).toBe(2);
      expect(asked).toEqual([]);
    },
  );

  it('is the one a replaced bucket gives way to: the resource stays the same, so the old one is not asked about', async () => {
    const answer = await send({ RequestType: 'Update', PhysicalResourceId: 'empty-of-old' });
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'empty-of-old' });
    expect(await left()).toBe(2);
  });

  it('keeps everything when CloudFormation does not say: the deletion fails instead', async () => {
    status = undefined;
    expect(await send()).toMatchObject({ Status: 'FAILED' });
    expect(await left()).toBe(2);
  });
});

it('answers an event that names no bucket: nobody waits an hour for it', async () => {
  expect(await send({ ResourceProperties: {} })).toMatchObject({ Status: 'FAILED' });
});
