/**
 * Keeps the channels of one connected device as they should be: `always` ones streaming, `on-demand` ones while somebody
 * watches. Runs at the task that holds the control connection; the pictures may arrive at any other.
 */
import { randomBytes } from 'node:crypto';
import type { Channel, DeviceRecord } from '../../../../../lib/contract/device.ts';
import type { Streams } from '../../streams/streams.ts';
import type { Services } from '../../services.ts';
import { policyOf } from './admission.ts';
import type { CommandResult } from './commander.ts';
import type { ControlSession } from './session.ts';
import { due } from '../../streams/keeping.ts';

interface Kept {
  /** Monotonic milliseconds at which it is looked at again. */
  nextAt: number;
  /** Requests since pictures last came. */
  tries: number;
  looking: boolean;
  /** Not looked at yet on this connection. */
  isNew: boolean;
}

/** 0x9101 dataType: sound and picture. */
const SOUND_AND_PICTURE = 0;
/** Milliseconds until a channel that runs elsewhere is looked at again. */
const CALM = 60_000;
const LONGEST_PAUSE = 5 * 60_000;

export class Keepers {
  readonly services: Services;
  readonly streams: Streams;

  constructor(services: Services, streams: Streams) {
    this.services = services;
    this.streams = streams;
  }

  begin(session: ControlSession, record: DeviceRecord): Keeper {
    return new Keeper(this, session, record);
  }
}

export class Keeper {
  readonly #services: Services;
  readonly #streams: Streams;
  readonly #session: ControlSession;
  readonly #device: string;
  readonly #kept = new Map<number, Kept>();
  #record: DeviceRecord;
  #ended = false;
  #renewAt = Infinity;

  constructor({ services, streams }: Keepers, session: ControlSession, record: DeviceRecord) {
    this.#services = services;
    this.#streams = streams;
    this.#session = session;
    this.#device = record.id;
    this.#record = record;
  }

  /** Looks at every channel soon: not all devices in the same moment, or all streams would cut their segments at once. */
  begin(): void {
    const spread = this.#services.config.options.segmentSeconds * 1000;
    const now = performance.now();
    this.#renewAt = now + LONGEST_PAUSE;
    for (const { number } of this.#record.channels) {
      this.#kept.set(number, { nextAt: now + Math.random() * spread, tries: 0, looking: false, isNew: true });
    }
  }

  end(): void {
    this.#ended = true;
    this.#kept.clear();
  }

