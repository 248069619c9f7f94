/**
 * Turns a device's clock into media time that only grows. Device clocks have any origin, stand still, jump when GPS sets
 * them, and wrap; only their differences mean something, and those only while they are plausible. All values are whole
 * milliseconds and stay far below 2^53; nothing here uses bitwise operators.
 */

/** Milliseconds. A longer step between two pictures is a jump of the clock or a pause of the camera. */
export const LONGEST_STEP_MS = 5000;
/** Milliseconds. A repaired step that differs from the device's by more than this moves wall-clock time too. */
const RESET_MS = 1000;
/** Pictures between two that are shown in the order in which they come: what a decoder can hold (H.264 A.3.1, item h). */
const MOST_BETWEEN = 16;
/** Milliseconds a picture lasts where nothing is known: 25 pictures a second. */
const FIRST_NOMINAL_MS = 40;

/**
 * What the clock did before a picture: `steady`, also where a small fault was repaired; `reset`: the device's clock was
 * set, media time goes on; `pause`: nothing came for so long that pictures before and after do not belong together.
 */
export type ClockEvent = 'steady' | 'reset' | 'pause';

/** A step back that is a fault of the clock, and no other time that it was set to. */
const isSmall = (step: number): boolean => step < 0 && step > -RESET_MS;

export class MediaClock {
  /** Media time minus device time. */
  #offset = 0;
  #stamp = 0;
  #media = 0;
  #arrival = 0;
  /** Arrival minus media time, held while the device's clock stands still. */
  #standing: number | undefined;
  /** Milliseconds that media time was given while the device's clock stood or stepped back: it may catch up yet. */
  #lent = 0;
  /** Pictures since its latest step forward, and how far back it is of that. */
  #repaired = 0;
  #back = 0;
  /** Undefined before the first plausible step. */
  #nominal: number | undefined;
  #event: ClockEvent = 'steady';
  #reorders = false;
  /** Pictures since the latest one that were shown before it. */
  #between = 0;
  /** Milliseconds from the one before it to the latest: those shown between the two come after it. */
  #step: number | undefined;

  /** What happened before the latest picture. */
  get event(): ClockEvent {
    return this.#event;
  }

  /** Milliseconds a picture usually lasts, of late. At least 1. */
  get nominal(): number {
    return Math.max(1, Math.round(this.#nominal ?? FIRST_NOMINAL_MS));
  }

  /** Pictures have come that were shown before one that came before them. */
  get reorders(): boolean {
    return this.#reorders;
  }

  /** Begins anew: this picture is shown at `media` milliseconds. */
  start(timestamp: number, receivedAt: number, media: number): void {
    this.#offset = media - timestamp;
    this.#stamp = timestamp;
    this.#media = media;
    this.#arrival = receivedAt;
    this.#standing = undefined;
    this.#settle();
    this.#event = 'steady';
    this.#between = 0;
    this.#step = undefined;
  }

  /**
   * Media time of a picture that may be shown before the latest one, milliseconds. Undefined: it is not, or so many were that
   * it cannot be, and is one of those that {@link next} is for.
   */
  between(timestamp: number): number | undefined {
    const at = this.at(timestamp);
    const isBefore = at < this.#media && at > this.#media - LONGEST_STEP_MS;
    if (!isBefore || this.#between === MOST_BETWEEN) return undefined;
    // Until now it was from one of those in order to the next, which is several pictures.
    if (!this.#reorders) this.#nominal = undefined;
    this.#reorders = true;
    this.#between += 1;
    return at;
  }

  /** Media time of the next picture, milliseconds; always later than the one before. */
  next(timestamp: number, receivedAt: number): number {
    const step = timestamp - this.#stamp;
    const waited = Math.round(receivedAt - this.#arrival);
    let taken: number;
    this.#event = 'steady';
    if (step > 0 && step <= LONGEST_STEP_MS) {
      this.#standing = undefined;
      // One that stood for longer than any step could make good goes on from there.
      if (this.#lent > LONGEST_STEP_MS + RESET_MS) this.#settle();
      taken = this.#repay(step);
      this.#learn(step);
      this.#step = step;
    } else {
      if (step === 0) taken = this.#whileStanding(receivedAt);
      else taken = isSmall(step) && this.#nominal !== undefined ? this.nominal : this.#substitute(waited);
      if (waited > LONGEST_STEP_MS) this.#event = 'pause';
      else if (Math.abs(step - taken) > RESET_MS && step !== 0) this.#event = 'reset';
      if (this.#event === 'steady' && step <= 0) this.#lend(step, taken);
      else this.#settle();
    }
    this.#between = 0;
    this.#stamp = timestamp;
    this.#arrival = receivedAt;
    this.#media += taken;
    this.#offset = this.#media - timestamp;
    return this.#media;
  }

  /** Media time of sound stamped `timestamp`, by the same clock; it may lie before the latest picture. */
  at(timestamp: number): number {
    return timestamp + this.#offset;
  }

  /** How long a picture usually lasts: of those that the clock did not tell apart, each its share of the step. */
  #learn(step: number): void {
    const forward = step + this.#back;
    const pictures = 1 + this.#repaired;
    this.#repaired = 0;
    this.#back = 0;
    if (forward <= 0) return;
    const reordered = this.#reorders && pictures === 1;
    const each = reordered ? (this.#step ?? step) / (1 + this.#between) : forward / pictures;
    const before = this.#nominal ?? each;
    this.#nominal = before + (each - before) * Math.min(1, pictures / 16);
  }

  #lend(step: number, taken: number): void {
    this.#lent += taken - step;
    this.#repaired += 1;
    this.#back += step;
  }

  /** What was lent is lent no more: the clock goes on from where it is. */
  #settle(): void {
    this.#lent = 0;
    this.#repaired = 0;
    this.#back = 0;
  }

  /**
   * A step forward, less what was lent: by it a clock of whole seconds, one that stamps pictures in pairs or one that trembles
   * has caught up. Little is taken off long steps only, more off each.
   */
  #repay(step: number): number {
    const least = this.#owesMuch ? this.#least : this.nominal;
    const taken = Math.min(step, Math.max(least, step - this.#lent));
    this.#lent -= step - taken;
    return taken;
  }

  /** A jump: as long as the picture took to arrive, unless it came in a burst or after a stall. */
  #substitute(waited: number): number {
    return waited >= this.nominal / 4 && waited <= LONGEST_STEP_MS ? waited : this.nominal;
  }

  /** A clock that stands still: media time follows arrival; pictures of one burst keep a little distance. */
  #whileStanding(receivedAt: number): number {
    // Much that was lent before is not lent once more.
    this.#standing ??= this.#arrival - this.#media + (this.#owesMuch ? this.#lent : 0);
    const due = Math.round(receivedAt - this.#standing) - this.#media;
    return Math.min(LONGEST_STEP_MS, Math.max(this.#least, due));
  }

  get #owesMuch(): boolean {
    return this.#lent > 2 * this.nominal;
  }

  /** Milliseconds that pictures keep from one another, whatever the clock says. */
  get #least(): number {
    return Math.max(1, Math.round(this.nominal / 4));
  }
}
