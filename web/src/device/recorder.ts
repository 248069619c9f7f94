/**
 * Plays what is recorded of one channel, by the clock: a moment is looked up in the playlist of the stretch around it, and
 * the next stretch is asked for when one ends. hls.js tells media time and clock time apart by EXT-X-PROGRAM-DATE-TIME.
 */
import type { default as Hls, ErrorData } from 'hls.js';
import { call, pathOf } from '../api/client.ts';
import { isPassing, problemOf, type ApiProblem } from '../api/problem.ts';
import type { Stretch } from '../fleet/stretch.ts';
import { plays } from '../push/mine.ts';
import { eventsIn, Reporter } from '../reports/reporter.ts';
import { isOver, openedBy, readFrom, refusedText, Signature } from '../shared/signature.ts';
import { momentOf, nextRecording, positionOf, windowFor, type Fragment } from './recordings.ts';

export type RecorderState =
  | { readonly kind: 'empty' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string };

interface RecorderOptions {
  readonly device: string;
  readonly channel: number;
  readonly day: Stretch;
  readonly video: HTMLVideoElement;
  readonly token: () => Promise<string | undefined>;
  readonly show: (state: RecorderState) => void;
  /** The moment on the screen, several times a second while it plays; epoch ms. */
  readonly playsAt: (at: number) => void;
  /** The last recording of the day is over. */
  readonly over: () => void;
}

/** ms a hand may rest on the time line before what is under it is fetched. */
const SETTLE = 250;
/** ms until what the network broke off is begun again. */
const AGAIN = 2_000;

