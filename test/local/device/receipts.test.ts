/** What a simulated device says the platform has acknowledged is what it did acknowledge. */
import { describe, expect } from 'vitest';
import type { LocationFields } from '../../../containers/ingest/src/jt808/messages/location.ts';
import type { Receipts } from '../../../local/device/settings.ts';
import { allOnline, host, ID, test } from './harness.ts';
import { until } from './platform.ts';

const receiver = () => {
  const located: LocationFields[] = [];
  const filed: { name: string; bytes: number; alarm: number }[] = [];
  const receipts: Receipts = {
    located: (_, locations) => void located.push(...locations),
    filed: (_, { item }, name, { data }) => void filed.push({ name, bytes: data.length, alarm: item.alarmId }),
  };
  return { located, filed, receipts };
};
const timeAndPlace = ({ time, latE6, lonE6 }: Pick<LocationFields, 'time' | 'latE6' | 'lonE6'>) =>
  `${time} ${latE6} ${lonE6}`;

describe.concurrent('receipts', () => {
  test('are of positions that were taken, alone and in batches, and of no others', async ({ rig }) => {
    let result = 1;
    const { located, receipts } = receiver();
    const { platform, simulation } = await rig.begin(
      { locationSeconds: 0.1, receipts },
      { positionResult: () => result },
    );
    await until('positions that are refused', () => platform.seen('location').length >= 3);
    expect(located).toEqual([]);
    const refused = platform.seen('location').length;
    result = 0;
    await until('positions that are taken', () => located.length >= 3);
    simulation.devices[0]!.reconnect(400);
    const batch = await until('a batch', () => platform.seen('locationBatch')[0]);
    await until('that it is taken', () =>
      batch.locations.every((one) => located.some((other) => timeAndPlace(other) === timeAndPlace(one))),
    );
    const sent = [...platform.seen('location').slice(refused), ...batch.locations].map(timeAndPlace);
    expect(sent).toEqual(expect.arrayContaining(located.map(timeAndPlace)));
  });

  test('are of files of which nothing is missing', async ({ rig }) => {
    const { filed, located, receipts } = receiver();
    const { platform, simulation } = await rig.begin({ receipts });
    await allOnline(simulation);
    expect(simulation.devices[0]!.alarm('fatigue')).toBe(true);
    const alarm = await until(
      'the alarm',
      () => platform.seen('location').flatMap(({ items }) => items.alarms ?? [])[0],
    );
    await until('that it is taken', () => located.some(({ items }) => items?.alarms?.[0]?.alarmId === alarm.alarmId));
    expect(filed).toEqual([]);
    const alarmNo = '0123456789abcdef0123456789abcdef';
    const where = { host, tcpPort: platform.attachments, udpPort: 0 };
    platform.of(ID).send('uploadAttachments', { ...where, sign: alarm.sign, alarmNo });
    await until('three files', () => filed.length === 3);
    expect(filed.every(({ name }) => name.includes(alarmNo)) && new Set(filed.map(({ name }) => name)).size).toBe(3);
    expect(filed.every((file) => file.alarm === alarm.alarmId && file.bytes > 0)).toBe(true);
  });

  test('a device that breaks off stays away as long as it is told', async ({ rig }) => {
    const { platform, simulation } = await rig.online();
    const begun = performance.now();
    simulation.devices[0]!.reconnect(1200);
    await until('the second authentication', () => platform.seen('authenticate').length >= 2);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(1199);
  });
});
