/**
 * Whether this browser reaches the platform: what it says of its own network, and what became of the last calls. A network
 * that is there and leads nowhere, a hotel's say, is no different to who looks at what does not change.
 */
export type Reach = 'reached' | 'offline' | 'unreachable';

/** Calls in a row without any answer until it is looked into: one may be anybody's. */
const FAILURES = 2;

/** Decides; what it is told comes from `reach`, below. Pure but for what it remembers. */
export class Reaching {
  readonly #listeners = new Set<() => void>();
  readonly #look: () => void;
  #hasNetwork: boolean;
  #failures = 0;
  #isSilent = false;
  #now: Reach;

  /** `look`: asks the platform for the least there is, and tells by `answered` or `silent`. A call may have a fault of its own. */
  constructor(hasNetwork: boolean, look: () => void) {
    this.#hasNetwork = hasNetwork;
    this.#look = look;
    this.#now = hasNetwork ? 'reached' : 'offline';
  }

  get now(): Reach {
    return this.#now;
  }

  /** The browser's own word, by which what failed before says nothing any more. */
  network(isThere: boolean): void {
    this.#hasNetwork = isThere;
    this.answered();
  }

  /** The platform answered, whatever it said. */
  answered(): void {
    this.#failures = 0;
    this.#isSilent = false;
    this.#tell();
  }

  /** A call went out and nothing came back. */
  failed(): void {
    this.#failures += 1;
    if (this.#failures === FAILURES && this.#hasNetwork) this.#look();
  }

  /** Nor does it answer when it is asked for nothing but that. */
  silent(): void {
    this.#isSilent = true;
    this.#tell();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #tell(): void {
    const next: Reach = !this.#hasNetwork ? 'offline' : this.#isSilent ? 'unreachable' : 'reached';
    if (next === this.#now) return;
    this.#now = next;
    for (const listener of this.#listeners) listener();
  }
}

function look(): void {
  fetch('/api/config', { cache: 'no-store' }).then(
    () => reach.answered(),
    () => reach.silent(),
  );
}

/** A test without a browser has a network. */
export const reach = new Reaching(navigator.onLine ?? true, look);

/** ms between two looks whether the platform answers again; what is on the page may ask for nothing by itself. */
const LOOK = 4_000;

/** Listens to the browser, and looks again where nothing answers. */
export function watchReach(): void {
  window.addEventListener('online', () => reach.network(true));
  window.addEventListener('offline', () => reach.network(false));
  let timer: ReturnType<typeof setInterval> | undefined;
  reach.subscribe(() => {
    clearInterval(timer);
    if (reach.now === 'unreachable') timer = setInterval(look, LOOK);
  });
}
