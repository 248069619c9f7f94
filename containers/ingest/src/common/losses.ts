/** Which devices' networks lose what they send: told to operators, since no picture that is missing says why. */
import { MOST_LOSING, type Losing } from '../../../../lib/contract/fleet.ts';

/** Percent of a device's packets in a minute from which on pictures stand still that viewers see. */
const LOSES = 2;
/** Packets in a minute, below which a few that are missing say nothing: some seconds of pictures. */
const LEAST = 500;

export class Losses {
  #now = new Map<string, { received: number; lost: number }>();
  #latest: readonly Losing[] = [];

  /** What one of its connections counted since it said so last: JT/T 1078 numbers packets, so what is missing is known. */
  note(device: string, received: number, lost: number): void {
    const sum = this.#now.get(device) ?? { received: 0, lost: 0 };
    sum.received += received;
    sum.lost += lost;
    this.#now.set(device, sum);
  }

  /** Ends a minute. How many devices lost packets in it. */
  close(): number {
    const losing = [...this.#now].flatMap(([device, { received, lost }]) => {
      const percent = Math.round((100 * lost) / Math.max(1, received + lost));
      return received + lost >= LEAST && percent >= LOSES ? [{ device, percent }] : [];
    });
    this.#now = new Map();
    this.#latest = losing.toSorted((a, b) => b.percent - a.percent).slice(0, MOST_LOSING);
    return losing.length;
  }

  /** Of the last whole minute, those that lose most first. */
  get latest(): readonly Losing[] {
    return this.#latest;
  }
}
