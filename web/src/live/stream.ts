/**
 * One channel on the wall, from asking for it to saying goodbye. The API says what the channel is doing; while it is
 * live, hls.js plays it. An on-demand signature is short and asking for the next one is the viewer's sign of life, so it
 * is asked for in time and put into every address the player fetches from then on: nothing is loaded anew.
 */
import type { default as Hls, ErrorData } from 'hls.js';
import { call, pathOf } from '../api/client.ts';
import { apiPath } from '../api/token-fetch.ts';
import type { Place } from '../fleet/wall.ts';
import { renewIn, resigned } from '../shared/signature.ts';
import { distances, isEnough, LIVE, Pace, Reloads } from './pace.ts';
import {
  behindOf,
  delayOf,
  LOOK,
  phaseOf,
  phaseOfFailure,
  Pictures,
  UNDECODABLE,
  type Phase,
  type Shown,
} from './phase.ts';

interface StreamOptions {
  readonly place: Place;
  readonly video: HTMLVideoElement;
  /** Access token for playlists of our API. */
  readonly token: () => Promise<string | undefined>;
  readonly show: (phase: Phase) => void;
}

/** ms without a new segment after which the API is asked what has become of the stream. */
const SILENCE = 8_000;
/** ms without one after which the player begins anew even if the API still calls it live. */
const DEAD = 30_000;
/** ms that a stream which has just begun is given for its second segment; its first picture stands meanwhile. */
const SECOND = 4_000;

const UNPLAYABLE = new Set<string>([
  'manifestIncompatibleCodecsError',
  'bufferIncompatibleCodecsError',
  'bufferAddCodecError',
]);

