/**
 * A run that waits for MediaConvert, on the engine's Step Functions and EventBridge: submitting hands over the token, the
 * job's event comes by the rule's pattern, and who gets it answers the run with how the job ended.
 */
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newVideoId } from '../../../lambdas/upload/draft.ts';
import { planSlicing } from '../../../lambdas/slicing/plan.ts';
import { programPath } from '../../../lambdas/slicing/program.ts';
import { sourceKey } from '../../../lib/contract/keys.ts';
import type { Plan } from '../../../lib/contract/plan.ts';
import { enginePython } from '../../../local/engine.ts';
import { readModel } from '../../../local/mediaconvert/model.ts';
import { startMediaConvert, type MediaConvert } from '../../../local/mediaconvert/server.ts';
import { aRecord } from '../catalog/record.ts';
import { startHandlerEngine } from '../engine.ts';
import { ffmpeg, H264, picture, workFolder } from './media.ts';
import { OPTIONS } from './options.ts';

/** What the template's rule and state say (test/lib/constructs/media-convert.test.ts holds them). */
const PATTERN = {
  source: ['aws.mediaconvert'],
  'detail-type': ['MediaConvert Job State Change'],
  detail: { status: ['COMPLETE', 'ERROR', 'CANCELED'], userMetadata: { deployment: ['sluice-test-vod'] } },
};

let close = async () => {};
let files: Awaited<ReturnType<typeof workFolder>>;
let standIn: MediaConvert;
let clients: typeof import('../../../lambdas/shared/clients.ts');
let videos: typeof import('../../../lambdas/shared/videos.ts');
let submit: typeof import('../../../lambdas/slicing/mediaconvert/submit.ts').handler;
let finished: typeof import('../../../lambdas/slicing/mediaconvert/finished.ts').handler;
let states: SFNClient;
let queues: SQSClient;
let tokens: string;
let events: string;
let stateMachineArn: string;
let film: Buffer;

beforeAll(async () => {
  close = await startHandlerEngine({ SLICING_PLACES: '200' });
  files = await workFolder();
  const path = join(files.folder, 'film.mp4');
  await ffmpeg(...picture(3), ...H264, path);
  film = await readFile(path);
  standIn = await startMediaConvert({
    endpoint: process.env['AWS_ENDPOINT_URL']!,
    ffmpeg: programPath('ffmpeg'),
    model: async () => readModel(await enginePython(() => {})),
    log: () => {},
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_MEDIACONVERT: standIn.url,
    DEPLOYMENT: 'sluice-test-vod',
    MEDIACONVERT_ROLE: 'arn:aws:iam::000000000000:role/convert',
    MEDIACONVERT_QUEUE: 'arn:aws:mediaconvert:us-east-1:000000000000:queues/Default',
  });
  [states, queues] = [new SFNClient({}), new SQSClient({})];
  const queue = async (QueueName: string) => (await queues.send(new CreateQueueCommand({ QueueName }))).QueueUrl!;
  [tokens, events] = [await queue('tokens'), await queue('events')];
  const { Attributes } = await queues.send(
    new GetQueueAttributesCommand({ QueueUrl: events, AttributeNames: ['QueueArn'] }),
  );
  const bridge = new EventBridgeClient({});
  await bridge.send(new PutRuleCommand({ Name: 'ended', EventPattern: JSON.stringify(PATTERN) }));
  await bridge.send(
    new PutTargetsCommand({ Rule: 'ended', Targets: [{ Id: 'queue', Arn: Attributes!['QueueArn']! }] }),
  );
  const definition = {
    StartAt: 'Wait',
    States: {
      Wait: {
        Type: 'Task',
        Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
        Parameters: { QueueUrl: tokens, MessageBody: { 'token.$': '$$.Task.Token' } },
        End: true,
      },
    },
  };
  const created = await states.send(
    new CreateStateMachineCommand({
      name: 'waiting',
      definition: JSON.stringify(definition),
      roleArn: 'arn:aws:iam::000000000000:role/states',
    }),
  );
  stateMachineArn = created.stateMachineArn!;
  clients = await import('../../../lambdas/shared/clients.ts');
  videos = await import('../../../lambdas/shared/videos.ts');
  ({ handler: submit } = await import('../../../lambdas/slicing/mediaconvert/submit.ts'));
  ({ handler: finished } = await import('../../../lambdas/slicing/mediaconvert/finished.ts'));
}, 600_000);
afterAll(async () => {
  await standIn?.close();
  await close();
  await files?.remove();
});

