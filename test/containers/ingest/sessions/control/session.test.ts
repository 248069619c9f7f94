/** A control connection without a socket. */
import { EventEmitter } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { ControlConnection } from '../../../../../containers/ingest/src/sessions/control/connection.ts';
import { Budget } from '../../../../../containers/ingest/src/common/memory.ts';
import { Log } from '../../../../../containers/ingest/src/common/log.ts';
import { Metrics } from '../../../../../containers/ingest/src/common/metrics.ts';
import { Gate } from '../../../../../containers/ingest/src/net/gate.ts';
import { FrameDecoder } from '../../../../../containers/ingest/src/jt808/decoder.ts';
import { phoneBytes, phoneIdentity } from '../../../../../containers/ingest/src/jt808/identity.ts';
import {
  decodeBody,
  encodeFrames,
  type MessageInput,
  type MessageName,
} from '../../../../../containers/ingest/src/jt808/messages/registry.ts';
import { serials } from '../../../../../containers/ingest/src/jt808/subpackage.ts';
import { OPTIONS } from '../../task/cloud.ts';
import { registration } from '../../registration.ts';

it('who does not read what it is answered is let go', async () => {
  const closed: string[] = [];
  const socket = { destroyed: false, writable: true, writableLength: 0, write: () => true, end: () => {} };
  const connection = { address: '127.0.0.1', socket, close: (why: string) => closed.push(why) };
  const services = {
    metrics: new Metrics(),
    log: new Log({}, () => {}),
    registry: { arriving: () => Promise.resolve(undefined) },
    unknown: { record: () => true },
    config: { options: OPTIONS },
    memory: { messages: new Budget(1000) },
  };
  const terminal = { version: 2013, protocolVersion: 0, phone: phoneBytes('1', 2013) } as const;
  for (const [unread, ends] of [
    [256 * 1024, []],
    [256 * 1024 + 1, ['slowReader']],
  ] as const) {
    socket.writableLength = unread;
    const session = new ControlConnection({ services } as never, connection as never);
    session.push(Buffer.concat(encodeFrames(terminal, 'heartbeat', {}, serials())));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(closed).toEqual(ends);
  }
});

it('a connection of many devices has so many of them looked up in a minute', async () => {
  const socket = { destroyed: false, writable: true, writableLength: 0, write: () => true, end: () => {} };
  const connection = { address: '127.0.0.1', socket, close: () => {} };
  const asked = new Set<string>();
  const services = {
    metrics: new Metrics(),
    log: new Log({}, () => {}),
    registry: {
      arriving: (id: string) => {
        asked.add(id);
        return Promise.resolve(undefined);
      },
    },
    unknown: { record: () => true },
    config: { options: OPTIONS },
    memory: { messages: new Budget(1_000_000) },
  };
  const session = new ControlConnection({ services } as never, connection as never);
  const before = Math.floor(Date.now() / 60_000);
  for (let n = 0; n < 1500; n += 1) {
    const terminal = {
      version: 2013,
      protocolVersion: 0,
      phone: phoneBytes(String(19_000_000_000 + n), 2013),
    } as const;
    session.push(Buffer.concat(encodeFrames(terminal, 'heartbeat', {}, serials())));
    // Now and then: who was refused meanwhile leaves room for another.
    if (n % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  const minutes = Math.floor(Date.now() / 60_000) - before + 1;
  expect(asked.size).toBeGreaterThanOrEqual(600);
  expect(asked.size).toBeLessThanOrEqual(600 * minutes);
  expect(services.memory.messages.used).toBe(0);
});

afterEach(() => vi.useRealTimers());

/** A connection without a socket, in a moment that does not pass: who is looked up, and what is answered. Devices of 1381… are looked up for ever. */
function forwarder() {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  const told: { readonly id: string; readonly name: string; readonly result: number | undefined }[] = [];
  const decoder = new FrameDecoder((header, body) => {
    const { name, value } = decodeBody(header.id, Buffer.from(body), header.version) as { name: string; value: object };
    told.push({ id: phoneIdentity(header.phone), name, result: (value as { result?: number }).result });
  });
  const closed: string[] = [];
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress: '127.0.0.1',
    destroyed: false,
    writable: true,
    writableLength: 0,
    write: (frame: Buffer) => decoder.push(frame),
    end: () => {
      closed.push('hung up');
      socket.writable = false;
    },
  });
  const asked: string[] = [];
  const listed = new Set<string>();
  const metrics = new Metrics();
  const gate = new Gate(OPTIONS.limits, metrics);
  const connection = gate.admit(socket as never, performance.now())!;
  connection.close = (why) => closed.push(why);
  connection.spoke = true;
  const services = {
    metrics,
    log: new Log({}, () => {}),
    registry: {
      arriving: (id: string) => {
        asked.push(id);
        return id.startsWith('1381') ? new Promise(() => {}) : Promise.resolve(undefined);
      },
    },
    unknown: { record: ({ id }: { id: string }) => listed.add(id) },
    config: { options: OPTIONS },
    memory: { messages: new Budget(1_000_000) },
  };
  const control = new ControlConnection({ services } as never, connection);
  const say = async <N extends MessageName>(id: string, name: N, value: MessageInput<N>) => {
    const terminal = { version: 2013, protocolVersion: 0, phone: phoneBytes(id, 2013) } as const;
    control.push(Buffer.concat(encodeFrames(terminal, name, value, serials())));
    await new Promise((resolve) => setImmediate(resolve));
  };
  /** The second that begins so many milliseconds from now. */
  const sweepIn = (ms: number) => gate.sweep(performance.now() + ms);
  return { say, sweepIn, told, asked, listed, closed, services };
}

it('devices that are not registered take no place of others, however much they say', async () => {
  const { say, told, asked, listed } = forwarder();
  await say('13810000001', 'heartbeat', {});
  const strangers = Array.from({ length: 10 }, (_, n) => `1391000000${n}`);
  for (let n = 0; n < 130; n += 1) {
    for (const id of strangers) await say(id, 'heartbeat', {});
  }
  await say('13810000002', 'heartbeat', {});
  await say('13910000099', 'register', registration);
  expect(asked).toContain('13810000002');
  expect(listed).toEqual(new Set([...strangers, '13910000099']));
  for (const id of strangers) {
    const answers = told.filter((one) => one.id === id);
    expect(answers).toHaveLength(130);
    expect(new Set(answers.map(({ result }) => result))).toEqual(new Set([1]));
  }
  await say('13910000099', 'register', registration);
  expect(told.filter(({ id }) => id === '13910000099')).toEqual(
    [1, 2].map(() => ({ id: '13910000099', name: 'registerReply', result: 4 })),
  );
});

it('who was refused is hung up on after a moment, in which another may begin to speak', async () => {
  const alone = forwarder();
  await alone.say('13910000001', 'heartbeat', {});
  alone.sweepIn(0);
  await alone.say('13910000001', 'heartbeat', {});
  expect([alone.told.length, alone.closed]).toEqual([2, []]);
  alone.sweepIn(4000);
  expect(alone.closed).toEqual(['hung up']);
  await alone.say('13910000001', 'heartbeat', {});
  await alone.say('13910000002', 'heartbeat', {});
  expect([alone.told.length, alone.asked]).toEqual([2, ['13910000001']]);

  const shared = forwarder();
  await shared.say('13910000001', 'heartbeat', {});
  await shared.say('13810000001', 'heartbeat', {});
  shared.sweepIn(4000);
  expect([shared.asked, shared.closed]).toEqual([['13910000001', '13810000001'], []]);
  expect(shared.services.metrics.refused.unknown).toBe(1);
});
