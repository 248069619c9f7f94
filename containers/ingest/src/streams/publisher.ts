/**
 * One stream's way into the bucket: segment first, then the playlist that lists it, one request at a time. Segments wait
 * in a buffer of bounded bytes; beyond it the oldest whole ones are dropped, and the playlist lists each as a gap. A writer
 * that has lost its fence never writes again.
 */
import { initPath, segmentPath } from '../../../../lib/contract/live-keys.ts';
import {
  addEntry,
  liveText,
  nextSequence,
  type LivePlaylist,
  type WindowOptions,
} from '../../../../lib/contract/live-playlist.ts';
import type { Segment } from '../hls/segmenter.ts';
import type { Metrics } from '../common/metrics.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { within } from '../common/time.ts';
import type { Fence } from './fence.ts';
import type { HourKeys, Seal } from './hour-keys.ts';

export interface Published {
  readonly epoch: number;
  readonly segment: Pick<Segment, 'init' | 'pictures' | 'duration' | 'bytes'>;
}

export interface PublisherOptions {
  readonly store: Pick<ObjectStore, 'put'>;
  readonly fence: Pick<Fence, 'claim' | 'write' | 'epoch'>;
  readonly bucket: string;
  /** Folder of the channel's objects, ending in `/`. */
  readonly prefix: string;
  /** What URIs in the playlist begin with, to lead from it to the channel's folder. */
  readonly relative: '' | '../';
  readonly retentionTag: string;
  /** Segments are encrypted by them; without, they are in clear. */
  readonly keys?: Pick<HourKeys, 'sealer'> | undefined;
  readonly window: WindowOptions;
  readonly bufferBytes: number;
  readonly metrics: Metrics;
  readonly failed: (error: unknown) => void;
  readonly published: (what: Published) => void;
  /** Another writer has taken over. */
  readonly lost: () => void;
}

interface Item {
  readonly segment: Segment;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly start: number;
  /** Nothing of it is in memory any more. */
  isDropped: boolean;
}

/** Milliseconds before another attempt; doubled each time up to the last. */
const FIRST_PAUSE = 100;
const LAST_PAUSE = 2000;
/** After so many segments the playlist is written, even while more segments wait. */
const MOST_UNLISTED = 3;
/** Dropped segments remembered, so as to be listed as gaps. */
const MOST_GAPS = 30;
/** Initialization sections known to be there; one that was forgotten is written again. */
const MOST_INITS = 32;

export class Publisher {
  readonly #options: PublisherOptions;
  #playlist: LivePlaylist | undefined;
  #queue: Item[] = [];
  #bytes = 0;
  #sending: Item | undefined;
  #unlisted = 0;
  #latest: Segment | undefined;
  #ending = false;
  #dead = false;
  #loop: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  readonly #inits = new Set<string>();

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Bytes of memory of segments that wait or are on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Claims the stream, before there is anything to publish. */
  open(): void {
    this.#run();
  }

  add(segment: Segment): void {
    if (this.#dead || this.#ending) {
      segment.free();
      return;
    }
    this.#queue.push({ segment, start: Math.round(segment.programDateTime), isDropped: false });
    this.#bytes += segment.held;
    this.#options.metrics.add('segments');
    this.#shed();
    this.#run();
  }

  /** Publishes what waits, until `deadline` (monotonic milliseconds); nothing is taken after this. */
  async close(deadline: number, lastLine = ''): Promise<void> {
    this.#ending = true;
    while (this.#busy && performance.now() < deadline) {
      this.#run();
      await within(this.#loop, deadline - performance.now());
    }
    if (lastLine !== '' && this.#playlist !== undefined && !this.#dead) {
      await this.#options.fence.write(this.#text(lastLine)).catch(this.#options.failed);
    }
    this.#die();
    this.#wake?.();
  }

  #die(): void {
    this.#dead = true;
    // One that is on its way is still being read.
    for (const item of this.#queue) if (item !== this.#sending) item.segment.free();
    this.#queue = [];
    this.#bytes = 0;
  }

  get #busy(): boolean {
    if (this.#dead) return false;
    return this.#queue.length > 0 || this.#unlisted > 0 || (this.#playlist === undefined && !this.#ending);
  }

  #run(): void {
    this.#loop ??= this.#pump().finally(() => (this.#loop = undefined));
  }