export class LiveStream {
  readonly #options: StreamOptions;
  readonly #session = crypto.randomUUID();
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  /** Whether it was told to play; and what ends the wait until then. */
  #isBegun = false;
  #begin: ReturnType<typeof setTimeout> | undefined;
  #hls: Hls | undefined;
  readonly #pace = new Pace();
  readonly #pictures = new Pictures(Date.now());
  #isPlaying = false;
  #query: string | undefined;
  #attempt = 0;
  #recovered = 0;
  /** When the last segment came, and when the API was last asked; epoch ms. */
  #heard = 0;
  #asked = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
    options.video.addEventListener('playing', this.#plays);
    window.addEventListener('pagehide', this.#goodbye);
    window.addEventListener('online', this.#online);
    void this.#ask();
  }

  /** Ends it for good: the device may stop sending at once. */
  stop(): void {
    this.#abort.abort();
    this.#detach();
    clearTimeout(this.#timer);
    this.#options.video.removeEventListener('playing', this.#plays);
    window.removeEventListener('pagehide', this.#goodbye);
    window.removeEventListener('online', this.#online);
    this.#goodbye();
  }

  /** A person does not want to wait. */
  retry(): void {
    this.#attempt = 0;
    void this.#ask();
  }

  /** Nobody need wait for the next try, nor for a request that hangs since the network went. */
  #online = (): void => {
    if (!this.#isAttached) this.retry();
    else this.#hls?.startLoad();
  };

  get #params() {
    const { device, channel } = this.#options.place;
    return { id: device, channel: String(channel) };
  }

  #goodbye = (): void => {
    const path = pathOf('POST /api/play/live/{id}/{channel}/goodbye', this.#params, { session: this.#session });
    // It is sent even when the page goes.
    navigator.sendBeacon(path);
  };

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    this.#asked = Date.now();
    try {
      const answer = await call('GET /api/play/live/{id}/{channel}/state', {
        params: this.#params,
        query: { session: this.#session },
        signal: this.#abort.signal,
      });
      if (this.#abort.signal.aborted) return;
      const { phase, askIn } = phaseOf(answer);
      if (answer.signature !== undefined) this.#sign(answer.signature);
      if (askIn === undefined) {
        if (!this.#isAttached) await this.#attach();
        return;
      }
      this.#detach();
      this.#options.show(phase);
      this.#again(askIn);
    } catch (error) {
      if (!this.#abort.signal.aborted && !this.#isPlaying) this.#lost(error);
    }
  }

  #again(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), delay);
  }

  #lost(error: unknown): void {
    this.#detach();
    const delay = delayOf(this.#attempt, Math.random());
    this.#attempt += 1;
    const phase = phaseOfFailure(error, delay, Date.now(), !navigator.onLine);
    this.#options.show(phase);
    if (phase.kind === 'lost') this.#again(delay);
  }

  #sign({ query, expiresAt }: { query: string; expiresAt: string }): void {
    this.#query = query;
    clearTimeout(this.#renewal);
    const renew = async (attempt: number): Promise<void> => {
      try {
        const { signature, state } = await call('GET /api/play/live/{id}/{channel}/state', {
          params: this.#params,
          query: { session: this.#session },
          signal: this.#abort.signal,
        });
        if (signature !== undefined) this.#sign(signature);
        else if (state !== 'live') await this.#ask();
      } catch {
        if (this.#abort.signal.aborted) return;
        this.#renewal = setTimeout(() => void renew(attempt + 1), delayOf(attempt, Math.random()));
      }
    };
    this.#renewal = setTimeout(() => void renew(0), renewIn(Date.parse(expiresAt), Date.now()));
  }

  get #isAttached(): boolean {
    return this.#watch !== undefined;
  }

  async #attach(): Promise<void> {
    this.#heard = Date.now();
    this.#watch = setInterval(() => this.#measure(), LOOK);
    const { video } = this.#options;
    const { default: HlsClass } = await import('hls.js');
    if (!this.#isAttached || this.#abort.signal.aborted) return;
    if (HlsClass.isSupported()) {
      const hls = new HlsClass({ ...LIVE, abrController: scheduled(HlsClass), xhrSetup: this.#open });
      this.#hls = hls;
      hls.on(HlsClass.Events.FRAG_BUFFERED, this.#buffered);
      hls.on(HlsClass.Events.ERROR, (_, data) => this.#failed(data));
      hls.loadSource(pathOf('GET /api/play/live/{id}/{channel}/main.m3u8', this.#params, { session: this.#session }));
      hls.attachMedia(video);
      video.addEventListener('timeupdate', this.#paced);
      video.addEventListener('seeking', this.#moved);
    } else {
      // Such a browser plays HLS itself and sends no header of ours; it meets a refusal now and then and begins anew.
      const { id } = this.#params;
      const body = { channel: this.#options.place.channel };
      const { url } = await call('POST /api/devices/{id}/tokens', { params: { id }, body });
      if (!this.#isAttached) return;
      video.src = `${url}&session=${this.#session}`;
      video.addEventListener('error', this.#broke);
      video.addEventListener('timeupdate', this.#hear);
      this.#play();
    }
  }

  /** Without sound a browser lets it begin; if it does not, the person's next click does. */
  #play = (): void => {
    clearTimeout(this.#begin);
    this.#isBegun = true;
    this.#options.video.play().catch(() => {});
  };

  #buffered = (): void => {
    this.#heard = Date.now();
    if (this.#hls === undefined || this.#isBegun) return;
    if (isEnough(this.#ahead, this.#hls.config)) this.#play();
    else this.#begin ??= setTimeout(this.#play, SECOND);
  };

  #open = async (xhr: XMLHttpRequest, address: string): Promise<void> => {
    const { device, channel } = this.#options.place;
    xhr.open('GET', resigned(address, location.href, `/live/${device}/${channel}/`, this.#query), true);
    if (apiPath(address, location.origin) === undefined) return;
    const token = await this.#options.token();
    if (token !== undefined) xhr.setRequestHeader('authorization', `Bearer ${token}`);
  };

  #detach(): void {
    clearInterval(this.#watch);
    clearTimeout(this.#renewal);
    clearTimeout(this.#begin);
    this.#begin = undefined;
    this.#isBegun = false;
    this.#watch = undefined;
    this.#isPlaying = false;
    const { video } = this.#options;
    video.removeEventListener('error', this.#broke);
    video.removeEventListener('timeupdate', this.#hear);
    video.removeEventListener('timeupdate', this.#paced);
    video.removeEventListener('seeking', this.#moved);
    this.#moved();
    this.#hls?.destroy();
    this.#hls = undefined;
    if (video.hasAttribute('src')) {
      video.removeAttribute('src');
      video.load();
    }
  }

  #broke = (): void => this.#lost(undefined);
  #hear = (): void => void (this.#heard = Date.now());

  /** Seconds buffered beyond the position, or in all as long as it has not gone there. */
  get #ahead(): number {
    const { buffered, currentTime } = this.#options.video;
    const last = buffered.length - 1;
    return last < 0 ? 0 : buffered.end(last) - Math.max(currentTime, buffered.start(last));
  }

  /** Four times a second while it plays. */
  #paced = (): void => {
    const { video } = this.#options;
    if (video.buffered.length === 0 || video.paused || video.seeking) return;
    const rate = this.#pace.rate(performance.now(), this.#ahead);
    if (video.playbackRate !== rate) video.playbackRate = rate;
  };

  #moved = (): void => {
    this.#pace.forget();
    this.#options.video.playbackRate = 1;
  };

  #plays = (): void => {
    if (!this.#isAttached) return;
    if (!this.#isPlaying) this.#pictures.begin(Date.now());
    this.#isPlaying = true;
    this.#attempt = 0;
    this.#measure();
  };

  /** Twice a second: whether new pictures are shown, how far behind, and whether anything still comes. */
  #measure(): void {
    const now = Date.now();
    const stillSince = this.#pictures.stillSince(shownBy(this.#options.video), now);
    const silent = now - this.#heard;
    if (silent > DEAD) return this.#lost(undefined);
    if (silent > SILENCE && now - this.#asked > SILENCE) void this.#ask();
    // What moves is playing, whoever began it and whichever event was missed.
    if (!this.#isPlaying && this.#pictures.isNew && !this.#options.video.paused) return this.#plays();
    if (!this.#isPlaying) return;
    if (stillSince !== undefined) {
      // A key for media, or a browser that saves power, may have halted it: nobody asked for that here.
      const { paused, videoWidth } = this.#options.video;
      if (paused) this.#play();
      this.#options.show({ kind: 'still', since: stillSince, isOffline: !navigator.onLine, isBlind: videoWidth === 0 });
      return;
    }
    const behind = behindOf(this.#hls?.latency, this.#hls?.playingDate?.getTime(), now);
    this.#options.show({ kind: 'live', ...(behind !== undefined && { behind }) });
  }

  #failed(data: ErrorData): void {
    if (UNPLAYABLE.has(data.details)) {
      this.#detach();
      this.#options.show({ kind: 'refused', message: UNDECODABLE });
      return;
    }
    if (!data.fatal) return;
    const now = Date.now();
    const type: string = data.type;
    if (type === 'mediaError' && now - this.#recovered > 10_000) {
      this.#recovered = now;
      // It takes the video's buffers away and does not play what comes next by itself.
      this.#isBegun = false;
      this.#begin = undefined;
      this.#hls?.recoverMediaError();
      return;
    }
    // The signature was outlived or the stream is just ending: the API knows, and is asked at once the first time.
    if (data.response?.code !== undefined && [403, 409].includes(data.response.code) && this.#attempt === 0) {
      this.#detach();
      this.#attempt += 1;
      this.#options.show({ kind: 'starting' });
      this.#again(500);
      return;
    }
    this.#lost(undefined);
  }
}

/** A browser that drops what it decodes shows nothing new; of a page that nobody sees it need not show anything. */
function shownBy(video: HTMLVideoElement): Shown {
  const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
  return { pictures: totalVideoFrames - droppedVideoFrames, isHidden: document.hidden };
}

/**
 * hls.js's choice of qualities, of which there is one, made to say when the playlist is asked for again. It is the first
 * part of hls.js to hear of each playlist, and a time that is set before the part that loads them hears of it stands;
 * should another version of hls.js not heed it, it asks when it would by itself.
 */
function scheduled(HlsClass: typeof Hls): typeof Hls.DefaultConfig.abrController {
  return class extends HlsClass.DefaultConfig.abrController {
    constructor(hls: Hls) {
      const reloads = new Reloads();
      hls.on(HlsClass.Events.LEVEL_LOADED, (_, { details, stats }) => {
        const durations = details.fragments.map(({ duration }) => duration);
        if (!details.live || durations.length === 0) return;
        Object.assign(hls.config, distances(Math.max(...durations.slice(-3))));
        const next = stats.loading.start + reloads.next(details.endSN, durations);
        details.requestScheduled = Math.max(next, performance.now() + 1);
      });
      super(hls);
    }
  };
}
