/** Reports what a player shows to the address that its session's manifests name (docs/insight.md). It never holds up what plays. */
import type { ErrorData, default as Hls, Level } from 'hls.js';
import { countedAs, parseAddress } from '../../../lib/contract/events-address.ts';
import { EVENTS_ID } from '../../../lib/contract/manifest.ts';
import type { ErrorKind } from '../../../lib/contract/player-events.ts';
import { Outbox, type Ways } from './outbox.ts';
import { Viewing } from './viewing.ts';

/** ms until a post goes: of what is told at once, of a view that began, and of all else. */
const SOON = 1_000;
const BEGUN = 5_000;
const USUAL = 60_000;
/** ms after enough is there in which a browser begins by itself where it was told to; later somebody pressed. */
const BY_ITSELF = 1_000;
/** ms that a post waits for its answer. */
const PATIENCE = 30_000;
/** Sessions of this page that are remembered: a player that begins anew in one goes on with its numbers. */
const MOST_SESSIONS = 16;

const clock = (): number => Math.round(performance.timeOrigin + performance.now());

const ways: Ways = {
  // Text needs no preflight, and nothing of the viewer goes along.
  send: async (address, body) => {
    const signal = AbortSignal.timeout(PATIENCE);
    return (await fetch(address, { method: 'POST', body, credentials: 'omit', signal })).status;
  },
  beacon: (address, body) => navigator.sendBeacon(address, body),
  clock,
};

interface Session {
  readonly outbox: Outbox;
  readonly seen: Set<number>;
}
const sessions = new Map<string, Session>();

/** What a session's events are counted under, by their address. Undefined: it is none of ours. */
function nameOf(address: string): string | undefined {
  const to = URL.canParse(address) ? (new URL(address).searchParams.get('to') ?? '') : '';
  const said = parseAddress(to.slice(0, Math.max(0, to.lastIndexOf('.'))));
  return said && `${said.what} ${countedAs(said)}`;
}

/** The session is used now: forgotten is the one that was not for the longest. */
function use(name: string, session: Session): Session {
  sessions.delete(name);
  sessions.set(name, session);
  const [oldest] = sessions.keys();
  if (sessions.size > MOST_SESSIONS && oldest !== undefined) sessions.delete(oldest);
  return session;
}
const sessionAt = (address: string, name: string): Session =>
  use(name, sessions.get(name) ?? { outbox: new Outbox(address, ways), seen: new Set<number>() });

/** The address that a playlist of ours names. */
export function eventsIn(playlist: string): string | undefined {
  const begins = `#EXT-X-SESSION-DATA:DATA-ID="${EVENTS_ID}",VALUE="`;
  const line = playlist.split('\n').find((one) => one.startsWith(begins));
  return line?.slice(begins.length).split('"')[0];
}

export class Reporter {
  readonly #element: HTMLVideoElement;
  readonly #viewing: Viewing;
  readonly #controller = new AbortController();
  readonly #begun = clock();
  #ready: number | undefined;
  #name: string | undefined;
  #session: Session | undefined;