  tick(now: number): void {
    for (const [channel, kept] of this.#kept) {
      if (now < kept.nextAt || kept.looking) continue;
      kept.looking = true;
      this.#look(channel, kept)
        .catch((error: unknown) => {
          kept.nextAt = performance.now() + 5000;
          this.#services.log.failure('keep-channel', error);
        })
        .finally(() => (kept.looking = false));
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
    this.#record = record;
    this.#session.device?.renew(record);
    const now = performance.now();
    for (const { number } of record.channels) {
      const kept = this.#kept.get(number);
      if (kept === undefined) this.#kept.set(number, { nextAt: now, tries: 0, looking: false, isNew: true });
      else kept.nextAt = Math.min(kept.nextAt, now);
    }
    for (const number of this.#kept.keys()) {
      if (record.channels.some((channel) => channel.number === number)) continue;
      this.#kept.delete(number);
      if (this.#streams.isConnected(this.#device, number)) void this.stop(number);
    }
  }

  /** Has a channel sent, unless it is already; cheap then. */
  async start(channel: number, stream: Channel['stream'], requestId: string): Promise<CommandResult> {
    const kept = this.#kept.get(channel);
    if (kept !== undefined) {
      kept.nextAt = performance.now() + this.#startMs * 1.2;
      kept.isNew = false;
    }
    if (await this.#runs(channel)) return { status: 'accepted' };
    if (this.#streams.expected(this.#device, channel) !== undefined) return { status: 'accepted' };
    return this.#request(channel, stream, requestId);
  }

  /** 0x9102. */
  async stop(channel: number): Promise<CommandResult> {
    const { state } = this.#services;
    const kept = this.#kept.get(channel);
    if (kept !== undefined) kept.nextAt = performance.now() + CALM;
    this.#streams.forget(this.#device, channel);
    this.#streams.get(this.#device, channel)?.stop();
    // Said first, so that the task the pictures come to does not wait for them to come back.
    await state.stream(this.#device, channel, { state: 'offline', since: new Date().toISOString() });
    const stream = this.#channel(channel)?.stream === 'sub' ? 1 : 0;
    const result = await this.#session.commander.send('controlLive', { channel, command: 0, closeType: 0, stream });
    const running = this.#streams.get(this.#device, channel);
    if (running?.connected === true) setTimeout(() => void running.close(), 3000).unref();
    return result;
  }

  get #startMs(): number {
    return this.#services.config.options.startSeconds * 1000;
  }

  #channel(number: number): Channel | undefined {
    return this.#record.channels.find((channel) => channel.number === number);
  }

  async #look(channel: number, kept: Kept): Promise<void> {
    const policy = policyOf(this.#record, channel);
    if (policy === 'always' && this.#streams.isConnected(this.#device, channel)) {
      kept.tries = 0;
      kept.nextAt = performance.now() + this.#startMs;
      return;
    }
    const elsewhere = await this.#runs(channel);
    if (this.#ended) return;
    // A device that has just come may have lost its pictures' connection with its old one, and the task that had them may
    // be dead with its lease still good: it is asked again, whatever its record says.
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
      this.#session.close('fault');
      return false;
    }
    this.#record = record;
    this.#session.device?.renew(record);
    if (this.#streams.isConnected(this.#device, channel)) return true;
    const stream = record.streams[String(channel)];
    return stream?.state === 'live' && stream.task !== task && (await fleet.isAlive(stream.task));
  }

  async #request(channel: number, stream: Channel['stream'], requestId: string): Promise<CommandResult> {
    const { state, task, host, config } = this.#services;
    const policy = policyOf(this.#record, channel);
    if (policy === undefined || policy === 'never') return { status: 'refused', result: 1 };
    const since = new Date().toISOString();
    if (!(await state.stream(this.#device, channel, { state: 'starting', since, requestId, task })))
      return { status: 'gone' };
    const result = await this.#session.commander.send('startLive', {
      host: await host.get(),
      tcpPort: config.options.announce.media,
      udpPort: 0,
      channel,
      dataType: SOUND_AND_PICTURE,
      stream: stream === 'sub' ? 1 : 0,
    });
    if (result.status === 'accepted') this.#watch(channel, requestId);
    else await this.#failed(channel, requestId, result);
    return result;
  }

  /** A device may accept and then send nothing. */
  #watch(channel: number, requestId: string): void {
    this.#streams.expect(this.#device, channel, requestId);
    setTimeout(() => {
      if (this.#ended || this.#streams.isConnected(this.#device, channel)) return;
      void this.#note(channel, requestId, 'offline', 'The device accepted the request but sent no picture.');
    }, this.#startMs).unref();
  }

  async #failed(channel: number, requestId: string, result: CommandResult): Promise<void> {
    if (result.status === 'refused') {
      await this.#note(channel, requestId, 'busy', `The device refused the request (result ${result.result}).`);
    } else if (result.status !== 'gone') {
      await this.#note(channel, requestId, 'offline', 'The device did not answer the request.');
    }
  }

  async #note(channel: number, requestId: string, state: 'busy' | 'offline', reason: string): Promise<void> {
    const { state: states, task, log } = this.#services;
    const stream = { state, since: new Date().toISOString(), reason } as const;
    await states
      .stream(this.#device, channel, stream, { task, requestId, starting: true })
      .catch((error: unknown) => log.failure('stream-state', error));
  }
}
