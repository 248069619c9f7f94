/** Parts of the server that need no socket: decisions, bounds, and what is said to operators. */
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../../lib/contract/device.ts';
import type { PositionItem } from '../../../../lib/contract/positions.ts';
import { alarmNumber, parseAlarmNumber } from '../../../../containers/ingest/src/sessions/alarms/detect.ts';
import { IncomingFile, PART_BYTES, type Part } from '../../../../containers/ingest/src/sessions/attachments/file.ts';
import { isOutdated } from '../../../../containers/ingest/src/sessions/commands/office.ts';
import { readServerConfig } from '../../../../containers/ingest/src/common/config.ts';
import { Commander } from '../../../../containers/ingest/src/sessions/control/commander.ts';
import { ControlSession } from '../../../../containers/ingest/src/sessions/control/session.ts';
import { due } from '../../../../containers/ingest/src/streams/keeping.ts';
import { networkOf, plainAddress } from '../../../../containers/ingest/src/net/gate.ts';
import { PublicHost } from '../../../../containers/ingest/src/net/host.ts';
import { Log } from '../../../../containers/ingest/src/common/log.ts';
import { mayStream } from '../../../../containers/ingest/src/sessions/media/reception.ts';
import { Budget, Shares } from '../../../../containers/ingest/src/common/memory.ts';
import { Metrics } from '../../../../containers/ingest/src/common/metrics.ts';
import { Outbox } from '../../../../containers/ingest/src/cloud/outbox.ts';
import { Positions } from '../../../../containers/ingest/src/cloud/positions.ts';
import { ScaleInProtection, taskId, taskRevision } from '../../../../containers/ingest/src/task/ecs.ts';
import { phoneBytes } from '../../../../containers/ingest/src/jt808/identity.ts';
import { encodeFrames } from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import { serials } from '../../../../containers/ingest/src/jt808/subpackage.ts';
import { OPTIONS, testOptions } from './cloud.ts';
import { ecsAgent } from './ecs.ts';

const channels = (live: Channel['live']): Channel[] => [{ number: 1, name: 'Front', live, stream: 'main' }];
const NOW = Date.UTC(2026, 7, 1);
const iso = (at: number) => new Date(at).toISOString();

describe('a channel', () => {
  it.each([
    ['always, running', 'always', true, undefined, 'nothing'],
    ['always, not running', 'always', false, undefined, 'start'],
    ['never, running', 'never', true, NOW + 9e5, 'stop'],
    ['on demand, watched and running', 'on-demand', true, NOW + 9e5, 'nothing'],
    ['on demand, watched and not running', 'on-demand', false, NOW + 9e5, 'start'],
    ['on demand, watched until a moment ago', 'on-demand', true, NOW - 20_000, 'nothing'],
    ['on demand, watched until long ago', 'on-demand', true, NOW - 31_000, 'stop'],
    ['on demand, never watched', 'on-demand', true, undefined, 'stop'],
    ['on demand, nobody there', 'on-demand', false, NOW - 1, 'nothing'],
  ] as const)('%s', (_, live, runs, until, act) => {
    const watched: Record<string, string> = until === undefined ? {} : { 1: iso(until) };
    expect(
      due({ record: { channels: channels(live), watched }, channel: 1, runs, idleStopSeconds: 30, now: NOW }).act,
    ).toBe(act);
  });

  it.each([
    ['always', undefined, true],
    ['never', 'live', false],
    ['on-demand', undefined, false],
    ['on-demand', 'live', true],
    ['on-demand', 'starting', true],
    ['on-demand', 'offline', false],
  ] as const)('of policy %s and state %s may send: %s', (live, state, expected) => {
    const streams = state === undefined ? {} : { 1: { state, since: iso(NOW - 10_000) } };
    expect(mayStream({ channels: channels(live), streams }, 1, 20, NOW)).toBe(expected);
    // Another channel than those it has, and a request that was long ago.
    expect(mayStream({ channels: channels(live), streams }, 2, 20, NOW)).toBe(false);
    if (state === 'starting') expect(mayStream({ channels: channels(live), streams }, 1, 20, NOW + 60_000)).toBe(false);
  });
});

