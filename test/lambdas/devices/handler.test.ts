/** The devices API against the engine: tables as the template declares them, and a real queue. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RouteKey } from '../../../lib/contract/api.ts';
import { newRecord } from '../../../lambdas/devices/records.ts';
import { dynamo } from '../../../lambdas/shared/clients.ts';
import { alarmSortKey, newDevice, type AlarmRecord } from '../../../lib/contract/device.ts';
import { alarmFileKey } from '../../../lib/contract/live-keys.ts';
import { command } from '../../../lib/contract/commands.ts';
import { track } from '../../../lib/contract/geojson.ts';
import { positionItems } from '../../../containers/ingest/src/cloud/position-items.ts';
import { callRoute, type Call } from '../engine.ts';
import { startFleet, type Fleet } from './fleet.ts';

const [ada, vera, sam] = [{ sub: 'ada', groups: ['admin'] }, { sub: 'vera' }, { sub: 'sam' }];
const AT = {
  time: '2026-11-04T12:00:00.000Z',
  lat: 31.2,
  lon: 121.4,
  speedKmh: 42,
  direction: 90,
  altitude: 3,
  accOn: true,
};

let fleet: Fleet;
let handler: typeof import('../../../lambdas/devices/handler.ts').handler;
let device: ReturnType<Fleet['device']>;
let id: string;
let count = 0;

beforeAll(async () => {
  fleet = await startFleet();
  ({ handler } = await import('../../../lambdas/devices/handler.ts'));
}, 600_000);
afterAll(() => fleet.close());
beforeEach(() => {
  count += 1;
  id = `139${String(count).padStart(8, '0')}`;
  device = fleet.device(id);
});

const call = (route: RouteKey, options: Call) => callRoute(handler, route, options);
const own = (extra: Record<string, string> = {}) => ({ id, ...extra });

describe('registration', () => {
  it('is for admins, has defaults, and happens once', async () => {
    expect(await call('POST /api/devices', { as: vera, body: { id } })).toMatchObject({ status: 403 });
    expect(await call('POST /api/devices', { as: ada, body: { id: '0139' } })).toMatchObject({ status: 400 });
    const made = await call('POST /api/devices', { as: ada, body: { id } });
    expect(made).toMatchObject({
      status: 201,
      json: {
        id,
        name: id,
        timeZone: 'Asia/Shanghai',
        retentionDays: 30,
        online: false,
        channels: [{ number: 1, live: 'on-demand', stream: 'main' }],
        streams: { '1': { state: 'offline' } },
      },
    });
    expect(made.json).not.toHaveProperty('mediaKey');
    expect(await call('POST /api/devices', { as: ada, body: { id } })).toMatchObject({
      status: 409,
      json: { code: 'conflict' },
    });
    // Its last twelve digits are all that its media may say.
    const twin = await call('POST /api/devices', { as: ada, body: { id: `7${id.slice(-12).padStart(12, '0')}` } });
    expect(twin).toMatchObject({ status: 409, json: { code: 'conflict' } });
  });

  it('is changed by admins and seen by viewers; to others it is not there', async () => {
    await device.register();
    const path = { params: own() };
    const change = { ...path, body: { name: 'Bus 12', timeZone: 'Europe/Berlin' } };
    expect(await call('PATCH /api/devices/{id}', { ...change, as: sam })).toMatchObject({ status: 404 });
    expect(await call('PATCH /api/devices/{id}', { ...change, as: vera })).toMatchObject({ status: 403 });
    expect(await call('PATCH /api/devices/{id}', { ...change, as: ada })).toMatchObject({
      status: 200,
      json: { name: 'Bus 12', timeZone: 'Europe/Berlin', channels: [{ name: 'Front' }, {}, {}] },
    });
    const bad = { ...path, as: ada, body: { online: true } };
    expect(await call('PATCH /api/devices/{id}', bad)).toMatchObject({ status: 400 });
    expect(await call('GET /api/devices/{id}', { ...path, as: sam })).toMatchObject({ status: 404 });
    expect(await call('GET /api/devices/{id}', { ...path, as: vera })).toMatchObject({
      status: 200,
      json: { viewers: ['vera'] },
    });
  });

  it('tells the task that holds the device of a change and of its end, and keeps what the task wrote', async () => {
    await device.register();
    await device.connect();
    await device.set('position', AT);
    await device.set('alarms', ['overspeed']);
    await fleet.sent();
    const patched = await call('PATCH /api/devices/{id}', { as: ada, params: own(), body: { retentionDays: 7 } });
    expect(patched.json).toMatchObject({
      online: true,
      task: 'task0001',
      alarms: ['overspeed'],
      position: { lat: 31.2 },
    });
    const commands = await fleet.sent();
    expect(commands).toMatchObject([{ type: 'refresh', device: id }]);
    expect(() => command.parse(commands[0])).not.toThrow();
    expect(await call('DELETE /api/devices/{id}', { as: vera, params: own() })).toMatchObject({ status: 403 });
    for (const status of [204, 204])
      expect(await call('DELETE /api/devices/{id}', { as: ada, params: own() })).toMatchObject({ status });
    expect(await fleet.sent()).toMatchObject([{ type: 'disconnect', device: id }]);
    expect(await call('GET /api/devices/{id}', { as: ada, params: own() })).toMatchObject({ status: 404 });
  });

  it('is refused at the edge once it is deleted, and when it is registered again only what began before', async () => {
    const refusal = async () => {
      const TableName = process.env['REVOCATIONS_TABLE'];
      return (await dynamo.send(new GetCommand({ TableName, Key: { key: `d:${id}` }, ConsistentRead: true }))).Item;
    };
    const body = { id, name: 'again' };
    // Nor of one that never was, as where somebody makes sure that there is none.
    expect(await call('DELETE /api/devices/{id}', { as: ada, params: own() })).toMatchObject({ status: 204 });
    const refused = await refusal();
    expect(refused).not.toHaveProperty('open');
    expect(await call('POST /api/devices', { as: ada, body })).toMatchObject({ status: 201 });
    expect(await refusal()).toMatchObject({ at: refused!['at'], until: refused!['until'], open: true });
    // A call that broke off once it was registered is made again: it is there, and the edge is told.
    expect(await call('DELETE /api/devices/{id}', { as: ada, params: own() })).toMatchObject({ status: 204 });
    await device.register();
    expect(await refusal()).not.toHaveProperty('open');
    expect(await call('POST /api/devices', { as: ada, body })).toMatchObject({ status: 409 });
    expect(await refusal()).toMatchObject({ open: true });
  });

  it('of a device whose task was killed is offline, whatever the record says', async () => {
    await device.register();
    await device.connect('dead0001');
    expect(await call('GET /api/devices/{id}', { as: ada, params: own() })).toMatchObject({ json: { online: false } });
  });
});

describe('lists', () => {
  it('come page by page, by name, and only what one may see', async () => {
    const names = ['c', 'a', 'b'].map((letter) => `${id} ${letter}`);
    for (const [i, name] of names.entries()) {
      const body = { id: `${id}${i}`, name, viewers: i === 0 ? ['vera'] : [] };
      expect((await call('POST /api/devices', { as: ada, body })).status).toBe(201);
    }
    const list = async (as: { sub: string }, query: Record<string, string>) =>
      (await call('GET /api/devices', { as, query: { q: id.slice(0, 10), ...query } })).json;
    const first = await list(ada, { limit: '2', q: `${id} ` });
    expect(first.devices.map(({ name }: { name: string }) => name)).toEqual([names[1], names[2]]);
    const second = await list(ada, { limit: '2', q: `${id} `, cursor: first.cursor });
    expect(second).toMatchObject({ devices: [{ name: names[0] }], cursor: null });
    expect(await list(vera, { q: `${id} ` })).toMatchObject({ devices: [{ name: names[0] }], cursor: null });
    expect(await list(sam, {})).toMatchObject({ devices: [], cursor: null });
    expect((await call('GET /api/devices', { as: ada, query: { cursor: 'x' } })).status).toBe(400);
    const kept = { limit: '2', q: `${id} `, cursor: first.cursor };
    expect(first.cursor).toMatch(/^[\w-]{80,}$/);
    expect(Buffer.from(first.cursor, 'base64url').toString('latin1')).not.toContain(id);
    const refused = async (as: { sub: string }, query: Record<string, string>) =>
      expect(await call('GET /api/devices', { as, query })).toMatchObject({
        status: 400,
        json: { code: 'invalid-request', errors: [{ path: 'query.cursor' }] },
      });
    // Another person's, and another search's.
    await refused(vera, kept);
    await refused(ada, { ...kept, q: id });
    await refused(ada, { limit: '2', cursor: first.cursor });
    expect((await call('GET /api/devices', { as: ada, query: { ...kept, limit: '1' } })).status).toBe(200);
  });

  it('of a name are whole and in order beyond what one read takes, whatever the table leaves unread', async () => {
    const names = Array.from({ length: 130 }, (_, i) => `${id} many ${String(i).padStart(3, '0')}`);
    const ids = names.map((_, i) => `77${String(i).padStart(6, '0')}`);
    await Promise.all(
      names.map((name, i) =>
        fleet.put('DEVICES_TABLE', { ...newRecord(newDevice.parse({ id: ids[i], name }), 'ada', 30, 0) }),
      ),
    );
    // As many at once as the table gives under load.
    const { middlewareStack } = dynamo;
    const trim = { name: 'trim', step: 'initialize' } as const;
    middlewareStack.add(
      (next, context) => async (args) => {
        if (!context.commandName?.startsWith('BatchGet')) return next(args);
        const result = await next(args);
        const output = result.output as unknown as {
          Responses: Record<string, { id: unknown }[]>;
          UnprocessedKeys: Record<string, unknown>;
        };
        const [table, rows] = Object.entries(output.Responses)[0]!;
        const left = rows.splice(60).map((row) => ({ id: row.id }));
        output.UnprocessedKeys = left.length === 0 ? {} : { [table]: { Keys: left } };
        return result;
      },
      trim,
    );
    try {
      const first = (await call('GET /api/devices', { as: ada, query: { q: `${id} many`, limit: '120' } })).json;
      const second = (
        await call('GET /api/devices', { as: ada, query: { q: `${id} many`, limit: '120', cursor: first.cursor } })
      ).json;
      const listed = [...first.devices, ...second.devices].map(({ name }: { name: string }) => name);
      expect([first.devices.length, listed]).toEqual([120, names]);
      expect(second.cursor).toBeNull();
    } finally {
      middlewareStack.remove('trim');
    }
  });

  it('show who came and is not known, and adopting one takes it off', async () => {
    const now = Date.now();
    const unknown = (of: string, ago: number, expires = 3600) =>
      fleet.put('FLEET_TABLE', {
        kind: 'unknown',
        id: of,
        count: 3,
        firstSeenAt: new Date(now - 60_000).toISOString(),
        lastSeenAt: new Date(now - ago).toISOString(),
        address: '203.0.113.0/24',
        why: 'register',
        plate: '沪A12345',
        expiresAt: Math.floor(now / 1000) + expires,
      });
    await unknown(id, 1000);
    await unknown(`${id}1`, 500);
    await unknown(`${id}2`, 100, -5);
    const mine = async () =>
      (await call('GET /api/devices/unknown', { as: ada })).json.devices
        .filter((one: { id: string }) => one.id.startsWith(id))
        .map((one: { id: string }) => one.id);
    expect(await mine()).toEqual([`${id}1`, id]);
    expect(await call('GET /api/devices/unknown', { as: vera })).toMatchObject({ status: 403 });
    expect((await call('POST /api/devices', { as: ada, body: { id } })).status).toBe(201);
    expect(await mine()).toEqual([`${id}1`]);
    // A task that saw it a moment later.
    await unknown(id, 0);
    expect(await mine()).toEqual([`${id}1`]);
    expect(await call('DELETE /api/devices/unknown/{id}', { as: ada, params: { id: `${id}1` } })).toMatchObject({
      status: 204,
    });
    expect(await mine()).toEqual([]);
  });
});

it('of strangers no more is read than asked for, however many knocked', async () => {
  const { queryFleet } = await import('../../../lambdas/shared/devices.ts');
  for (let n = 0; n < 5; n += 1) await fleet.put('FLEET_TABLE', { kind: 'viewer#0/1', id: `s${n}`, expiresAt: 1 });
  expect(await queryFleet('viewer#0/1', 3)).toHaveLength(3);
  expect(await queryFleet('viewer#0/1')).toHaveLength(5);
});

describe('what it did', () => {
  const midnight = Date.UTC(2026, 10, 5);
  it('positions of a stretch come as GeoJSON, over midnight, from items that began before it', async () => {
    await device.register();
    const points = Array.from({ length: 240 }, (_, i) => ({
      time: midnight - 1_200_000 + i * 10_000,
      latE6: 31_000_000 + i,
      lonE6: 121_000_000,
      speed: 100,
      direction: 0,
      altitude: 1,
      alarm: i === 130 ? 2 : 0,
      accOn: true,
    }));
    for (const Item of positionItems(id, points, 30)) await fleet.put('POSITIONS_TABLE', { ...Item });
    const query = { from: new Date(midnight - 60_000).toISOString(), to: '2026-11-05T08:05:00+08:00' };
    const { status, json, headers } = await call('GET /api/devices/{id}/positions', { as: vera, params: own(), query });
    expect([status, headers['content-type']]).toEqual([200, 'application/geo+json']);
    expect(track.parse(json)).toEqual(json);
    expect(json.features).toHaveLength(1);
    const { geometry, properties } = json.features[0];
    expect(geometry.coordinates).toHaveLength(36);
    expect(properties.times[0]).toBe('2026-11-04T23:59:00.000Z');
    expect(properties.times.at(-1)).toBe('2026-11-05T00:04:50.000Z');
    expect(properties.alarms).toEqual({ 16: ['overspeed'] });
    expect(await call('GET /api/devices/{id}/positions', { as: sam, params: own(), query })).toMatchObject({
      status: 404,
    });
    const long = { from: '2026-11-01T00:00:00Z', to: '2026-11-05T00:00:00Z' };
    expect(await call('GET /api/devices/{id}/positions', { as: vera, params: own(), query: long })).toMatchObject({
      status: 400,
    });
  });

  it('alarms come latest first, page by page, with paths that CloudFront takes', async () => {
    await device.register();
    const at = (i: number) => new Date(midnight + i * 1000).toISOString();
    for (let i = 0; i < 3; i += 1) {
      const alarm = {
        device: id,
        id: `alarm00${i}`,
        time: at(i),
        kind: 'adas',
        type: 'forward-collision',
        phase: 'event',
      } as const;
      const key = alarmFileKey(id, alarm.id, 1, 'jpg');
      const files: AlarmRecord['files'] = [
        { name: 'a.jpg', kind: 'picture', bytes: 10, state: 'complete', key },
        { name: 'b.h264', kind: 'video', bytes: 10, state: 'expected' },
      ];
      const Item: AlarmRecord = { ...alarm, at: alarmSortKey(alarm), files, expiresAt: 2_000_000_000 };
      await fleet.put('ALARMS_TABLE', Item);
    }
    const query = { from: at(0), to: at(10), limit: '2' };
    const first = (await call('GET /api/devices/{id}/alarms', { as: vera, params: own(), query })).json;
    expect(first.alarms.map((alarm: { id: string }) => alarm.id)).toEqual(['alarm002', 'alarm001']);
    const next = { ...query, cursor: first.cursor };
    const second = (await call('GET /api/devices/{id}/alarms', { as: vera, params: own(), query: next })).json;
    expect(Buffer.from(first.cursor, 'base64url').toString('latin1')).not.toContain('alarm001');
    await fleet.device(`${id}6`).register();
    const elsewhere = { as: vera, params: { id: `${id}6` }, query: next };
    expect(await call('GET /api/devices/{id}/alarms', elsewhere)).toMatchObject({ status: 400 });
    const later = { ...next, to: at(11) };
    expect(await call('GET /api/devices/{id}/alarms', { as: vera, params: own(), query: later })).toMatchObject({
      status: 400,
    });
    expect(await call('GET /api/devices', { as: vera, query: { cursor: first.cursor } })).toMatchObject({
      status: 400,
    });
    expect(second.alarms.map((alarm: { id: string }) => alarm.id)).toEqual(['alarm000']);
    const [picture, video] = second.alarms[0].files;
    expect(video).toEqual({ name: 'b.h264', kind: 'video', bytes: 10, state: 'expected' });
    expect(picture).not.toHaveProperty('key');
    expect(fleet.refusal(picture.url)).toBeUndefined();
    expect(fleet.refusal(picture.url.replace('/1.jpg', '/2.jpg'))).toBeDefined();
    expect(fleet.refusal(picture.url, 7300)).toBeDefined();
  });
});

describe('commands', () => {
  const list = {
    type: 'list-recordings',
    channel: 0,
    from: '2026-11-04T00:00:00Z',
    to: '2026-11-04T01:00:00Z',
    stream: 'any',
  };
  const post = (as: { sub: string }, body: object) =>
    call('POST /api/devices/{id}/commands', { as, params: own(), body });

  it('go to the task that holds the device, and are answered when it answers', async () => {
    await device.register();
    await device.connect();
    await fleet.sent();
    const asked = await post(vera, list);
    expect(asked).toMatchObject({ status: 202, json: { status: 'sent', device: id, type: 'list-recordings' } });
    const { requestId } = asked.json;
    const [received] = await fleet.sent();
    expect(command.parse(received)).toMatchObject({ ...list, requestId, device: id });
    const answer = { params: own({ requestId }) };
    const read = (as: { sub: string }) => call('GET /api/devices/{id}/commands/{requestId}', { ...answer, as });
    expect(await read(vera)).toMatchObject({ status: 200, json: { status: 'sent' } });
    const recordings = [
      {
        channel: 1,
        from: list.from,
        to: list.to,
        stream: 'main',
        storage: 'main',
        media: 'video',
        alarms: [],
        bytes: 5,
      },
    ];
    const row = { device: id, type: list.type, status: 'done', at: new Date().toISOString(), expiresAt: 2_000_000_000 };
    await fleet.put('FLEET_TABLE', { kind: 'answer', id: requestId, ...row, recordings });
    expect(await read(vera)).toMatchObject({ status: 200, json: { requestId, status: 'done', recordings } });
    expect(await read(sam)).toMatchObject({ status: 404 });
    const other = fleet.device(`${id}5`);
    await other.register();
    const elsewhere = { as: vera, params: { id: other.id, requestId } };
    expect(await call('GET /api/devices/{id}/commands/{requestId}', elsewhere)).toMatchObject({ status: 404 });
  });

  it('to make it do something are for admins; the channel says which stream', async () => {
    await device.register();
    await device.connect();
    await fleet.sent();
    expect(await post(vera, { type: 'start', channel: 2 })).toMatchObject({ status: 403 });
    expect(await post(ada, { type: 'start', channel: 4 })).toMatchObject({ status: 400 });
    expect(await post(ada, { type: 'reboot', channel: 1 })).toMatchObject({ status: 400 });
    expect(await post(ada, { type: 'start', channel: 2 })).toMatchObject({ status: 202 });
    expect(await fleet.sent()).toMatchObject([{ type: 'start', channel: 2, stream: 'sub' }]);
  });

  it('to who is not connected are refused at once', async () => {
    await device.register();
    const offline = { status: 409, json: { code: 'device-offline' } };
    expect(await post(ada, list)).toMatchObject(offline);
    await device.connect('dead0001');
    expect(await post(ada, list)).toMatchObject(offline);
    expect(await fleet.sent()).toEqual([]);
  });
});
