/**
 * One channel on the wall, from asking for it to saying goodbye. The API says what the channel is doing; while it is
 * live, hls.js plays it. An on-demand signature is short and asking for the next one is the viewer's sign of life, so it
 * is asked for in time and put into every address the player fetches from then on: nothing is loaded anew.
 */
import type { default as Hls, ErrorData } from 'hls.js';
import { ticketIn } from '../../../lib/contract/ticket.ts';
import { call, pathOf } from '../api/client.ts';
import { apiPath } from '../api/token-fetch.ts';
import type { Place } from '../fleet/wall.ts';
import { plays } from '../push/mine.ts';
import { Reporter } from '../reports/reporter.ts';
import { isLost, isOver, pathOf as openedPath, renewIn, resigned } from '../shared/signature.ts';
import { distances, isEnough, LIVE, Pace, Reloads } from './pace.ts';
import {
  behindOf,
  delayOf,
  LOOK,
  phaseOf,
  phaseOfFailure,
  phaseOnShow,
  NONE,
  Pictures,
  UNDECODABLE,
  type Motion,
  type Phase,
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
/** ms after which a player that found no network is to look for one again. */
const AGAIN = 1_000;

const UNPLAYABLE = new Set<string>([
  'manifestIncompatibleCodecsError',
  'bufferIncompatibleCodecsError',
  'bufferAddCodecError',
]);

export class LiveStream {
  readonly #options: StreamOptions;
  #session = crypto.randomUUID();
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  /** Whether it was told to play; and what ends the wait until then. */
  #isBegun = false;
  #begin: ReturnType<typeof setTimeout> | undefined;
  #hls: Hls | undefined;
  readonly #pace = new Pace();
  readonly #pictures = new Pictures();
  readonly #reporter: Reporter;
  readonly #playsNoMore = plays(this);
  /** Pictures put on the screen, where the browser tells of each; and what takes back its promise to. */
  #counted = 0;
  #callback: number | undefined;
  /** By the API or by a failure; what is said follows from this and from the pictures. */
  #told: Phase = { kind: 'starting' };
  #isPlaying = false;
  /** When the player gave up for want of a network, with pictures on show; epoch ms. */
  #halted: number | undefined;
  #query: string | undefined;
  #attempt = 0;
  #recovered = 0;
  /** When the last segment came, and when the API was last asked; epoch ms. */
  #heard = 0;
  #asked = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#reporter = new Reporter(options.video, { hasPlaces: false });
    options.video.addEventListener('playing', this.#plays);
    if ('requestVideoFrameCallback' in options.video) this.#nextPicture();
    window.addEventListener('pagehide', this.#goodbye);
    window.addEventListener('online', this.#online);
    void this.#ask();
  }

  /** Ends it for good: the device may stop sending at once. */
  stop(): void {
    this.#abort.abort();
    this.#playsNoMore();
    this.#detach();
    clearTimeout(this.#timer);
    this.#options.video.removeEventListener('playing', this.#plays);
    if (this.#callback !== undefined) this.#options.video.cancelVideoFrameCallback(this.#callback);
    window.removeEventListener('pagehide', this.#goodbye);
    window.removeEventListener('online', this.#online);
    this.#goodbye();
    this.#reporter.stop();
  }

  /** A person does not want to wait. */
  retry(): void {
    this.#attempt = 0;
    void this.#ask();
  }

  /** Nobody need wait for the next try, nor for a request that hangs since the network went. */
  #online = (): void => {
    // What it had is long past: another player begins at the edge at once.
    if (this.#isAttached && Date.now() - this.#heard > DEAD) {
      this.#detach();
      this.#tell({ kind: 'starting' });
    }
    if (!this.#isAttached) return this.retry();
    this.#reload();
  };

  #reload(): void {
    this.#halted = undefined;
    this.#hls?.startLoad();
  }

  /** Of its session now; undefined: it has none yet. */
  get ticket(): string | undefined {
    const { device, channel } = this.#options.place;
    return ticketIn(openedPath(this.#query ?? '') ?? '', `live/${device}/${channel}/`);
  }

  /** Asks whether it goes on before it would by itself: its session is said to be over. */
  readonly askAgain = (): void => void this.#ask();

  get #params() {
    const { device, channel } = this.#options.place;
    return { id: device, channel: String(channel) };
  }

  #goodbye = (): void => {
    this.#reporter.leave();
    const { ticket } = this;
    const query = { session: this.#session, ...(ticket !== undefined && { ticket }) };
    const path = pathOf('POST /api/play/live/{id}/{channel}/goodbye', this.#params, query);
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
        if (this.#isAttached) return;
        this.#tell(phase);
        await this.#attach();
        return;
      }
      this.#detach();
      this.#tell(phase);
      this.#again(askIn);
    } catch (error) {
      if (!this.#abort.signal.aborted && (!this.#isPlaying || isOver(error) || isLost(error))) this.#lost(error);
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
    // What was ended stays so; who asks for it again begins anew.
    if (isOver(error)) this.#session = crypto.randomUUID();
    this.#tell(phase);
    if (phase.kind === 'lost') this.#again(delay);
  }

  #sign({ query, expiresAt, events }: { query: string; expiresAt: string; events?: string | undefined }): void {
    this.#query = query;
    this.#reporter.addressed(events);
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
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        if (isOver(error) || isLost(error)) return this.#lost(error);
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
    const watch = setInterval(() => this.#measure(), LOOK);
    this.#watch = watch;
    const { video } = this.#options;
    const { default: HlsClass } = await import('hls.js');
    // It may have been given up meanwhile, and begun again.
    if (this.#watch !== watch) return;
    if (HlsClass.isSupported()) {
      const hls = new HlsClass({ ...LIVE, abrController: scheduled(HlsClass), xhrSetup: this.#open });
      this.#hls = hls;
      this.#reporter.heed(hls, HlsClass.Events);
      hls.on(HlsClass.Events.FRAG_BUFFERED, this.#buffered);
      hls.on(HlsClass.Events.ERROR, (_, data) => this.#failed(data));
      hls.loadSource(pathOf('GET /api/play/live/{id}/{channel}/main.m3u8', this.#params, { session: this.#session }));
      hls.attachMedia(video);
      video.addEventListener('timeupdate', this.#paced);
      video.addEventListener('seeking', this.#moved);
    } else {
      // Such a browser plays HLS itself, sends no header of ours and renews nothing: no session of ours, but one for as long as
      // a signature lasts. It meets a refusal now and then and begins anew.
      const { id } = this.#params;
      const body = { channel: this.#options.place.channel };
      const { url } = await call('POST /api/devices/{id}/tokens', { params: { id }, body });
      if (this.#watch !== watch) return;
      video.src = url;
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
    this.#halted = undefined;
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
    this.#pictures.forget(this.#shown);
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
    this.#isPlaying = true;
    this.#attempt = 0;
    this.#pictures.begin(Date.now());
    this.#look(Date.now());
  };

  /** Twice a second: whether anything still comes, and what to say. */
  #measure(): void {
    const now = Date.now();
    const silent = now - this.#heard;
    // Without a network the last picture stays until there is one.
    if (silent > DEAD && !(this.#isPlaying && !navigator.onLine)) return this.#lost(undefined);
    if (silent > SILENCE && now - this.#asked > SILENCE) void this.#ask();
    if (this.#halted !== undefined && now - this.#halted > AGAIN) this.#reload();
    this.#look(now);
  }

  /** What is to be seen now, and what to say of it. */
  #look(now: number): void {
    const { video } = this.#options;
    const motion = this.#isAttached ? this.#motion(now) : NONE;
    // What moves is playing, whoever began it and whichever event was missed.
    if (motion.kind === 'moving' && !this.#isPlaying) return this.#plays();
    // A key for media, or a browser that saves power, may have halted it: nobody asked for that here.
    if (motion.kind === 'standing' && video.paused) this.#play();
    const behind = behindOf(this.#hls?.latency, this.#hls?.playingDate?.getTime(), now);
    const isBlind = video.videoWidth === 0;
    this.#options.show(phaseOnShow(this.#told, motion, { isOffline: !navigator.onLine, isBlind, behind }));
  }

  #motion(now: number): Motion {
    const { paused } = this.#options.video;
    this.#pictures.look({ pictures: this.#shown, isPaused: paused, isHidden: document.hidden }, now);
    return this.#pictures.motion(now);
  }

  #tell(phase: Phase): void {
    this.#told = phase;
    this.#look(Date.now());
  }

  /** When each was shown is noted at once; and the first one that moves is said to, before the next look. */
  #nextPicture = (): void => {
    this.#callback = this.#options.video.requestVideoFrameCallback(() => {
      const now = Date.now();
      const { kind } = this.#pictures.motion(now);
      this.#counted += 1;
      this.#nextPicture();
      if (kind === 'moving') this.#motion(now);
      else this.#look(now);
    });
  };

  /** How many pictures were put on the screen; a browser that does not tell counts what it decoded and did not drop. */
  get #shown(): number {
    if (this.#callback !== undefined) return this.#counted;
    const { totalVideoFrames, droppedVideoFrames } = this.#options.video.getVideoPlaybackQuality();
    return totalVideoFrames - droppedVideoFrames;
  }

  #failed(data: ErrorData): void {
    if (UNPLAYABLE.has(data.details)) {
      this.#detach();
      this.#tell({ kind: 'refused', message: UNDECODABLE });
      return;
    }
    const now = Date.now();
    if (!data.fatal) {
      // It tries again for as long as something is buffered. Whether it was ended only the API says.
      if (data.response?.code === 403 && now - this.#asked > AGAIN) void this.#ask();
      return;
    }
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
      this.#tell({ kind: 'starting' });
      this.#again(500);
      return;
    }
    // No answer at all: what is buffered goes on and its last picture stays, while silence is counted.
    if (type === 'networkError' && this.#isPlaying && (data.response?.code ?? 0) === 0) {
      this.#halted = now;
      return;
    }
    this.#lost(undefined);
  }
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