export class Recorder {
  readonly #options: RecorderOptions;
  #recordings: readonly Stretch[] = [];
  #window: Stretch | undefined;
  #fragments: readonly Fragment[] = [];
  #hls: Hls | undefined;
  /** Of its playlist. */
  #address: string | undefined;
  #target: number | undefined;
  #wantsPlay = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Grows with each stretch: what an older one still had under way is dropped. */
  #load = 0;
  #retries = 0;
  #again: ReturnType<typeof setTimeout> | undefined;
  #state: RecorderState['kind'] = 'empty';
  #isHeld = false;
  #session = crypto.randomUUID();
  readonly #reporter: Reporter;
  #playsNoMore: (() => void) | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#reporter = new Reporter(options.video, { hasPlaces: false });
    window.addEventListener('pagehide', this.#leave);
    options.video.addEventListener('timeupdate', this.#tick);
    options.video.addEventListener('ended', this.#ended);
  }

  /** Whether it stands still while something else is fetched, and goes on by itself. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  #show(state: RecorderState): void {
    this.#state = state.kind;
    this.#options.show(state);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#unload();
    this.#options.video.removeEventListener('timeupdate', this.#tick);
    this.#options.video.removeEventListener('ended', this.#ended);
    window.removeEventListener('pagehide', this.#leave);
    this.#leave();
    this.#reporter.stop();
  }

  readonly #leave = (): void => this.#reporter.leave();

  play(): void {
    this.#wantsPlay = true;
    this.#isHeld = false;
    void this.#options.video.play().catch(() => {});
  }

  pause(): void {
    this.#wantsPlay = false;
    this.#isHeld = false;
    this.#options.video.pause();
  }

  /** Shows that moment, or nothing when it was not recorded. Goes on playing if it played. */
  goTo(at: number, recordings: readonly Stretch[]): void {
    this.#recordings = recordings;
    this.#retries = 0;
    clearTimeout(this.#timer);
    const wanted = windowFor(recordings, at, this.#options.day);
    if (wanted === undefined) {
      this.#unload();
      this.#show({ kind: 'empty' });
      return;
    }
    const isHere = this.#window !== undefined && this.#window.from <= at && at < this.#window.to - 2_000;
    if (isHere && this.#fragments.length > 0 && this.#seek(at)) {
      // A hand that went far away and came back.
      if (this.#state === 'loading') this.#show({ kind: 'ready' });
      return;
    }
    this.#target = at;
    // What it leaves does not play on below the sign that something else is coming.
    this.#isHeld ||= !this.#options.video.paused;
    this.#options.video.pause();
    this.#show({ kind: 'loading' });
    this.#timer = setTimeout(() => void this.#open(wanted), this.#hls ? SETTLE : 0);
  }

  async #open(stretch: Stretch): Promise<void> {
    this.#unload();
    this.#show({ kind: 'loading' });
    const load = this.#load;
    this.#window = stretch;
    const { device, channel, video } = this.#options;
    const params = { id: device, channel };
    const query = { from: new Date(stretch.from).toISOString(), to: new Date(stretch.to).toISOString() };
    const named = { ...query, session: this.#session };
    const address = pathOf('GET /api/play/live/{id}/{channel}/main.m3u8', params, named);
    const code = await import('hls.js').catch(() => undefined);
    if (load !== this.#load) return;
    if (code === undefined) {
      this.#show({ kind: 'failed', message: sentence(undefined, true) });
      this.#again = setTimeout(() => void this.#open(stretch), AGAIN);
      return;
    }
    const { default: HlsClass } = code;
    if (!HlsClass.isSupported()) return this.#openNatively(query, load);
    const prefix = `/live/${device}/${channel}/`;
    const over = ({ message }: ApiProblem) => {
      if (load === this.#load) this.#end(message);
    };
    const read = async () => {
      const answer = await readFrom(address);
      this.#reporter.addressed(eventsIn(answer.text));
      return answer;
    };
    const signature = new Signature({ prefix, base: window.location.href, read, over });
    this.#playsNoMore = plays({
      get ticket() {
        return signature.ticket;
      },
      askAgain: () => void signature.renew(),
    });
    const hls = new HlsClass({
      // What is played is known by the clock only once the playlist has come.
      autoStartLoad: false,
      maxBufferLength: 20,
      xhrSetup: openedBy(signature, this.#options.token),
    });
    this.#hls = hls;
    this.#reporter.heed(hls, HlsClass.Events);
    hls.on(HlsClass.Events.LEVEL_LOADED, (_, { details }) => {
      if (this.#fragments.length > 0) return;
      this.#fragments = details.fragments;
      const position = this.#target === undefined ? 0 : (positionOf(this.#fragments, this.#target) ?? 0);
      hls.startLoad(position);
      video.currentTime = position;
      if (this.#wantsPlay) this.play();
    });
    hls.on(HlsClass.Events.FRAG_BUFFERED, () => this.#show({ kind: 'ready' }));
    hls.on(HlsClass.Events.ERROR, (_, data) => {
      // It tries again for as long as something is buffered. Whether it was ended only the API says.
      if (!data.fatal && data.response?.code === 403) void signature.renew();
      this.#failed(data);
    });
    this.#address = address;
    hls.loadSource(address);
    hls.attachMedia(video);
    // Without media the playlist of a level waits for somebody to ask.
    hls.on(HlsClass.Events.MANIFEST_PARSED, () => (hls.nextLoadLevel = 0));
  }

  /** A browser that plays HLS itself sends no header of ours; its clock is `getStartDate`. */
  async #openNatively(query: { from: string; to: string }, load: number): Promise<void> {
    const { device, channel, video } = this.#options;
    const { url } = await call('POST /api/devices/{id}/tokens', { params: { id: device }, body: { channel } });
    if (load !== this.#load) return;
    video.src = `${url}&${new URLSearchParams(query)}`;
    const begin = () => {
      this.#show({ kind: 'ready' });
      const start = (video as HTMLVideoElement & { getStartDate?: () => Date }).getStartDate?.().getTime();
      const from = start === undefined || Number.isNaN(start) ? Date.parse(query.from) : start;
      this.#fragments = [{ start: 0, duration: video.duration, programDateTime: from }];
      if (this.#target !== undefined) this.#seek(this.#target);
      if (this.#wantsPlay) this.play();
    };
    video.addEventListener('loadedmetadata', begin, { once: true });
  }

  #seek(at: number): boolean {
    const position = positionOf(this.#fragments, at);
    if (position === undefined) return false;
    this.#target = at;
    this.#options.video.currentTime = position;
    if (this.#wantsPlay) this.play();
    return true;
  }

  #tick = (): void => {
    const { video, playsAt } = this.#options;
    if (video.paused || video.seeking || this.#fragments.length === 0) return;
    const at = momentOf(this.#fragments, video.currentTime);
    if (at !== undefined) playsAt(at);
  };

  /** The stretch is over: the next recording, if there is one. */
  #ended = (): void => {
    const end = momentOf(this.#fragments, Infinity) ?? this.#window?.to ?? 0;
    // What comes within a moment is the same recording, cut by the playlist's end.
    const next = this.#recordings.find(({ from, to }) => from <= end + 1_000 && to > end + 1_500);
    const at = next !== undefined ? Math.max(end, next.from) + 1 : nextRecording(this.#recordings, end)?.from;
    if (at === undefined) {
      this.#wantsPlay = false;
      this.#options.over();
      return;
    }
    this.#options.playsAt(at);
    this.goTo(at, this.#recordings);
  };

  #failed(data: ErrorData): void {
    if (!data.fatal) return;
    const type: string = data.type;
    if (type === 'mediaError' && this.#retries === 0) {
      this.#retries += 1;
      this.#hls?.recoverMediaError();
      return;
    }
    const code = data.response?.code;
    const refusal = problemOf(code ?? 0, refusedText(data));
    if (isOver(refusal)) return this.#end(refusal.message);
    // A page that stood open for hours holds signatures that are over: the same stretch is asked for anew, once.
    if ((code === 403 || code === 401) && this.#retries === 0 && this.#window) {
      this.#retries += 1;
      const { video } = this.#options;
      this.#target = momentOf(this.#fragments, video.currentTime) ?? this.#target;
      void this.#open(this.#window);
      return;
    }
    const hls = this.#hls;
    if (type === 'networkError' && isPassing(code) && hls && this.#address !== undefined) {
      const address = this.#address;
      clearTimeout(this.#again);
      this.#again = setTimeout(() => {
        if (this.#hls !== hls) return;
        if (this.#fragments.length === 0) hls.loadSource(address);
        else hls.startLoad();
      }, AGAIN);
      // What is buffered plays on.
      if (this.#options.video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return;
      this.#show({ kind: 'failed', message: sentence(code, true) });
      return;
    }
    this.#unload();
    this.#show({ kind: 'failed', message: sentence(code, type === 'networkError') });
  }

  /** Somebody ended it, or it may not begin. Who asks for it again begins anew. */
  #end(message: string): void {
    this.#session = crypto.randomUUID();
    this.#unload();
    this.#show({ kind: 'failed', message });
  }

  #unload(): void {
    this.#load += 1;
    clearTimeout(this.#again);
    this.#playsNoMore?.();
    this.#playsNoMore = undefined;
    this.#hls?.destroy();
    this.#hls = undefined;
    this.#fragments = [];
    this.#window = undefined;
    const { video } = this.#options;
    if (video.hasAttribute('src')) {
      video.removeAttribute('src');
      video.load();
    }
  }
}

function sentence(status: number | undefined, isNetwork: boolean): string {
  if (status === 401 || status === 403) return 'The right to watch this has ended.';
  if (status === 404) return 'This recording is not there any more: its time to be kept is over.';
  return isNetwork
    ? 'The recording could not be fetched. Check the connection; it goes on by itself when there is one.'
    : 'This browser cannot decode the recording. If the device sends H.265, use a browser that plays it.';
}
