/** A media connection without a socket: several channels come by it, and each is let go by itself. */
import { expect, it } from 'vitest';
import { encodePacket } from '../../../../../containers/ingest/src/jt1078/encode.ts';
import { Log } from '../../../../../containers/ingest/src/common/log.ts';
import { Metrics } from '../../../../../containers/ingest/src/common/metrics.ts';
import { MediaSession } from '../../../../../containers/ingest/src/sessions/media/session.ts';
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
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Each channel is attached when the test says so, to a stream that notes who leaves it. */
function begin() {
  const closed: string[] = [];
  const detached: number[] = [];
  const asked = new Map<number, { source: Source; answer: (isTaken: boolean) => void }>();
  const streams = {
    attach: (_: unknown, channel: number, source: Source) =>
      new Promise((resolve) => {
        const stream = { unit: () => {}, gap: () => {}, detach: () => detached.push(channel) };
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
  return { session, asked, closed, detached };
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
