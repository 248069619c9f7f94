/** A platform in small, made of the ingest container's own protocol code: enough to see what a simulated device does. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FrameDecoder } from '../../../containers/ingest/src/jt808/decoder.ts';
import type { Header, Terminal } from '../../../containers/ingest/src/jt808/header.ts';
import {
  decodeBody,
  encodeFrames,
  type Message,
  type MessageInput,
  type MessageName,
  type MessageValue,
} from '../../../containers/ingest/src/jt808/messages/registry.ts';
import { Reassembler, serials } from '../../../containers/ingest/src/jt808/subpackage.ts';
import { MediaConnection, type ConnectionCounters } from '../../../containers/ingest/src/jt1078/assemble.ts';
import { phoneIdentity } from '../../../containers/ingest/src/jt808/identity.ts';
import { Session } from '../../containers/ingest/jt808/subiao/session.ts';

export interface SeenMessage {
  readonly device: string;
  readonly message: Message;
  readonly connection: ControlConnection;
}

export interface SeenStream {
  readonly sim: string;
  readonly channel: number;
  readonly connection: number;
  readonly pictures: {
    readonly data: Buffer;
    readonly timestamp: number;
    readonly at: number;
    readonly key: boolean;
  }[];
  readonly sounds: { readonly data: Buffer; readonly timestamp: number; readonly codec: string }[];
  readonly gaps: string[];
}

export interface ControlConnection {
  readonly socket: Socket;
  terminal: Terminal | undefined;
  readonly errors: FrameDecoder['errors'];
  send<N extends MessageName>(name: N, value: MessageInput<N>): number;
}

export interface PlatformOptions {
  /** Registrations that get result 4: no such terminal. */
  readonly refuse?: (device: string) => boolean;
  /** The code given at registration, and wanted afterwards. */
  readonly code?: (device: string) => string;
  /** What positions are answered with; 0. */
  readonly positionResult?: () => number;
}

export class Platform {
  readonly messages: SeenMessage[] = [];
  readonly streams: SeenStream[] = [];
  readonly media: {
    readonly decoder: MediaConnection;
    readonly socket: Socket;
    readonly chunks: Buffer[];
    open: boolean;
    error?: Error;
  }[] = [];
  readonly uploads: Session[] = [];
  readonly controls: ControlConnection[] = [];
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #options: PlatformOptions;
  control = 0;
  mediaPort = 0;
  attachments = 0;

  constructor(options: PlatformOptions = {}) {
    this.#options = options;
  }

  async start(): Promise<this> {
    this.control = await this.#listen((socket) => this.#control(socket));
    this.mediaPort = await this.#listen((socket) => this.#media(socket));
    this.attachments = await this.#listen((socket) => this.#attachments(socket));
    return this;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /** Messages of one kind so far. */
  seen<N extends MessageName>(name: N, device?: string): MessageValue<N>[] {
    return this.messages
      .filter((seen) => seen.message.name === name && (device === undefined || seen.device === device))
      .map((seen) => seen.message.value as MessageValue<N>);
  }

  /** The connection that a device has now. */
  of(device: string): ControlConnection {
    const found = this.controls.findLast(
      ({ terminal, socket }) => terminal && phoneIdentity(terminal.phone) === device && !socket.destroyed,
    );
    if (!found) throw new Error(`${device} is not connected`);
    return found;
  }

  counters(): ConnectionCounters[] {
    return this.media.map(({ decoder }) => decoder.counters);
  }

  async #listen(accept: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      accept(socket);
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  #control(socket: Socket): void {
    const nextSerial = serials(100);
    const parts = new Reassembler();
    const decoder = new FrameDecoder((header, body) => {
      connection.terminal ??= { ...header, phone: Buffer.from(header.phone) };
      let whole: Buffer = Buffer.from(body);
      if (header.part) {
        connection.send('platformReply', { replySerial: header.serial, replyId: header.id, result: 0 });
        const result = parts.add(header, body, performance.now());
        if (result.status !== 'complete') return;
        whole = result.body;
      }
      this.#message(connection, header, decodeBody(header.id, whole, header.version, header.encryption));
    });
    const connection: ControlConnection = {
      socket,
      terminal: undefined,
      errors: decoder.errors,
      send: (name, value) => {
        const frames = encodeFrames(connection.terminal!, name, value, nextSerial);
        for (const frame of frames) socket.write(frame);
        return nextSerial() - 1;
      },
    };
    this.controls.push(connection);
    socket.on('data', (chunk) => decoder.push(chunk));
  }

  #message(connection: ControlConnection, header: Header, message: Message): void {
    const device = phoneIdentity(header.phone);
    this.messages.push({ device, message, connection });
    const replySerial = header.serial;
    switch (message.name) {
      case 'register': {
        const result = this.#options.refuse?.(device) ? 4 : 0;
        connection.send('registerReply', { replySerial, result, authCode: this.#code(device) });
        return;
      }
      case 'authenticate': {
        const result = message.value.authCode === this.#code(device) ? 0 : 1;
        connection.send('platformReply', { replySerial, replyId: header.id, result });
        return;
      }
      case 'location':
      case 'locationBatch': {
        const result = this.#options.positionResult?.() ?? 0;
        connection.send('platformReply', { replySerial, replyId: header.id, result });
        return;
      }
      case 'heartbeat':
        connection.send('platformReply', { replySerial, replyId: header.id, result: 0 });
        return;
      default:
    }
  }

  #code(device: string): string {
    return this.#options.code?.(device) ?? `code-${device}`;
  }

  #media(socket: Socket): void {
    const index = this.media.length;
    const decoder = new MediaConnection((sim, channel) => {
      const stream: SeenStream = { sim, channel, connection: index, pictures: [], sounds: [], gaps: [] };
      this.streams.push(stream);
      return {
        unit(unit) {
          const { timestamp, receivedAt: at } = unit;
          if (unit.kind === 'video') {
            const data = Buffer.from(unit.data);
            stream.pictures.push({ data, timestamp, at, key: unit.keyframe });
          } else if (unit.kind === 'audio') {
            stream.sounds.push({ data: Buffer.from(unit.data), timestamp, codec: unit.codec });
          } else
            for (const data of unit.frames) stream.sounds.push({ data: Buffer.from(data), timestamp, codec: 'aac' });
        },
        gap: ({ why }) => stream.gaps.push(why),
      };
    });
    const entry: Platform['media'][number] = { decoder, socket, chunks: [], open: true };
    this.media.push(entry);
    socket.on('data', (chunk) => {
      entry.chunks.push(chunk);
      decoder.push(chunk, performance.now());
    });
    socket.on('error', (error) => (entry.error = error));
    socket.on('close', () => {
      entry.open = false;
      decoder.end();
    });
  }

  #attachments(socket: Socket): void {
    const session = new Session();
    this.uploads.push(session);
    let replied = 0;
    socket.on('data', (chunk) => {
      session.push([chunk]);
      for (; replied < session.replies.length; replied += 1)
        socket.write(Buffer.from(session.replies[replied]!, 'hex'));
    });
  }
}

/** Waits until `ready` answers something; fails with `what` after `milliseconds`. */
export async function until<T>(what: string, ready: () => T | undefined | false, milliseconds = 30_000): Promise<T> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const value = ready();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited ${milliseconds} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until a count stays as it is while this process looks at all that comes forty times: what was on its way has come. */
export function still(what: string, count: () => number): Promise<true> {
  let [last, calm] = [-1, 0];
  return until(what, () => {
    const now = count();
    calm = now === last ? calm + 1 : 0;
    last = now;
    return calm >= 40;
  });
}
