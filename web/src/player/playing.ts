/**
 * A video in hls.js, for the console and `<sluice-player>`: from the playlist it begins with to its goodbye. Its signature is renewed,
 * what goes wrong for good is mended or said, and nothing is loaded anew.
 */
import type { ErrorData, HlsConfig } from 'hls.js';
import type HlsVideoElement from 'hls-video-element';
import { Hls } from 'hls-video-element';
import { vodPrefix } from '../../../lib/contract/keys.ts';
import { ApiProblem, hasCode, isPassing, problemOf, unreachable } from '../api/problem.ts';
import { eventsIn, Reporter } from '../reports/reporter.ts';
import { definedIn, endOf, isLost, isOver, openedBy, readFrom, refusedText, Signature } from '../shared/signature.ts';
import { licensed } from '../video/licence.ts';
import { inSession } from '../video/links.ts';
import { readManifest } from '../video/manifest.ts';
import { takeOver } from '../video/take-over.ts';

/** ms until what the network broke off is begun again. */
const AGAIN = 1_500;
/** ms in which a refusal, or what cannot be decoded, is mended once: a right that is over stays over. */
const MEND = 20_000;
/** ms until a playlist is read again that says there will be more. */
const GROWS_EVERY = 10_000;
/** Seconds between two tries to read a newer playlist, at most. */
const LONGEST_WAIT = 30;

/** What the network broke off, in words. */
export const UNFETCHED =
  'The video could not be fetched. Check the connection; it goes on by itself when there is one.';

/** A video, on which deployment, and by which right. */
export interface Target {
  /** Scheme and host. */
  readonly origin: string;
  readonly id: string;
  /** Address of its multivariant playlist, with all that it needs but a session. */
  readonly src: string;
  /** Goes with requests to our API, where the address alone opens nothing. */
  readonly token?: (() => Promise<string | undefined>) | undefined;
  /** An address that needs no header, for browsers that play by themselves; default: `src`. */
  readonly bare?: (() => Promise<string>) | undefined;
  /** One that goes on from before, or that somebody else asks for the playlist in, too. */
  readonly session?: string | undefined;
  /** Seconds; -1: where the video begins. */
  readonly startAt: number;
  /** It plays as soon as it can: somebody asked for it before there was a player, or watched what this goes on from. */
  readonly plays?: boolean;
  /** Goes over to newer playlists by itself, for as long as they say that there will be more. */
  readonly follows?: boolean;
}

/** What is heard of it. */
export interface Tells {
  /** Nothing plays on, and why. */
  readonly refused: (why: ApiProblem) => void;
  /** What the network broke off is tried again by itself; false: it goes on. What is buffered plays on meanwhile. */
  readonly troubled: (isTroubled: boolean) => void;
  readonly renewed?: (until: Date) => void;
}

/** 128 bits that nobody can guess; pages over plain http have no `randomUUID`. */
export const newSession = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

export class Playing {
  readonly session: string;
  readonly #element: HlsVideoElement;
  readonly #target: Target;
  readonly #tells: Tells;
  readonly #source: string;
  readonly #signature: Signature;
  readonly #config: Partial<HlsConfig>;
  readonly #reporter: Reporter;
  readonly #controller = new AbortController();
  #taking = new AbortController();
  #isRefused = false;
  #isWanted = false;
  #mended = 0;
  #recovered = 0;
  #listed: string | undefined;

