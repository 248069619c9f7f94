/**
 * Keeps the channels of one connected device as they should be: `always` ones streaming, `on-demand` ones while somebody
 * watches. Runs at the task that holds the control connection; the pictures may arrive at any other.
 */
import { randomBytes } from 'node:crypto';
import { isReceived, type Channel, type DeviceRecord } from '../../../../lib/contract/device.ts';
import type { Services } from '../services.ts';
import { due } from './keeping.ts';
import { policyOf } from './policy.ts';
import type { Streams } from './streams.ts';

/** What came of asking a device: `refused` carries its own result; `busy`: too much waits for it already. */
export type PullResult =
  | { readonly status: 'accepted' }
  | { readonly status: 'refused'; readonly result: number }
  | { readonly status: 'timeout' | 'busy' | 'gone' };

/** How a device is asked to send a channel, and to stop: all that keeping one alive knows of a protocol. */
export interface Puller {
  start(channel: number, stream: Channel['stream']): Promise<PullResult>;
  stop(channel: number, stream: Channel['stream']): Promise<PullResult>;
}

export interface KeeperParts {
  readonly services: Services;
  readonly streams: Streams;
  readonly puller: Puller;
  readonly record: DeviceRecord;
  /** Its record was read again. */
  readonly renewed: (record: DeviceRecord) => void;
  /** It is not registered any more. */
  readonly deleted: () => void;
}

interface Kept {
  /** When it is reviewed again, monotonic milliseconds. */
  nextAt: number;
  /** Requests since pictures last came. */
  tries: number;
  underReview: boolean;
  /** Not reviewed yet since its device connected. */
  isNew: boolean;
}

/** Milliseconds until a channel that runs elsewhere is reviewed again. */
const CALM = 60_000;
const LONGEST_PAUSE = 5 * 60_000;

