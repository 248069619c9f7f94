/** The inbox of alarms against the engine: one list and one count of all devices that somebody may see, and acknowledging. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RouteKey } from '../../../lib/contract/api.ts';
import { rowOf } from '../../../lambdas/shared/audit.ts';
import { alarmSortKey, type AlarmRecord } from '../../../lib/contract/device.ts';
import { inboxKey, MOST_COUNTED, shardOf, type InboxAlarm } from '../../../lib/contract/inbox.ts';
import { callRoute, type Call } from '../engine.ts';
import { loggedOf } from '../logged.ts';
import { startFleet, type Fleet } from './fleet.ts';

const [ada, vera, sam] = [{ sub: 'ada', groups: ['admin'] }, { sub: 'vera' }, { sub: 'sam' }];
const T0 = Date.UTC(2026, 10, 4, 12);
const [BUS, VAN, LORRY] = ['13900000011', '13900000012', '1390000001a'];

let fleet: Fleet;
let handler: typeof import('../../../lambdas/devices/handler.ts').handler;
let count = 0;

beforeAll(async () => {
  fleet = await startFleet();
  ({ handler } = await import('../../../lambdas/devices/handler.ts'));
  await fleet.device(BUS).register(['vera']);
  await fleet.device(VAN).register(['vera', 'sam']);
  await fleet.device(LORRY).register([]);
}, 600_000);
afterAll(() => fleet.close());

const call = (route: RouteKey, options: Call) => callRoute(handler, route, options);

async function raise(device: string, second: number, more: Partial<AlarmRecord> = {}): Promise<AlarmRecord> {
  count += 1;
  const alarm = {
    device,
    id: `alarm${String(count).padStart(7, '0')}`,
    time: new Date(T0 + second * 1000).toISOString(),
    kind: 'adas',
    type: 'forward-collision',
    phase: 'event',
    files: [],
    inbox: inboxKey('new', shardOf(device)),
    expiresAt: 2_000_000_000,
    ...more,
  } as const;
  const Item: AlarmRecord = { ...alarm, files: [], at: alarmSortKey(alarm) };
  await fleet.put('ALARMS_TABLE', Item);
  return Item;
}
const list = async (as: { sub: string }, query: Record<string, string> = {}) =>
  (await call('GET /api/alarms', { as, query })).json as { alarms: InboxAlarm[]; cursor: string | null };
const idsOf = ({ alarms }: { readonly alarms: readonly { readonly id: string }[] }) => alarms.map(({ id }) => id);
const nameOf = ({ device, time, id }: AlarmRecord) => ({ device, time, id });
const acknowledge = (as: { sub: string }, alarms: readonly AlarmRecord[]) =>
  call('POST /api/alarms/acknowledge', { as, body: { alarms: alarms.map(nameOf) } });
const counted = async (as: { sub: string }) => (await call('GET /api/alarms/count', { as })).json;

it('is one list of all devices, latest first and page by page, of those that one may see now', async () => {
  const bus = await raise(BUS, 1);
  const van = await raise(VAN, 2, {
    kind: 'status',
    type: 'sos',
    phase: 'start',
    endedAt: new Date(T0 + 9000).toISOString(),
  });
  const lorry = await raise(LORRY, 3);
  const late = await raise(BUS, 4, { channel: 1 });
  // An end, and what no rule has for people.
  const end: Partial<AlarmRecord> = { kind: 'status', type: 'sos', phase: 'end' };
  const { inbox: _, ...without } = await raise(VAN, 5, end);
  await fleet.put('ALARMS_TABLE', without);

  expect(idsOf(await list(ada))).toEqual([late, lorry, van, bus].map(({ id }) => id));
  const seen = await list(vera);
  expect(idsOf(seen)).toEqual([late, van, bus].map(({ id }) => id));
  expect(seen.alarms[1]).toMatchObject({
    device: VAN,
    deviceName: VAN,
    state: 'new',
    endedAt: new Date(T0 + 9000).toISOString(),
    // The third is never to be watched.
    channels: [1, 2],
  });
  expect(seen.alarms[1]).not.toHaveProperty('inbox');
  expect(idsOf(await list(sam))).toEqual([van.id]);
  expect(await counted(ada)).toEqual({ count: 4, isMore: false });
  expect(await counted(sam)).toEqual({ count: 1, isMore: false });

  const first = await list(vera, { limit: '2' });
  expect(idsOf(first)).toEqual([late.id, van.id]);
  const second = await list(vera, { limit: '2', cursor: first.cursor! });
  expect([idsOf(second), second.cursor]).toEqual([[bus.id], null]);
  // A cursor is of one person's list.
  expect(await call('GET /api/alarms', { as: sam, query: { limit: '2', cursor: first.cursor! } })).toMatchObject({
    status: 400,
  });

  expect(idsOf(await list(ada, { device: BUS }))).toEqual([late.id, bus.id]);
  expect(idsOf(await list(ada, { kind: 'status' }))).toEqual([van.id]);
  expect(await call('GET /api/alarms', { as: sam, query: { device: BUS } })).toMatchObject({ status: 404 });

  // As they are now: who may see it no more sees its alarms no more, and is not told how many there are.
  await call('PATCH /api/devices/{id}', { as: ada, params: { id: VAN }, body: { viewers: ['vera'] } });
  expect(idsOf(await list(sam))).toEqual([]);
  expect(await counted(sam)).toEqual({ count: 0, isMore: false });
});

it('has what its rule keeps quiet, counted as any, and without it where only what is pushed is asked for', async () => {
  const device = '1390000001b';
  await fleet.device(device).register(['sam']);
  const [loud, quiet] = [await raise(device, 1), await raise(device, 2, { quiet: true })];
  expect((await list(sam)).alarms).toMatchObject([{ id: quiet.id, quiet: true }, { id: loud.id }]);
  for (const as of [sam, ada]) expect(idsOf(await list(as, { device, pushed: '1' }))).toEqual([loud.id]);
  expect(idsOf(await list(ada, { device, pushed: '0' }))).toEqual([quiet.id, loud.id]);
  expect(await counted(sam)).toEqual({ count: 2, isMore: false });
  expect((await acknowledge(sam, [loud, quiet])).json).toEqual({ acknowledged: 2 });
});

it('is acknowledged once for everybody, by who may see the device', async () => {
  const [a, b] = [await raise(BUS, 20), await raise(BUS, 21)];
  const before = (await counted(vera)).count as number;
  expect(await acknowledge(sam, [a])).toMatchObject({ status: 404 });
  // One among them that is not theirs, and none is.
  expect(await acknowledge(vera, [a, await raise(LORRY, 22)])).toMatchObject({ status: 404 });
  expect((await counted(vera)).count).toBe(before);

  expect(await acknowledge(vera, [a])).toMatchObject({ status: 200, json: { acknowledged: 1 } });
  // Who was first stays.
  expect(await acknowledge(ada, [a, b])).toMatchObject({ status: 200, json: { acknowledged: 1 } });
  expect((await counted(vera)).count).toBe(before - 2);
  const done = await list(vera, { state: 'acknowledged' });
  expect(done.alarms.map(({ id, acknowledged }) => [id, acknowledged?.by])).toEqual([
    [b.id, 'ada'],
    [a.id, 'vera'],
  ]);
  expect(idsOf(await list(vera))).not.toContain(a.id);
  expect(idsOf(await list(vera, { state: 'all' })).slice(0, 2)).toEqual([b.id, a.id]);
  const there = { ...a, id: 'nosuchalarm' };
  expect(await acknowledge(vera, [there])).toMatchObject({ status: 200, json: { acknowledged: 0 } });
  const [{ state, acknowledged }] = (
    await call('GET /api/devices/{id}/alarms', {
      as: vera,
      params: { id: BUS },
      query: { from: a.time, to: b.time },
    })
  ).json.alarms;
  expect([state, acknowledged.by]).toEqual(['acknowledged', 'vera']);
});

it('of a device that is gone is for admins', async () => {
  const gone = await raise('13900000019', 30);
  expect((await list(ada, { device: '13900000019' })).alarms).toMatchObject([
    { deviceName: '13900000019', channels: [] },
  ]);
  expect(await acknowledge(vera, [gone])).toMatchObject({ status: 404 });
  expect(await acknowledge(ada, [gone])).toMatchObject({ json: { acknowledged: 1 } });
});

it('counts no further than 99, and reads on behind what is of others', async () => {
  await Promise.all(Array.from({ length: 130 }, (_, i) => raise(LORRY, 100 + i)));
  const mine = await raise(VAN, 50);
  expect(await counted(ada)).toEqual({ count: MOST_COUNTED, isMore: true });
  expect(idsOf(await list(vera, { limit: '1' }))).toEqual([mine.id]);
  // Of each page the next goes on where it ended, whatever lies between.
  const found: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Awaited<ReturnType<typeof list>> = await list(ada, {
      device: LORRY,
      limit: '50',
      ...(cursor && { cursor }),
    });
    found.push(...idsOf(page));
    ({ cursor } = page);
  }
  expect(new Set(found).size).toBe(found.length);
  expect(found).toHaveLength(132);
});

it('says in the audit log how many were new, and where none was that nothing changed', async () => {
  const device = '13900000020';
  const [a, b] = [await raise(device, 40), await raise(device, 41)];
  await acknowledge(ada, [a, b]);
  await acknowledge(ada, [{ ...a, id: 'nosuchalarm' }]);
  expect(await loggedOf(`device:${device}`)).toMatchObject([
    { did: 'acknowledged alarms', said: { acknowledged: 2 } },
    { did: 'acknowledged alarms, which changed nothing', said: { acknowledged: 0 } },
  ]);
});

it('is in the audit log with its device, where it is one', () => {
  const done = {
    route: 'POST /api/alarms/acknowledge',
    by: 'vera',
    params: {},
    query: {},
    answer: { acknowledged: 2 },
    requestId: 'r1',
  } as const;
  const alarms = [BUS, BUS].map((device) => ({ device, time: new Date(T0).toISOString(), id: 'alarm0000001' }));
  expect(rowOf({ ...done, body: { alarms } }, T0, 1)).toMatchObject({
    about: `device:${BUS}`,
    said: { alarms: expect.stringMatching(/^device: 13900000011, time: .+; device: 13900000011, time: /) as string },
  });
  const both = { alarms: [...alarms, { ...alarms[0]!, device: VAN }] };
  expect(rowOf({ ...done, body: both }, T0, 1)).not.toHaveProperty('about');
});
