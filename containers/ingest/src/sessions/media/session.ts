/**
 * One media connection. It says who it is only in its packets, so a channel's first units wait, bounded, while its device
 * is looked up; then they go to a stream, or the channel is refused.
 */
import { phoneIdentity } from '../../jt808/identity.ts';
import type { ChannelSink } from '../../jt1078/channel.ts';
import { DEFAULT_LIMITS, MediaConnection, type ConnectionCounters } from '../../jt1078/assemble.ts';
import { kept, type AccessUnit, type Gap } from '../../media/unit.ts';
import type { LiveStream, Source } from '../../streams/stream.ts';
import type { Guest } from '../../net/gate.ts';
import type { Closing } from '../../common/metrics.ts';
import type { Services } from '../../services.ts';
import type { Reception } from './reception.ts';

/** Bytes and units of one channel that wait for the look-up. Beyond it they are dropped: it has not begun yet. */
const WAITING_BYTES = 4 * 1024 * 1024;
const WAITING_UNITS = 2000;

/** A channel's units before it is known where they go. */
interface Lobby {
  stream: LiveStream | undefined;
  refused: boolean;
  waiting: (AccessUnit | Gap)[];
  bytes: number;
}

export class MediaSession implements Source {
  readonly #services: Services;
  readonly #reception: Reception;
  readonly #guest: Guest;
  readonly #connection: MediaConnection;
  readonly #streams = new Set<LiveStream>();
  #looking = 0;
  #ended = false;
  #counted: ConnectionCounters | undefined;

  constructor(services: Services, reception: Reception, guest: Guest) {
    this.#services = services;
    this.#reception = reception;
    this.#guest = guest;
    const { frameBytes } = services.config.options.limits;
    this.#connection = new MediaConnection((sim, channel) => this.#open(sim, channel), {
      ...DEFAULT_LIMITS,
      maxFrameBytes: frameBytes,
    });
  }

  push(chunk: Buffer, now: number): void {
    if (!this.#ended) this.#connection.push(chunk, now);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#connection.end();
    this.account();
    for (const stream of this.#streams) stream.detach(this);
    this.#streams.clear();
  }

  /** Adds what was counted since the last time to the task's metrics. */
  account(): void {
    const { metrics } = this.#services;
    const now = this.#connection.counters;
    const before = this.#counted;
    this.#counted = now;
    metrics.add('lostPackets', now.lostPackets - (before?.lostPackets ?? 0));
    metrics.add('resyncs', now.resyncs - (before?.resyncs ?? 0));
    metrics.add('droppedFrames', now.droppedFrames - (before?.droppedFrames ?? 0));
    metrics.add('oversizedFrames', now.oversized - (before?.oversized ?? 0));
  }

  /** A stream has no use for this connection; other channels may come by it. */
  release(why: Closing): void {
    for (const stream of this.#streams) if (!stream.isFrom(this)) this.#streams.delete(stream);
    if (this.#streams.size === 0 || why === 'stalled') this.#guest.close(why);
  }

  #open(sim: string, channel: number): ChannelSink {
    const lobby: Lobby = { stream: undefined, refused: false, waiting: [], bytes: 0 };
    void this.#enter(sim, channel, lobby);
    return {
      unit: (unit) => {
        if (lobby.stream === undefined) wait(lobby, unit, unit.kind === 'aac' ? 0 : unit.data.length);
        else lobby.stream.unit(this, unit);
      },
      gap: (gap) => {
        if (lobby.stream === undefined) wait(lobby, gap, 0);
        else lobby.stream.gap(this, gap);
      },
    };
  }

  async #enter(sim: string, channel: number, lobby: Lobby): Promise<void> {
    this.#looking += 1;
    const stream = await this.#look(sim, channel, () => firstTimestamp(lobby.waiting));
    this.#looking -= 1;
    const waiting = lobby.waiting;
    lobby.waiting = [];
    if (stream === undefined) {
      lobby.refused = true;
      // Nothing it sends is wanted.
      if (this.#looking === 0 && this.#streams.size === 0) this.#guest.socket.destroy();
      return;
    }
    this.#guest.known = true;
    for (const item of waiting) {
      if (item.kind === 'gap') stream.gap(this, item);
      else stream.unit(this, item);
    }
    lobby.stream = stream;
    if (this.#ended) stream.detach(this);
    else this.#streams.add(stream);
  }

  async #look(sim: string, channel: number, peek: () => number | undefined): Promise<LiveStream | undefined> {
    const identity = phoneIdentity(Buffer.from(sim, 'hex'));
    try {
      return await this.#reception.receive({ identity, channel, source: this, address: this.#guest.address, peek });
    } catch (error) {
      // Not knowing whether it may send, we do not take it; it will come again.
      this.#services.log.failure('media-lookup', error);
      return undefined;
    }
  }
}

function wait(lobby: Lobby, item: AccessUnit | Gap, size: number): void {
  if (lobby.refused || lobby.waiting.length >= WAITING_UNITS || lobby.bytes + size > WAITING_BYTES) return;
  lobby.bytes += size;
  lobby.waiting.push(item.kind === 'gap' ? item : kept(item));
}

const firstTimestamp = (items: readonly (AccessUnit | Gap)[]): number | undefined =>
  items.flatMap((item) => (item.kind === 'gap' ? [] : [item.timestamp]))[0];
