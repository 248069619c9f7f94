/**
 * One media connection. It says who it is only in its packets, so a channel's first units wait, bounded, while its device
 * is looked up; then they go to a stream, or the channel is refused. Several channels may come by it, one of them may be
 * refused or come to its end while the others go on, and it may come again: so one that feeds no stream is asked about anew.
 */
import { phoneIdentity } from '../../jt808/identity.ts';
import type { ChannelSink } from '../../jt1078/channel.ts';
import { DEFAULT_LIMITS, MediaConnection, type ConnectionCounters } from '../../jt1078/assemble.ts';
import type { AccessUnit, Gap, Unread } from '../../media/unit.ts';
import type { LiveStream, Releasing, Source } from '../../streams/stream.ts';
import type { Streams } from '../../streams/streams.ts';
import type { Connection } from '../../net/gate.ts';
import type { Services } from '../../services.ts';
import { ChannelFeed } from './feed.ts';

/** Milliseconds after which one channel has gone quiet that stops while others of its connection go on. */
const QUIET_MS = 10_000;
/** Milliseconds for which a connection stays that brings nothing wanted, from when its latest channel began: another may follow. */
const LINGER_MS = 2000;

export interface MediaParts {
  readonly services: Services;
  readonly streams: Streams;
}

export class MediaSession {
  readonly #services: Services;
  readonly #streams: Streams;
  readonly #connection: Connection;
  readonly #packets: MediaConnection;
  readonly #feeds: ChannelFeed[] = [];
  /** Channels whose device is being looked up. */
  #lookups = 0;
  #ended = false;
  /** Of the latest read, monotonic milliseconds. */
  #now = 0;
  /** When its latest channel began, monotonic milliseconds. */
  #openedAt = -Infinity;
  #counted: ConnectionCounters | undefined;

