/** Media connections are read into one buffer: what a session is given it must be done with at once. */
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Gate } from '../../../../containers/ingest/src/net/gate.ts';
import { Listener, SharedSession, type Session } from '../../../../containers/ingest/src/net/listeners.ts';
import { Log } from '../../../../containers/ingest/src/common/log.ts';
import { Metrics } from '../../../../containers/ingest/src/common/metrics.ts';
import { SharedReads } from '../../../../containers/ingest/src/net/reading.ts';
import { until } from '../task/cloud.ts';

class Recorder implements Session {
  readonly chunks: Buffer[] = [];
  readonly texts: string[] = [];
  ended = 0;
  push(chunk: Buffer): void {
    if (chunk.includes('fault')) throw new Error('a fault');
    this.chunks.push(chunk);
    this.texts.push(chunk.toString('latin1'));
  }
  end(): void {
    this.ended += 1;
  }
}

const limits = { connections: 10, connectionsPerAddress: 3, idleSeconds: 60, firstByteSeconds: 60 };
const ends: (() => void)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

async function listening(reads?: SharedReads, wrap?: (open: () => Session) => (connection: never) => Session) {
  const sessions: Recorder[] = [];
  const metrics = new Metrics();
  const gate = new Gate(limits, metrics);
  const open = () => {
    const session = new Recorder();
    sessions.push(session);
    return session;
  };
  const listener = new Listener({ gate, log: new Log({}, () => {}), reads }, (wrap?.(open) ?? open) as () => Session);
  const port = await listener.open(0, '127.0.0.1');
  ends.push(() => (gate.closeAll(), listener.close()));
  const dial = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    ends.push(() => socket.destroy());
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  };
  return { sessions, metrics, gate, dial };
}

const heard = (session: () => Recorder | undefined, text: string) =>
  until(
    text,
    () => session()?.texts.join('') ?? '',
    (texts) => texts === text,
  );

const calm = () => new SharedReads(() => 0);

describe.each([
  ['one buffer for all', calm],
  ['memory for each', () => undefined],
])('read into %s', (_, make) => {
  const reads = make();
  it('every connection gets its own bytes, in order, and its end', async () => {
    const { sessions, gate, dial } = await listening(reads);
    const [one, two] = [await dial(), await dial()];
    one.write('abc');
    await heard(() => sessions[0], 'abc');
    two.write('12345');
    await heard(() => sessions[1], '12345');
    one.write('def');
    await heard(() => sessions[0], 'abcdef');
    const memory = new Set(sessions.flatMap(({ chunks }) => chunks.map(({ buffer }) => buffer)));
    expect(memory.size === 1).toBe(reads !== undefined);
    one.end();
    await until(
      'the end',
      () => sessions[0]!.ended,
      (count) => count === 1,
    );
    expect([sessions[1]!.ended, gate.size]).toEqual([0, 1]);
  });

  it('a fault in one ends that one alone', async () => {
    const { sessions, metrics, dial } = await listening(reads);
    const [one, two] = [await dial(), await dial()];
    one.write('fault');
    await new Promise((resolve) => one.once('close', resolve));
    two.write('good');
    await heard(() => sessions[1], 'good');
    expect(metrics.closed.fault).toBe(1);
  });

  it('one too many from an address is refused', async () => {
    const { metrics, dial } = await listening(reads);
    const sockets = [await dial(), await dial(), await dial(), await dial()];
    await Promise.race(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    expect(metrics.refused.address).toBe(1);
  });
});

it('on a shared port attachments may keep what they are given', async () => {
  const { sessions, dial } = await listening(
    calm(),
    (open) => (connection) => new SharedSession(connection, open, open),
  );
  const attachment = await dial();
  attachment.write('~one');
  await heard(() => sessions[0], '~one');
  const media = await dial();
  media.write(Buffer.from('3031636481', 'hex'));
  await heard(() => sessions[1], Buffer.from('3031636481', 'hex').toString('latin1'));
  attachment.write('and two');
  await heard(() => sessions[0], '~oneand two');
  media.write('three and more');
  await heard(() => sessions[1], `${Buffer.from('3031636481', 'hex').toString('latin1')}three and more`);
  expect(sessions[0]!.chunks.map((chunk) => chunk.toString())).toEqual(['~one', 'and two']);
  expect(sessions[1]!.chunks[1]!.buffer).not.toBe(sessions[0]!.chunks[1]!.buffer);
});

describe('a busy task', () => {
  const busy = () => {
    const state = { use: 1 };
    return { state, reads: new SharedReads(() => state.use) };
  };

  it('reads less often by the second, to a limit, and at once again when it is calm', () => {
    const { state, reads } = busy();
    ends.push(() => reads.close());
    const ticks = (use: number, count: number) =>
      Array.from({ length: count }, () => {
        state.use = use;
        reads.tick();
        return reads.rest;
      });
    expect(ticks(0.6, 2)).toEqual([0, 0]);
    expect(ticks(0.9, 5)).toEqual([50, 100, 150, 200, 200]);
    expect(ticks(0.6, 2)).toEqual([200, 200]);
    expect(ticks(0.3, 5)).toEqual([150, 100, 50, 0, 0]);
  });

  it('gets every byte in fewer reads', async () => {
    const { reads } = busy();
    for (let i = 0; i < 4; i += 1) reads.tick();
    const { sessions, dial } = await listening(reads);
    ends.push(() => reads.close());
    const socket = await dial();
    let sent = '';
    const began = performance.now();
    for (let i = 0; i < 60; i += 1) {
      const text = `${i} `;
      sent += text;
      socket.write(text);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await heard(() => sessions[0], sent);
    expect(sessions[0]!.chunks.length).toBeGreaterThan(1);
    // One in 200 ms, or not much less, however long this machine took to send all.
    expect(sessions[0]!.chunks.length).toBeLessThan(3 + (performance.now() - began) / 150);
  });

  it('leaves a connection alone that its session has paused', async () => {
    const { state, reads } = busy();
    reads.tick();
    let connection: { readonly socket: Socket } | undefined;
    const { sessions, dial } = await listening(reads, (open) => (one) => {
      connection = one;
      return open();
    });
    const socket = await dial();
    socket.write('one');
    await heard(() => sessions[0], 'one');
    connection!.socket.pause();
    socket.write('two');
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(sessions[0]!.texts).toEqual(['one']);
    state.use = 0;
    reads.tick();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sessions[0]!.texts).toEqual(['one']);
    connection!.socket.resume();
    await heard(() => sessions[0], 'onetwo');
  });

  it('sees the end of a connection that rests', async () => {
    const { reads } = busy();
    reads.tick();
    const { sessions, dial } = await listening(reads);
    ends.push(() => reads.close());
    const socket = await dial();
    socket.write('last words');
    await heard(() => sessions[0], 'last words');
    socket.end();
    await until(
      'the end',
      () => sessions[0]!.ended,
      (count) => count === 1,
    );
  });
});
