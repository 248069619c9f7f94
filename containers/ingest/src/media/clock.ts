/**
 * Turns a device's clock into media time that only grows. Device clocks have any origin, stand still, jump when GPS sets
 * them, and wrap; only their differences mean something, and those only while they are plausible. All values are whole
 * milliseconds and stay far below 2^53; nothing here uses bitwise operators.
 */

/** Milliseconds. A longer step between two pictures is a jump of the clock or a pause of the camera. */
export const LONGEST_STEP_MS = 5000;
/** Milliseconds. A repaired step that differs from the device's by more than this moves wall-clock time too. */
const RESET_MS = 1000;
/** Milliseconds a picture lasts where nothing is known: 25 pictures a second. */
const FIRST_NOMINAL_MS = 40;

/**
 * What the clock did before a picture: `steady`, also where a small fault was repaired; `reset`: the device's clock was
 * set, media time goes on; `pause`: nothing came for so long that pictures before and after do not belong together.
 */
export type ClockEvent = 'steady' | 'reset' | 'pause';

export class MediaClock {
  /** Media time minus device time. */
  #offset = 0;
  #stamp = 0;
  #media = 0;
  #arrival = 0;
  /** Arrival minus media time, held while the device's clock stands still. */
  #standing: number | undefined;
  /** Undefined before the first plausible step. */
  #nominal: number | undefined;
  #event: ClockEvent = 'steady';

  /** What happened before the latest picture. */
  get event(): ClockEvent {
    return this.#event;
  }

  /** Milliseconds a picture usually lasts, of late. At least 1. */
  get nominal(): number {
    return Math.max(1, Math.round(this.#nominal ?? FIRST_NOMINAL_MS));
  }

  /** Begins anew: this picture is shown at `media` milliseconds. */
  start(timestamp: number, receivedAt: number, media: number): void {
    this.#offset = media - timestamp;
    this.#stamp = timestamp;
    this.#media = media;
    this.#arrival = receivedAt;
    this.#standing = undefined;
    this.#event = 'steady';
  }

  /** Media time of the next picture, milliseconds; always later than the one before. */
  next(timestamp: number, receivedAt: number): number {
    const step = timestamp - this.#stamp;
    const waited = Math.round(receivedAt - this.#arrival);
    let taken = step;
    this.#event = 'steady';
    if (step > 0 && step <= LONGEST_STEP_MS) {
      this.#standing = undefined;
      this.#nominal = this.#nominal === undefined ? step : this.#nominal + (step - this.#nominal) / 16;
    } else {
      taken = step === 0 ? this.#whileStanding(receivedAt) : this.#substitute(waited);
      if (waited > LONGEST_STEP_MS) this.#event = 'pause';
      else if (Math.abs(step - taken) > RESET_MS && step !== 0) this.#event = 'reset';
    }
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

  /** A jump: as long as the picture took to arrive, unless it came in a burst or after a stall. */
  #substitute(waited: number): number {
    return waited >= this.nominal / 4 && waited <= LONGEST_STEP_MS ? waited : this.nominal;
  }

  /** A clock that stands still: media time follows arrival; pictures of one burst keep a little distance. */
  #whileStanding(receivedAt: number): number {
    this.#standing ??= this.#arrival - this.#media;
    const due = Math.round(receivedAt - this.#standing) - this.#media;
    const least = Math.max(1, Math.round(this.nominal / 4));
    return Math.min(LONGEST_STEP_MS, Math.max(least, due));
  }
}