  get #isStopped(): boolean {
    return this.#controller.signal.aborted;
  }

  constructor(element: HlsVideoElement, target: Target, tells: Tells) {
    const { origin, id, src, token, startAt } = target;
    this.#element = element;
    this.#target = target;
    this.#tells = tells;
    this.session = target.session ?? newSession();
    this.#source = inSession(src, this.session);
    this.#reporter = new Reporter(element, { hasPlaces: true });
    this.#signature = new Signature({
      prefix: `/${vodPrefix(id)}`,
      base: `${origin}/`,
      read: async () => {
        const answer = await readFrom(this.#source);
        this.#reporter.addressed(eventsIn(answer.text));
        const until = endOf(definedIn(answer.text) ?? '');
        if (until !== undefined) tells.renewed?.(new Date(until));
        return answer;
      },
      over: (why) => this.#refuse(why),
    });
    this.#config = {
      capLevelToPlayerSize: true,
      // Of a low rung minutes would be fetched ahead, and better ones may be on their way.
      maxMaxBufferLength: 60,
      startPosition: startAt,
      xhrSetup: openedBy(this.#signature, token),
      ...licensed(origin),
    };
  }

  begin(): void {
    const element = this.#element;
    // In this order: the element makes its hls.js instance, with the configuration of that moment, when `src` is set.
    element.config = this.#config;
    const { signal } = this.#controller;
    this.#keepPlaying(signal);
    window.addEventListener('offline', () => this.#tells.troubled(true), { signal });
    window.addEventListener('online', () => this.#backOnline(), { signal });
    if (!Hls.isSupported()) return void this.#playByItself();
    element.src = this.#source;
    const attach = () => {
      if (!this.#isStopped && element.api) this.#heed(element.api);
    };
    // One microtask later, that is.
    void Promise.resolve().then(() => Promise.resolve().then(attach));
  }

  /**
   * A source that is put in pauses, without an event, what was told to play before (HTML, media element load algorithm, step 6), so
   * that is told again. What somebody paused since stays as it is.
   */
  #keepPlaying(signal: AbortSignal): void {
    const element = this.#element;
    this.#isWanted = this.#target.plays === true || !element.paused;
    element.addEventListener('play', () => this.want(true), { signal });
    element.addEventListener('pause', () => this.want(false), { signal });
    element.addEventListener('loadstart', () => this.#isWanted && void element.play().catch(() => undefined), {
      signal,
    });
  }

  /** It is told to play, or to stand. Of that the source, if it is put in at that moment, takes away the event, too. */
  want(toPlay: boolean): void {
    this.#isWanted = toPlay;
  }

  /** Of its session now; undefined: it has none yet. */
  get ticket(): string | undefined {
    return this.#signature.ticket;
  }

  /** Asks whether it goes on before it would by itself: its session is said to be over. */
  readonly askAgain = (): void => {
    if (!this.#isStopped) void this.#renew();
  };

  /** Tries again at once what the network broke off: hls.js waits ever longer between its own tries. */
  resume(): void {
    const hls = this.#element.api;
    if (!hls || this.#isStopped) return;
    if (hls.levels.length === 0) hls.loadSource(this.#source);
    else hls.startLoad();
  }

  #backOnline(): void {
    this.#tells.troubled(false);
    this.resume();
  }

  /** What plays stays as it is, and nothing more is done for it; its session may go on in another. */
  stop(): void {
    this.#controller.abort();
    this.#taking.abort();
    this.#reporter.stop();
  }

  /** The session is over: its place is free at once for who may watch a few things at a time only. */
  goodbye(): void {
    this.#reporter.leave();
    const { ticket, isOver: isGone } = this.#signature;
    if (ticket === undefined || isGone) return;
    const { origin, id } = this.#target;
    navigator.sendBeacon(`${origin}/api/play/${id}/goodbye?session=${this.session}&ticket=${ticket}`);
  }

  /**
   * Takes over what the newest playlist lists, without a halt, when that comes; asked again meanwhile, that once. Resolves to false
   * where nothing can be handed over: where the browser plays by itself, and of keys, since the element keeps those it plays by.
   */
  async takeOver(): Promise<boolean> {
    if (!Hls.isSupported() || this.#element.nativeEl.mediaKeys) return false;
    this.#taking.abort();
    const { signal } = (this.#taking = new AbortController());
    for (let wait = 1; !signal.aborted && !this.#isStopped; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      const next = await takeOver(this.#element, this.#source, this.#config, signal);
      if (next) {
        this.#heed(next);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    }
    return true;
  }

  /** The browser's own player reads its playlist once and renews nothing, so its signature is to last for the video. */
  async #playByItself(): Promise<void> {
    try {
      const address = (await this.#target.bare?.()) ?? this.#target.src;
      if (!this.#isStopped) this.#element.src = address;
    } catch (cause) {
      this.#refuse(cause instanceof ApiProblem ? cause : unreachable(cause));
    }
  }

  #refuse(why: ApiProblem): void {
    if (this.#isStopped || this.#isRefused) return;
    this.#isRefused = true;
    this.#element.pause();
    this.#element.api?.stopLoad();
    // A right that is over is nothing that went wrong.
    if (!isOver(why) && !isLost(why)) this.#reporter.failed(hasCode(why, 'unplayable') ? 'decode' : 'network');
    this.#tells.refused(why);
  }

  #heed(hls: Hls): void {
    this.#reporter.heed(hls, Hls.Events);
    hls.on(Hls.Events.ERROR, (_, data) => void this.#failed(hls, data));
    if (this.#target.follows === true)
      hls.on(Hls.Events.MANIFEST_LOADED, (_, { networkDetails }) => {
        if (this.#listed === undefined) this.#watchGrowth(refusedText({ networkDetails }));
      });
    // What was on its way when the network went may still come.
    const goesOn = () => navigator.onLine && this.#tells.troubled(false);
    hls.on(Hls.Events.MANIFEST_PARSED, goesOn);
    hls.on(Hls.Events.FRAG_BUFFERED, goesOn);
  }

  async #failed(hls: Hls, data: ErrorData): Promise<void> {
    const code = data.response?.code;
    const isMedia = data.details !== Hls.ErrorDetails.MANIFEST_LOAD_ERROR;
    // Of the edge's refusals pages elsewhere are not even told that they are some: they have no CORS headers.
    const isHidden = code === 0 && isMedia && this.#target.origin !== location.origin;
    if (isHidden && (await this.#renew()) === 'over') return;
    if (!data.fatal) {
      // hls.js tries again for as long as something is buffered. Whether it was ended, and by whom, only the API says.
      if (code === 403) await this.#renew();
      else if (data.type === Hls.ErrorTypes.NETWORK_ERROR && isPassing(code)) this.#tells.troubled(true);
      return;
    }
    const refusal = problemOf(code ?? 0, refusedText(data));
    if (isOver(refusal)) return this.#refuse(refusal);
    // What our API says of an address alone, it says again.
    const mayMend = isMedia || this.#target.token !== undefined;
    if (mayMend && (code === 401 || code === 403) && Date.now() - this.#mended > MEND) {
      // A machine that slept, say, or a clock that is wrong. With another signature the same player goes on.
      this.#mended = Date.now();
      const now = await this.#renew();
      if (now === 'renewed') this.resume();
      if (now !== 'passing') return;
      this.#mended = 0;
      this.#tryLater(hls);
    } else if (data.type === Hls.ErrorTypes.NETWORK_ERROR && isPassing(code)) this.#tryLater(hls);
    else if (data.type === Hls.ErrorTypes.MEDIA_ERROR && Date.now() - this.#recovered > MEND) {
      this.#recovered = Date.now();
      hls.recoverMediaError();
    } else if (code !== undefined && code >= 400) this.#refuse(refusal);
    else this.#refuse(unplayable());
  }

  #tryLater(hls: Hls): void {
    this.#tells.troubled(true);
    this.#later(AGAIN, () => this.#element.api === hls && this.resume());
  }

  /**
   * The edge refuses without a word: what became of the right says the playlist that the next signature is in. `over`: it was said
   * that nothing plays on; `passing`: asking again may help.
   */
  async #renew(): Promise<'renewed' | 'passing' | 'over'> {
    if (await this.#signature.renew()) return 'renewed';
    const { failure } = this.#signature;
    if (!(failure instanceof ApiProblem) || isPassing(failure.status)) return 'passing';
    this.#refuse(failure);
    return 'over';
  }

  /** Renditions that join, and captions, are taken over without a halt. */
  #watchGrowth(text: string): void {
    const { listed, grows } = readManifest(text);
    this.#listed = listed;
    if (!grows) return;
    this.#later(GROWS_EVERY, async () => {
      const next = await readFrom(this.#source).catch(() => undefined);
      if (this.#isStopped) return;
      const isNew = next !== undefined && readManifest(next.text).listed !== this.#listed;
      // What plays by a licence goes on with what it began with.
      const isTaken = isNew && (await this.takeOver());
      if (!this.#isStopped) this.#watchGrowth(isTaken ? next.text : text);
    });
  }

  #later(ms: number, what: () => unknown): void {
    const timer = setTimeout(() => void what(), ms);
    this.#controller.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }
}

const unplayable = (): ApiProblem =>
  problemOf(415, JSON.stringify({ code: 'unplayable', detail: 'This browser could not decode the video.' }));
