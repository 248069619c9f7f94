/** A media connection without a socket: several channels come by it, and each is let go by itself. */
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { encodePacket } from '../../../../../containers/ingest/src/jt1078/encode.ts';
import { Log } from '../../../../../containers/ingest/src/common/log.ts';
import { Losses } from '../../../../../containers/ingest/src/common/losses.ts';
import { Metrics } from '../../../../../containers/ingest/src/common/metrics.ts';
import { Gate } from '../../../../../containers/ingest/src/net/gate.ts';
import { MediaSession } from '../../../../../containers/ingest/src/sessions/media/session.ts';
import { bytesOf, type AccessUnit, type Unread } from '../../../../../containers/ingest/src/media/unit.ts';
import type { Source } from '../../../../../containers/ingest/src/streams/stream.ts';
import { h264Picture } from '../../streams.ts';
import { OPTIONS } from '../../task/cloud.ts';

let sequence = 0;
/** A picture. They are counted over the channels of a connection. */
const packet = (channel: number, timestamp = 1000 * channel, sim = '013912345678') =>
  encodePacket({
    sim,
    flags: 0x81,
    marker: true,
    payloadType: 98,
    sequence: sequence++ % 65_536,
    channel,
    dataType: 0,
    part: 0,
    timestamp,
    sinceKey: 0,
    sinceLast: 40,
    body: h264Picture(true, 100, channel),
  });
/** A whole frame of AAC-LC, 8 kHz, mono, with its ADTS header. */
const sound = (sequence: number, bytes: number) =>
  encodePacket({
    sim: '013912345678',
    flags: 0x81,
    marker: true,
    payloadType: 19,
    sequence,
    channel: 1,
    dataType: 3,
    part: 0,
    timestamp: 1000 + sequence,
    sinceKey: 0,
    sinceLast: 0,
    body: adts(Buffer.alloc(bytes)),
  });
const adts = (frame: Buffer) => {
  const length = frame.length + 7;
  const bits = [0x6c, 0x40 | (length >> 11), (length >> 3) & 0xff, ((length & 7) << 5) | 0x1f, 0xfc];
  return Buffer.concat([Buffer.from([0xff, 0xf1, ...bits]), frame]);
};
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Each channel is attached when the test says so, to a stream that notes who leaves it. */
function begin() {
  const closed: string[] = [];
  const detached: number[] = [];
  const units: AccessUnit[] = [];
  const unread: Unread[] = [];
  const asked = new Map<number, { source: Source; answer: (isTaken: boolean) => void }>();
  /** Channels in the order in which it was asked about them, and those whose device this task has asked. */
  const asks: number[] = [];
  const expected = new Set<number>();
  const room = { full: false };
  /** Devices in the order in which they were looked for. */
  const looked: string[] = [];
  const streams = {
    get full() {
      return room.full;
    },
    expectsOther: (_: unknown, channels: ReadonlySet<number>) =>
      [...expected].some((channel) => !channels.has(channel)),
    expected: (_: unknown, channel: number) => (expected.has(channel) ? 'request' : undefined),
    attach: (_: unknown, channel: number, source: Source) =>
      new Promise((resolve) => {
        const stream = {
          unit: (_: unknown, unit: AccessUnit) => units.push(unit),
          unread: (_: unknown, what: Unread) => unread.push(what),
          gap: () => {},
          detach: () => detached.push(channel),
        };
        asks.push(channel);
        asked.set(channel, { source, answer: (isTaken) => resolve(isTaken ? stream : undefined) });
      }),
  };
  const services = {
    metrics: new Metrics(),
    losses: new Losses(),
    log: new Log({}, () => {}),
    registry: {
      bySim: (identity: string) => {
        looked.push(identity);
        return Promise.resolve(identity === '13912345678' ? { id: identity } : undefined);
      },
    },
    unknown: { record: () => {} },
    config: { options: OPTIONS },
  };
  const socket = { remoteAddress: '127.0.0.1', destroy: () => closed.push('refused') };
  const gate = new Gate(OPTIONS.limits, services.metrics);
  const connection = gate.admit(Object.assign(new EventEmitter(), socket) as never, 0)!;
  connection.close = (why) => closed.push(why);
  connection.spoke = true;
  const session = new MediaSession({ services, streams } as never, connection);
  return {
    session,
    losses: services.losses,
    gate,
    room,
    asked,
    asks,
    expected,
    looked,
    closed,
    detached,
    units,
    unread,
  };
}

