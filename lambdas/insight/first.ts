/**
 * Which seconds of one post are shown for the first time. A second is that once in a session, whatever a stranger says, and however
 * little a player of CMCD can tell: what one post says of it twice was shown again. Pure.
 */
import { MAX_STRETCHES, type Heartbeat } from '../../lib/contract/player-events.ts';

type Stretch = Heartbeat['watched'][number];

export class FirstTimes {
  /** Ends of the stretches that were said, in order and apart: from, to, from, to, … */
  readonly #said: number[] = [];

  /** The heartbeat, with what was said before, by it or by one before it, among what is shown again. */
  take(heartbeat: Heartbeat): Heartbeat {
    const watched: Stretch[] = [];
    const again = [...heartbeat.again];
    for (const stretch of heartbeat.watched) this.#split(stretch, watched, again);
    // More pieces than any heartbeat may name are not of anybody who watches.
    return { ...heartbeat, watched: watched.slice(0, MAX_STRETCHES), again: again.slice(0, MAX_STRETCHES) };
  }

  #split([from, to]: Stretch, watched: Stretch[], again: Stretch[]): void {
    const first = this.#firstThatEndsAt(from);
    let [next, at] = [first, from];
    let [least, most] = [from, to];
    for (; next < this.#said.length && this.#said[next]! <= to; next += 2) {
      const [start, end] = [this.#said[next]!, this.#said[next + 1]!];
      if (at < start) watched.push([at, start]);
      const [since, until] = [Math.max(from, start), Math.min(to, end)];
      if (since < until) again.push([since, until]);
      at = Math.max(at, end);
      [least, most] = [Math.min(least, start), Math.max(most, end)];
    }
    if (at < to) watched.push([at, to]);
    this.#said.splice(first, next - first, least, most);
  }

  /** Index of the first stretch that ends there or behind it. */
  #firstThatEndsAt(second: number): number {
    let [low, high] = [0, this.#said.length / 2];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#said[middle * 2 + 1]! < second) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}
