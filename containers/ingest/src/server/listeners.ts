/** The ports devices connect to. A fault in one connection's bytes ends that connection and no other. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { opening } from '../subiao/raw.ts';
import type { Gate, Guest } from './gate.ts';
import type { Log } from './log.ts';

/** What takes one connection's bytes. */
export interface Session {
  push(chunk: Buffer, now: number): void;
  end(): void;
}

export type Accept = (guest: Guest) => Session;

/** A NAT forgets a connection that is silent; so does the load balancer, after 350 seconds. Milliseconds. */
const KEEP_ALIVE_MS = 60_000;

export interface ListenerParts {
  readonly gate: Gate;
  readonly log: Log;
}

export class Listener {
  readonly #server: Server;

  constructor({ gate, log }: ListenerParts, accept: Accept) {
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, (socket) =>
      serve(socket, gate, log, accept),
    );
    this.#server.on('error', (error) => log.failure('listener', error));
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

function serve(socket: Socket, gate: Gate, log: Log, accept: Accept): void {
  // What matters comes with `close`; without a listener an error would end the process.
  socket.on('error', () => {});
  const guest = gate.admit(socket, performance.now());
  if (guest === undefined) return;
  const guarded = (work: () => void) => {
    try {
      work();
    } catch (error) {
      log.failure('connection', error);
      guest.close('fault');
    }
  };
  let session: Session | undefined;
  guarded(() => (session = accept(guest)));
  socket.on('data', (chunk: Buffer) => {
    const now = performance.now();
    guest.heard(chunk.length, now);
    guarded(() => session?.push(chunk, now));
  });
  socket.once('close', () => guarded(() => session?.end()));
}

/** Several protocols on one port: the first bytes decide (subiao/raw.ts). Garbage goes to the media, which resynchronises. */
export class SharedSession implements Session {
  readonly #guest: Guest;
  readonly #media: Accept;
  readonly #attachments: Accept;
  #held: Buffer[] = [];
  #chosen: Session | undefined;

  constructor(guest: Guest, media: Accept, attachments: Accept) {
    this.#guest = guest;
    this.#media = media;
    this.#attachments = attachments;
  }

  push(chunk: Buffer, now: number): void {
    if (this.#chosen !== undefined) {
      this.#chosen.push(chunk, now);
      return;
    }
    this.#held.push(chunk);
    const bytes = Buffer.concat(this.#held);
    const kind = opening(bytes);
    if (kind === 'more') return;
    this.#held = [];
    this.#chosen = (kind === 'frame' || kind === 'attachment' ? this.#attachments : this.#media)(this.#guest);
    this.#chosen.push(bytes, now);
  }

  end(): void {
    this.#chosen?.end();
  }
}
