/**
 * Runs in the page, before anything else there: keeps a record of what every video shows, of its standstills and of what
 * its hls.js says. What plays is not changed. viewing.ts puts it there and reads the record.
 */
import type Hls from 'hls.js';
import { GRID, readStamp, STAMP_ROWS } from '../../local/device/stamp.ts';
import type { Sample, Shown, Viewing } from './viewing.ts';

declare global {
  interface Window {
    /** In the order in which they began to play. */
    viewings: readonly Viewing[];
  }
}

/** Milliseconds between two looks at a video's position. */
const TICK = 100;
/** Canvas pixels of a block: the middle of each is read. */
const BLOCK = 4;

interface Watched extends Viewing {
  readonly shown: Shown[];
  readonly samples: Sample[];
  readonly waits: number[];
  readonly seeks: number[];
  readonly errors: string[];
}

const records = new Map<HTMLMediaElement, Watched>();
const players = new Map<HTMLMediaElement, Hls>();
window.viewings = [];

// oxlint-disable-next-line typescript/unbound-method -- called with its element below
/** Does something with the object whenever `name` of its class is called or read, before it is. */
function before<T extends object>(prototype: T, name: keyof T & string, act: (self: T, ...args: unknown[]) => void) {
  const { value, get } = Object.getOwnPropertyDescriptor(prototype, name)! as {
    value?: (this: T, ...args: unknown[]) => unknown;
    get?: (this: T) => unknown;
  };
  const replaced =
    get === undefined
      ? {
          value(this: T, ...args: unknown[]) {
            act(this, ...args);
            return value!.apply(this, args);
          },
        }
      : {
          get(this: T) {
            act(this);
            return get.call(this);
          },
        };
  Object.defineProperty(prototype, name, { configurable: true, ...replaced });
}

before(HTMLMediaElement.prototype, 'play', (element) => {
  if (element instanceof HTMLVideoElement && !records.has(element)) watch(element);
});

function watch(video: HTMLVideoElement): void {
  const label = video.closest('[aria-label]')?.getAttribute('aria-label') ?? '';
  const lists = { shown: [], samples: [], waits: [], seeks: [], errors: [] };
  const record: Watched = { label, began: Date.now(), ...lists, dropped: 0, total: 0 };
  records.set(video, record);
  window.viewings = [...records.values()];
  void findHls();
  video.addEventListener('waiting', () => record.waits.push(Date.now()));
  video.addEventListener('seeking', () => record.seeks.push(Date.now()));
  video.addEventListener('error', () => record.errors.push(`element: ${video.error?.message}`));
  const eye = new Eye();
  const present = (_: number, { mediaTime, presentedFrames, presentationTime }: VideoFrameCallbackMetadata): void => {
    video.requestVideoFrameCallback(present);
    const number = eye.read(video);
    record.shown.push({
      at: Date.now(),
      presented: performance.timeOrigin + presentationTime,
      frames: presentedFrames,
      media: mediaTime,
      width: video.videoWidth,
      ...(number !== undefined && { number }),
    });
  };
  video.requestVideoFrameCallback(present);
  setInterval(() => {
    const { currentTime, playbackRate, readyState, buffered } = video;
    const hls = players.get(video);
    const quality = video.getVideoPlaybackQuality();
    Object.assign(record, { dropped: quality.droppedVideoFrames, total: quality.totalVideoFrames });
    record.samples.push({
      at: Date.now(),
      time: currentTime,
      ahead: buffered.length === 0 ? 0 : buffered.end(buffered.length - 1) - currentTime,
      rate: playbackRate,
      ready: readyState,
      sound: (video as { webkitAudioDecodedByteCount?: number }).webkitAudioDecodedByteCount ?? 0,
      ...(hls && { latency: hls.latency, target: hls.targetLatency ?? undefined, date: hls.playingDate?.getTime() }),
    });
  }, TICK);
}

/** Draws a video small and reads the stamp of its picture. */
class Eye {
  readonly #context: CanvasRenderingContext2D;

  constructor() {
    const canvas = document.createElement('canvas');
    canvas.width = GRID.columns * BLOCK;
    canvas.height = GRID.rows * BLOCK;
    this.#context = canvas.getContext('2d', { willReadFrequently: true })!;
  }

  read(video: HTMLVideoElement): number | undefined {
    const { width, height } = this.#context.canvas;
    this.#context.drawImage(video, 0, 0, width, height);
    const { data } = this.#context.getImageData(0, (STAMP_ROWS * BLOCK) / 2, width, 1);
    // Grey, so green says it all.
    return readStamp(Array.from({ length: GRID.columns }, (_, i) => data[(i * BLOCK + BLOCK / 2) * 4 + 1]!));
  }
}

/** Every player of this class is noticed when it is given its video, or, if it was before, when it is asked how late it is. */
function notice({ prototype }: typeof Hls): void {
  const keep = (hls: Hls, media: HTMLMediaElement | null | undefined): void => {
    if (!media || players.get(media) === hls) return;
    players.set(media, hls);
    hls.on('hlsError' as Parameters<Hls['on']>[0], (_: unknown, data: { details: string; fatal: boolean }) => {
      const { details, fatal } = data;
      records.get(media)?.errors.push(`${details}${fatal ? ' (fatal)' : ''}`);
    });
  };
  before(prototype, 'attachMedia', (hls, given) => {
    keep(hls, given instanceof HTMLMediaElement ? given : (given as { media: HTMLMediaElement }).media);
  });
  before(prototype, 'latency', (hls) => keep(hls, hls.media));
}

// A plain page loads hls.js as a script, which sets a variable.
let given: typeof Hls | undefined;
Object.defineProperty(window, 'Hls', {
  configurable: true,
  get: () => given,
  set(value: typeof Hls) {
    given = value;
    notice(value);
  },
});

/** The console loads it as a chunk: the same address is the same module. */
let looked = false;
async function findHls(): Promise<void> {
  if (looked || given !== undefined) return;
  looked = true;
  const chunk = performance.getEntriesByType('resource').find(({ name }) => /\/hls-[\w-]+\.js$/.test(name));
  if (chunk === undefined) return;
  const module = (await import(chunk.name)) as Record<string, unknown>;
  const found = Object.values(module).find((value) => typeof value === 'function' && 'isSupported' in value);
  if (found !== undefined) notice(found as typeof Hls);
}
