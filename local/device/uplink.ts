/** A media connection and the streams on it: one as a rule, several when the device multiplexes. */
import type { Faults } from './faults.ts';
import { Link, type Endpoint } from './link.ts';
import type { Stats } from './stats.ts';

/** What the streams of one simulator have in common. */
export interface MediaSettings {
  readonly faults: Faults;
  /** One write per frame, with the sound that has come up since the last one; else one write per packet. */
  readonly burst: boolean;
  readonly localAddress?: string | undefined;
  readonly tls?: boolean | undefined;
  readonly stats: Stats;
  readonly random: () => number;
}

export interface UplinkUser {
  opened(): void;
  lost(): void;
  /** The platform does not take this connection: there will be none. */
  gaveUp(): void;
}

const FIRST_RETRY = 500;
const LAST_RETRY = 15_000;
/** Connections that failed, or were closed within SHORT milliseconds, one after the other. */
const MAX_FAILURES = 6;
const SHORT = 5000;

export class Uplink {
  readonly endpoint: Endpoint;
  readonly settings: MediaSettings;
  /** Packets are counted by connection. */
  sequence = 0;
  readonly #users = new Set<UplinkUser>();
  #link: Link | undefined;
  #retry = FIRST_RETRY;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #failures = 0;
  readonly #persistent: boolean;

  /** `persistent`: never gives up, as a device that streams of its own accord. */
  constructor(endpoint: Endpoint, settings: MediaSettings, persistent = false) {
    this.endpoint = endpoint;
    this.settings = settings;
    this.#persistent = persistent;
  }

  get open(): boolean {
    return this.#link?.open === true;
  }

  /** Nobody is on it any more; it does not come back. */
  get closed(): boolean {
    return this.#closed;
  }

  get backlog(): number {
    return this.#link?.backlog ?? 0;
  }

  add(user: UplinkUser): void {
    this.#users.add(user);
    if (this.open) user.opened();
    else if (this.#link === undefined && this.#timer === undefined) this.#connect();
  }

  /** The connection is closed when its last user goes. */
  remove(user: UplinkUser): void {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#link?.end();
  }

  /** Resolves when the connection there is, if any, is closed. */
  async ended(): Promise<void> {
    await this.#link?.closed;
  }

  /** See Link.write. */
  write(bytes: Buffer): boolean {
    this.settings.stats.mediaBytes += bytes.length;
    return this.#link?.write(bytes) ?? true;
  }

  kill(): void {
    this.#link?.kill();
  }

  #connect(): void {
    const { faults, localAddress, tls, stats } = this.settings;
    const { slowKbit, fragment } = faults;
    this.#timer = undefined;
    let since = Infinity;
    this.#link = new Link(
      this.endpoint,
      { localAddress, tls, slowKbit, fragment },
      {
        onOpen: () => {
          stats.mediaConnections += 1;
          since = performance.now();
          this.sequence = 0;
          for (const user of this.#users) user.opened();
        },
        onClose: () => {
          this.#link = undefined;
          for (const user of this.#users) user.lost();
          if (this.#closed) return;
          if (performance.now() - since > SHORT) {
            this.#failures = 0;
            this.#retry = FIRST_RETRY;
          }
          this.#failures += 1;
          if (this.#failures >= MAX_FAILURES && !this.#persistent) {
            this.#closed = true;
            for (const user of this.#users) user.gaveUp();
            return;
          }
          this.#timer = setTimeout(() => this.#connect(), this.#retry);
          this.#retry = Math.min(LAST_RETRY, this.#retry * 2);
        },
      },
    );
  }
}