  async #pump(): Promise<void> {
    let pause = FIRST_PAUSE;
    while (this.#busy) {
      try {
        await this.#step();
        pause = FIRST_PAUSE;
      } catch (error) {
        this.#options.metrics.add('storeRetries');
        this.#options.failed(error);
        await this.#rest(pause * (0.75 + Math.random() / 2));
        pause = Math.min(LAST_PAUSE, pause * 2);
      }
    }
  }

  /** One request, or more where an initialization section or a key goes before. Throws when it must be tried again. */
  async #step(): Promise<void> {
    const { fence, metrics } = this.#options;
    if (this.#playlist === undefined) {
      this.#playlist = await fence.claim();
      return;
    }
    const item = this.#queue[0];
    if (item !== undefined && this.#unlisted < MOST_UNLISTED) {
      await this.#segment(this.#playlist, item);
      return;
    }
    this.#unlisted = 0;
    const latest = this.#latest;
    let ours: boolean;
    try {
      ours = await fence.write(this.#text());
    } catch (error) {
      this.#unlisted = 1;
      throw error;
    }
    if (!ours) {
      this.#die();
      metrics.add('fencesLost');
      this.#options.lost();
    } else if (latest !== undefined) {
      this.#latest = undefined;
      metrics.lag(performance.now() - latest.receivedAt);
      this.#options.published({ epoch: fence.epoch, segment: latest });
    }
  }

  async #segment(playlist: LivePlaylist, item: Item): Promise<void> {
    const { fence, relative, metrics, keys } = this.#options;
    const { start, segment } = item;
    const { duration, discontinuity, init } = segment;
    const sequence = nextSequence(playlist);
    const path = segmentPath({
      start,
      duration,
      discontinuity,
      sequence,
      init: init.id,
      lines: Math.min(init.width, init.height),
      epoch: fence.epoch,
      encrypted: keys !== undefined,
    });
    const map = initPath(start, init.id);
    if (!item.isDropped) {
      this.#sending = item;
      try {
        if (!this.#inits.has(map)) {
          const { codecs, width, height, data } = init;
          const about = { codecs, width: String(width), height: String(height) };
          await this.#put(
            map,
            [data],
            Object.fromEntries(Object.entries(about).map(([k, v]) => [`x-amz-meta-${k}`, v])),
          );
          this.#inits.add(map);
          if (this.#inits.size > MOST_INITS) this.#inits.delete(this.#inits.values().next().value!);
        }
        await this.#put(path, segment.parts, {}, await keys?.sealer(start));
      } catch (error) {
        this.#sending = undefined;
        this.#shed();
        throw error;
      }
      this.#sending = undefined;
      segment.free();
      metrics.add('segmentBytes', segment.bytes);
      this.#latest = segment;
    }
    // Closed for good while it was on its way: nothing more is to be written.
    if (this.#queue[0] !== item) return;
    this.#queue.shift();
    const gap = item.isDropped;
    if (!gap) this.#bytes -= segment.held;
    const [uri, mapUri] = [`${relative}${path}`, `${relative}${map}`];
    this.#playlist = addEntry(
      playlist,
      { uri, map: mapUri, duration, programDateTime: start, discontinuity, gap },
      this.#options.window,
    );
    this.#unlisted += 1;
  }

  async #put(
    path: string,
    body: readonly Buffer[],
    extra: Readonly<Record<string, string>>,
    seal?: Seal,
  ): Promise<void> {
    const { store, bucket, prefix, retentionTag } = this.#options;
    const headers = {
      'content-type': 'video/mp4',
      'cache-control': 'max-age=86400, immutable',
      'x-amz-tagging': retentionTag,
      ...extra,
    };
    const { status } = await store.put(bucket, prefix + path, body, headers, seal);
    if (status !== 200) throw new Error(`writing ${prefix}${path}: HTTP ${status}`);
  }

  /** Drops the oldest whole segments while more wait than may; never the one on its way. */
  #shed(): void {
    const { bufferBytes, metrics } = this.#options;
    for (const item of this.#queue) {
      if (this.#bytes <= bufferBytes) break;
      if (item.isDropped || item === this.#sending) continue;
      item.isDropped = true;
      item.segment.free();
      this.#bytes -= item.segment.held;
      metrics.add('droppedSegments');
    }
    const gaps = this.#queue.filter(({ isDropped }) => isDropped);
    if (gaps.length > MOST_GAPS) {
      const forgotten = new Set(gaps.slice(0, gaps.length - MOST_GAPS));
      this.#queue = this.#queue.filter((item) => !forgotten.has(item));
    }
  }

  #text(lastLine = ''): string {
    return liveText(this.#playlist!) + lastLine;
  }

  /** Ends early when the publisher is closed for good. */
  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
