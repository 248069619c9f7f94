/** Others are told of every alarm that is kept, whatever became of the task that kept it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AlarmStore } from '../../../../containers/ingest/src/cloud/alarms.ts';
import { alarmId } from '../../../../containers/ingest/src/sessions/alarms/detect.ts';
import type { AlarmRecord } from '../../../../lib/contract/device.ts';
import type { DeviceEvent } from '../../../../lib/contract/events.ts';
import { Cloud, until } from './cloud.ts';
import { TestDevice, locationAt } from './device.ts';
import { PAUSES, Trouble } from './trouble.ts';

/** Bit 0 of table 24. */
const SOS = 1;

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud.close());

const alarmsOf = async (device: string) =>
  (await cloud.rows('ALARMS_TABLE')).filter((row) => row['device'] === device) as unknown as AlarmRecord[];
const told = ({ events }: Trouble, device: string) =>
  (events as unknown as readonly DeviceEvent[]).filter((event) => event.device === device && event.type === 'alarm');

async function started(options: Parameters<Cloud['task']>[0] = {}) {
  const trouble = new Trouble();
  return { trouble, task: await cloud.task(options, trouble.aws, {}, { pauses: PAUSES }) };
}

/** As a task leaves it that kept it, and was killed before it could tell anybody. */
async function leftUntold(device: string, time: number): Promise<void> {
  const id = alarmId(device, 'status', 0, 'start', time);
  const alarm = {
    device,
    id,
    time: new Date(time).toISOString(),
    kind: 'status',
    type: 'sos',
    phase: 'start',
  } as const;
  const store = new AlarmStore(cloud.dynamo, process.env['ALARMS_TABLE']!);
  expect(await store.put({ ...alarm, files: [], seed: 'left', untold: true }, 7)).toBe(true);
}

describe('an alarm whose task was killed before anybody was told', { concurrent: true }, () => {
  it.each<[string, string, (device: TestDevice, at: number, tick: () => void) => unknown]>([
    [
      'reports it again',
      '13800007001',
      (device, at) => device.replyTo(device.send('location', locationAt(at, { alarm: SOS }))),
    ],
    ['has come', '13800007002', (_device, _at, tick) => tick()],
  ])('is told once its device %s', async (_, id, meets) => {
    const { trouble, task } = await started();
    await cloud.register(id);
    const at = Math.floor(Date.now() / 1000) * 1000 - 60_000;
    await leftUntold(id, at);
    const device = await new TestDevice(id, task.ports.control).login();
    await meets(device, at, () => task.ingest.sessions.get(id)!.device!.tick(performance.now() + 60_000));
    await until(
      'being told',
      async () => told(trouble, id),
      (all) => all.length > 0,
    );
    const [row] = await until(
      'that it is noted',
      () => alarmsOf(id),
      ([one]) => one?.untold === undefined,
    );
    expect(row).toMatchObject({ type: 'sos', seed: 'left' });
    // From now on it is none that anybody has to be told of.
    await device.replyTo(device.send('location', locationAt(at, { alarm: SOS })));
    await task.ingest.services.outbox.drained();
    await task.ingest.services.events.flush();
    expect(told(trouble, id)).toMatchObject([
      { alarm: { type: 'sos', phase: 'start' }, tell: ['inbox', 'email', 'webhook'] },
    ]);
    await device.close();
  });
});

it('an alarm that is kept while its task ends is told before it has ended', async () => {
  const id = '13800007003';
  const { trouble, task } = await started();
  await cloud.register(id);
  const device = await new TestDevice(id, task.ports.control).login();
  const rule = trouble.fail(/Put.*"phase"/, 'minute', id);
  await device.replyTo(device.send('location', locationAt(Date.now(), { alarm: SOS })));
  await until(
    'trouble',
    async () => rule.hits,
    (hits) => hits > 0,
  );
  await task.ingest.drain();
  expect(told(trouble, id)).toHaveLength(1);
  expect((await alarmsOf(id)).map(({ type, untold }) => [type, untold])).toEqual([['sos', undefined]]);
});

it('what a device has too much of is told as its other alarms are, once', async () => {
  const id = '13800007004';
  const { trouble, task } = await started({ limits: { positionsPerDay: 2 } });
  await cloud.register(id);
  const device = await new TestDevice(id, task.ports.control).login();
  const at = Math.floor(Date.now() / 1000) * 1000 - 60_000;
  for (let n = 0; n < 5; n += 1) await device.replyTo(device.send('location', locationAt(at + n * 1000)));
  const [event] = await until(
    'being told',
    async () => told(trouble, id),
    (all) => all.length > 0,
  );
  expect(event).toMatchObject({
    alarm: { kind: 'limit', type: 'positions', phase: 'event' },
    tell: ['inbox', 'webhook'],
  });
  await until(
    'that it is noted',
    () => alarmsOf(id),
    ([one]) => one !== undefined && one.untold === undefined,
  );
  await device.close();
});
