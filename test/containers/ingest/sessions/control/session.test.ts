/** A control connection without a socket. */
import { expect, it } from 'vitest';
import { ControlConnection } from '../../../../../containers/ingest/src/sessions/control/connection.ts';
import { Budget } from '../../../../../containers/ingest/src/common/memory.ts';
import { Log } from '../../../../../containers/ingest/src/common/log.ts';
import { Metrics } from '../../../../../containers/ingest/src/common/metrics.ts';
import { phoneBytes } from '../../../../../containers/ingest/src/jt808/identity.ts';
import { encodeFrames } from '../../../../../containers/ingest/src/jt808/messages/registry.ts';
import { serials } from '../../../../../containers/ingest/src/jt808/subpackage.ts';
import { OPTIONS } from '../../task/cloud.ts';

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
