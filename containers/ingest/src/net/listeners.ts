/** The ports devices connect to. A fault in one connection's bytes ends that connection and no other. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { opening } from '../jt808/subiao/raw.ts';
import type { Gate, Connection } from './gate.ts';
import type { Log } from '../common/log.ts';
import type { SharedReads } from './reading.ts';

/** What takes one connection's bytes. */
export interface Session {
  push(chunk: Buffer, now: number): void;
  end(): void;
}

export type Accept = (connection: Connection) => Session;

/** A NAT forgets a connection that is silent; so does the load balancer, after 350 seconds. Milliseconds. */
const KEEP_ALIVE_MS = 60_000;

export interface ListenerParts {
  readonly gate: Gate;
  readonly log: Log;
  /** What is read with these is good only during the call. Without them a session may keep it. */
  readonly reads?: SharedReads | undefined;
}

export class Listener {
  readonly #server: Server;

  constructor(parts: ListenerParts, accept: Accept) {
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    this.#server = createServer({ ...options, pauseOnConnect: parts.reads !== undefined }, (socket) => {
      try {
        serve(socket, parts, accept);
      } catch (error) {
        parts.log.failure('connection', error);
        socket.destroy();
      }
    });
    this.#server.on('error', (error) => parts.log.failure('listener', error));
  }

  /** The port, which is another than asked for when that was 0. */
  open(port: number, host: string | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, ...(host !== undefined && { host }), backlog: 4096 }, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no more connections; those there are stay. */
  close(): void {
    this.#server.close();
  }
}

function serve(accepted: Socket, { gate, log, reads }: ListenerParts, accept: Accept): void {
  let connection: Connection | undefined;
  let session: Session | undefined;
  const failed = (error: unknown) => {
    log.failure('connection', error);
    connection?.close('fault');
  };
  const guarded = (work: () => void) => {
    try {
      work();
    } catch (error) {
      failed(error);
    }
  };
  const read = (chunk: Buffer) => {
    const now = performance.now();
    connection?.heard(chunk.length, now);
    // What `guarded` does, without a closure for each read.
    try {
      session?.push(chunk, now);
    } catch (error) {
      failed(error);
    }
  };
  const socket = reads?.open(accepted, read) ?? accepted.on('data', read);
  // What matters comes with `close`; without a listener an error would end the process.
  socket.on('error', () => {});
  connection = gate.admit(socket, performance.now());
  if (connection === undefined) return;
  const admitted = connection;
  guarded(() => (session = accept(admitted)));
  socket.once('close', () => guarded(() => session?.end()));
}

const EMPTY = Buffer.alloc(0);

/** Several protocols on one port: the first bytes decide (jt808/subiao/raw.ts). Garbage goes to the media, which resynchronises. */
export class SharedSession implements Session {
  readonly #connection: Connection;
  readonly #media: Accept;
  readonly #attachments: Accept;
  #held: Buffer = EMPTY;
  #isMedia = false;
  #chosen: Session | undefined;

  constructor(connection: Connection, media: Accept, attachments: Accept) {
    this.#connection = connection;
    this.#media = media;
    this.#attachments = attachments;
  }

  push(chunk: Buffer, now: number): void {
    if (this.#chosen !== undefined) {
      // Only media is done with what it is given when the call is over.
      this.#chosen.push(this.#isMedia ? chunk : Buffer.from(chunk), now);
      return;
    }
    const bytes = Buffer.concat([this.#held, chunk]);
    const kind = opening(bytes);
    this.#held = kind === 'more' ? bytes : EMPTY;
    if (kind === 'more') return;
    this.#isMedia = kind !== 'frame' && kind !== 'attachment';
    this.#chosen = (this.#isMedia ? this.#media : this.#attachments)(this.#connection);
    this.#chosen.push(bytes, now);
  }

  end(): void {
    this.#chosen?.end();
  }
}
