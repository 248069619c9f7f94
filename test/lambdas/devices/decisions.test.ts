/** The stage's small decisions: who may see, what a stream is doing, tracks, stretches, commands, pages. */
import { describe, expect, it } from 'vitest';
import { clipRecord } from '../../../lambdas/devices/clips.ts';
import { checkCommand } from '../../../lambdas/devices/commands.ts';
import { toGeoJson } from '../../../lambdas/devices/geojson.ts';
import { matches, position, sortKey } from '../../../lambdas/devices/listing.ts';
import { newRecord } from '../../../lambdas/devices/records.ts';
import { show } from '../../../lambdas/devices/view.ts';
import { streamNow, taskOf } from '../../../lambdas/shared/device-state.ts';
import { visible } from '../../../lambdas/shared/devices.ts';
import { hoursOf, inOrder, stretchesOf } from '../../../lambdas/shared/recordings.ts';
import { track } from '../../../lib/contract/geojson.ts';
import { deviceRecord, newDevice, type DeviceRecord, type Stream } from '../../../lib/contract/device.ts';
import type { TaskRow } from '../../../lib/contract/fleet.ts';
import type { Point } from '../../../lib/contract/positions.ts';
import { videoRecord } from '../../../lib/contract/video.ts';
import { problemOf } from '../problem.ts';

const now = Date.UTC(2026, 10, 4, 12);
const iso = (ms: number) => new Date(ms).toISOString();
const [ada, vera, sam] = [
  { subject: 'ada', groups: ['admin'] },
  { subject: 'vera', groups: [] },
  { subject: 'sam', groups: ['uploader'] },
];

const record = (over: Partial<DeviceRecord> = {}): DeviceRecord => ({
  ...newRecord(newDevice.parse({ id: '13912345678', viewers: ['vera', 'vera'] }), 'ada', 30, now),
  ...over,
});
const task = (id: string, leaseUntil = now / 1000 + 20): TaskRow => ({
  kind: 'task',
  id,
  queueUrl: `https://sqs/${id}`,
  startedAt: iso(now),
  leaseUntil,
  draining: false,
  connections: 1,
  streams: 0,
  expiresAt: leaseUntil + 86_400,
});
const tasks = new Map([task('alive'), task('dead', now / 1000 - 1)].map((row) => [row.id, row]));

describe('a new device', () => {
  it('is a whole record with defaults, each viewer once', () => {
    expect(deviceRecord.parse(record())).toMatchObject({
      name: '13912345678',
      mediaKey: '13912345678',
      retentionDays: 30,
      viewers: ['vera'],
      online: false,
      streams: {},
      watched: {},
    });
  });
});

describe('who sees it', () => {
  it.each([ada, vera])('$subject', (viewer) => expect(visible(record(), viewer).id).toBe('13912345678'));
  it('to others it reads as one that is not there', async () => {
    const hidden = await problemOf(() => visible(record(), sam));
    expect(hidden).toMatchObject({ status: 404, code: 'not-found' });
    expect(await problemOf(() => visible(undefined, ada))).toEqual(hidden);
  });
  it('viewers learn nothing of other viewers, nor of tasks', () => {
    const seen = { tasks, now, startSeconds: 20 };
    const online = record({ online: true, task: 'alive', viewers: ['vera', 'sam'] });
    expect(show(online, { ...seen, viewer: vera })).toMatchObject({ online: true, viewers: ['vera'], task: undefined });
    expect(show(online, { ...seen, viewer: ada })).toMatchObject({ viewers: ['vera', 'sam'], task: 'alive' });
    expect(show(record({ authCode: 'secret' }), { ...seen, viewer: ada })).not.toHaveProperty('authCode');
  });
});

