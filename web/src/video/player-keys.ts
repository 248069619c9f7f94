/** The player's keys, anywhere on the video's screen. Pure: says what to do, does nothing. */

export type PlayerAction =
  | { readonly do: 'toggle' | 'mute' | 'fullscreen' | 'captions' }
  | { readonly do: 'seek'; readonly by: number }
  | { readonly do: 'jump'; readonly to: number }
  | { readonly do: 'volume'; readonly by: number }
  /** One step of `RATES` faster or slower. */
  | { readonly do: 'rate'; readonly by: 1 | -1 }
  /** One picture on or back. */
  | { readonly do: 'step'; readonly by: 1 | -1 };

/** `key` as the keyboard event names it. Undefined: not ours. `jump.to` is a fraction of the length. */
export function actionOf(key: string): PlayerAction | undefined {
  if (/^[0-9]$/.test(key)) return { do: 'jump', to: Number(key) / 10 };
  const name = key.length === 1 ? key.toLowerCase() : key;
  return Object.hasOwn(actions, name) ? actions[name] : undefined;
}

const actions: Readonly<Record<string, PlayerAction>> = {
  ' ': { do: 'toggle' },
  k: { do: 'toggle' },
  j: { do: 'seek', by: -10 },
  l: { do: 'seek', by: 10 },
  ArrowLeft: { do: 'seek', by: -5 },
  ArrowRight: { do: 'seek', by: 5 },
  ArrowUp: { do: 'volume', by: 0.1 },
  ArrowDown: { do: 'volume', by: -0.1 },
  f: { do: 'fullscreen' },
  m: { do: 'mute' },
  c: { do: 'captions' },
  '>': { do: 'rate', by: 1 },
  '<': { do: 'rate', by: -1 },
  '.': { do: 'step', by: 1 },
  ',': { do: 'step', by: -1 },
};

/** The next of `rates` (in order) above or below the one that plays; at the end of the list it stays. */
export function nextRate(rates: readonly number[], now: number, by: 1 | -1): number {
  const next = by === 1 ? rates.find((rate) => rate > now) : rates.findLast((rate) => rate < now);
  return next ?? now;
}

/** Seconds of a picture where nobody has seen two of them yet. */
const PICTURE = 1 / 25;
/** A shorter one is none, and over a longer one there was a gap. */
const SHORTEST = 1 / 130;
const LONGEST = 1;

/** How long a picture lasts, by the times of those on show: the least between two of them. Pure but for what it remembers. */
export class Pictures {
  #last: number | undefined;
  #least = Infinity;

  /** `time`: media time of a picture that is shown now, seconds. */
  shown(time: number): void {
    const gap = this.#last === undefined ? 0 : Math.abs(time - this.#last);
    this.#last = time;
    if (gap >= SHORTEST && gap <= LONGEST) this.#least = Math.min(this.#least, gap);
  }

  /** Seconds. */
  get length(): number {
    return this.#least === Infinity ? PICTURE : this.#least;
  }
}