const received = async (QueueUrl: string): Promise<unknown> => {
  let body: string | undefined;
  await vi.waitFor(
    async () => {
      const { Messages } = await queues.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
      const message = Messages?.[0];
      body = message?.Body;
      expect(body).toBeDefined();
      await queues.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message!.ReceiptHandle! }));
    },
    { timeout: 90_000, interval: 200 },
  );
  return JSON.parse(body!);
};

/** A run that waits, and the plan of its video. */
async function waiting(source: Buffer): Promise<{ plan: Plan; token: string; run: string }> {
  const id = newVideoId();
  const record = aRecord({ id, status: 'probed', slicing: { execution: 'run', revision: 1 } });
  await clients.dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
  const bucket = process.env['SOURCE_BUCKET']!;
  await clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: sourceKey(id), Body: source }));
  const video = {
    index: 0,
    codec: 'h264',
    duration: 3,
    width: 320,
    height: 180,
    rotation: 0 as const,
    frameRate: 30,
    bitDepth: 8,
    interlaced: false,
    rgb: false,
  };
  const info = { container: 'mov,mp4', bytes: source.length, duration: 3, video, audio: [] };
  const of = { videoId: id, revision: 1, execution: 'run', source: { bucket, key: sourceKey(id), info } };
  const plan: Plan = { ...planSlicing(of, OPTIONS).plan, engine: 'mediaconvert' };
  const { executionArn } = await states.send(new StartExecutionCommand({ stateMachineArn, input: '{}' }));
  const { token } = (await received(tokens)) as { token: string };
  return { plan, token, run: executionArn! };
}

const statusOf = async (executionArn: string) =>
  (await states.send(new DescribeExecutionCommand({ executionArn }))).status;

describe('a run that waits for MediaConvert', () => {
  it('goes on when its job is done, and not before', { timeout: 180_000 }, async () => {
    const { plan, token, run } = await waiting(film);
    await submit({ plan, token });
    const { conversion } = (await videos.readVideo(plan.videoId))!;
    expect(conversion).toEqual({ execution: 'run', token, job: expect.stringMatching(/^\d+-[0-9a-z]{6}$/) });
    const event = await received(events);
    expect(event).toMatchObject({ source: 'aws.mediaconvert', detail: { status: 'COMPLETE', jobId: conversion!.job } });
    expect(await statusOf(run)).toBe('RUNNING');
    await finished(event);
    await vi.waitFor(async () => expect(await statusOf(run)).toBe('SUCCEEDED'), 30_000);
    // The same event once more finds nobody.
    await finished(event);
  });

  it('fails with MediaConvert’s own words and number', { timeout: 180_000 }, async () => {
    const { plan, token, run } = await waiting(Buffer.from('no film at all'));
    await submit({ plan, token });
    await finished(await received(events));
    await vi.waitFor(async () => expect(await statusOf(run)).toBe('FAILED'), 30_000);
    const { events: history = [] } = await states.send(new GetExecutionHistoryCommand({ executionArn: run }));
    const failed = history.map((one) => one.taskFailedEventDetails ?? one.executionFailedEventDetails).find(Boolean);
    expect(failed).toMatchObject({ error: 'MediaConvertFailed', cause: expect.stringMatching(/\(\d{4}\)$/) });
  });

  it(
    'is answered by submitting again where the event was lost, without a second job',
    { timeout: 180_000 },
    async () => {
      const { plan, token, run } = await waiting(film);
      await submit({ plan, token });
      const { job } = (await videos.readVideo(plan.videoId))!.conversion!;
      await received(events);
      await submit({ plan, token });
      expect((await videos.readVideo(plan.videoId))!.conversion!.job).toBe(job);
      await vi.waitFor(async () => expect(await statusOf(run)).toBe('SUCCEEDED'), 30_000);
    },
  );

  it('is told so when its video was deleted meanwhile, and there is no job', { timeout: 180_000 }, async () => {
    const { plan, token, run } = await waiting(film);
    await videos.changeVideo(plan.videoId, { status: 'deleted' });
    await submit({ plan, token });
    await vi.waitFor(async () => expect(await statusOf(run)).toBe('FAILED'), 30_000);
    expect((await videos.readVideo(plan.videoId))!.conversion).toBeUndefined();
  });
});