/** One after the other, ten a second, `from` and `until` in seconds: each channel's pictures, each of one packet. */
async function send({ session }: ReturnType<typeof begin>, channels: readonly number[], from: number, until: number) {
  for (let at = from * 1000; at < until * 1000; at += 100) {
    for (const channel of channels) session.push(packet(channel, at), at);
    await settled();
  }
}

it("says of whose device packets were lost, and how many of a minute's", async () => {
  const begun = begin();
  await send(begun, [1], 0, 30);
  begun.asked.get(1)!.answer(true);
  await send(begun, [1], 30, 60);
  sequence += 66;
  await send(begun, [1], 60, 61);
  begun.session.account();
  expect(begun.losses.close()).toBe(1);
  expect(begun.losses.latest).toEqual([{ device: '13912345678', percent: 10 }]);
  // What was counted is told once.
  begun.session.account();
  expect(begun.losses.close()).toBe(0);
});

it('stays while another of its channels is looked up, and goes when none is wanted', async () => {
  const { session, gate, asked, closed } = begin();
  session.push(Buffer.concat([packet(1), packet(2)]), 0);
  await settled();
  expect(asked.get(2)!.source.address).toBe('127.0.0.1');
  asked.get(1)!.answer(true);
  await settled();
  asked.get(1)!.source.release('replaced');
  expect(closed).toEqual([]);
  asked.get(2)!.answer(false);
  await settled();
  gate.sweep(2000);
  expect(closed).toEqual(['refused']);
});

describe('whose first channel is not wanted', () => {
  /** Where a packet ends is known by the next one. */
  const begun = (channel: number) => Buffer.concat([packet(channel, 0), packet(channel, 40)]);
  /** Channel 1 is refused 5 ms after it began. */
  async function refused() {
    const parts = begin();
    parts.session.push(begun(1), 0);
    await settled();
    parts.asked.get(1)!.answer(false);
    await settled();
    return parts;
  }

  it('waits a moment for another one, and stays for it', async () => {
    const { session, gate, asked, closed, units } = await refused();
    gate.sweep(1000);
    session.push(begun(2), 1000);
    await settled();
    // It is looked up yet.
    gate.sweep(2000);
    asked.get(2)!.answer(true);
    await settled();
    gate.sweep(10_000);
    expect(closed).toEqual([]);
    session.push(packet(2, 40), 10_000);
    session.end();
    expect(units.length).toBeGreaterThan(0);
  });

  it('and no other either is let go after that moment, which each new channel has', async () => {
    const { session, gate, asked, closed } = await refused();
    session.push(begun(2), 1500);
    await settled();
    asked.get(2)!.answer(false);
    await settled();
    gate.sweep(3000);
    expect(closed).toEqual([]);
    gate.sweep(3500);
    expect(closed).toEqual(['refused']);
  });

  it('sends on in vain: being asked about again keeps it no longer', async () => {
    const parts = await refused();
    await send(parts, [1], 0.1, 1.9);
    expect(parts.asks).toEqual([1, 1]);
    parts.gate.sweep(2000);
    expect(parts.closed).toEqual([]);
    parts.asked.get(1)!.answer(false);
    await settled();
    parts.gate.sweep(2001);
    expect(parts.closed).toEqual(['refused']);
  });

  it('waits longer while its device has been asked for another, but not for the one it brings', async () => {
    const { gate, expected, closed } = await refused();
    expected.add(1).add(2);
    for (let at = 2000; at < 8000; at += 1000) gate.sweep(at);
    expect(closed).toEqual([]);
    expected.delete(2);
    gate.sweep(8000);
    expect(closed).toEqual(['refused']);
  });

  it('goes at once where there is no room, for there may be elsewhere', async () => {
    const { session, room, asked, closed } = begin();
    room.full = true;
    session.push(begun(1), 0);
    await settled();
    asked.get(1)!.answer(false);
    await settled();
    expect(closed).toEqual(['refused']);
  });
});

