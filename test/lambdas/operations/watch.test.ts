/** The hourly look, on the engine; and every alarm made to ring there, and to stop. */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { dynamo } from '../../../lambdas/shared/clients.ts';
import { logger } from '../../../lambdas/shared/logger.ts';
import { handler } from '../../../lambdas/operations/watch.ts';
import { VIDEOS_STUCK } from '../../../lib/contract/operations.ts';
import { awsRequest } from '../../../local/aws-request.ts';
import { alarmsThere, drill, type DescribedAlarm } from '../../../local/drill.ts';
import { engineClient } from '../../../local/engine.ts';
import { ofType, synthesized } from '../../support/app.ts';
import { startHandlerEngine } from '../engine.ts';

let stop: () => Promise<void>;
beforeAll(async () => {
  stop = await startHandlerEngine({ STUCK_MINUTES: '120' });
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

describe('videos that make no progress', () => {
  const told = async () => {
    const warn = vi.spyOn(logger, 'warn').mockImplementation(() => {});
    await handler();
    return warn.mock.calls;
  };

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

it('every alarm rings, and stops ringing', async () => {
  const access = engineClient(process.env['AWS_ENDPOINT_URL']!);
  const { vod } = synthesized({ 'live.enabled': true, 'slicing.engine': 'auto' });
  const made = ofType(vod, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties as unknown as DescribedAlarm);
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
  expect(drilled.filter(({ byHand }) => byHand).map(({ name }) => name)).toEqual(['sluice-prod-ingest-down']);
}, 180_000);
