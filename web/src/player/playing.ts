/** One session of `<sluice-player>`: from the playlist it begins with to its goodbye. Its signature is renewed, nothing is loaded anew. */
import type { ErrorData, HlsConfig } from 'hls.js';
import type HlsVideoElement from 'hls-video-element';
import { Hls } from 'hls-video-element';
import { vodPrefix } from '../../../lib/contract/keys.ts';
import { ApiProblem, isPassing, problemOf, unreachable } from '../api/problem.ts';
import { definedIn, endOf, isOver, openedBy, readFrom, refusedText, Signature } from '../shared/signature.ts';
import { licensed } from '../video/licence.ts';
import { inSession, streamUrl } from '../video/links.ts';
import { readManifest } from '../video/manifest.ts';
import { takeOver } from '../video/take-over.ts';

/** ms until what the network broke off is begun again. */
const AGAIN = 1_500;
/** ms in which a refusal is mended once: a right that is over stays over. */
const MEND = 20_000;
/** ms until a playlist is read again that says there will be more. */
const GROWS_EVERY = 10_000;

/** A video, on which deployment, and by which token. */
export interface Target {
  readonly origin: string;
  readonly id: string;
  readonly token: string | undefined;
}

/** What is heard of it. */
export interface Tells {
  /** Nothing plays on, and why. */
  readonly refused: (why: ApiProblem) => void;
  /** In words, what is tried again by itself; undefined: it goes on. */
  readonly troubled: (words: string | undefined) => void;
  readonly renewed: (until: Date) => void;
}

export class Playing {
  readonly #element: HlsVideoElement;
  readonly #target: Target;
  readonly #tells: Tells;
  readonly #session = randomName();
  readonly #source: string;
  readonly #signature: Signature;
  readonly #config: Partial<HlsConfig>;
  readonly #controller = new AbortController();
  #mended = 0;
  #isRecovered = false;
  #listed: string | undefined;

