/**
 * The streams this task receives, one for each device channel, and what it has been asked to expect. A stream outlives its
 * connection for a while, so that a device that reconnects goes on with the same writer.
 */
import type { DeviceRecord } from '../../../../lib/contract/device.ts';
import type { Services } from '../services.ts';
import { LiveStream, type Source } from './stream.ts';

const key = (device: string, channel: number): string => `${device}/${channel}`;

export class Streams {
  readonly #services: Services;
  readonly #streams = new Map<string, LiveStream>();
  /** Asked for by this task: until when its pictures are expected (monotonic milliseconds), and the request. */
  readonly #expected = new Map<string, { until: number; requestId: string }>();
  /** Playbacks, which have an end of their own. */
  readonly others = new Set<LiveStream>();
  draining = false;

  constructor(services: Services) {
    this.#services = services;
  }

  /** Those that have a connection now. */
  get count(): number {
    let count = 0;
    for (const stream of this.#streams.values()) if (stream.connected) count += 1;
    for (const stream of this.others) if (stream.connected) count += 1;
    return count;
  }

  get full(): boolean {
    return this.count >= this.#services.config.options.limits.streams;
  }

  get(device: string, channel: number): LiveStream | undefined {
    return this.#streams.get(key(device, channel));
  }

  *ofDevice(device: string): Generator<LiveStream> {
    for (const stream of [...this.#streams.values(), ...this.others]) if (stream.device === device) yield stream;
  }

  isConnected(device: string, channel: number): boolean {
    return this.get(device, channel)?.connected === true;
  }

  expect(device: string, channel: number, requestId: string): void {
    const until = performance.now() + this.#services.config.options.startSeconds * 1000;
    this.#expected.set(key(device, channel), { until, requestId });
  }

  /** The request that is outstanding here, if there is one. */
  expected(device: string, channel: number): string | undefined {
    const expected = this.#expected.get(key(device, channel));
    return expected !== undefined && expected.until > performance.now() ? expected.requestId : undefined;
  }

  forget(device: string, channel: number): void {
    this.#expected.delete(key(device, channel));
  }

  /** A connection begins to send a channel; an older connection's place is taken. */
  attach(record: DeviceRecord, channel: number, source: Source, requestId: string | undefined): LiveStream {
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

  /** Call it once a second. */
  tick(now: number): void {
    for (const stream of this.#streams.values()) stream.tick(now);
    for (const stream of this.others) stream.tick(now);
    for (const [name, { until }] of this.#expected) if (until <= now) this.#expected.delete(name);
  }

  all(): LiveStream[] {
    return [...this.#streams.values(), ...this.others];
  }

  #ended(name: string, stream: LiveStream): void {
    if (this.#streams.get(name) === stream) this.#streams.delete(name);
  }
}
