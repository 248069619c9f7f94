/**
 * Posts of one session on their way: numbered, so that one that got no answer is sent again and counts once. Nothing waits for it
 * and nothing fails by it; what cannot be told in its bounds is lost.
 */
import type { PlayerEvent } from '../../../lib/contract/player-events.ts';

/** Of one post: less than the 200 events and 64 KiB that are taken, and in a beacon. */
const MAX_EVENTS = 150;
const MAX_BYTES = 48 * 1024;
/** Posts of one session, as the contract has it. */
const MAX_SEQUENCE = 9999;
/** ms between two posts, however urgent. */
const APART = 5_000;
/** ms until a post that got no answer is sent again: at first, and at most. */
const AGAIN = { first: 5_000, most: 60_000 } as const;

interface Post {
  readonly sequence: number;
  readonly events: readonly PlayerEvent[];
}

export interface Ways {
  /** Resolves to the status of the answer; rejects where none came. */
  readonly send: (address: string, body: string) => Promise<number>;
  /** Sent even if the page goes; false: not taken. */
  readonly beacon: (address: string, body: string) => boolean;
  /** Epoch ms. */
  readonly clock: () => number;
}

export class Outbox {
  readonly #ways: Ways;
  #address: string;
  /** What is to be told when a post goes. */
  pull: () => readonly PlayerEvent[] = () => [];
  #sequence = 0;
  #posts: Post[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Infinity;
  /** No post goes before that: one has just gone, or had no answer. */
  #notBefore = 0;
  #tries = 0;
  #isSending = false;
  /** The address is out of date: another one comes with the next signature. */
  #isRefused = false;

  constructor(address: string, ways: Ways) {
    this.#address = address;
    this.#ways = ways;
  }

  /** With each signature comes another address of the same session. */
  addressed(address: string): void {
    if (address === this.#address) return;
    this.#address = address;
    if (this.#isRefused) this.wake(0);
    this.#isRefused = false;
  }

  /** The network is there again. */
  hurry(): void {
    this.#notBefore = 0;
    if (this.#posts.length > 0) this.wake(0);
  }

  /** A post goes within so many ms, or as soon as one may. */
  wake(within: number): void {
    const now = this.#ways.clock();
    const due = Math.max(now + within, this.#notBefore);
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => void this.#go(), due - now);
  }

  /** Everything goes at once: the page may be gone in a moment. */
  flush(): void {
    this.#rest();
    this.#pull();
    // One that is on its way may be broken off with the page: it counts once.
    this.#posts = this.#posts.filter((post) => !this.#ways.beacon(this.#address, this.#body(post)));
    if (this.#posts.length > 0) this.wake(AGAIN.first);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#due = Infinity;
  }

  async #go(): Promise<void> {
    this.#rest();
    if (this.#isRefused) return;
    if (this.#isSending) return this.wake(APART);
    if (this.#posts.length === 0) this.#pull();
    const [post] = this.#posts;
    if (post === undefined) return;
    this.#isSending = true;
    this.#notBefore = this.#ways.clock() + APART;
    const status = await this.#ways.send(this.#address, this.#body(post)).catch(() => 0);
    this.#isSending = false;
    if (status === 401) {
      this.#isRefused = true;
      return;
    }
    if (status === 0 || status === 408 || status === 429 || status >= 500) {
      const wait = Math.min(AGAIN.most, AGAIN.first * 2 ** this.#tries);
      this.#tries += 1;
      this.#notBefore = this.#ways.clock() + wait;
      return this.wake(wait);
    }
    // What is refused for what it says would be again.
    this.#posts = this.#posts.filter((one) => one !== post);
    // What happened while this one waited has waited, too.
    if (this.#posts.length > 0 || this.#tries > 0) this.wake(0);
    this.#tries = 0;
  }

  #pull(): void {
    let events: PlayerEvent[] = [];
    let bytes = 0;
    const cut = () => {
      if (events.length > 0 && this.#sequence <= MAX_SEQUENCE) {
        this.#posts.push({ sequence: this.#sequence, events });
        this.#sequence += 1;
      }
      [events, bytes] = [[], 0];
    };
    for (const event of this.pull()) {
      const size = JSON.stringify(event).length + 1;
      if (events.length === MAX_EVENTS || bytes + size > MAX_BYTES) cut();
      events.push(event);
      bytes += size;
    }
    cut();
  }

  #body({ sequence, events }: Post): string {
    return JSON.stringify({ sequence, now: this.#ways.clock(), events });
  }
}
