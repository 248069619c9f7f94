/**
 * `<sluice-player>`: a video of a Sluice deployment on any page (docs/players.md). It needs nothing but this file; what it offers
 * is in sluice-player.d.ts, which is served beside it.
 */
import 'media-chrome';
import 'media-chrome/menu';
import type HlsVideoElement from 'hls-video-element';
import 'hls-video-element';
import { VIDEO_ID } from '../../../lib/contract/keys.ts';
import type { SluicePlayerElement, SluicePlayerRefusal } from '../../player/sluice-player.d.ts';
import { ApiProblem, unreachable } from '../api/problem.ts';
import { isControl, isTyping } from '../shell/keys.ts';
import { keepStoryboard } from '../video/keep-storyboard.ts';
import { perform } from '../video/perform.ts';
import { actionOf, Pictures } from '../video/player-keys.ts';
import { streamUrl } from '../video/links.ts';
import { BROKEN, refusalOf } from '../video/refusal.ts';
import { MARKUP } from './markup.ts';
import { Playing, UNFETCHED } from './playing.ts';
import { hidePreview } from './preview.ts';
import { forget, kept, unlock } from './unlocking.ts';

/** The deployment that this file came from. */
const HERE = new URL(import.meta.url).origin;
/** What a `<video>` says under the same name. */
const FORWARDED = ['play', 'pause', 'playing', 'timeupdate', 'seeked', 'ended', 'volumechange', 'ratechange'];
/** ms that it is said what a key has done. */
const SAID = 1_200;

/** A video, on which deployment, and by which token. */
interface Named {
  readonly origin: string;
  readonly id: string;
  readonly token: string | undefined;
}

interface About {
  readonly title: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly hasPoster: boolean;
  readonly hasStoryboard: boolean;
}

class SluicePlayer extends HTMLElement implements SluicePlayerElement {
  static readonly observedAttributes = ['src', 'video', 'token', 'poster', 'heading'];