describe('names and addresses', () => {
  it('of alarms go to the device and come back', () => {
    const id = '0123456789abcdef0123';
    expect(parseAlarmNumber(alarmNumber(id, NOW))).toEqual({ id, time: NOW });
    expect(alarmNumber(id, NOW).length).toBeLessThanOrEqual(32);
    for (const bad of ['', id, `${alarmNumber(id, NOW)}0`, `G${alarmNumber(id, NOW).slice(1)}`]) {
      expect(parseAlarmNumber(bad)).toBeUndefined();
    }
  });

  it('are kept as networks', () => {
    expect(networkOf(plainAddress('::ffff:203.0.113.77'))).toBe('203.0.113.0/24');
    expect(networkOf('2001:db8:7:1::5')).toBe('2001:db8:7::/48');
  });

  it('are told to devices as IPv4 where that is asked for', async () => {
    const host = new PublicHost('localhost', true);
    expect(await Promise.all([host.get(), host.get(), host.get()])).toEqual(Array(3).fill('127.0.0.1'));
    expect(await new PublicHost('localhost', false).get()).toBe('localhost');
    expect(await new PublicHost('192.0.2.1', true).get()).toBe('192.0.2.1');
  });
});

describe('the environment', () => {
  const env = {
    INGEST_OPTIONS: JSON.stringify(OPTIONS),
    ...Object.fromEntries(
      'PUBLIC_HOST COMMAND_QUEUE_PREFIX DEVICES_TABLE POSITIONS_TABLE ALARMS_TABLE FLEET_TABLE VIDEOS_TABLE ENTITLEMENTS_TABLE MEDIA_BUCKET SOURCE_BUCKET EVENT_BUS SERVICE_NAME AWS_REGION'
        .split(' ')
        .map((name) => [name, name.toLowerCase()]),
    ),
  };
  it('is read once, and what is missing or malformed is named', () => {
    expect(readServerConfig(env, testOptions)).toMatchObject({
      options: OPTIONS,
      tables: { fleet: 'fleet_table' },
      listenAddress: undefined,
    });
    expect(() => readServerConfig({ ...env, FLEET_TABLE: '' }, testOptions)).toThrow('FLEET_TABLE is missing');
    expect(() => readServerConfig({ ...env, INGEST_OPTIONS: '{"ports":{}}' })).toThrow('INGEST_OPTIONS does not hold');
  });

  it('holds times and limits within the bounds of the configuration', () => {
    const shipped = { ...OPTIONS, stateSeconds: 5, positionSeconds: 5 };
    const read = (options: unknown) => readServerConfig({ ...env, INGEST_OPTIONS: JSON.stringify(options) }).options;
    expect(read(shipped)).toEqual(shipped);
    expect(read({ ...shipped, idleStopSeconds: 0 }).idleStopSeconds).toBe(0);
    expect(() => read({ ...shipped, startSeconds: 4 })).toThrow('INGEST_OPTIONS does not hold');
    expect(() => read({ ...shipped, startSeconds: 121 })).toThrow('INGEST_OPTIONS does not hold');
  });

  it('says who the task is', async () => {
    expect(await taskId({ TASK_ID: 'abcdef0123456789' })).toBe('abcdef0123456789');
    expect(await taskId({})).toMatch(/^[a-z0-9]{32}$/);
    await expect(taskId({ TASK_ID: 'A/B' })).rejects.toThrow('not a task id');
    const agent = await ecsAgent();
    expect(await taskId({ ECS_CONTAINER_METADATA_URI_V4: agent.url })).toBe('0123456789abcdef0123456789abcdef');
    expect(await taskRevision({ ECS_CONTAINER_METADATA_URI_V4: agent.url })).toBe('ingest:7');
    expect(await taskRevision({})).toBeUndefined();
    const failures: unknown[] = [];
    const protection = new ScaleInProtection((error) => failures.push(error), { ECS_AGENT_URI: agent.url });
    await protection.set(false, 0);
    await protection.set(true, 1000);
    await protection.set(true, 2000);
    await protection.set(true, 700_000);
    await protection.set(false, 701_000);
    expect(agent.asked).toEqual([
      { ProtectionEnabled: true, ExpiresInMinutes: 30 },
      { ProtectionEnabled: true, ExpiresInMinutes: 30 },
      { ProtectionEnabled: false },
    ]);
    agent.close();
    await protection.set(true, 800_000);
    expect(failures).toHaveLength(1);
    await new ScaleInProtection(() => expect.unreachable(), {}).set(true);
  });
});

