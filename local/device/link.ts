/** An outgoing connection as a device has it: maybe slow, maybe in fragments; bytes that wait are known and bounded by the sender. */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { wheel, type Timed } from './wheel.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface LinkOptions {
  /** Source address: many connections from one machine can come from many addresses (127.0.0.0/8 on the loopback). */
  readonly localAddress?: string | undefined;
  readonly tls?: boolean | undefined;
  /** See Faults. */
  readonly slowKbit?: number;
  readonly fragment?: number;
}

const CONNECT_TIMEOUT = 10_000;
/** Milliseconds the other side has to close after us. */
const PATIENCE = 2000;
/** Milliseconds between the writes of a slow link. */
const SLOW_STEP = 40;

/** Calls `onClose` exactly once, whether it was ever open or not. */
export class Link implements Timed {
  readonly socket: Socket;
  /** Resolves when the socket is closed, whether it was ever open or not. */
  readonly closed: Promise<void>;
  open = false;
  readonly #rate: number;
  readonly #fragment: number;
  #waiting: Buffer[] = [];
  #queued = 0;
  #turning = false;

  constructor(
    { host, port }: Endpoint,
    options: LinkOptions,
    handlers: { onOpen: () => void; onData?: (chunk: Buffer) => void; onClose: (error?: Error) => void },
  ) {
    this.#rate = (options.slowKbit ?? 0) * (SLOW_STEP / 8); // kbit/s are bits/ms
    this.#fragment = options.fragment ?? 0;
    const target = { host, port, noDelay: true, ...(options.localAddress && { localAddress: options.localAddress }) };
    this.socket = options.tls
      ? connectTls({ ...target, ...(isIP(host) === 0 && { servername: host }) })
      : connect(target);
    const timer = setTimeout(() => this.socket.destroy(new Error('connecting took too long')), CONNECT_TIMEOUT);
    let failure: Error | undefined;
    this.socket.once(options.tls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      this.socket.setNoDelay(true);
      this.open = true;
      handlers.onOpen();
    });
    this.socket.on('error', (error) => (failure = error));
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.socket.once('close', () => {
      clearTimeout(timer);
      this.open = false;
      this.#waiting = [];
      this.#queued = 0;
      handlers.onClose(failure);
    });
    if (handlers.onData) this.socket.on('data', handlers.onData);
    else this.socket.resume();
  }

  /** Bytes accepted by `write` that the system has not taken yet. */
  get backlog(): number {
    return this.#queued + this.socket.writableLength;
  }

  /** @returns whether `bytes` may be written to again at once; if not, they belong to the socket. */
  write(bytes: Buffer): boolean {
    if (!this.open) return true;
    if (this.#rate > 0) {
      this.#waiting.push(Buffer.from(bytes));
      this.#queued += bytes.length;
      if (!this.#turning) this.#turn(performance.now());
      return true;
    }
    this.#put(bytes);
    return this.socket.writableLength === 0;
  }

  #put(bytes: Buffer): void {
    if (this.#fragment === 0) {
      this.socket.write(bytes);
      return;
    }
    for (let at = 0; at < bytes.length; at += this.#fragment) {
      this.socket.write(bytes.subarray(at, at + this.#fragment));
    }
  }

  #turn(now: number): void {
    this.#turning = true;
    wheel.add(this, now + SLOW_STEP);
  }

  /** Lets as many bytes go as the slow link carries in one step. */
  run(now: number): void {
    this.#turning = false;
    let credit = this.#rate;
    while (credit > 0 && this.#waiting.length > 0) {
      const first = this.#waiting[0]!;
      const take = Math.min(first.length, Math.ceil(credit));
      this.#put(first.subarray(0, take));
      credit -= take;
      this.#queued -= take;
      if (take === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(take);
    }
    if (this.#queued > 0 && this.open) this.#turn(now);
  }

  /** Says goodbye once everything was sent. */
  end(): void {
    if (!this.open || this.#queued > 0) {
      this.socket.destroy();
      return;
    }
    this.socket.end();
    const timer = setTimeout(() => this.socket.destroy(), PATIENCE);
    void this.closed.then(() => clearTimeout(timer));
  }

  /** Gone at once: with a TCP reset where the socket knows one. */
  kill(): void {
    if (this.open && 'resetAndDestroy' in this.socket) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }
}
