/** A device in small, of the encoders alone: says what a test tells it to, and keeps what it is told. */
import { connect, type Socket } from 'node:net';
import { FrameDecoder } from '../../../../containers/ingest/src/jt808/decoder.ts';
import type { Terminal } from '../../../../containers/ingest/src/jt808/header.ts';
import { phoneBytes } from '../../../../containers/ingest/src/jt808/identity.ts';
import {
  decodeBody,
  encodeFrames,
  type Message,
  type MessageInput,
  type MessageName,
  type MessageValue,
} from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import { serials } from '../../../../containers/ingest/src/jt808/subpackage.ts';
import { utcToBcd } from '../../../../containers/ingest/src/jt808/time.ts';
import { PacketEncoder } from '../../../../containers/ingest/src/jt1078/encode.ts';

export const ZONE = 480;

export interface Received {
  readonly message: Message;
  readonly phone: string;
  readonly serial: number;
  readonly at: number;
}

/** Milliseconds that an answer has: tests of devices run beside others, and what answers is in the same process. */
const PATIENCE = 30_000;

/** Messages the device answers with 0x0001 by itself. */
const COMMANDS = new Set<string>([
  'startLive',
  'controlLive',
  'uploadAttachments',
  'controlPlayback',
  'startPlayback',
  'shoot',
  'setParameters',
]);

export class TestDevice {
  readonly terminal: Terminal;
  readonly received: Received[] = [];
  readonly nextSerial = serials();
  readonly closed: Promise<void>;
  readonly socket: Socket;
  isClosed = false;
  /** Result of what it is told to do. */
  result = 0;
  silent = false;

  constructor(id: string, port: number, version: 2013 | 2019 = 2013, localAddress?: string) {
    this.terminal = { version, protocolVersion: version === 2019 ? 1 : 0, phone: phoneBytes(id, version) };
    this.socket = connect({ host: '127.0.0.1', port, ...(localAddress && { localAddress }) });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) =>
      this.socket.once('close', () => {
        this.isClosed = true;
        resolve();
      }),
    );
    const decoder = new FrameDecoder((header, body) => {
      const message = decodeBody(header.id, Buffer.from(body), header.version);
      const phone = Buffer.from(header.phone).toString('hex');
      this.received.push({ message, phone, serial: header.serial, at: performance.now() });
      if (this.silent || !COMMANDS.has(message.name)) return;
      this.send('terminalReply', { replySerial: header.serial, replyId: header.id, result: this.result });
    });
    this.socket.on('data', (chunk: Buffer) => decoder.push(chunk));
  }

  send<N extends MessageName>(name: N, value: MessageInput<N>): number {
    let first = -1;
    const frames = encodeFrames(this.terminal, name, value, () => {
      const serial = this.nextSerial();
      if (first < 0) first = serial;
      return serial;
    });
    this.socket.write(Buffer.concat(frames));
    return first;
  }

  seen<N extends MessageName>(name: N): MessageValue<N>[] {
    return this.received.flatMap(({ message }) => (message.name === name ? [message.value as MessageValue<N>] : []));
  }

  async wait<N extends MessageName>(name: N, count = 1, ms = PATIENCE): Promise<MessageValue<N>> {
    const deadline = Date.now() + ms;
    for (;;) {
      const seen = this.seen(name);
      if (seen.length >= count) return seen[count - 1]!;
      if (Date.now() > deadline) {
        const names = this.received.map(({ message }) => message.name);
        throw new Error(`no ${name} (${count}) came, only ${names.join(' ')}; closed: ${this.isClosed}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Result of the answer to what was sent with this serial. */
  async replyTo(serial: number, ms = PATIENCE): Promise<number> {
    const deadline = Date.now() + ms;
    for (;;) {
      const reply = this.seen('platformReply').find(({ replySerial }) => replySerial === serial);
      if (reply !== undefined) return reply.result;
      if (Date.now() > deadline) throw new Error(`no answer to ${serial}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async login(): Promise<this> {
    const result = await this.replyTo(this.send('authenticate', { authCode: 'x' }));
    if (result !== 0) throw new Error(`refused: ${result}`);
    return this;
  }

  close(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }
}

export const locationAt = (time: number, more: Partial<MessageInput<'location'>> = {}): MessageInput<'location'> => ({
  alarm: 0,
  status: 3,
  latE6: 31_230_400,
  lonE6: 121_473_700,
  altitude: 12,
  speedKmh: 40.5,
  direction: 90,
  time: utcToBcd(time, ZONE),
  ...more,
});

export interface SendOptions {
  readonly channel?: number;
  /** Milliseconds of the device's clock at the first picture; by default local time of now. */
  readonly from?: number;
  readonly fps?: number;
  readonly maxBody?: number;
}

/** A media connection. */
export class TestCamera {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  isClosed = false;
  readonly #sim: string;
  readonly #encoders = new Map<number, PacketEncoder>();
  #at: number;

  constructor(id: string, port: number, sim = phoneBytes(id, 2013).toString('hex'), localAddress?: string) {
    this.#sim = sim;
    this.#at = Date.now() + ZONE * 60_000;
    this.socket = connect({ host: '127.0.0.1', port, ...(localAddress && { localAddress }) });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) =>
      this.socket.once('close', () => {
        this.isClosed = true;
        resolve();
      }),
    );
  }

  /** Sends pictures as fast as the socket takes them, their timestamps `fps` apart. Goes on where the last call ended. */
  async send(pictures: readonly Buffer[], { channel = 1, from = this.#at, fps = 10, maxBody }: SendOptions = {}) {
    let encoder = this.#encoders.get(channel);
    if (encoder === undefined) {
      encoder = new PacketEncoder({ sim: this.#sim, channel, ...(maxBody && { maxBody }) });
      this.#encoders.set(channel, encoder);
    }
    this.#at = from;
    for (const picture of pictures) {
      const packets = encoder.video(98, isKey(picture), this.#at, picture);
      this.#at += 1000 / fps;
      if (!this.socket.write(Buffer.concat(packets)) && !this.isClosed) {
        await Promise.race([new Promise((resolve) => this.socket.once('drain', resolve)), this.closed]);
      }
    }
  }

  /** One packet of sound (payload types of JT/T 1078 table 12), stamped `at`. */
  sound(payloadType: number, at: number, data: Buffer, channel = 1): void {
    const encoder = this.#encoders.get(channel) ?? new PacketEncoder({ sim: this.#sim, channel });
    this.#encoders.set(channel, encoder);
    this.socket.write(Buffer.concat(encoder.sound(payloadType, at, data)));
  }

  /** Time of the device's clock at the next picture. */
  get clock(): number {
    return this.#at;
  }

  /** All that was sent arrives first. */
  close(): Promise<void> {
    this.socket.destroySoon();
    return this.closed;
  }
}

/** Access units of the tests' encoder begin with SPS or SEI when they hold a keyframe. */
export const isKey = (picture: Buffer): boolean => {
  for (let at = 0; (at = picture.indexOf(Buffer.from([0, 0, 1]), at)) >= 0; at += 3) {
    if ((picture[at + 3]! & 31) === 5) return true;
  }
  return false;
};