it('memory is shared by who is there', () => {
  const shares = new Shares(1000);
  expect(shares.each).toBe(1000);
  for (let n = 0; n < 3; n += 1) shares.enter();
  expect(shares.each).toBe(333);
  shares.leave();
  expect(shares.each).toBe(500);
});

it('who does not read what it is answered is let go', async () => {
  const closed: string[] = [];
  const socket = { destroyed: false, writable: true, writableLength: 0, write: () => true, end: () => {} };
  const guest = { address: '127.0.0.1', socket, close: (why: string) => closed.push(why) };
  const services = {
    metrics: new Metrics(),
    log: new Log({}, () => {}),
    registry: { arriving: () => Promise.resolve(undefined) },
    unknown: { saw: () => true },
    config: { options: OPTIONS },
  };
  const terminal = { version: 2013, protocolVersion: 0, phone: phoneBytes('1', 2013) } as const;
  for (const [unread, ends] of [
    [256 * 1024, []],
    [256 * 1024 + 1, ['slowReader']],
  ] as const) {
    socket.writableLength = unread;
    const session = new ControlSession({ services } as never, guest as never);
    session.push(Buffer.concat(encodeFrames(terminal, 'heartbeat', {}, serials())));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(closed).toEqual(ends);
  }
});

describe('a deploy', () => {
  const mine = { startedAt: iso(NOW - 60_000), revision: 'ingest:7' };
  const row = { startedAt: iso(NOW), revision: 'ingest:8', leaseUntil: NOW / 1000 + 20, draining: false };
  it.each([
    ['a younger task of another revision', row, true],
    ['one of an older number: it was rolled back', { ...row, revision: 'ingest:6' }, true],
    ['one of the same', { ...row, revision: 'ingest:7' }, false],
    ['one that was there before', { ...row, startedAt: iso(NOW - 90_000) }, false],
    ['one that died', { ...row, leaseUntil: NOW / 1000 - 1 }, false],
    ['one that ends itself', { ...row, draining: true }, false],
    ['one that is not on ECS', { ...row, revision: undefined }, false],
  ])('is told by %s', (_, other, outdated) => {
    const { revision, ...rest } = other;
    expect(isOutdated([{ ...rest, ...(revision && { revision }) }], mine, NOW)).toBe(outdated);
    expect(isOutdated([row], { startedAt: mine.startedAt }, NOW)).toBe(false);
  });
});