describe('what a channel is doing', () => {
  const held = { online: true, task: 'alive' };
  const stream = (state: Stream['state'], age: number, on = 'alive'): Record<string, Stream> => ({
    '1': { state, since: iso(now - age), task: on },
  });
  it.each<[string, Partial<DeviceRecord>, string]>([
    ['nothing ever said', {}, 'offline'],
    ['connected, nothing asked for', held, 'offline'],
    ['connected to a task that died', { online: true, task: 'dead' }, 'offline'],
    ['connected to a task nobody knows', { online: true, task: 'who' }, 'offline'],
    ['live', { ...held, streams: stream('live', 60_000) }, 'live'],
    ['live, its control connection just gone', { online: false, streams: stream('live', 60_000) }, 'live'],
    ['live at another task than the one that died', { online: true, task: 'dead', streams: stream('live', 1) }, 'live'],
    ['live at a task that died', { ...held, streams: stream('live', 60_000, 'dead') }, 'offline'],
    ['asked for just now', { ...held, streams: stream('starting', 19_000) }, 'starting'],
    ['asked for too long ago', { ...held, streams: stream('starting', 20_000) }, 'offline'],
    ['asked for, then the device went', { online: false, streams: stream('starting', 1000) }, 'offline'],
    ['busy just now', { ...held, streams: stream('busy', 9000) }, 'busy'],
    ['busy a while ago', { ...held, streams: stream('busy', 10_000) }, 'offline'],
    ['another channel live', { ...held, streams: { '2': stream('live', 1)['1']! } }, 'offline'],
  ])('%s', (_, over, state) => {
    expect(streamNow({ record: record(over), channel: 1, tasks, now, startSeconds: 20 }).state).toBe(state);
  });
  it.each<[string, Partial<DeviceRecord>, string | undefined, number | undefined]>([
    ['that nothing was asked for: no reason', held, undefined, undefined],
    [
      'that it was asked for and nothing came, since its time was over',
      { ...held, streams: stream('starting', 25_000) },
      'The device was asked for this channel and has sent no picture.',
      5000,
    ],
    [
      'as its task says, since then',
      { ...held, streams: { '1': { state: 'offline', since: iso(now - 3000), reason: 'It stopped.' } } },
      'It stopped.',
      3000,
    ],
    [
      'that what is received cannot be shown',
      { ...held, streams: { '1': { ...stream('offline', 60_000)['1']!, reason: 'Sound only.' } } },
      'Sound only.',
      60_000,
    ],
    [
      'nothing of what a task said that died',
      { ...held, streams: { '1': { ...stream('offline', 60_000, 'dead')['1']!, reason: 'Sound only.' } } },
      undefined,
      undefined,
    ],
    [
      'nothing of a stream at a task that died',
      { ...held, streams: stream('live', 60_000, 'dead') },
      undefined,
      undefined,
    ],
  ])('offline says why: %s', (_, over, reason, age) => {
    const said = streamNow({ record: record(over), channel: 1, tasks, now, startSeconds: 20 });
    expect(said).toMatchObject({ state: 'offline' });
    expect([said.reason, said.since]).toEqual([reason, age === undefined ? undefined : iso(now - age)]);
  });
  it('a lease is over at its end, not after it', () => {
    const one = new Map([['t', task('t', now / 1000)]]);
    expect(taskOf({ online: true, task: 't' }, one, now)).toBeUndefined();
    expect(taskOf({ online: true, task: 't' }, one, now - 1)?.id).toBe('t');
  });
});

describe('commands', () => {
  const list = { type: 'list-recordings', channel: 0, from: iso(now), to: iso(now), stream: 'any' } as const;
  it('viewers look at recordings; the rest is for admins', async () => {
    expect(() => checkCommand(vera, record(), list)).not.toThrow();
    for (const asked of [
      { type: 'start', channel: 1 },
      { type: 'stop', channel: 1 },
      { type: 'snapshot', channel: 1 },
    ] as const) {
      expect(await problemOf(() => checkCommand(vera, record(), asked))).toMatchObject({ code: 'forbidden' });
      expect(() => checkCommand(ada, record(), asked)).not.toThrow();
    }
  });
  it('of channels the device has; 0 means all only in a listing', async () => {
    for (const asked of [{ ...list, channel: 2 }, { type: 'start', channel: 9 } as const])
      expect(await problemOf(() => checkCommand(ada, record(), asked))).toMatchObject({ code: 'invalid-request' });
  });
});

