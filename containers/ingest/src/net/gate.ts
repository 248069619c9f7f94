/**
 * Who may connect, and for how long without saying anything. Limits hold per task and per address; one sweep a second
 * closes what is silent, so a connection costs no timer of its own.
 */
import type { Socket } from 'node:net';
import type { Closing, Metrics } from '../common/metrics.ts';

export interface GateLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly idleSeconds: number;
  readonly firstByteSeconds: number;
}

/** A connection has so many times `firstByteSeconds` to say who it is: sending bytes that never become a message holds no place. */
const TO_INTRODUCE = 3;

/** What ends a connection that is of no use as it is, at the first sweep from `at` on (monotonic milliseconds), if nothing has changed. */
export interface Leaving {
  readonly at: number;
  readonly leave: () => void;
}

/** A connection that was let in. */
export class Connection {
  readonly socket: Socket;
  readonly address: string;
  readonly since: number;
  /** Monotonic milliseconds of the latest bytes. */
  heardAt: number;
  spoke = false;
  /** It is a registered device's. */
  known = false;
  /** Milliseconds of silence after which it is closed. */
  idleMs: number;
  /** What may make it useful yet is waited for a moment. */
  leaving: Leaving | undefined;
  readonly #metrics: Metrics;

  constructor(socket: Socket, address: string, idleMs: number, metrics: Metrics, now: number) {
    this.socket = socket;
    this.address = address;
    this.since = now;
    this.heardAt = now;
    this.idleMs = idleMs;
    this.#metrics = metrics;
  }

  heard(bytes: number, now: number): void {
    this.heardAt = now;
    this.spoke = true;
    this.#metrics.counts.bytesIn += bytes;
  }

  /** Ends it at once; what is still to be sent is lost. */
  close(why: Closing): void {
    if (this.socket.destroyed) return;
    this.#metrics.close(why);
    this.socket.destroy();
  }
}

export class Gate {
  readonly #limits: GateLimits;
  readonly #metrics: Metrics;
  readonly #connections = new Set<Connection>();
  readonly #byAddress = new Map<string, number>();

  constructor(limits: GateLimits, metrics: Metrics) {
    this.#limits = limits;
    this.#metrics = metrics;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Undefined, and the socket closed, when a limit is reached. */
  admit(socket: Socket, now: number): Connection | undefined {
    const address = plainAddress(socket.remoteAddress);
    const same = this.#byAddress.get(address) ?? 0;
    const full =
      this.#connections.size >= this.#limits.connections
        ? 'connections'
        : same >= this.#limits.connectionsPerAddress
          ? 'address'
          : undefined;
    if (full !== undefined) {
      this.#metrics.refuse(full);
      socket.destroy();
      return undefined;
    }
    const connection = new Connection(socket, address, this.#limits.idleSeconds * 1000, this.#metrics, now);
    this.#connections.add(connection);
    this.#byAddress.set(address, same + 1);
    socket.once('close', () => this.#left(connection));
    return connection;
  }

  /** Closes connections that have been silent, or have not said whose they are, for too long. */
  sweep(now: number): void {
    const firstByteMs = this.#limits.firstByteSeconds * 1000;
    for (const connection of this.#connections) {
      const silent = now - connection.heardAt;
      if (!connection.spoke && silent >= firstByteMs) connection.close('firstByte');
      else if (silent >= connection.idleMs) connection.close('idle');
      else if (!connection.known && now - connection.since >= TO_INTRODUCE * firstByteMs) connection.close('stranger');
      else if (connection.leaving !== undefined && now >= connection.leaving.at) {
        const { leave } = connection.leaving;
        connection.leaving = undefined;
        leave();
      }
    }
  }

  /** Ends every connection, because the task ends. */
  closeAll(): void {
    for (const connection of this.#connections) connection.socket.destroy();
  }

  #left(connection: Connection): void {
    this.#connections.delete(connection);
    const count = (this.#byAddress.get(connection.address) ?? 1) - 1;
    if (count <= 0) this.#byAddress.delete(connection.address);
    else this.#byAddress.set(connection.address, count);
  }
}

/** IPv4 addresses without the prefix they have on a socket that takes both families. */
export const plainAddress = (address: string | undefined): string => (address ?? '').replace(/^::ffff:/, '');

/** The network a device came from, which is all that is kept of an address: /24 of IPv4, /48 of IPv6. */
export function networkOf(address: string): string {
  const bytes = address.split('.');
  if (bytes.length === 4) return `${bytes.slice(0, 3).join('.')}.0/24`;
  return `${address.split(':').slice(0, 3).join(':')}::/48`;
}
