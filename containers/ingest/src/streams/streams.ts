/**
 * The streams this task receives, one for each device channel, and what it has been asked to expect. A stream outlives its
 * connection for a while, so that a device that reconnects goes on with the same writer.
 */
import type { DeviceRecord } from '../../../../lib/contract/device.ts';
import type { PlaybackRow } from '../../../../lib/contract/fleet.ts';
import { networkOf } from '../net/gate.ts';
import type { Services } from '../services.ts';
import { comesFromIt, looksLive, mayStream, policyOf } from './policy.ts';
import { LiveStream, type Source } from './stream.ts';

const key = (device: string, channel: number): string => `${device}/${channel}`;

/** Whose rate a connection counts to: channels that the device has not, and other networks, take nothing of its own. */
function arrivalOf(record: DeviceRecord, channel: number, comesFromIt: boolean): string {
  if (!comesFromIt) return `${record.id}/elsewhere`;
  return policyOf(record, channel) === undefined ? `${record.id}/other` : key(record.id, channel);
}

interface Expected {
  readonly device: string;
  readonly channel: number;
  /** Its pictures are, monotonic milliseconds. */
  readonly until: number;
  readonly requestId: string;
}

export class Streams {
  readonly #services: Services;
  readonly #streams = new Map<string, LiveStream>();
  /** Asked for by this task. */
  readonly #expected = new Map<string, Expected>();
  /** Recordings that are played back, which have an end of their own. */
  readonly playbacks = new Set<LiveStream>();
  draining = false;

  constructor(services: Services) {
    this.#services = services;
  }

  /** Those that have a connection now. */
  get count(): number {
    let count = 0;
    for (const stream of this.#streams.values()) if (stream.connected) count += 1;
    for (const stream of this.playbacks) if (stream.connected) count += 1;
    return count;
  }

  get full(): boolean {
    return this.count >= this.#services.config.options.limits.streams;
  }

  get(device: string, channel: number): LiveStream | undefined {
    return this.#streams.get(key(device, channel));
  }

  *ofDevice(device: string): Generator<LiveStream> {
    for (const stream of [...this.#streams.values(), ...this.playbacks]) if (stream.device === device) yield stream;
  }

  isConnected(device: string, channel: number): boolean {
    return this.get(device, channel)?.connected === true;
  }

  expect(device: string, channel: number, requestId: string): void {
    const until = performance.now() + this.#services.config.options.startSeconds * 1000;
    this.#expected.set(key(device, channel), { device, channel, until, requestId });
  }

  /** The request that is outstanding here, if there is one. */
  expected(device: string, channel: number): string | undefined {
    const expected = this.#expected.get(key(device, channel));
    return expected !== undefined && expected.until > performance.now() ? expected.requestId : undefined;
  }

  /** Whether a channel of this device is outstanding here that is none of those. */
  expectsOther(device: string, channels: ReadonlySet<number>): boolean {
    const now = performance.now();
    for (const { until, device: of, channel } of this.#expected.values()) {
      if (of === device && until > now && !channels.has(channel)) return true;
    }
    return false;
  }

  forget(device: string, channel: number): void {
    this.#expected.delete(key(device, channel));
  }

  /**
   * A connection begins to send a channel of a registered device: the only way in, whatever the protocol. Whether the
   * channel may stream is decided here, and what it is: its live picture, which takes an older connection's place, or a
   * recording that is played back. Undefined: refused, and counted; of who comes too often nothing is read or written. Rejects when a table cannot be asked.
   */
  async attach(found: DeviceRecord, channel: number, source: Source): Promise<LiveStream | undefined> {
    const { registry, fleet, metrics, log, config, rates } = this.#services;
    const { options } = config;
    const network = networkOf(source.address);
    if (!rates.arrivals.take(arrivalOf(found, channel, comesFromIt(found, network, options)))) {
      metrics.refuse('tooOften');
      log.trouble('media-too-often', found.id, `channel ${channel}`);
      return undefined;
    }
    let record = found;
    // It may have come a moment ago, which a copy a few seconds old does not say.
    if (!comesFromIt(record, network, options)) record = (await registry.fresh(record.id)) ?? record;
    if (!comesFromIt(record, network, options)) {
      metrics.refuse('network');
      log.trouble('media-from-elsewhere', record.id, `channel ${channel}`);
      return undefined;
    }
    const expected = this.expected(record.id, channel);
    const playback = await fleet.playback(record.id, channel);
    let asked = expected !== undefined || mayStream(record, channel, options.startSeconds, Date.now());
    if (!asked && playback === undefined) {
      // A request made a moment ago is not in a copy a few seconds old.
      record = (await registry.fresh(record.id)) ?? record;
      asked = mayStream(record, channel, options.startSeconds, Date.now());
    }
    if (!asked && playback === undefined) {
      metrics.refuse(policyOf(record, channel) === 'never' ? 'policy' : 'unasked');
      log.trouble('media-refused', record.id, `channel ${channel}`);
      return undefined;
    }
    if (this.full && !this.isConnected(record.id, channel)) {
      metrics.refuse('streams');
      this.#writeBusy(record.id, channel);
      return undefined;
    }
    if (playback !== undefined && (!asked || !looksLive(record, source.firstTimestamp(), Date.now()))) {
      return this.#playBack(record, playback, source);
    }
    return this.#receive(record, channel, source, expected ?? record.streams[String(channel)]?.requestId);
  }

  /** Call it once a second. */
  tick(now: number): void {
    for (const stream of this.all()) {
      try {
        stream.tick(now);
      } catch (error) {
        stream.fault(error);
      }
    }
    for (const [name, { until }] of this.#expected) if (until <= now) this.#expected.delete(name);
  }

  all(): LiveStream[] {
    return [...this.#streams.values(), ...this.playbacks];
  }

  /** An older connection's place is taken. */
  #receive(record: DeviceRecord, channel: number, source: Source, requestId: string | undefined): LiveStream {
    const name = key(record.id, channel);
    this.#expected.delete(name);
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = new LiveStream(this.#services, { record, channel, ended: (ended) => this.#ended(name, ended) });
      this.#streams.set(name, stream);
    }
    stream.attach(source, record, requestId);
    return stream;
  }

  #playBack(record: DeviceRecord, playback: PlaybackRow, source: Source): LiveStream {
    const { outbox, fleet } = this.#services;
    outbox.put(`playback ${record.id} ${playback.channel}`, () => fleet.playbackTaken(playback));
    const stream = new LiveStream(this.#services, {
      record,
      channel: playback.channel,
      playback,
      ended: (ended) => this.playbacks.delete(ended),
    });
    this.playbacks.add(stream);
    stream.attach(source, record, playback.requestId);
    return stream;
  }

  #writeBusy(device: string, channel: number): void {
    const { outbox, state } = this.#services;
    const reason = 'Every task takes as many streams as it may; try again in a moment.';
    const stream = { state: 'busy', since: new Date().toISOString(), reason } as const;
    outbox.put(`stream ${device} ${channel}`, () => state.stream(device, channel, stream, 'not-newer'));
  }

  #ended(name: string, stream: LiveStream): void {
    if (this.#streams.get(name) === stream) this.#streams.delete(name);
  }
}