describe('recordings', () => {
  const hour = 3_600_000;
  const segment = (start: number, over = {}) => ({
    start,
    duration: 2000,
    epoch: 1,
    sequence: 1,
    init: 'a'.repeat(16),
    discontinuity: false,
    key: '',
    bytes: 10,
    ...over,
  });
  it('are looked for in every hour a segment of the stretch may have begun in', () => {
    expect(hoursOf({ from: now, to: now + 1 })).toEqual([now - hour, now]);
    expect(hoursOf({ from: now + 60_000, to: now + hour })).toEqual([now]);
    expect(hoursOf({ from: now + 60_000, to: now + hour + 1 })).toEqual([now, now + hour]);
    expect(hoursOf({ from: now, to: now + 24 * hour })).toHaveLength(25);
  });
  it('touch the stretch, by time, each moment once', () => {
    const given = [segment(2000), segment(0), segment(4000), segment(2100, { epoch: 9 }), segment(3700), segment(6000)];
    expect(inOrder(given, { from: 1000, to: 5000 }).map(({ start, epoch }) => [start, epoch])).toEqual([
      [0, 1],
      [2000, 1],
      [3700, 1],
    ]);
    expect(inOrder(given, { from: 2000, to: 2000.5 }).map(({ start }) => start)).toEqual([2000]);
  });
  it('are stretches without gaps', () => {
    const given = [segment(0), segment(2000), segment(4900), segment(6901), segment(60_000)];
    expect(stretchesOf(given)).toEqual([
      { from: 0, to: 8901, bytes: 40 },
      { from: 60_000, to: 62_000, bytes: 10 },
    ]);
    expect(stretchesOf([])).toEqual([]);
  });
});

