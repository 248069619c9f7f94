/**
 * One media connection. It says who it is only in its packets, so a channel's first units wait, bounded, while its device
 * is looked up; then they go to a stream, or the channel is refused.
 */
import { phoneIdentity } from '../../jt808/identity.ts';
import type { ChannelSink } from '../../jt1078/channel.ts';
import { DEFAULT_LIMITS, MediaConnection, type ConnectionCounters } from '../../jt1078/assemble.ts';
import { bytesOf, kept, type AccessUnit, type Gap } from '../../media/unit.ts';
import type { LiveStream, Source } from '../../streams/stream.ts';
import type { Streams } from '../../streams/streams.ts';
import type { Connection } from '../../net/gate.ts';
import type { Closing } from '../../common/metrics.ts';
import type { Services } from '../../services.ts';

/** Bytes and units of one channel that wait for the look-up. Beyond it they are dropped: it has not begun yet. */
const WAITING_BYTES = 4 * 1024 * 1024;
const WAITING_UNITS = 2000;

/** A channel's units before it is known where they go. */
interface PendingChannel {
  stream: LiveStream | undefined;
  refused: boolean;
  waiting: (AccessUnit | Gap)[];
  bytes: number;
}

export interface MediaParts {
  readonly services: Services;
  readonly streams: Streams;
}

export class MediaSession {
  readonly #services: Services;
  readonly #streams: Streams;
  readonly #connection: Connection;
  readonly #packets: MediaConnection;
  /** What its channels feed. */
  readonly #fed = new Map<Source, LiveStream>();
  /** Channels whose device is being looked up. */
  #lookups = 0;
  #ended = false;
  #counted: ConnectionCounters | undefined;

  constructor({ services, streams }: MediaParts, connection: Connection) {
    this.#services = services;
    this.#streams = streams;
    this.#connection = connection;
    const { frameBytes } = services.config.options.limits;
    this.#packets = new MediaConnection((sim, channel) => this.#open(sim, channel), {
      ...DEFAULT_LIMITS,
      maxFrameBytes: frameBytes,
    });
  }

  push(chunk: Buffer, now: number): void {
    if (!this.#ended) this.#packets.push(chunk, now);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#packets.end();
    this.account();
    for (const [source, stream] of this.#fed) {
      try {
        stream.detach(source);
      } catch (error) {
        // The others are to hear of it, too.
        this.#services.log.failure('connection', error);
      }
    }
    this.#fed.clear();
  }

  /** Adds what was counted since the last time to the task's metrics. */
  account(): void {
    const { metrics } = this.#services;
    const now = this.#packets.counters;
    const before = this.#counted;
    this.#counted = now;
    metrics.add('lostPackets', now.lostPackets - (before?.lostPackets ?? 0));
    metrics.add('resyncs', now.resyncs - (before?.resyncs ?? 0));
    metrics.add('droppedFrames', now.droppedFrames - (before?.droppedFrames ?? 0));
    metrics.add('oversizedFrames', now.oversized - (before?.oversized ?? 0));
  }

  #open(sim: string, channel: number): ChannelSink {
    const pending: PendingChannel = { stream: undefined, refused: false, waiting: [], bytes: 0 };
    const source: Source = {
      address: this.#connection.address,
      firstTimestamp: () => firstTimestamp(pending.waiting),
      release: (why) => this.#release(source, why),
    };
    this.#enter(sim, channel, source, pending).catch((error: unknown) => {
      this.#services.log.failure('connection', error);
      pending.refused = true;
      this.#connection.close('fault');
    });
    return {
      unit: (unit) => {
        if (pending.stream === undefined) wait(pending, unit, bytesOf(unit));
        else pending.stream.unit(source, unit);
      },
      gap: (gap) => {
        if (pending.stream === undefined) wait(pending, gap, 0);
        else pending.stream.gap(source, gap);
      },
    };
  }

  async #enter(sim: string, channel: number, source: Source, pending: PendingChannel): Promise<void> {
    this.#lookups += 1;
    const stream = await this.#attach(sim, channel, source);
    this.#lookups -= 1;
    const waiting = pending.waiting;
    pending.waiting = [];
    if (stream === undefined) {
      pending.refused = true;
      // Nothing it sends is wanted.
      if (this.#isUnwanted) this.#connection.socket.destroy();
      return;
    }
    this.#connection.known = true;
    for (const item of waiting) {
      if (item.kind === 'gap') stream.gap(source, item);
      else stream.unit(source, item);
    }
    pending.stream = stream;
    if (this.#ended) stream.detach(source);
    else this.#fed.set(source, stream);
  }

  /** Undefined: refused. */
  async #attach(sim: string, channel: number, source: Source): Promise<LiveStream | undefined> {
    const { registry, metrics, unknown, log } = this.#services;
    const identity = phoneIdentity(Buffer.from(sim, 'hex'));
    try {
      const record = await registry.bySim(identity);
      if (record !== undefined) return await this.#streams.attach(record, channel, source);
      metrics.refuse('unknown');
      unknown.record({ id: identity, address: source.address, why: 'media' });
    } catch (error) {
      // Not knowing whether it may send, we do not take it; it will come again.
      log.failure('media-lookup', error);
    }
    return undefined;
  }

  /** A stream has no use for one of its channels; others may come by it. */
  #release(source: Source, why: Closing): void {
    const broken = why === 'stalled' || why === 'fault' || why === 'flood';
    if (!broken) this.#fed.delete(source);
    if (this.#isUnwanted || broken) this.#connection.close(why);
  }

  get #isUnwanted(): boolean {
    return this.#fed.size === 0 && this.#lookups === 0;
  }
}

function wait(pending: PendingChannel, item: AccessUnit | Gap, size: number): void {
  if (pending.refused || pending.waiting.length >= WAITING_UNITS || pending.bytes + size > WAITING_BYTES) return;
  pending.bytes += size;
  pending.waiting.push(item.kind === 'gap' ? item : kept(item));
}

const firstTimestamp = (items: readonly (AccessUnit | Gap)[]): number | undefined =>
  items.flatMap((item) => (item.kind === 'gap' ? [] : [item.timestamp]))[0];
