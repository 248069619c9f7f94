/** The alarms table: a lasting alarm is one, with its end, in whatever order beginnings and ends are written. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AlarmStore } from '../../../../containers/ingest/src/cloud/alarms.ts';
import { alarmSortKey } from '../../../../lib/contract/device.ts';
import { startHandlerEngine } from '../../../lambdas/engine.ts';

const T0 = Date.UTC(2026, 10, 4, 12);
const at = (second: number) => new Date(T0 + second * 1000).toISOString();

let close: () => Promise<void>;
let dynamo: DynamoDBDocumentClient;
let store: AlarmStore;
let count = 0;

beforeAll(async () => {
  close = await startHandlerEngine({});
  dynamo = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  store = new AlarmStore(dynamo, process.env['ALARMS_TABLE']!);
}, 600_000);
afterAll(async () => {
  dynamo.destroy();
  await close();
});

type Told = readonly [phase: 'start' | 'end' | 'event', second: number, type?: string];

/** Puts and settles in this order; answers when each of the beginnings was over, in order of time. */
async function ends(told: readonly Told[], sideBySide = false): Promise<(number | undefined)[]> {
  count += 1;
  const device = `139000001${String(count).padStart(2, '0')}`;
  const alarms = told.map(([phase, second, type = 'overspeed'], i) => {
    const alarm = {
      device,
      // They say nothing of the order: here the latest comes first.
      id: `alarm${String(1_000_000 - i).padStart(7, '0')}`,
      time: at(second),
      kind: 'status',
      type,
      phase,
    } as const;
    return { ...alarm, files: [], seed: 's' };
  });
  const write = async (alarm: (typeof alarms)[number]) => {
    await store.put({ ...alarm, files: [] }, 7);
    await store.settle(alarm);
  };
  if (sideBySide) await Promise.all(alarms.map(write));
  else for (const alarm of alarms) await write(alarm);
  const starts = alarms.filter(({ phase }) => phase === 'start').toSorted((a, b) => a.time.localeCompare(b.time));
  const records = starts.map(async (alarm) => {
    const Key = { device, at: alarmSortKey(alarm) };
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: process.env['ALARMS_TABLE'], Key, ConsistentRead: true }),
    );
    return Item!['endedAt'] === undefined ? undefined : (Date.parse(String(Item!['endedAt'])) - T0) / 1000;
  });
  return Promise.all(records);
}

it.each<[string, Told[], (number | undefined)[]]>([
  ['goes on', [['start', 0]], [undefined]],
  [
    'is over',
    [
      ['start', 0],
      ['end', 60],
    ],
    [60],
  ],
  [
    'is told late that it began',
    [
      ['end', 60],
      ['start', 0],
    ],
    [60],
  ],
  [
    'comes twice',
    [
      ['start', 0],
      ['end', 60],
      ['start', 100],
      ['end', 130],
    ],
    [60, 130],
  ],
  [
    'goes on for the second time',
    [
      ['start', 0],
      ['end', 60],
      ['start', 100],
    ],
    [60, undefined],
  ],
  [
    'was over between, as is told later',
    [
      ['start', 0],
      ['end', 60],
      ['end', 20],
      ['start', 40],
    ],
    [20, 60],
  ],
  [
    'stands among others',
    [
      ['start', 0, 'fatigue'],
      ['start', 1],
      ['event', 2],
      ['end', 60],
    ],
    [undefined, 60],
  ],
  [
    'ends twice',
    [
      ['start', 0],
      ['end', 60],
      ['end', 80],
    ],
    [60],
  ],
  ['ends what nobody saw begin', [['end', 60]], []],
  [
    'is over in the second in which it began',
    [
      ['start', 0],
      ['end', 0],
    ],
    [0],
  ],
  [
    'begins again in the second in which it was over',
    [
      ['start', 0],
      ['end', 20],
      ['start', 20],
    ],
    [20, undefined],
  ],
])('an alarm that %s', async (_, told, expected) => {
  expect(await ends(told)).toEqual(expected);
});

it('both written at once find one another', async () => {
  for (let i = 0; i < 8; i += 1)
    expect(
      await ends(
        [
          ['end', 60],
          ['start', 0],
        ],
        true,
      ),
    ).toEqual([60]);
});
