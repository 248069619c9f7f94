/** Several devices over one control connection, as a platform that forwards has them. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../../containers/ingest/src/jt808/decoder.ts';
import { phoneBytes, phoneIdentity } from '../../../../containers/ingest/src/jt808/identity.ts';
import {
  decodeBody,
  encodeFrames,
  type Message,
  type MessageInput,
  type MessageName,
} from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import { serials } from '../../../../containers/ingest/src/jt808/subpackage.ts';
import { Cloud, until, type OwnTask } from './cloud.ts';
import { TestDevice, locationAt } from './device.ts';

let cloud: Cloud;
let task: OwnTask;

beforeAll(async () => {
  cloud = await Cloud.start();
  task = await cloud.task();
});
afterAll(() => cloud.close());

/** One connection, and what each device over it is told. */
class Forwarder {
  readonly told: { readonly id: string; readonly serial: number; readonly message: Message }[] = [];
  readonly socket: Socket;
  readonly closed: Promise<void>;
  isClosed = false;
  readonly #serials = new Map<string, () => number>();

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) =>
      this.socket.once('close', () => {
        this.isClosed = true;
        resolve();
      }),
    );
    const decoder = new FrameDecoder((header, body) => {
      const message = decodeBody(header.id, Buffer.from(body), header.version);
      this.told.push({ id: phoneIdentity(header.phone), serial: header.serial, message });
    });
    this.socket.on('data', (chunk: Buffer) => decoder.push(chunk));
  }

  frames<N extends MessageName>(id: string, name: N, value: MessageInput<N>, version: 2013 | 2019 = 2013) {
    const next = this.#serials.get(id) ?? serials(1000 * this.#serials.size);
    this.#serials.set(id, next);
    let serial = -1;
    const terminal = { version, protocolVersion: version === 2019 ? 1 : 0, phone: phoneBytes(id, version) };
    const bytes = Buffer.concat(encodeFrames(terminal, name, value, () => (serial = next())));
    return { bytes, serial };
  }

  async say<N extends MessageName>(
    id: string,
    name: N,
    value: MessageInput<N>,
    version?: 2013 | 2019,
  ): Promise<number> {
    const { bytes, serial } = this.frames(id, name, value, version);
    this.socket.write(bytes);
    return this.replyTo(id, serial);
  }

  /** The result, told to that device. */
  async replyTo(id: string, serial: number): Promise<number> {
    const found = () =>
      this.told.flatMap(({ id: to, message }) =>
        to === id &&
        (message.name === 'platformReply' || message.name === 'registerReply') &&
        message.value.replySerial === serial
          ? [message.value.result]
          : [],
      )[0];
    return (await until(`an answer to ${id}`, found, (result) => result !== undefined))!;
  }

  close(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }
}

const online = (id: string, is = true) =>
  until(
    `${id} ${is ? 'online' : 'offline'}`,
    () => cloud.record(id),
    (record) => record.online === is,
    30_000,
  );

