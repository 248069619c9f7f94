/**
 * The console's WebSocket: there while a screen shows something that is told of, and somebody looks. Whatever goes wrong with it, the
 * screens ask as they would without it.
 */
import type { QueryClient } from '@tanstack/react-query';
import type { Told } from '../../../lib/contract/presence.ts';
import { ASK_SECONDS, SOCKET } from '../../../lib/contract/socket.ts';
import { call } from '../api/client.ts';
import { onPlays } from './mine.ts';
import { pushed } from './pushed.ts';
import { askFor, takeIn, wantedTopics } from './topics.ts';

/** ms. Screens change what they show in steps. */
const SETTLE = 150;
/** ms that a connection outlives the last look at something. */
const LINGER = 30_000;
/** ms before the end of a connection at which another is begun; the token is renewed by then (session.ts). */
const EARLY = 20_000;
const SHORTEST = 30_000;
const LONGEST_WAIT = 60_000;

/** ms until the next try after so many that failed: all that lost one server come back at different times. Pure. */
export const backOff = (tries: number, random: number): number =>
  Math.min(LONGEST_WAIT, 1_000 * 2 ** tries) * (0.5 + random / 2);

type Timer = ReturnType<typeof setTimeout> | undefined;

class Push {
  readonly #client: QueryClient;
  readonly #subject: string;
  #socket: WebSocket | undefined;
  #isConnecting = false;
  #tries = 0;
  #asked = '';
  #timers: { settle?: Timer; linger?: Timer; retry?: Timer; ask?: Timer; renew?: Timer } = {};

  constructor(client: QueryClient, subject: string) {
    this.#client = client;
    this.#subject = subject;
    client.getQueryCache().subscribe(this.#settle);
    onPlays(this.#settle);
    document.addEventListener('visibilitychange', this.#settle);
    this.#settle();
  }

  #settle = (): void => {
    this.#timers.settle ??= setTimeout(() => {
      this.#timers.settle = undefined;
      this.#look();
    }, SETTLE);
  };

  #look(): void {
    const topics = document.hidden ? [] : wantedTopics(this.#client, this.#subject);
    if (topics.length === 0) {
      this.#timers.linger ??= setTimeout(() => this.#socket?.close(), LINGER);
      return;
    }
    clearTimeout(this.#timers.linger);
    this.#timers.linger = undefined;
    if (this.#socket?.readyState === WebSocket.OPEN) {
      if (topics.join() !== this.#asked) this.#ask(topics);
    } else if (!this.#isConnecting && this.#socket === undefined && this.#timers.retry === undefined)
      void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#isConnecting = true;
    try {
      const { ticket } = await call('POST /api/presence', {});
      const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/${SOCKET}?ticket=${ticket}`);
      this.#socket = socket;
      socket.addEventListener('open', () => this.#look());
      socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(String(data)) as Told));
      socket.addEventListener('close', () => this.#lost());
    } catch {
      this.#lost();
    } finally {
      this.#isConnecting = false;
    }
  }

  /** Also the sign of life: it is said again and again. */
  #ask(topics: readonly string[]): void {
    this.#asked = topics.join();
    this.#socket?.send(JSON.stringify({ topics }));
    clearTimeout(this.#timers.ask);
    this.#timers.ask = setTimeout(() => this.#ask(wantedTopics(this.#client, this.#subject)), ASK_SECONDS * 1000);
  }

  #hear(told: Told): void {
    if ('news' in told) {
      for (const one of told.news) takeIn(this.#client, one);
      return;
    }
    this.#tries = 0;
    const fresh = told.topics.filter((topic) => !pushed.has(topic));
    pushed.clear();
    for (const topic of told.topics) pushed.add(topic);
    askFor(this.#client, fresh);
    clearTimeout(this.#timers.renew);
    const left = told.until * 1000 - Date.now() - EARLY;
    this.#timers.renew = setTimeout(() => this.#socket?.close(), Math.max(SHORTEST, left));
  }

  #lost(): void {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#timers = {};
    this.#socket = undefined;
    this.#asked = '';
    const told = [...pushed];
    pushed.clear();
    // By which they are asked for again, as often as before.
    askFor(this.#client, told);
    this.#timers.retry = setTimeout(
      () => {
        this.#timers.retry = undefined;
        this.#look();
      },
      backOff(this.#tries, Math.random()),
    );
    this.#tries += 1;
  }
}

/** `subject`: who is signed in. */
export const startPush = (client: QueryClient, subject: string): void => void new Push(client, subject);