  /** `startAt`: seconds; -1: where the video begins. */
  constructor(element: HlsVideoElement, target: Target, startAt: number, tells: Tells) {
    const { origin, id, token } = target;
    this.#element = element;
    this.#target = target;
    this.#tells = tells;
    this.#source = inSession(streamUrl(origin, id, { token }), this.#session);
    this.#signature = new Signature({
      prefix: `/${vodPrefix(id)}`,
      base: `${origin}/`,
      read: async () => {
        const answer = await readFrom(this.#source);
        const until = endOf(definedIn(answer.text) ?? '');
        if (until !== undefined) tells.renewed(new Date(until));
        return answer;
      },
      over: (why) => this.#refuse(why),
    });
    this.#config = {
      capLevelToPlayerSize: true,
      // Of a low rung minutes would be fetched ahead, and better ones may be on their way.
      maxMaxBufferLength: 60,
      startPosition: startAt,
      xhrSetup: openedBy(this.#signature, undefined),
      ...licensed(origin),
    };
  }

  begin(): void {
    const element = this.#element;
    // In this order: the element makes its hls.js instance, with the configuration of that moment, when `src` is set.
    element.config = this.#config;
    if (!Hls.isSupported()) {
      // The browser's own player reads its playlist once and renews nothing, so its signature is to last for the video.
      const { origin, id, token } = this.#target;
      element.src = streamUrl(origin, id, { token });
      return;
    }
    element.src = this.#source;
    const attach = () => {
      if (!this.#controller.signal.aborted && element.api) this.#heed(element.api);
    };
    // One microtask later, that is.
    void Promise.resolve().then(() => Promise.resolve().then(attach));
  }

  /** Its place is free at once for who may watch a few things at a time only. */
  end(): void {
    this.#controller.abort();
    const { ticket, isOver: isGone } = this.#signature;
    if (ticket === undefined || isGone) return;
    const { origin, id } = this.#target;
    navigator.sendBeacon(`${origin}/api/play/${id}/goodbye?session=${this.#session}&ticket=${ticket}`);
  }

  #refuse(why: ApiProblem): void {
    if (this.#controller.signal.aborted) return;
    this.#element.pause();
    this.#element.api?.stopLoad();
    this.#tells.refused(why);
  }

  #heed(hls: Hls): void {
    hls.on(Hls.Events.ERROR, (_, data) => void this.#failed(hls, data));
    hls.on(Hls.Events.MANIFEST_LOADED, (_, { networkDetails }) => {
      const text = refusedText({ networkDetails });
      if (this.#listed === undefined) this.#watchGrowth(text);
    });
    const goesOn = () => this.#tells.troubled(undefined);
    hls.on(Hls.Events.MANIFEST_PARSED, goesOn);
    hls.on(Hls.Events.FRAG_BUFFERED, goesOn);
  }

  async #failed(hls: Hls, data: ErrorData): Promise<void> {
    const code = data.response?.code;
    if (!data.fatal) {
      // hls.js tries again for as long as something is buffered. Whether it was ended, and by whom, only the API says.
      if (code === 403 && !(await this.#signature.renew())) await this.#askWhy();
      return;
    }
    const refusal = problemOf(code ?? 0, refusedText(data));
    if (isOver(refusal)) return this.#refuse(refusal);
    const isMedia = data.details !== Hls.ErrorDetails.MANIFEST_LOAD_ERROR;
    if (isMedia && (code === 401 || code === 403) && Date.now() - this.#mended > MEND) {
      // A machine that slept, say, or a clock that is wrong. With another signature the same player goes on.
      this.#mended = Date.now();
      if ((await this.#signature.renew()) || (await this.#askWhy())) hls.startLoad();
    } else if (data.type === Hls.ErrorTypes.NETWORK_ERROR && isPassing(code)) {
      this.#tells.troubled('The video could not be fetched. It goes on by itself when there is a connection.');
      this.#later(AGAIN, () => {
        if (hls.levels.length === 0) hls.loadSource(this.#source);
        else hls.startLoad();
      });
    } else if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !this.#isRecovered) {
      this.#isRecovered = true;
      hls.recoverMediaError();
    } else if (code !== undefined && code >= 400) this.#refuse(refusal);
    else this.#refuse(unplayable());
  }

  /** The edge refuses without a word: what became of the right, the playlist says. Resolves to whether it is good. */
  async #askWhy(): Promise<boolean> {
    if (this.#signature.isOver) return false;
    try {
      await readFrom(this.#source);
      return true;
    } catch (cause) {
      const why = cause instanceof ApiProblem ? cause : unreachable(cause);
      // What may pass is hls.js's to try again.
      if (!isPassing(why.status)) this.#refuse(why);
      return isPassing(why.status);
    }
  }

  /** Renditions that join, and captions, are taken over without a halt. */
  #watchGrowth(text: string): void {
    const { listed, grows } = readManifest(text);
    this.#listed = listed;
    if (!grows) return;
    this.#later(GROWS_EVERY, async () => {
      const next = await readFrom(this.#source).catch(() => undefined);
      if (this.#controller.signal.aborted) return;
      // Keys cannot be handed over: what plays by a licence goes on with what it began with.
      const isFree = !this.#element.nativeEl.mediaKeys;
      const isNew = isFree && next !== undefined && readManifest(next.text).listed !== this.#listed;
      const taken = isNew
        ? await takeOver(this.#element, this.#source, this.#config, this.#controller.signal)
        : undefined;
      if (taken) this.#heed(taken);
      if (!this.#controller.signal.aborted) this.#watchGrowth(taken && next ? next.text : text);
    });
  }

  #later(ms: number, what: () => unknown): void {
    const timer = setTimeout(() => void what(), ms);
    this.#controller.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }
}

const unplayable = (): ApiProblem =>
  problemOf(415, JSON.stringify({ code: 'unplayable', detail: 'This browser could not decode the video.' }));

/** 128 bits that nobody can guess; pages over plain http have no `randomUUID`. */
const randomName = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
