/** The hourly look and the health page, on the engine; and every alarm made to ring there, and to stop. */
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { follow } from '../../../lambdas/catalog/index-rows.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { dynamo } from '../../../lambdas/shared/clients.ts';
import { logger } from '../../../lambdas/shared/logger.ts';
import { handler } from '../../../lambdas/operations/watch.ts';
import type { Health } from '../../../lib/contract/operations-api.ts';
import { VIDEOS_STUCK } from '../../../lib/contract/metrics.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { awsRequest } from '../../../local/aws-request.ts';
import { alarmsThere, drill, type DescribedAlarm } from '../../../local/drill.ts';
import { engineClient } from '../../../local/engine.ts';
import { ofType, synthesized } from '../../support/app.ts';
import { aRecord } from '../catalog/record.ts';
import { callRoute, startHandlerEngine } from '../engine.ts';

let stop: () => Promise<void>;
beforeAll(async () => {
  stop = await startHandlerEngine({
    STUCK_MINUTES: '120',
    SLICING_PLACES: '3',
    TAKES_DEVICES: 'yes',
    DEPLOYMENT: 'sluice-prod',
    ALARM_IDS: JSON.stringify(['api-5xx', 'dead-letters-clips']),
  });
});
afterAll(() => stop());
afterEach(() => vi.restoreAllMocks());

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const put = (id: string, status: string, updatedAt: string, createdAt = updatedAt) =>
  dynamo.send(
    new PutCommand({
      TableName: process.env['VIDEOS_TABLE'],
      Item: { id, kind: 'video', owner: 'uma', status, createdAt, updatedAt },
    }),
  );

const told = async () => {
  const warn = vi.spyOn(logger, 'warn').mockImplementation(() => {});
  await handler();
  return warn.mock.calls;
};

describe('videos that make no progress', () => {
  it('nothing is said where none are: what moves, what is done, what waits for its person', async () => {
    await put('moving', 'probed', ago(5), ago(600));
    await put('waiting', 'uploaded', ago(119));
    for (const status of ['ready', 'failed', 'deleted', 'uploading']) await put(`old-${status}`, status, ago(9000));
    expect(await told()).toEqual([]);
  });

  it('each is named with its status and since when; one of before any run that may still be is not looked at', async () => {
    const [first, second] = [ago(121), ago(5000)];
    await put('stuck-a', 'uploaded', first);
    await put('stuck-b', 'playable', second);
    await put('long-gone', 'probed', ago(50 * 24 * 60));
    expect(await told()).toEqual([
      [
        VIDEOS_STUCK,
        {
          stuck: 2,
          videos: [
            { id: 'stuck-a', status: 'uploaded', since: first },
            { id: 'stuck-b', status: 'playable', since: second },
          ],
        },
      ],
    ]);
  });
});

describe('the health page', () => {
  const access = () => engineClient(process.env['AWS_ENDPOINT_URL']!);
  const ask = async (groups: readonly string[]) => {
    const { handler: health } = await import('../../../lambdas/operations/handler.ts');
    return await callRoute(health, 'GET /api/health', { as: { sub: 'ada', groups } });
  };
  const part = ({ parts }: Health, name: string) => parts.find((one) => one.part === name)!;

  it('is for admins', async () => {
    process.env['DEAD_LETTERS'] = '{}';
    expect((await ask(['uploader'])).json.code).toBe('forbidden');
  });

  it('says what is wrong, since when and what to do, and that all else is well', async () => {
    const sqs = new SQSClient({});
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `dead-clips-${process.pid}` }));
    process.env['DEAD_LETTERS'] = JSON.stringify({ 'dead-letters-clips': QueueUrl });
    for (const MessageBody of ['{}', '{"n":1}']) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    await put('broken', 'failed', new Date().toISOString());
    const alarm = {
      AlarmName: 'sluice-prod-alarm-api-5xx',
      Namespace: 'AWS/ApiGateway',
      MetricName: '5xx',
      Statistic: 'Sum',
      Period: 300,
      EvaluationPeriods: 1,
      Threshold: 10,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    };
    const target = (action: string) => ({ service: 'monitoring', target: `GraniteServiceVersion20100801.${action}` });
    await awsRequest(access(), { ...target('PutMetricAlarm'), json: alarm });
    const state = { AlarmName: alarm.AlarmName, StateValue: 'ALARM', StateReason: 'test' };
    await awsRequest(access(), { ...target('SetAlarmState'), json: state });

    const { status, json } = await ask(['admin']);
    expect(status).toBe(200);
    const first = json as Health;
    expect(first.state).toBe('urgent');
    expect(part(first, 'alarm-api-5xx')).toMatchObject({ state: 'urgent', article: 'runbook.md#the-api-answers-5xx' });
    expect(Date.parse(part(first, 'alarm-api-5xx').since!)).toBeGreaterThan(Date.now() - 600_000);
    expect(part(first, 'dead-letters-clips')).toMatchObject({
      state: 'soon',
      since: first.at,
      says: expect.stringContaining('2 dead letters of clips') as string,
      todo: expect.stringContaining('npm run redrive -- clips --go') as string,
      article: 'runbook.md#dead-letters',
    });
    expect(part(first, 'slicing').says).toContain('1 video failed');
    expect(part(first, 'edge')).toMatchObject({ state: 'ok', since: null });
    expect(part(first, 'ingest')).toMatchObject({ state: 'urgent', article: 'runbook.md#no-ingest-task-runs' });
    // The worst first, and since when is not since the second look.
    const order = first.parts.map((one) => one.state);
    expect(order).toEqual(order.toSorted((a, b) => 'uso'.indexOf(a[0]!) - 'uso'.indexOf(b[0]!)));
    const second = (await ask(['admin'])).json as Health;
    expect(part(second, 'dead-letters-clips').since).toBe(first.at);
    await awsRequest(access(), { ...target('DeleteAlarms'), json: { AlarmNames: [alarm.AlarmName] } });
  });
});