describe.concurrent('a connection of many devices', () => {
  it('answers each as itself and keeps them apart', async () => {
    const ids = ['13810000001', '13810000002', '14410000000000000003'];
    for (const id of ids) await cloud.register(id);
    const all = new Forwarder(task.ports.control);
    const version = (id: string) => (id.length > 12 ? 2019 : 2013);
    const at = Math.floor(Date.now() / 1000) * 1000;
    // In one piece: nobody is known yet.
    const first = ids.map((id, n) =>
      all.frames(id, 'location', locationAt(at, { latE6: 30e6 + n, alarm: n }), version(id)),
    );
    all.socket.write(Buffer.concat(first.map(({ bytes }) => bytes)));
    expect(await Promise.all(first.map(({ serial }, n) => all.replyTo(ids[n]!, serial)))).toEqual([0, 0, 0]);
    for (const [n, id] of ids.entries()) {
      const { position, protocol, alarms } = await until(
        'its place',
        () => cloud.record(id),
        (record) => record.online && record.position !== undefined && record.alarms !== undefined,
      );
      expect([position!.lat, protocol]).toEqual([(30e6 + n) / 1e6, version(id).toString()]);
      expect(alarms).toEqual([[], ['sos'], ['overspeed']][n]);
    }
    expect(new Set(all.told.map(({ id }) => id))).toEqual(new Set(ids));
    // A command reaches the one it is for.
    await cloud.command(task.id, {
      device: ids[1]!,
      type: 'list-recordings',
      channel: 0,
      stream: 'any',
      from: '2026-08-01T10:00:00Z',
      to: '2026-08-01T11:00:00Z',
    });
    await until(
      'asked',
      () => all.told.filter(({ message }) => message.name === 'listRecordings'),
      (asked) => asked.length === 1 && asked[0]!.id === ids[1],
    );
    // One signs off, the others stay.
    expect(await all.say(ids[0]!, 'logout', {})).toBe(0);
    await online(ids[0]!, false);
    expect(await all.say(ids[1]!, 'heartbeat', {})).toBe(0);
    expect(all.isClosed).toBe(false);
    // And comes again.
    expect(await all.say(ids[0]!, 'authenticate', { authCode: '' })).toBe(0);
    await online(ids[0]!);
    await all.close();
    for (const id of ids) await online(id, false);
  });

  it('lists who is not registered, by name, and goes on for the others, whoever speaks first', async () => {
    const [known, other, stranger] = ['13810000011', '13810000012', '13910000011'];
    await Promise.all([cloud.register(known), cloud.register(other)]);
    const all = new Forwarder(task.ports.control);
    const names = { manufacturer: 'ACME', model: 'CAM-1', terminalId: 'T1', plateColor: 1, plate: '沪A00011' };
    const registration = { layout: 2013, province: 31, city: 100, ...names } as const;
    const first = all.frames(stranger, 'register', registration);
    const second = all.frames(known, 'heartbeat', {});
    all.socket.write(Buffer.concat([first.bytes, second.bytes]));
    expect(await all.replyTo(stranger, first.serial)).toBe(4);
    expect(await all.replyTo(known, second.serial)).toBe(0);
    expect(await all.say(stranger, 'heartbeat', {})).toBe(1);
    expect(await all.say(other, 'heartbeat', {})).toBe(0);
    const row = await until(
      'listed',
      async () => (await cloud.fleet('unknown')).find((one) => one['id'] === stranger),
      (one) => one !== undefined,
    );
    expect(row).toMatchObject({ why: 'register', plate: '沪A00011' });
    expect(all.isClosed).toBe(false);
    // Once it is registered it is let in over the same connection.
    await cloud.register(stranger);
    await until(
      'let in',
      () => all.say(stranger, 'heartbeat', {}),
      (result) => result === 0,
      30_000,
    );
    await online(stranger);
    await all.close();
  });

  it('loses only the one that connects by itself, or that has been silent for too long', async () => {
    const ids = ['13810000021', '13810000022', '13810000023'];
    for (const id of ids) await cloud.register(id);
    const own = await cloud.task({ limits: { idleSeconds: 8 } });
    const all = new Forwarder(own.ports.control);
    let speaking = ids;
    const alone: TestDevice[] = [];
    const beat = setInterval(() => {
      for (const id of speaking) all.socket.write(all.frames(id, 'heartbeat', {}).bytes);
      for (const device of alone) device.send('heartbeat', {});
    }, 300);
    for (const id of ids) await online(id);
    speaking = ids.slice(1);
    alone.push(await new TestDevice(ids[0]!, own.ports.control).login());
    await until('replaced', () => own.ingest.services.metrics.closed.replaced, Boolean);
    speaking = ids.slice(1, 2);
    await online(ids[2]!, false);
    clearInterval(beat);
    expect([all.isClosed, alone[0]!.isClosed]).toEqual([false, false]);
    for (const id of ids.slice(0, 2)) expect((await cloud.record(id)).online).toBe(true);
    expect(own.ingest.services.metrics.closed).toMatchObject({ replaced: 1, idle: 1 });
    await all.close();
    await online(ids[1]!, false);
    expect((await cloud.record(ids[0]!)).online).toBe(true);
    await alone[0]!.close();
  });

  it('where codes are required, lets in who has sent its own', async () => {
    const [one, two] = ['13810000031', '13810000032'];
    await cloud.register(one, [], { authCode: 'code of one' });
    await cloud.register(two, [], { authCode: 'code of two' });
    const strict = await cloud.task({ requireAuthCode: true });
    const all = new Forwarder(strict.ports.control);
    expect(await all.say(one, 'authenticate', { authCode: 'code of one' })).toBe(0);
    expect(await all.say(two, 'authenticate', { authCode: 'code of one' })).toBe(1);
    expect(await all.say(two, 'location', locationAt(Date.now()))).toBe(1);
    expect(await all.say(two, 'authenticate', { authCode: 'code of two' })).toBe(0);
    expect(await all.say(two, 'location', locationAt(Date.now()))).toBe(0);
    expect(all.isClosed).toBe(false);
    await all.close();
  });
});