  constructor({ services, streams }: MediaParts, connection: Connection) {
    this.#services = services;
    this.#streams = streams;
    this.#connection = connection;
    const { frameBytes } = services.config.options.limits;
    this.#packets = new MediaConnection((sim, channel, timestamp) => this.#open(sim, channel, timestamp), {
      ...DEFAULT_LIMITS,
      maxFrameBytes: frameBytes,
    });
  }

  push(chunk: Buffer, now: number): void {
    if (this.#ended) return;
    this.#now = now;
    this.#packets.push(chunk, now);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#packets.end();
    this.account();
    // One that is asked about yet goes on to the stream with what has waited.
    for (const feed of this.#feeds) if (feed.stream !== undefined) this.#detach(feed);
  }

  /** Adds what was counted since the last time to the task's metrics. */
  account(): void {
    const { metrics, losses } = this.#services;
    const now = this.#packets.counters;
    const before = this.#counted;
    this.#counted = now;
    const lost = now.lostPackets - (before?.lostPackets ?? 0);
    metrics.add('lostPackets', lost);
    const device = this.#feeds.find((feed) => feed.device !== undefined)?.device;
    if (device !== undefined) losses.note(device, now.packets - (before?.packets ?? 0), lost);
    metrics.add('resyncs', now.resyncs - (before?.resyncs ?? 0));
    metrics.add('droppedFrames', now.droppedFrames - (before?.droppedFrames ?? 0));
    metrics.add('oversizedFrames', now.oversized - (before?.oversized ?? 0));
  }

  #open(sim: string, channel: number, timestamp: number | undefined): ChannelSink {
    const feed = new ChannelFeed(channel, timestamp, this.#now);
    this.#openedAt = this.#now;
    this.#feeds.push(feed);
    const take = (item: AccessUnit | Gap | Unread) => {
      if (feed.take(item) || this.#ended) return;
      const isAsked = feed.device !== undefined && this.#streams.expected(feed.device, channel) !== undefined;
      if (item.kind !== 'gap' && feed.isDue(item, this.#now, isAsked)) this.#ask(sim, feed, item);
    };
    this.#ask(sim, feed);
    return { unit: take, gap: take, unread: take };
  }

  #ask(sim: string, feed: ChannelFeed, first?: AccessUnit | Unread): void {
    const source: Source = {
      address: this.#connection.address,
      firstTimestamp: () => feed.firstTimestamp,
      flush: () => this.#packets.flush(sim, feed.channel),
      release: (why) => this.#release(source, why),
    };
    feed.ask(source, first);
    this.#enter(sim, source, feed).catch((error: unknown) => {
      this.#services.log.failure('connection', error);
      this.#detach(feed);
      this.#connection.close('fault');
    });
  }

  async #enter(sim: string, source: Source, feed: ChannelFeed): Promise<void> {
    this.#lookups += 1;
    const stream = await this.#attach(sim, source, feed);
    this.#lookups -= 1;
    // It may have been taken by another connection already.
    const isReleased = feed.source !== source;
    if (stream === undefined || isReleased) {
      if (!isReleased) feed.refuse();
      if (this.#isUnwanted) this.#linger(isReleased);
      return;
    }
    this.#connection.known = true;
    feed.feed(stream);
    if (this.#ended) this.#detach(feed);
  }

  /** Undefined: refused. */
  async #attach(sim: string, source: Source, feed: ChannelFeed): Promise<LiveStream | undefined> {
    const { registry, metrics, unknown, log } = this.#services;
    const identity = phoneIdentity(Buffer.from(sim, 'hex'));
    try {
      const record = await registry.bySim(identity);
      feed.device = record?.id;
      feed.isStranger = record === undefined;
      if (record !== undefined) return await this.#streams.attach(record, feed.channel, source);
      metrics.refuse('unknown');
      unknown.record({ id: identity, address: source.address, why: 'media' });
    } catch (error) {
      // Not knowing whether it may send, we do not take it; it will come again.
      log.failure('media-lookup', error);
    }
    return undefined;
  }

  /** A stream has no use for one of its channels; others may come by it. */
  #release(source: Source, why: Releasing): void {
    const feed = this.#feeds.find((one) => one.source === source);
    if (why === 'fault' || why === 'flood' || (why === 'stalled' && !this.#goesOnWithout(feed))) {
      this.#connection.close(why);
      return;
    }
    if (why === 'stalled' && feed !== undefined) this.#detach(feed);
    else feed?.release(why === 'replaced');
    if (this.#isUnwanted) this.#connection.close('replaced');
  }

  /** Nothing it sends is wanted; another of its channels may be, which comes in a moment, unless it is an old one or no room is here. */
  #linger(isReleased: boolean): void {
    if (isReleased || this.#streams.full) this.#connection.socket.destroy();
    else this.#connection.leaving = { at: this.#openedAt + LINGER_MS, leave: () => this.#leave() };
  }

  #leave(): void {
    if (!this.#isUnwanted) return;
    if (this.#isAwaited) this.#linger(false);
    else this.#connection.socket.destroy();
  }

  /** Its device has been asked here for another channel than those it brings. */
  get #isAwaited(): boolean {
    const brought = new Set(this.#feeds.map(({ channel }) => channel));
    return this.#feeds.some(({ device }) => device !== undefined && this.#streams.expectsOther(device, brought));
  }

  #detach(feed: ChannelFeed): void {
    const { stream, source } = feed;
    feed.release(false);
    if (stream === undefined || source === undefined) return;
    try {
      stream.detach(source);
    } catch (error) {
      // The others are to hear of it, too.
      this.#services.log.failure('connection', error);
    }
  }

  /** Another of its channels has come long after the last of this one: it is this one that stopped, not the connection. */
  #goesOnWithout(quiet: ChannelFeed | undefined): boolean {
    if (quiet === undefined) return false;
    return this.#feeds.some(({ stream, heardAt }) => stream !== undefined && heardAt - quiet.heardAt >= QUIET_MS);
  }

  get #isUnwanted(): boolean {
    return this.#lookups === 0 && this.#feeds.every(({ stream }) => stream === undefined);
  }
}
