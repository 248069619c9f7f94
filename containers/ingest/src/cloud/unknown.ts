/** Devices that came and are not registered: kept in a short list, so that an operator can adopt one with a click. */
import type { UnknownRow } from '../../../../lib/contract/fleet.ts';
import { DEVICE_ID } from '../../../../lib/contract/live-keys.ts';
import { oneLine } from '../../../../lib/contract/text.ts';
import type { Fleet } from './fleet.ts';
import type { Outbox } from './outbox.ts';
import { networkOf } from '../net/gate.ts';

export interface UnknownSighting {
  readonly id: string;
  readonly address: string;
  readonly why: UnknownRow['why'];
  readonly protocol?: UnknownRow['protocol'];
  readonly plate?: string;
  readonly model?: string;
}

export interface UnknownOptions {
  readonly perMinute: number;
  readonly days: number;
  readonly outbox: Pick<Outbox, 'put'>;
}

const MINUTE = 60_000;

/** Writes each id at most once a minute, and so many ids a minute: strangers must not be able to run up a bill. */
export class UnknownDevices {
  readonly #fleet: Pick<Fleet, 'unknown'>;
  readonly #options: UnknownOptions;
  #written = new Set<string>();
  #minute = 0;

  constructor(fleet: Pick<Fleet, 'unknown'>, options: UnknownOptions) {
    this.#fleet = fleet;
    this.#options = options;
  }

  /** Answers whether it was worth a write. */
  record({ id, address, plate, model, ...rest }: UnknownSighting, now = Date.now()): boolean {
    const minute = Math.floor(now / MINUTE);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#written = new Set();
    }
    if (!DEVICE_ID.test(id) || this.#written.has(id) || this.#written.size >= this.#options.perMinute) return false;
    this.#written.add(id);
    const row = {
      id,
      ...rest,
      ...(plate && { plate: oneLine(plate, 40) }),
      ...(model && { model: oneLine(model, 40) }),
      address: networkOf(address),
      lastSeenAt: new Date(now).toISOString(),
      expiresAt: Math.floor(now / 1000) + this.#options.days * 86_400,
    };
    this.#options.outbox.put(`unknown ${id}`, () => this.#fleet.unknown(row));
    return true;
  }
}