describe('tracks as GeoJSON', () => {
  const point = (i: number, over: Partial<Point> = {}): Point => ({
    time: now + i * 10_000,
    latE6: 31_000_000 + i,
    lonE6: 121_000_000 - i,
    speed: 10 * i,
    direction: i % 360,
    altitude: 5,
    alarm: 0,
    accOn: true,
    ...over,
  });
  it('are lines, broken where nothing is known, a lone point being a point', () => {
    const drive = toGeoJson([point(0), point(1, { alarm: 0x80000002 }), point(200), point(300), point(301)], 100);
    expect(drive).toMatchObject({ type: 'FeatureCollection', thinned: false });
    expect(drive.features.map(({ geometry }) => geometry)).toEqual([
      {
        type: 'LineString',
        coordinates: [
          [121, 31, 5],
          [120.999999, 31.000001, 5],
        ],
      },
      { type: 'Point', coordinates: [120.9998, 31.0002, 5] },
      {
        type: 'LineString',
        coordinates: [
          [120.9997, 31.0003, 5],
          [120.999699, 31.000301, 5],
        ],
      },
    ]);
    expect(drive.features[0]!.properties).toEqual({
      times: [iso(now), iso(now + 10_000)],
      speedKmh: [0, 1],
      direction: [0, 1],
      accOn: [true, true],
      alarms: { 1: ['overspeed', 'illegal-door-open'] },
    });
  });
  it('are thinned evenly, with first and last and what is remarkable, and say so', () => {
    const points = Array.from({ length: 1000 }, (_, i) => point(i, { alarm: i === 777 ? 1 : 0 }));
    const drive = toGeoJson(points, 100);
    const times = drive.features.flatMap(({ properties }) => properties.times);
    expect(drive.thinned).toBe(true);
    expect(drive.features).toHaveLength(1);
    expect(times.length).toBeGreaterThan(90);
    expect(times.length).toBeLessThanOrEqual(100);
    for (const i of [0, 777, 999]) expect(times).toContain(iso(now + i * 10_000));
    const gaps = times.slice(1).map((time, i) => Date.parse(time) - Date.parse(times[i]!));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(120_000);
  });
  it('over 180° are cut there, with the same point at both ends, and one list through all parts', () => {
    const there = (i: number, lonE6: number, over: Partial<Point> = {}) =>
      point(i, { lonE6, latE6: -17_000_000 - i * 100_000, altitude: 10 * i, ...over });
    const over = [there(0, 179_900_000), there(1, -179_700_000, { alarm: 1 }), there(2, 179_700_000)];
    const { features } = toGeoJson(over, 100);
    expect(track.parse({ type: 'FeatureCollection', thinned: false, features }).features).toEqual(features);
    expect(features.map(({ geometry }) => geometry)).toEqual([
      {
        type: 'MultiLineString',
        coordinates: [
          [
            [179.9, -17, 0],
            [180, -17.025, 3],
          ],
          [
            [-180, -17.025, 3],
            [-179.7, -17.1, 10],
            [-180, -17.15, 15],
          ],
          [
            [180, -17.15, 15],
            [179.7, -17.2, 20],
          ],
        ],
      },
    ]);
    const { times, alarms, speedKmh, direction, accOn } = features[0]!.properties;
    expect(times).toEqual([0, 2500, 2500, 10_000, 15_000, 15_000, 20_000].map((ms) => iso(now + ms)));
    expect([speedKmh, direction, accOn].map(({ length }) => length)).toEqual([7, 7, 7]);
    expect(alarms).toEqual({ 3: ['sos'], 4: ['sos'], 5: ['sos'] });
  });
  it.each([
    [
      'along it',
      [180, -180],
      [
        [[180], [180]],
        [[-180], [-180]],
      ],
    ],
    [
      'from it',
      [180, -179],
      [
        [[180], [180]],
        [[-180], [-179]],
      ],
    ],
    [
      'to it',
      [-179, 180],
      [
        [[-179], [-180]],
        [[180], [180]],
      ],
    ],
    ['not over it', [-90, 90], undefined],
  ])('%s, parts are lines', (_, lons, parts) => {
    const { features } = toGeoJson(
      lons.map((lon, i) => point(i, { lonE6: lon * 1e6 })),
      100,
    );
    const { type, coordinates } = features[0]!.geometry;
    expect(type).toBe(parts === undefined ? 'LineString' : 'MultiLineString');
    if (parts !== undefined)
      expect((coordinates as number[][][]).map((line) => line.map(([lon]) => [lon]))).toEqual(parts);
  });
  it('of nothing is empty', () => {
    expect(toGeoJson([], 10)).toEqual({ type: 'FeatureCollection', thinned: false, features: [] });
  });
});

describe('pages', () => {
  it('go on at positions that can be, and no others', () => {
    const there = { name: 'Lkw 7 – „Süd"', id: '139' };
    expect(position.parse(there)).toEqual(there);
    expect(position.safeParse({ name: 'x', id: '../1' }).success).toBe(false);
    const after = `${iso(now)}#abcdefgh`;
    expect(sortKey.parse(after)).toBe(after);
    for (const bad of ['', 'x', '#', `${after}x!`]) expect(sortKey.safeParse(bad).success).toBe(false);
  });
  it('a search looks at name and id', () => {
    const one = { name: 'Bus 12', id: '13912345678' };
    for (const q of [undefined, 'bus', '12', '3456']) expect(matches(one, q)).toBe(true);
    expect(matches(one, 'tram')).toBe(false);
  });
});

it('a clip is a whole video record of the person who asked', () => {
  const asked = { channel: 1, from: '2026-11-04T13:00:00+01:00', to: '2026-11-04T12:01:00Z', positions: true };
  const clip = clipRecord(sam, record({ name: 'Bus 12' }), asked, 'a'.repeat(20), now);
  expect(videoRecord.parse(clip)).toEqual(clip);
  expect(clip).toMatchObject({
    owner: 'sam',
    visibility: 'private',
    status: 'uploading',
    title: 'Bus 12, Channel 1, 4 Nov 2026, 20:00:00',
    upload: { kind: 'device' },
    origin: { kind: 'clip', device: '13912345678', channel: 1, from: '2026-11-04T12:00:00.000Z' },
  });
});