it('ends with the last stream that had a use for it, and tells the others when it is over', async () => {
  const { session, asked, closed, detached } = begin();
  session.push(Buffer.concat([packet(1), packet(2)]), 0);
  await settled();
  for (const { answer } of asked.values()) answer(true);
  await settled();
  asked.get(1)!.source.release('replaced');
  expect(closed).toEqual([]);
  session.end();
  expect(detached).toEqual([2]);
});

it('is closed whole where one channel is stuck, and every stream hears of it', async () => {
  const { session, asked, closed, detached } = begin();
  session.push(Buffer.concat([packet(1), packet(2)]), 0);
  await settled();
  for (const { answer } of asked.values()) answer(true);
  await settled();
  asked.get(2)!.source.release('stalled');
  expect(closed).toEqual(['stalled']);
  session.end();
  expect(detached).toEqual([1, 2]);
});

describe('one channel of several', () => {
  /** Channel 1 is taken; what becomes of 2 the test says. */
  async function two() {
    const parts = begin();
    parts.session.push(Buffer.concat([packet(1, 0), packet(2, 0)]), 0);
    await settled();
    parts.asked.get(1)!.answer(true);
    await settled();
    const asksOf2 = () => parts.asks.filter((channel) => channel === 2).length;
    return { ...parts, asksOf2 };
  }

  it('that was refused is asked about again while it sends, after pauses that grow, and taken when it may come', async () => {
    const parts = await two();
    parts.asked.get(2)!.answer(false);
    await settled();
    for (let second = 0; second < 30; second += 1) {
      await send(parts, [1, 2], second, second + 1);
      if (second < 29) parts.asked.get(2)!.answer(false);
      await settled();
    }
    expect(parts.asksOf2()).toBeGreaterThan(5);
    expect(parts.asksOf2()).toBeLessThan(12);
    const before = parts.units.length;
    await send(parts, [2], 30, 40);
    expect(parts.units.length).toBe(before);
    parts.asked.get(2)!.answer(true);
    await settled();
    expect(parts.units.length).toBeGreaterThan(before + 50);
    expect(parts.closed).toEqual([]);
  });

  it('that came to its end and begins anew is asked about at once, with the time of its new first picture', async () => {
    const parts = await two();
    parts.asked.get(2)!.answer(true);
    await settled();
    parts.asked.get(2)!.source.release('over');
    await send(parts, [1], 1, 60);
    await send(parts, [1, 2], 60, 60.3);
    expect(parts.asksOf2()).toBe(2);
    expect(parts.asked.get(2)!.source.firstTimestamp()).toBe(60_000);
    parts.asked.get(2)!.answer(true);
    await settled();
    const before = parts.units.length;
    await send(parts, [2], 60.3, 61.3);
    expect(parts.units.length).toBeGreaterThan(before + 8);
    parts.session.end();
    expect(parts.detached).toEqual([1, 2]);
  });

  it('that never stopped is asked about as soon as its device has been asked for it', async () => {
    const parts = await two();
    parts.asked.get(2)!.answer(false);
    await settled();
    await send(parts, [1, 2], 0, 10);
    for (const { answer } of [parts.asked.get(2)!]) answer(false);
    await settled();
    await send(parts, [1, 2], 10, 10.7);
    const before = parts.asksOf2();
    parts.expected.add(2);
    await send(parts, [1, 2], 10.7, 10.9);
    expect(parts.asksOf2()).toBe(before + 1);
  });

  it('whose place another connection has taken does not take it back, but by beginning anew', async () => {
    const parts = await two();
    parts.asked.get(2)!.answer(true);
    await settled();
    parts.asked.get(2)!.source.release('replaced');
    await send(parts, [1, 2], 0, 60);
    await send(parts, [1], 60, 63);
    await send(parts, [1, 2], 63, 70);
    expect(parts.asksOf2()).toBe(1);
    await send(parts, [1], 70, 76);
    await send(parts, [1, 2], 76, 77);
    expect(parts.asksOf2()).toBe(2);
  });

  it('that goes quiet is let go by itself while another goes on', async () => {
    const parts = await two();
    parts.asked.get(2)!.answer(true);
    await settled();
    await send(parts, [1, 2], 0, 1);
    await send(parts, [1], 1, 31);
    parts.asked.get(2)!.source.release('stalled');
    expect([parts.closed, parts.detached]).toEqual([[], [2]]);
    await send(parts, [1, 2], 31, 32);
    expect(parts.asksOf2()).toBe(2);
  });

  it('of a device that is not registered is looked for twice a minute, haltingly as it may send', async () => {
    const parts = await two();
    for (let at = 0; at < 60_000; at += 1200) {
      for (let n = 0; n < 2; n += 1) {
        parts.session.push(packet(3, at + n, '013900000000'), at + 50 * n);
        parts.session.push(packet(1, at + n), at + 50 * n);
        await settled();
      }
    }
    expect(parts.looked.filter((identity) => identity === '13900000000').length).toBeLessThanOrEqual(3);
    expect(parts.closed).toEqual([]);
  });

  it('that is let go before it was known to be taken does not stay behind', async () => {
    const parts = await two();
    const { source, answer } = parts.asked.get(2)!;
    answer(true);
    source.release('replaced');
    await settled();
    parts.session.end();
    expect(parts.detached).toEqual([1]);
    expect(parts.closed).toEqual([]);
  });

  it('that is asked about when the connection ends still gets what it sent', async () => {
    const parts = await two();
    await send(parts, [2], 0, 1);
    parts.session.end();
    const before = parts.units.length;
    parts.asked.get(2)!.answer(true);
    await settled();
    expect(parts.units.length).toBe(before + 11);
    expect(parts.detached).toEqual([1, 2]);
  });
});