  /** `hasPlaces`: its seconds are the same for everybody, as a video's are and a channel's are not. */
  constructor(element: HTMLVideoElement, { hasPlaces }: { readonly hasPlaces: boolean }) {
    this.#element = element;
    this.#viewing = new Viewing({ hasPlaces });
    const { signal } = this.#controller;
    const on = (type: string, note: (now: number) => void) =>
      element.addEventListener(type, () => this.#note(note), { signal });
    const viewing = this.#viewing;
    for (const type of ['canplay', 'canplaythrough']) on(type, (now) => (this.#ready = now));
    on('play', (now) => viewing.asked(this.#isByItself(now) ? this.#begun : now));
    on('playing', (now) => viewing.plays(now, element.currentTime));
    on('timeupdate', (now) => this.#moves(now));
    on('pause', (now) => viewing.halts(now, element.currentTime, element.playbackRate));
    on('waiting', (now) => viewing.waits(now, element.currentTime, element.playbackRate));
    on('seeking', (now) => viewing.seeks(now, element.currentTime));
    on('ended', (now) => viewing.ends(now, element.currentTime, element.playbackRate));
    // Phones may end a page that is not on show without another word.
    document.addEventListener('visibilitychange', () => document.hidden && this.#flush(), { signal });
    window.addEventListener('online', () => this.#outbox?.hurry(), { signal });
  }

  /** The session's events go there from now on. Undefined: where is not known just now. */
  addressed(address: string | undefined): void {
    const name = address === undefined ? undefined : nameOf(address);
    if (address === undefined || name === undefined) return;
    // Its own, though the page may have forgotten it over others.
    const own = name === this.#name ? this.#session : undefined;
    const session = own ? use(name, own) : sessionAt(address, name);
    if (session !== own) {
      this.#flush();
      if (this.#name === undefined) this.#viewing.goOnIn(session.seen);
      else this.#viewing.beginAnew(session.seen);
      this.#name = name;
      this.#session = session;
      session.outbox.pull = this.#pull;
      if (this.#viewing.hasBegun) session.outbox.wake(BEGUN);
    }
    session.outbox.addressed(address);
    this.#wake();
  }

  /** What an hls.js that plays here says of renditions and errors, and its first playlist of the address. */
  heed(hls: Hls, events: typeof Hls.Events): void {
    hls.on(events.MANIFEST_LOADED, (_, { sessionData }) => {
      const address = sessionData?.[EVENTS_ID]?.['VALUE'];
      if (typeof address === 'string') this.addressed(address);
    });
    hls.on(events.LEVEL_SWITCHED, (_, { level }) => this.#note((now) => this.#shows(now, hls.levels[level])));
    hls.on(events.ERROR, (_, data) => {
      const kind = kindOf(data);
      // What ends it is told by whoever knows that nothing mends it.
      if (kind !== undefined) this.#note((now) => this.#viewing.fails(now, kind, false));
    });
  }

  /** Nothing plays on, by an error. */
  failed(kind: ErrorKind): void {
    this.#note((now) => this.#viewing.fails(now, kind, true));
  }

  /** Whoever watched goes: what is known is told at once. */
  leave(): void {
    this.#note((now) => {
      this.#moves(now);
      this.#viewing.leaves(now);
    });
    this.#flush();
  }

  /** Nothing more is heard of the element; its session may go on in another player. */
  stop(): void {
    this.#flush();
    this.#controller.abort();
    const outbox = this.#outbox;
    if (outbox?.pull === this.#pull) outbox.pull = () => [];
  }

  get #outbox(): Outbox | undefined {
    return this.#session?.outbox;
  }

  readonly #pull = () => this.#viewing.take(clock());

  #isByItself(now: number): boolean {
    return this.#element.autoplay && now - (this.#ready ?? now) < BY_ITSELF;
  }

  #moves(now: number): void {
    const { paused, seeking, currentTime, playbackRate } = this.#element;
    if (!paused && !seeking) this.#viewing.moves(now, currentTime, playbackRate);
  }

  #shows(now: number, level: Level | undefined): void {
    const name = /\/([a-z0-9]{1,20})\.m3u8(?:\?|$)/.exec(level?.url[0] ?? '')?.[1];
    const bits = level?.averageBitrate || level?.bitrate;
    this.#moves(now);
    this.#viewing.shows(now, name, bits ? Math.max(1, Math.round(bits / 1000)) : undefined);
  }

  #note(note: (now: number) => void): void {
    if (this.#controller.signal.aborted) return;
    const hadBegun = this.#viewing.hasBegun;
    note(clock());
    if (!hadBegun && this.#viewing.hasBegun) this.#outbox?.wake(BEGUN);
    this.#wake();
  }

  #wake(): void {
    if (this.#viewing.isUrgent) this.#outbox?.wake(SOON);
    else if (this.#viewing.isWaiting) this.#outbox?.wake(USUAL);
  }

  #flush(): void {
    this.#outbox?.flush();
  }
}

/** What a player does by itself where nothing has gone wrong but the time. */
const NOT_ERRORS = new Set<string>([
  'bufferStalledError',
  'bufferNudgeOnStall',
  'bufferSeekOverHole',
  'bufferFullError',
  'aborted',
  'internalAborted',
]);

/** Undefined: it is none that anybody counts. */
export function kindOf({ type, details }: Pick<ErrorData, 'type' | 'details'>): ErrorKind | undefined {
  const [what, detail]: [string, string] = [type, details];
  if (NOT_ERRORS.has(detail)) return undefined;
  if (what === 'keySystemError' || detail.startsWith('key')) return 'drm';
  if (/^(?:manifest|level|audioTrack|subtitleTrack)/.test(detail)) return 'manifest';
  if (what === 'networkError') return 'network';
  if (/codec|append/i.test(detail)) return 'decode';
  return what === 'mediaError' || what === 'muxError' ? 'media' : 'other';
}