export class Keeper {
  readonly #services: Services;
  readonly #streams: Streams;
  readonly #parts: KeeperParts;
  readonly #device: string;
  readonly #kept = new Map<number, Kept>();
  #record: DeviceRecord;
  #ended = false;
  #renewAt = Infinity;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#services = parts.services;
    this.#streams = parts.streams;
    this.#device = parts.record.id;
    this.#record = parts.record;
  }

  /**
   * Reviews every channel within the length of a segment, at random moments: streams that begin together would cut all
   * their segments together.
   */
  begin(): void {
    const spread = this.#services.config.options.segmentSeconds * 1000;
    const now = performance.now();
    this.#renewAt = now + LONGEST_PAUSE;
    for (const { number } of this.#record.channels) {
      this.#kept.set(number, { nextAt: now + Math.random() * spread, tries: 0, underReview: false, isNew: true });
    }
  }

  end(): void {
    this.#ended = true;
    this.#kept.clear();
  }

  tick(now: number): void {
    for (const [channel, kept] of this.#kept) {
      if (now < kept.nextAt || kept.underReview) continue;
      kept.underReview = true;
      this.#review(channel, kept)
        .catch((error: unknown) => {
          kept.nextAt = performance.now() + 5000;
          this.#services.log.failure('keep-channel', error);
        })
        .finally(() => (kept.underReview = false));
    }
    if (now >= this.#renewAt) {
      this.#renewAt = now + LONGEST_PAUSE;
      void this.renew();
    }
  }

  /** Reads the settings again. */
  async renew(): Promise<void> {
    const record = await this.#services.registry.fresh(this.#device).catch(() => undefined);
    if (record === undefined || this.#ended) return;
    this.#renew(record);
    const now = performance.now();
    for (const { number } of record.channels) {
      const kept = this.#kept.get(number);
      if (kept === undefined) this.#kept.set(number, { nextAt: now, tries: 0, underReview: false, isNew: true });
      else kept.nextAt = Math.min(kept.nextAt, now);
    }
    for (const number of this.#kept.keys()) {
      if (record.channels.some((channel) => channel.number === number)) continue;
      this.#kept.delete(number);
      if (this.#streams.isConnected(this.#device, number)) {
        // The stream sees for itself, later, that its channel is no more.
        this.stop(number).catch((error: unknown) => this.#services.log.failure('keep-channel', error));
      }
    }
  }

  /** Asks the device for a channel. Cheap where it is sent already: then only the record is read. */
  async start(channel: number, stream: Channel['stream'], requestId: string): Promise<PullResult> {
    const kept = this.#kept.get(channel);
    if (kept !== undefined) {
      kept.nextAt = performance.now() + this.#startMs * 1.2;
      kept.isNew = false;
    }
    if (await this.#runs(channel)) return { status: 'accepted' };
    if (this.#streams.expected(this.#device, channel) !== undefined) return { status: 'accepted' };
    return this.#request(channel, stream, requestId);
  }

  /** Has a channel stop sending. */
  async stop(channel: number): Promise<PullResult> {
    const { state } = this.#services;
    const kept = this.#kept.get(channel);
    if (kept !== undefined) kept.nextAt = performance.now() + CALM;
    this.#streams.forget(this.#device, channel);
    this.#streams.get(this.#device, channel)?.stop();
    // Written before the device is told: the task that receives the pictures then does not wait for them to come back.
    await state.stream(this.#device, channel, { state: 'offline', since: new Date().toISOString() });
    const result = await this.#parts.puller.stop(channel, this.#channel(channel)?.stream ?? 'main');
    const running = this.#streams.get(this.#device, channel);
    if (running?.connected === true) setTimeout(() => void running.close(), 3000).unref();
    return result;
  }

  #renew(record: DeviceRecord): void {
    this.#record = record;
    this.#parts.renewed(record);
  }

  get #startMs(): number {
    return this.#services.config.options.startSeconds * 1000;
  }

  #channel(number: number): Channel | undefined {
    return this.#record.channels.find((channel) => channel.number === number);
  }

  async #review(channel: number, kept: Kept): Promise<void> {
    const policy = policyOf(this.#record, channel);
    if (policy === 'always' && this.#streams.isConnected(this.#device, channel)) {
      kept.tries = 0;
      kept.nextAt = performance.now() + this.#startMs;
      return;
    }
    const elsewhere = await this.#runs(channel);
    if (this.#ended) return;
    // A device that has just connected may have lost its media connections with its old control connection, and the task
    // that received them may be dead while its lease is still good. So its first review asks for the channel again,
    // whatever the record says.
    const runs = elsewhere && (!kept.isNew || this.#streams.isConnected(this.#device, channel));
    kept.isNew = false;
    const { idleStopSeconds } = this.#services.config.options;
    const { act, inMs } = due({ record: this.#record, channel, runs, idleStopSeconds, now: Date.now() });
    kept.nextAt = performance.now() + Math.min(CALM, inMs);
    if (runs) kept.tries = 0;
    if (act === 'stop') await this.stop(channel);
    else if (act === 'start') await this.#startAgain(channel, kept);
  }

  async #startAgain(channel: number, kept: Kept): Promise<void> {
    kept.nextAt = performance.now() + Math.min(LONGEST_PAUSE, this.#startMs * 1.2 * 2 ** kept.tries);
    kept.tries += 1;
    const stream = this.#channel(channel)?.stream ?? 'main';
    await this.#request(channel, stream, randomBytes(10).toString('hex'));
  }

  /** Whether its pictures arrive, here or at a task that lives. Reads the record again. */
  async #runs(channel: number): Promise<boolean> {
    const { registry, fleet, task } = this.#services;
    if (this.#streams.isConnected(this.#device, channel) && policyOf(this.#record, channel) === 'always') return true;
    const record = await registry.fresh(this.#device);
    if (record === undefined) {
      this.#parts.deleted();
      return false;
    }
    this.#renew(record);
    if (this.#streams.isConnected(this.#device, channel)) return true;
    const stream = record.streams[String(channel)];
    if (stream === undefined || !isReceived(stream)) return false;
    return stream.task !== task && (await fleet.isAlive(stream.task));
  }

  async #request(channel: number, stream: Channel['stream'], requestId: string): Promise<PullResult> {
    const { state, task } = this.#services;
    const policy = policyOf(this.#record, channel);
    if (policy === undefined || policy === 'never') return { status: 'refused', result: 1 };
    const since = new Date().toISOString();
    if (!(await state.stream(this.#device, channel, { state: 'starting', since, requestId, task })))
      return { status: 'gone' };
    const result = await this.#parts.puller.start(channel, stream);
    if (result.status === 'accepted') this.#watch(channel, requestId);
    else this.#failed(channel, requestId, result);
    return result;
  }

  /** A device may accept and then send nothing. */
  #watch(channel: number, requestId: string): void {
    this.#streams.expect(this.#device, channel, requestId);
    setTimeout(() => {
      if (this.#ended || this.#streams.isConnected(this.#device, channel)) return;
      this.#note(channel, requestId, 'offline', 'The device accepted the request but sent no picture.');
    }, this.#startMs).unref();
  }

  #failed(channel: number, requestId: string, result: PullResult): void {
    if (result.status === 'refused') {
      this.#note(channel, requestId, 'busy', `The device refused the request (result ${result.result}).`);
    } else if (result.status !== 'gone') {
      this.#note(channel, requestId, 'offline', 'The device did not answer the request.');
    }
  }

  #note(channel: number, requestId: string, state: 'busy' | 'offline', reason: string): void {
    const { state: states, task, outbox } = this.#services;
    const stream = { state, since: new Date().toISOString(), reason } as const;
    outbox.put(`note ${this.#device} ${channel}`, () =>
      states.stream(this.#device, channel, stream, { task, requestId, starting: true }),
    );
  }
}