it('tells the stream of what nothing can be made of, and asks for a channel that sends no more than that', async () => {
  const { session, asked, asks, expected, unread } = begin();
  const amr = (at: number) =>
    encodePacket({
      sim: '013912345678',
      flags: 0x81,
      marker: true,
      payloadType: 28,
      sequence: sequence++ % 65_536,
      channel: 2,
      dataType: 3,
      part: 0,
      timestamp: at,
      sinceKey: 0,
      sinceLast: 0,
      body: Buffer.alloc(32, 1),
    });
  session.push(Buffer.concat([packet(1, 0), amr(0)]), 0);
  await settled();
  asked.get(1)!.answer(true);
  asked.get(2)!.answer(false);
  await settled();
  const second = async (from: number) => {
    for (let at = from; at < from + 1000; at += 100) {
      session.push(amr(at), at);
      await settled();
    }
  };
  expected.add(2);
  await second(100);
  expect(asks).toEqual([1, 2, 2]);
  asked.get(2)!.answer(true);
  await settled();
  await second(1100);
  expect(unread).toHaveLength(10);
  expect(unread[0]).toMatchObject({ of: 'sound', receivedAt: 1100, why: 'it is of payload type 28 (AMR)' });
});

it('holds no more than 4 MiB of a channel that is looked up, sound or picture', async () => {
  const { session, asked, units } = begin();
  for (let n = 0; n < 1000; n += 1) session.push(sound(n, 8000), n);
  await settled();
  asked.get(1)!.answer(true);
  await settled();
  const bytes = units.reduce((sum, unit) => sum + bytesOf(unit), 0);
  expect(units[0]!.kind).toBe('aac');
  expect(bytes).toBeGreaterThan(4_000_000);
  expect(bytes).toBeLessThanOrEqual(4 * 1024 * 1024);
});