  readonly #root: ShadowRoot;
  #playing: Playing | undefined;
  /** Over with what plays now. */
  #controller = new AbortController();
  /**
   * Whether it was told that it is in a page: `isConnected` is true before, of one that stood there when its class was defined, and
   * what it is given then is heard first (HTML, upgrade an element).
   */
  #isIn = false;
  #isDue = false;
  #resumeAt = -1;
  #isTroubled = false;
  #pictures = new Pictures();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: 'open' });
    this.#root.innerHTML = MARKUP;
    hidePreview(this.#find('media-time-range'));
    for (const type of FORWARDED) this.#media.addEventListener(type, () => this.dispatchEvent(new Event(type)));
    this.#media.addEventListener('timeupdate', () => (this.#resumeAt = this.#media.currentTime || this.#resumeAt));
    for (const type of ['waiting', 'playing'])
      this.#media.addEventListener(type, () => this.#isTroubled && this.#trouble(true));
    this.#media.addEventListener('loadedmetadata', () => this.#ready());
    this.#find('.again').addEventListener('click', () => this.#begin(true));
    this.#find('form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#unlock();
    });
  }

  connectedCallback(): void {
    this.#isIn = true;
    document.addEventListener('keydown', this.#press);
    window.addEventListener('pagehide', this.#hide);
    this.#begin(false);
  }

  disconnectedCallback(): void {
    this.#isIn = false;
    this.#isDue = false;
    document.removeEventListener('keydown', this.#press);
    window.removeEventListener('pagehide', this.#hide);
    this.#leave();
    this.#media.removeAttribute('src');
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || !this.#isIn || this.#isDue) return;
    if (name === 'heading') return this.#name(after ?? undefined);
    if (name === 'poster') return this.#poster(after ?? undefined);
    // Several that change together begin one session.
    this.#isDue = true;
    this.#resumeAt = -1;
    queueMicrotask(() => this.#isDue && this.#begin(!this.paused));
  }

  get currentTime(): number {
    return this.#media.currentTime;
  }
  set currentTime(seconds: number) {
    this.#media.currentTime = seconds;
  }
  get volume(): number {
    return this.#media.volume;
  }
  set volume(loudness: number) {
    this.#media.volume = loudness;
  }
  get muted(): boolean {
    return this.#media.muted;
  }
  set muted(isMuted: boolean) {
    this.#media.muted = isMuted;
  }
  get playbackRate(): number {
    return this.#media.playbackRate;
  }
  set playbackRate(rate: number) {
    this.#media.playbackRate = rate;
  }
  get duration(): number {
    return this.#media.duration;
  }
  get paused(): boolean {
    return this.#media.paused;
  }
  get ended(): boolean {
    return this.#media.ended;
  }
  async play(): Promise<void> {
    const playing = this.#playing;
    playing?.want(true);
    try {
      await this.#media.play();
    } catch (cause) {
      // The browser does not let it, and is not asked again by itself.
      if (cause instanceof DOMException && cause.name === 'NotAllowedError') playing?.want(false);
      throw cause;
    }
  }
  pause(): void {
    this.#playing?.want(false);
    this.#media.pause();
  }

  get #media(): HlsVideoElement {
    return this.#find('hls-video') as unknown as HlsVideoElement;
  }

  #find(selector: string): HTMLElement {
    const found = this.#root.querySelector<HTMLElement>(selector);
    if (found === null) throw new TypeError(`the player has no ${selector}`);
    return found;
  }

  /** Undefined: what it is given names no video. */
  #target(): Named | undefined {
    const src = this.getAttribute('src');
    const own = this.getAttribute('token') ?? undefined;
    if (src === null) {
      const id = this.getAttribute('video') ?? '';
      return VIDEO_ID.test(id) ? { origin: HERE, id, token: own } : undefined;
    }
    const url = URL.canParse(src, document.baseURI) ? new URL(src, document.baseURI) : undefined;
    const id = /^\/(?:v|embed|api\/play)\/([a-z0-9]{20})(?:\/|$)/.exec(url?.pathname ?? '')?.[1];
    if (url === undefined || id === undefined) return undefined;
    return { origin: url.origin, id, token: url.searchParams.get('token') ?? own };
  }

  /** Who comes back to the page is told that it was ended. */
  readonly #hide = (): void => this.#playing?.goodbye();

  #leave(): void {
    clearTimeout(this.#retry);
    this.#controller.abort();
    this.#playing?.goodbye();
    this.#playing?.stop();
    this.#playing = undefined;
    this.#isTroubled = false;
  }

  #begin(isPlaying: boolean): void {
    this.#isDue = false;
    this.#leave();
    this.#controller = new AbortController();
    this.#cover(undefined);
    const named = this.#target();
    if (named === undefined) return this.#cover({ title: BROKEN.title, sentence: BROKEN.sentence });
    const target = { ...named, token: kept(named.token) ?? named.token };
    const media = this.#media;
    if (this.hasAttribute('muted')) media.muted = true;
    media.toggleAttribute('autoplay', isPlaying || this.hasAttribute('autoplay'));
    const start = Number(this.getAttribute('start') ?? -1);
    const from = this.#resumeAt >= 0 ? this.#resumeAt : Number.isFinite(start) ? start : -1;
    const { origin, id, token } = target;
    const src = streamUrl(origin, id, { token });
    this.#playing = new Playing(
      media,
      { origin, id, src, startAt: from, follows: true },
      {
        refused: (why) => this.#refused(why, target),
        troubled: (isTroubled) => this.#trouble(isTroubled),
        renewed: (until) => this.dispatchEvent(new CustomEvent('renewed', { detail: { until } })),
      },
    );
    this.#playing.begin();
    void this.#dress(target, this.#controller.signal);
    this.#watchPictures(this.#controller.signal);
  }

  /** Of what the network broke off nothing is said over what still plays, nor over a picture that nobody asked to move. */
  #trouble(isTroubled: boolean): void {
    this.#isTroubled = isTroubled;
    const { paused, readyState } = this.#media;
    const isStanding = readyState < HTMLMediaElement.HAVE_FUTURE_DATA && (!paused || readyState === 0);
    this.#cover(isTroubled && isStanding ? { title: UNFETCHED } : undefined);
  }

  /** What the page says of the video, and pictures of it; a player plays without. */
  async #dress({ origin, id, token }: Named, signal: AbortSignal): Promise<void> {
    this.#name(this.getAttribute('heading') ?? undefined);
    this.#poster(this.getAttribute('poster') ?? undefined);
    const query = token === undefined ? '' : `?token=${encodeURIComponent(token)}`;
    const base = `${origin}/api/play/${id}`;
    const answer = await fetch(`${base}/about${query}`, { signal }).catch(() => undefined);
    if (!answer?.ok || signal.aborted) return;
    const about = (await answer.json()) as About;
    if (signal.aborted) return;
    if (!this.hasAttribute('heading')) this.#name(about.title);
    if (!this.hasAttribute('poster') && about.hasPoster) this.#poster(`${base}/poster${query}`);
    if (about.width && about.height) this.style.setProperty('--sluice-ratio', `${about.width} / ${about.height}`);
    if (!about.hasStoryboard) return;
    const stop = keepStoryboard(`${base}/storyboard.vtt${query}`, origin, (track) => this.#sheets(track));
    signal.addEventListener('abort', stop, { once: true });
  }

  #name(title = 'Video'): void {
    this.#find('media-controller').setAttribute('aria-label', `Player: ${title}`);
  }

  #poster(address: string | undefined): void {
    const picture = this.#find('media-poster-image');
    picture.hidden = address === undefined;
    if (address === undefined) picture.removeAttribute('src');
    else picture.setAttribute('src', address);
  }

  #sheets(track: string | undefined): void {
    this.#media.querySelector('track')?.remove();
    if (track === undefined) return;
    const made = document.createElement('track');
    Object.assign(made, { kind: 'metadata', label: 'thumbnails', default: true, src: track });
    this.#media.append(made);
  }

  #ready(): void {
    const { duration, videoWidth: width, videoHeight: height } = this.#media;
    this.dispatchEvent(new CustomEvent('ready', { detail: { duration, width, height } }));
  }

  #refused(why: ApiProblem, { token }: Named): void {
    const { status, code, message: detail } = why;
    const own = this.#target()?.token;
    if (code === 'invalid-token' && token !== own) {
      // What the password opened is over.
      forget(own);
      this.#begin(!this.paused);
    } else if (code === 'link-locked') {
      this.#cover({ title: 'This video asks for a password', isLocked: true });
      this.#find('input').focus();
    } else {
      const now = Date.now();
      const refusal = refusalOf({ status, code, detail, token, now, spoken: (at) => new Date(at).toLocaleString() });
      const isPrivate = token === undefined && (status === 401 || status === 403);
      const { title, sentence } = isPrivate
        ? { title: 'This video is not public', sentence: 'Ask its owner for a link.' }
        : refusal;
      const isOver = code === 'session-ended' || code === 'too-many-sessions';
      this.#cover({ title, sentence, mayTry: isOver || refusal.askIn !== undefined });
      if (refusal.askIn !== undefined) this.#retry = setTimeout(() => this.#begin(!this.paused), refusal.askIn);
    }
    const told: SluicePlayerRefusal = { code, status, message: detail };
    this.dispatchEvent(new CustomEvent('refused', { detail: told }));
  }

  /** Says something over the player; undefined: nothing is to be said. */
  #cover(
    what:
      | { readonly title: string; readonly sentence?: string; readonly isLocked?: boolean; readonly mayTry?: boolean }
      | undefined,
  ): void {
    this.#find('.over').hidden = what === undefined;
    this.#find('.title').textContent = what?.title ?? '';
    this.#find('.sentence').textContent = what?.sentence ?? '';
    this.#find('form').hidden = what?.isLocked !== true;
    this.#find('.again').hidden = what?.mayTry !== true;
  }

  async #unlock(): Promise<void> {
    const target = this.#target();
    const input = this.#find('input') as HTMLInputElement;
    if (target?.token === undefined) return;
    const { signal } = this.#controller;
    try {
      await unlock(target.origin, target.id, target.token, input.value);
      input.value = '';
      if (!signal.aborted) this.#begin(true);
    } catch (cause) {
      const problem = cause instanceof ApiProblem ? cause : unreachable(cause);
      this.#find('.sentence').textContent = problem.message;
      input.select();
    }
  }

  readonly #press = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const [target] = event.composedPath();
    const isHere = this.getAttribute('keys') === 'page' || event.composedPath().includes(this);
    if (!isHere || target === undefined || isTyping(target) || isControl(target, event.key)) return;
    const action = actionOf(event.key);
    if (!action || !this.#find('.over').hidden) return;
    event.preventDefault();
    const words = perform(action, this.#media, this.#root, this.#pictures.length);
    if (words === undefined) return;
    const said = document.createElement('span');
    said.textContent = words;
    this.#find('.said').replaceChildren(said);
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#find('.said').replaceChildren(), SAID);
  };

  /** How long a picture lasts, for keys that go on by one. */
  #watchPictures(signal: AbortSignal): void {
    const pictures = new Pictures();
    this.#pictures = pictures;
    const video = this.#media.nativeEl;
    if (!('requestVideoFrameCallback' in video)) return;
    const next = (_: number, { mediaTime }: VideoFrameCallbackMetadata) => {
      pictures.shown(mediaTime);
      if (!signal.aborted) video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }
}

// A page may load the file twice.
if (customElements.get('sluice-player') === undefined) customElements.define('sluice-player', SluicePlayer);
