/** One media connection: bytes in, access units out, by SIM and channel. */
import { Channel, type AssemblyCounters, type ChannelSink, type FrameLimits } from './channel.ts';
import { DataType, type PacketView } from './packet.ts';
import { PacketReader, type PacketCounters } from './packets.ts';
import { SequenceTracker } from './sequence.ts';

export interface ConnectionLimits extends FrameLimits {
  /** SIM and channel pairs on one connection; packets of further ones are dropped. */
  readonly maxChannels: number;
}

export const DEFAULT_LIMITS: ConnectionLimits = {
  maxFrameBytes: 2 * 1024 * 1024,
  maxFramePieces: 8192,
  maxChannels: 40,
};

/**
 * Asked once for every channel that appears: where to send its units, or undefined to drop what it sends. `timestamp`: of its
 * first packet, milliseconds of any origin, where that has one.
 */
export type OpenChannel = (sim: string, channel: number, timestamp: number | undefined) => ChannelSink | undefined;

export interface ConnectionCounters extends PacketCounters, AssemblyCounters {
  lostPackets: number;
  /** Packets of channels that were refused, or were too many. */
  refused: number;
  /** Packets whose version bits are not the standard's. */
  oddFlags: number;
}

interface Entry {
  readonly sim: string;
  readonly number: number;
  /** Undefined: refused. */
  readonly channel: Channel | undefined;
}

export class MediaConnection {
  readonly #open: OpenChannel;
  readonly #limits: ConnectionLimits;
  readonly #reader: PacketReader;
  readonly #sequence = new SequenceTracker();
  readonly #entries: Entry[] = [];
  readonly #assembly: AssemblyCounters = { frames: 0, sounds: 0, droppedFrames: 0, malformed: 0, oversized: 0 };
  #latest: Entry | undefined;
  #receivedAt = 0;
  #resyncs = 0;
  #refused = 0;
  #oddFlags = 0;

  constructor(open: OpenChannel, limits: ConnectionLimits = DEFAULT_LIMITS) {
    this.#open = open;
    this.#limits = limits;
    this.#reader = new PacketReader((packet) => this.#packet(packet));
  }

  /** Bytes as they came, and when: milliseconds of the monotonic clock. Nothing of `chunk` is kept. */
  push(chunk: Buffer, receivedAt: number): void {
    this.#receivedAt = receivedAt;
    this.#reader.push(chunk);
  }

  /** Hands on the picture of a channel that is whole and waits for the next one to show it. */
  flush(sim: string, channel: number): void {
    this.#entries.find((known) => known.number === channel && known.sim === sim)?.channel?.flush();
  }

  /** The connection has ended. Unfinished frames are dropped; no gap is reported. */
  end(): void {
    this.#reader.end();
    for (const { channel } of this.#entries) channel?.end();
  }

  get counters(): ConnectionCounters {
    return {
      ...this.#reader.counters,
      ...this.#assembly,
      lostPackets: this.#sequence.lost,
      refused: this.#refused,
      oddFlags: this.#oddFlags,
    };
  }

  #packet(packet: PacketView): void {
    if (packet.flags >> 6 !== 2) this.#oddFlags += 1;
    const entry = this.#entry(packet);
    if (entry?.channel === undefined) {
      this.#refused += 1;
      // Its numbers count all the same where they count the connection.
      this.#sequence.check(packet.sequence, { last: -1 });
      return;
    }
    const loss = this.#sequence.check(packet.sequence, entry.channel);
    const { resyncs } = this.#reader.counters;
    if (loss !== 'none') {
      const why = resyncs > this.#resyncs ? 'garbage' : 'loss';
      if (loss === 'one') entry.channel.lose(why);
      else for (const { channel } of this.#entries) channel?.lose(why);
    }
    this.#resyncs = resyncs;
    entry.channel.packet(packet, this.#receivedAt);
  }

  #entry({ sim, channel: number, dataType, timestamp }: PacketView): Entry | undefined {
    if (this.#latest?.number === number && this.#latest.sim === sim) return this.#latest;
    let entry = this.#entries.find((known) => known.number === number && known.sim === sim);
    if (entry === undefined) {
      if (this.#entries.length >= this.#limits.maxChannels) return undefined;
      const sink = this.#open(sim, number, dataType <= DataType.audio ? timestamp : undefined);
      entry = { sim, number, channel: sink && new Channel(sink, this.#limits, this.#assembly) };
      this.#entries.push(entry);
    }
    this.#latest = entry;
    return entry;
  }
}
