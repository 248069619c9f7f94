/**
 * What has come of one channel over one connection, and why nothing of it can be seen: who waits for its picture is told, or
 * would wait for ever. All times are monotonic milliseconds.
 */
import type { AccessUnit, Unread } from '../media/unit.ts';

const SOUND_ONLY = 'The device sends sound but no picture.';
const NO_KEYFRAME =
  'The device sends pictures that cannot be shown: no keyframe has come with settings (SPS, PPS) that can be read.';

export class Sight {
  /** When anything came, bytes that cannot be read among it. */
  #heardAt: number;
  /** When its latest picture came, and the latest of those that a segment took. */
  #pictureAt: number;
  #takenAt: number;
  #soundAt = -Infinity;
  readonly #unread = new Map<Unread['of'], Unread>();
  /** Place of what was said in the order of reasons. */
  #said = Infinity;

  /** A connection has begun at `now`. */
  constructor(now: number) {
    this.#heardAt = now;
    this.#pictureAt = now;
    this.#takenAt = now;
  }

  heard(item: AccessUnit | Unread): void {
    this.#heardAt = item.receivedAt;
    if (item.kind === 'unread') this.#unread.set(item.of, item);
    else if (item.kind !== 'video') this.#soundAt = item.receivedAt;
  }

  /** A picture came; `isTaken`: a segment is open that shows it. True where it had been said that there is none to see. */
  pictured(receivedAt: number, isTaken: boolean): boolean {
    this.#pictureAt = receivedAt;
    if (!isTaken) return false;
    this.#takenAt = receivedAt;
    const wasSaid = this.#said !== Infinity;
    this.#said = Infinity;
    return wasSaid;
  }

  /** Milliseconds without anything. */
  silent(now: number): number {
    return now - this.#heardAt;
  }

  /** Milliseconds without a picture. */
  dark(now: number): number {
    return now - this.#pictureAt;
  }

  /**
   * Why there has been nothing to see for `startMs`, though something came: once, and again where a better reason has come.
   * Undefined: nothing new is to be said.
   */
  reason(now: number, startMs: number): string | undefined {
    if (this.#heardAt <= this.#takenAt || now - this.#takenAt < startMs) return undefined;
    const reasons = this.#reasons();
    const best = reasons.findIndex((reason) => reason !== undefined);
    if (best < 0 || best >= this.#said) return undefined;
    this.#said = best;
    return reasons[best];
  }

  /** The more there is to it, the earlier. */
  #reasons(): (string | undefined)[] {
    const since = (of: Unread['of']) => {
      const unread = this.#unread.get(of);
      return unread !== undefined && unread.receivedAt > this.#takenAt ? unread.why : undefined;
    };
    const [picture, sound, data] = [since('picture'), since('sound'), since('data')];
    return [
      this.#pictureAt > this.#takenAt ? NO_KEYFRAME : undefined,
      picture && `The device sends pictures that cannot be read: ${picture}.`,
      this.#soundAt > this.#takenAt ? SOUND_ONLY : undefined,
      sound && `The device sends no picture, and sound that cannot be read: ${sound}.`,
      data && `The device sends no picture, but data of its maker's own (${data}).`,
    ];
  }
}
