/**
 * Packet sequence numbers (JT/T 1078 table 19). The standard does not say whether they count a connection or each of its
 * channels; devices settle it by what they do.
 */

/** Whom a jump concerns: `one`, the channel it was seen on; `all` channels of the connection. */
export type Loss = 'none' | 'one' | 'all';

/** How sure we get of either way of counting. */
const CERTAIN = 8;

export interface ChannelSequence {
  /** -1 before the first packet. */
  last: number;
}

export class SequenceTracker {
  #last = -1;
  #latest: ChannelSequence | undefined;
  /** Above zero: numbers count the connection; below: each channel. Only several channels at once can tell. */
  #score = 0;
  /** Packets that never came, as far as the numbers tell. */
  lost = 0;

  check(sequence: number, channel: ChannelSequence): Loss {
    const known = channel.last >= 0;
    // A counter that stands still says nothing; two channels showing the same number, one after the other, do.
    const repeated = sequence === channel.last && this.#latest === channel;
    const byConnection = this.#last < 0 || repeated || follows(this.#last, sequence);
    const byChannel = !known || repeated || follows(channel.last, sequence);
    this.#latest = channel;
    const jump = this.#score < 0 && known ? sequence - channel.last : sequence - this.#last;
    this.#last = sequence;
    channel.last = sequence;
    if (byConnection && byChannel) return 'none';
    if (byConnection !== byChannel) {
      if (known) this.#score = Math.max(-CERTAIN, Math.min(CERTAIN, this.#score + (byConnection ? 1 : -1)));
      if (byConnection ? this.#score >= 0 : this.#score <= 0 || !known) return 'none';
    }
    const missing = (jump + 65_536) % 65_536;
    if (missing > 0 && missing < 32_768) this.lost += missing - 1;
    return this.#score < 0 ? 'one' : 'all';
  }
}

const follows = (last: number, next: number): boolean => next === (last + 1) % 65_536;