it('every alarm rings, and stops ringing', async () => {
  const access = engineClient(process.env['AWS_ENDPOINT_URL']!);
  const { vod } = synthesized({ 'live.enabled': true, 'slicing.engine': 'auto' });
  const made = ofType(vod, 'AWS::CloudWatch::Alarm').map(
    ([, { Properties }]) => Properties as unknown as DescribedAlarm,
  );
  expect(made.length).toBeGreaterThan(25);
  for (const alarm of made) {
    // The engine goes by the metric's name: whose it is does not matter to it.
    const json = { ...alarm, Dimensions: [] };
    await awsRequest(access, { service: 'monitoring', target: 'GraniteServiceVersion20100801.PutMetricAlarm', json });
  }
  const there = await alarmsThere(access, { AlarmNamePrefix: 'sluice-prod-' });
  expect(there.map(({ AlarmName }) => AlarmName).toSorted()).toEqual(made.map(({ AlarmName }) => AlarmName).toSorted());
  const drilled = await drill(access, there);
  expect(drilled.filter(({ rang }) => !rang)).toEqual([]);
  expect(drilled.filter(({ stopped }) => !stopped)).toEqual([]);
  // Silence is held by the template alone (test/lib/constructs/alarms.test.ts).
  expect(drilled.filter(({ byHand }) => byHand).map(({ name }) => name)).toEqual(['sluice-prod-alarm-ingest-down']);
}, 180_000);

// Last, since from then on the index is what is believed.
it('once all videos are in the index of words, those that wait are looked up there, and what their records say counts', async () => {
  const stored = async (n: number, status: VideoRecord['status'], now = status): Promise<string> => {
    const updatedAt = ago(200 + n);
    const record = aRecord({ id: `indexed${n}`.padEnd(20, '0'), status, createdAt: updatedAt, updatedAt });
    await dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: { ...record, status: now } }));
    const NewImage = marshall(record, { removeUndefinedValues: true });
    await follow([{ dynamodb: { NewImage } } as DynamoDBRecord]);
    return record.id;
  };
  const [third, second, first] = [await stored(3, 'playable'), await stored(2, 'uploaded'), await stored(1, 'probed')];
  await stored(4, 'probed', 'ready');
  await stored(5, 'failed');
  await put('not-indexed', 'uploaded', ago(300));
  await dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: { id: '\u001F', isDone: true } }));
  const [[, said]] = (await told()) as [[string, { stuck: number; videos: { id: string; status: string }[] }]];
  expect(said.videos.map(({ id, status }) => [id, status])).toEqual([
    [first, 'probed'],
    [second, 'uploaded'],
    [third, 'playable'],
  ]);
  const { videosIn } = await import('../../../lambdas/operations/in-state.ts');
  expect(await videosIn(['failed'], ago(400))).toMatchObject([{ status: 'failed' }]);
  expect(await videosIn(['failed'], ago(100))).toEqual([]);
});