describe('what waits', () => {
  it('for a table is the latest of each key, in order, and bounded', async () => {
    const done: string[] = [];
    let dropped = 0;
    const gates: (() => void)[] = [];
    const outbox = new Outbox({
      parallel: 1,
      waiting: 2,
      failed: () => done.push('failed'),
      dropped: () => (dropped += 1),
    });
    const write = (name: string) => () =>
      new Promise<void>((resolve) => gates.push(() => resolve(void done.push(name))));
    outbox.put('a', write('a1'));
    outbox.put('a', write('a2'));
    outbox.put('a', write('a3'));
    outbox.put('b', () => Promise.reject(new Error('no')));
    outbox.put('c', write('c'));
    expect(dropped).toBe(1);
    while (outbox.size > 0) {
      gates.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await outbox.drained();
    // a1 was under way, a2 was overtaken, a3 was the oldest when too many waited.
    expect(done).toEqual(['a1', 'failed', 'c']);
  });

  it('as positions goes in items of a device, by time or when there are enough, and again when it fails', async () => {
    const metrics = new Metrics();
    const written: PositionItem[] = [];
    let fail = 1;
    const positions = new Positions({
      waitMs: 1000,
      metrics,
      failed: () => {},
      mostWaiting: 3,
      write: (items) => {
        if (fail > 0) {
          fail -= 1;
          return Promise.reject(new Error('no'));
        }
        written.push(...items);
        return Promise.resolve([]);
      },
    });
    const point = (n: number) => ({
      time: NOW + n * 1000,
      latE6: n,
      lonE6: n,
      speed: 0,
      direction: 0,
      altitude: 0,
      alarm: 0,
      accOn: true,
    });
    for (let n = 0; n < 130; n += 1) positions.add('1', 7, point(n), 0);
    positions.add('2', 7, point(0), 500);
    positions.tick(999);
    positions.tick(1000);
    await positions.drain(performance.now() + 3000);
    expect(written.map(({ track, count }) => [track, count]).sort()).toEqual([
      ['1#2026-08-01', 100],
      ['1#2026-08-01', 30],
      ['2#2026-08-01', 1],
    ]);
    expect(metrics.counts.positions).toBe(131);
    fail = Infinity;
    for (let n = 0; n < 30; n += 1) positions.add(`d${n}`, 7, point(n), 0);
    positions.tick(5000);
    expect(metrics.counts.droppedPositions).toBeGreaterThan(20);
    fail = 0;
    await positions.drain(performance.now() + 3000);
  });

  it('to be said to a device is spaced, bounded, and given up when nothing is answered', async () => {
    const sent: number[] = [];
    const commander = new Commander({
      terminal: () => ({ version: 2013, protocolVersion: 0, phone: phoneBytes('1', 2013) }),
      nextSerial: serials(),
      write: () => sent.push(performance.now()),
      spacing: 40,
    });
    const results = [1, 2, 3].map(() => commander.send('avAttributesQuery', {}));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(sent).toHaveLength(3);
    expect(sent[2]! - sent[0]!).toBeGreaterThanOrEqual(78);
    commander.replied(0, 0x9003, 0);
    commander.replied(1, 0x9003, 2);
    commander.replied(2, 0x9101, 0);
    commander.tick(performance.now() + 60_000);
    expect(await Promise.all(results)).toEqual([
      { status: 'accepted' },
      { status: 'refused', result: 2 },
      { status: 'timeout' },
    ]);
    const many = Array.from({ length: 70 }, () => commander.send('avAttributesQuery', {}));
    expect(await many[69]).toEqual({ status: 'busy' });
    commander.close();
    expect(await many[3]).toEqual({ status: 'gone' });
    expect(await commander.send('avAttributesQuery', {})).toEqual({ status: 'gone' });
  });

  it('to be said to a device waits for what answers it: the reply, another message, or either', async () => {
    const commander = new Commander({
      terminal: () => ({ version: 2013, protocolVersion: 0, phone: phoneBytes('1', 2013) }),
      nextSerial: serials(),
      write: () => {},
      spacing: 0,
    });
    const listed = { answer: 'recordingList' } as const;
    const results = [listed, listed, { ...listed, orReply: true }, { ...listed, orReply: true }, {}].map((expects) =>
      commander.send('locationQuery', {}, expects),
    );
    for (const serial of [0, 1, 2]) commander.replied(serial, 0x8201, 0);
    commander.answered(0, 'recordingList', 'list');
    commander.answered(3, 'recordingList', 'list');
    // Of another message, or of one that knows no other answer.
    commander.answered(1, 'shootReply', 'picture');
    commander.answered(4, 'recordingList', 'list');
    commander.tick(performance.now() + 60_000);
    expect(await Promise.all(results)).toEqual([
      { status: 'accepted', value: 'list' },
      { status: 'timeout' },
      { status: 'accepted' },
      { status: 'accepted', value: 'list' },
      { status: 'timeout' },
    ]);
    commander.close();
  });
});

describe('a file that arrives', () => {
  it('in any order is handed on in parts, and takes no memory it may not', () => {
    const size = 2 * PART_BYTES + 10;
    const data = Buffer.alloc(size, 3);
    const task = new Budget(2 * PART_BYTES);
    const parts: Part[] = [];
    const file = new IncomingFile('f', size, new Budget(3 * PART_BYTES, task), (part) => parts.push(part));
    expect(file.write(PART_BYTES - 5, data.subarray(0, 10))).toBe(true);
    expect(task.used).toBe(2 * PART_BYTES);
    // The third part has no room, so it is not there afterwards.
    expect(file.write(2 * PART_BYTES, data.subarray(0, 10))).toBe(false);
    expect(file.write(size - 5, data.subarray(0, 10))).toBe(false);
    expect(file.write(0, data.subarray(0, PART_BYTES))).toBe(true);
    expect(parts.map(({ index }) => index)).toEqual([0]);
    expect(file.head!.equals(data.subarray(0, 64))).toBe(true);
    file.release(parts[0]!);
    expect(file.write(2 * PART_BYTES, data.subarray(0, 10))).toBe(true);
    expect(file.missing()).toEqual([{ offset: PART_BYTES + 5, length: PART_BYTES - 5 }]);
    expect(file.write(PART_BYTES, data.subarray(0, PART_BYTES))).toBe(true);
    expect([file.complete, parts.map(({ index, bytes }) => [index, bytes.length])]).toEqual([
      true,
      [
        [0, PART_BYTES],
        [2, 10],
        [1, PART_BYTES],
      ],
    ]);
    for (const part of parts.slice(1)) file.release(part);
    file.abandon();
    expect(task.used).toBe(0);
  });
});

describe('operators', () => {
  it('are told once a second, not once a packet, and no more than they need', () => {
    const lines: string[] = [];
    const log = new Log({ task: 't' }, (line) => lines.push(line));
    for (let n = 0; n < 1000; n += 1) log.trouble('garbage', `device${n}`);
    log.failure('s3', new Error('slow'));
    log.summary();
    log.summary();
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ message: 'trouble', kind: 'garbage', count: 1000, device: 'device999', task: 't' }),
      expect.objectContaining({ kind: 's3', count: 1, detail: 'Error: slow' }),
    ]);
  });

  it('get metrics that CloudWatch reads from a line', () => {
    const metrics = new Metrics();
    metrics.refuse('unknown');
    metrics.add('bytesIn', 7500);
    for (let n = 0; n < 500; n += 1) metrics.lag(n);
    const read = (text: string) =>
      JSON.parse(text) as Record<string, unknown> & {
        _aws: { CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[] };
      };
    const document = read(metrics.document('live', { streams: 3, control: 2, media: 1, attachments: 0 }, 60, NOW));
    const [metric] = document['_aws'].CloudWatchMetrics;
    expect(document).toMatchObject({
      Service: 'live',
      Streams: 3,
      RefusedUnknown: 1,
      RefusedAuth: 0,
      BitsPerSecond: 1000,
    });
    expect(metric).toMatchObject({ Namespace: 'Sluice/Ingest', Dimensions: [['Service']] });
    expect((document['SegmentLag'] as number[]).length).toBe(100);
    // Every metric that is declared has a value; one document holds at most a hundred of them.
    expect(metric!.Metrics.every(({ Name }) => document[Name] !== undefined)).toBe(true);
    expect(metric!.Metrics.length).toBeLessThanOrEqual(100);
    expect(read(metrics.document('live', { streams: 3, control: 0, media: 0, attachments: 0 }, 60))).toMatchObject({
      RefusedUnknown: 0,
      BytesIn: 0,
    });
  });
});
