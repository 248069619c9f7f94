/** A media connection without a socket: several channels come by it, and each is let go by itself. */
import { expect, it } from 'vitest';
import { encodePacket } from '../../../../../containers/ingest/src/jt1078/encode.ts';
import { Log } from '../../../../../containers/ingest/src/common/log.ts';
import { Metrics } from '../../../../../containers/ingest/src/common/metrics.ts';
import { MediaSession } from '../../../../../containers/ingest/src/sessions/media/session.ts';
import { bytesOf, type AccessUnit } from '../../../../../containers/ingest/src/media/unit.ts';
import type { Source } from '../../../../../containers/ingest/src/streams/stream.ts';
import { h264Picture } from '../../streams.ts';
import { OPTIONS } from '../../task/cloud.ts';

const packet = (channel: number) =>
  encodePacket({
    sim: '013912345678',
    flags: 0x81,
    marker: true,
    payloadType: 98,
    sequence: 0,
    channel,
    dataType: 0,
    part: 0,
    timestamp: 1000 * channel,
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
  const asked = new Map<number, { source: Source; answer: (isTaken: boolean) => void }>();
  const streams = {
    attach: (_: unknown, channel: number, source: Source) =>
      new Promise((resolve) => {
        const stream = {
          unit: (_: unknown, unit: AccessUnit) => units.push(unit),
          gap: () => {},
          detach: () => detached.push(channel),
        };
        asked.set(channel, { source, answer: (isTaken) => resolve(isTaken ? stream : undefined) });
      }),
  };
  const services = {
    metrics: new Metrics(),
    log: new Log({}, () => {}),
    registry: { bySim: () => Promise.resolve({ id: '13912345678' }) },
    config: { options: OPTIONS },
  };
  const socket = { destroy: () => closed.push('refused') };
  const connection = { address: '127.0.0.1', socket, close: (why: string) => closed.push(why) };
  const session = new MediaSession({ services, streams } as never, connection as never);
  return { session, asked, closed, detached, units };
}

it('stays while another of its channels is looked up, and goes when none is wanted', async () => {
  const { session, asked, closed } = begin();
  session.push(Buffer.concat([packet(1), packet(2)]), 0);
  await settled();
  expect(asked.get(2)!.source.address).toBe('127.0.0.1');
  asked.get(1)!.answer(true);
  await settled();
  asked.get(1)!.source.release('replaced');
  expect(closed).toEqual([]);
  asked.get(2)!.answer(false);
  await settled();
  expect(closed).toEqual(['refused']);
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
