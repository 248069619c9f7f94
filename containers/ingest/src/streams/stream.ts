/**
 * One channel being received: the connection it comes by (at most one at a time), the segmenter and the publisher. What
 * the device's record says of it is written here, too. Nothing in here throws at the connection.
 */
import type { DeviceRecord, Stream } from '../../../../lib/contract/device.ts';
import { Segmenter, type Segment } from '../hls/segmenter.ts';
import { bytesOf, type AccessUnit, type Gap, type Unread } from '../media/unit.ts';
import { due } from './keeping.ts';
import type { PlaybackRow } from '../../../../lib/contract/fleet.ts';
import type { Closing } from '../common/metrics.ts';
import type { Services } from '../services.ts';
import { isHeard } from '../sound/heard.ts';
import { Listener } from '../sound/listener.ts';
import { Fence } from './fence.ts';
import { HourKeys } from './hour-keys.ts';
import { Publisher, type Published } from './publisher.ts';
import { Sight } from './sight.ts';
import { liveTarget, playbackTarget, type Target } from './target.ts';

/** Why a stream lets go of what sends it: `over`, it has come to its end, and may be wanted again later. */
export type Releasing = Extract<Closing, 'stalled' | 'fault' | 'flood' | 'replaced'> | 'over';

/** What sends one channel, as far as a stream knows it: a part of a connection of any protocol. */
export interface Source {
  /** Of its connection's far end. */
  readonly address: string;
  /** Device time of the first unit that it has, milliseconds of any origin; undefined while there is none. */
  firstTimestamp(): number | undefined;
  /** Hands on what it has held back: nothing that comes later will be taken for a while, or at all. */
  flush?(): void;
  /** This stream does not want it any more. */
  release(why: Releasing): void;
}

export interface StreamOptions {
  readonly record: DeviceRecord;
  readonly channel: number;
  /** A recording that the device plays back; else it is live. */
  readonly playback?: PlaybackRow;
  readonly ended: (stream: LiveStream) => void;
}

/** Milliseconds without a picture after which what is open is published. */
const STALL_MS = 8000;
/** Milliseconds without anything after which the connection is given up: such a device is stuck. */
const STUCK_MS = 30_000;
/** The same of a recording that is played back: it may be paused. */
const PAUSED_MS = 5 * 60_000;
/** A stream is looked up every so many times the seconds a device has to begin: is it still wanted? */
const CHECKS = 6;
/** Milliseconds to publish what is left of a stream that is over. */
const CLOSING_MS = 20_000;
/** Milliseconds over which the bytes of a channel are counted: what gathered behind a gap in its link comes at once. */
const RATE_MS = 10_000;
/** Growth of the peak bit rate that is worth a write. */
const BANDWIDTH_STEP = 1.2;

export class LiveStream {
  readonly device: string;
  readonly channel: number;
  readonly #services: Services;
  readonly #options: StreamOptions;
  #record: DeviceRecord;
  #target: Target;
  #source: Source | undefined;
  #segmenter: Segmenter | undefined;
  readonly #sound: Listener;
  #publisher: Publisher | undefined;
  #requestId: string | undefined;
  #sight = new Sight(0);
  #checkAt = 0;
  #leftAt = 0;
  #rateSince = -Infinity;
  #rateBytes = 0;
  /** Its segments are more than may be published: the connection is to go with what comes next. */
  #floods = false;
  /** Initialization section of the latest segment. */
  #init: string | undefined;
  #stopping = false;
  #written: Stream | undefined;
  /** Whether the record has said, since its connection came, that the stream is this task's. */
  #claim = { done: false };
  #bandwidth = 0;
  #closed: Promise<void> | undefined;

  constructor(services: Services, options: StreamOptions) {
    this.device = options.record.id;
    this.channel = options.channel;
    this.#services = services;
    this.#options = options;
    this.#record = options.record;
    this.#target = this.#aim();
    this.#sound = new Listener(services.sounds, services.metrics, (unit) => this.#encoded(unit));
    services.memory.segments.enter();
  }

  get connected(): boolean {
    return this.#source !== undefined;
  }

  isFrom(source: Source): boolean {
    return this.#source === source;
  }

  get requestId(): string | undefined {
    return this.#requestId;
  }

  /** Bytes in memory: the open segment and what waits for S3. */
  get bytes(): number {
    return (this.#segmenter?.bytes ?? 0) + (this.#publisher?.bytes ?? 0);
  }

  attach(source: Source, record: DeviceRecord, requestId: string | undefined): void {
    this.#cut();
    const before = this.#source;
    this.#source = source;
    before?.release('replaced');
    this.#record = record;
    this.#requestId = requestId ?? this.#requestId;
    this.#target = this.#aim();
    this.#stopping = false;
    this.#written = undefined;
    this.#claim = { done: false };
    this.#floods = false;
    const now = performance.now();
    this.#sight = new Sight(now);
    this.#checkAt = now + this.#checkMs * (0.5 + Math.random());
    this.#segmenter = new Segmenter(this.#target.segmenter, (segment) => this.#publish(segment));
    this.#listen(record);
    if (this.#publisher === undefined || this.#publisher.dead) this.#publisher = this.#begin();
  }

  unit(source: Source, unit: AccessUnit): void {
    if (source !== this.#source) return;
    this.#sight.heard(unit);
    if (!this.#mayTake(unit.receivedAt, bytesOf(unit))) return;
    // Browsers cannot play telephone codecs: where nothing encodes them, silence stands for them.
    if (unit.kind === 'audio') this.#sound.push(unit);
    else this.#segmenter?.push(unit);
    if (unit.kind !== 'video') return;
    // What was live before it went dark is to be said again.
    if (this.#sight.pictured(unit.receivedAt, this.#segmenter?.isOpen === true)) this.#written = undefined;
  }

  /** It sends, though nothing can be made of it. */
  unread(source: Source, what: Unread): void {
    if (source !== this.#source) return;
    this.#sight.heard(what);
    this.#mayTake(what.receivedAt, what.bytes);
  }

  /** False, and its connection closed: it sends more than a channel may. Who comes again meanwhile goes on from there. */
  #mayTake(receivedAt: number, bytes: number): boolean {
    if (receivedAt - this.#rateSince >= RATE_MS) {
      this.#rateSince = receivedAt;
      this.#rateBytes = 0;
    }
    this.#rateBytes += bytes;
    const speed = this.#options.playback?.speed ?? 1;
    const most = (this.#services.config.options.limits.streamBytesPerSecond * speed * RATE_MS) / 1000;
    if (this.#rateBytes <= most && !this.#floods) return true;
    const kind = this.#floods ? 'too-many-segments' : 'stream-too-fast';
    this.#services.log.trouble(kind, this.device, `channel ${this.channel}`);
    this.#source?.release('flood');
    return false;
  }

  /**
   * Whether one more may be published: its requests cost the same however small it is, and pictures, clocks and gaps that
   * a device makes up end one as often as they like. Where it changes what segments begin with, that is written as well.
   */
  #mayPublish({ init }: Segment): boolean {
    const { playback } = this.#options;
    const objects = init.id === this.#init ? 1 : 2;
    const name = `${this.device} ${this.channel} ${playback === undefined ? 'live' : 'playback'}`;
    this.#init = init.id;
    return this.#services.rates.segments.take(name, Date.now(), objects / (playback?.speed ?? 1));
  }

  /** Its sound, back from the encoder: not on its connection's way, so what fails here is caught here. */
  #encoded(unit: AccessUnit): void {
    try {
      this.#segmenter?.push(unit);
    } catch (error) {
      this.fault(error);
    }
  }

  /** Something of ours failed over it: its connection ends, and no other; without one, it does itself. */
  fault(error: unknown): void {
    this.#services.log.failure('stream', error);
    if (this.#source === undefined) void this.close();
    else this.#source.release('fault');
  }

  gap(source: Source, gap: Gap): void {
    if (source === this.#source) this.#segmenter?.push(gap);
  }

  /** The connection is over. The stream waits for another one, unless it was told to stop. */
  detach(source: Source): void {
    if (source !== this.#source) return;
    this.#source = undefined;
    this.#leftAt = performance.now();
    this.#cut();
    if (this.#stopping || !this.#target.live) void this.close();
    else this.#writeState({ state: 'starting', ...this.#by() }, true);
  }

  /** The device was told to stop: when its connection goes, or soon, the stream is over. */
  stop(): void {
    this.#stopping = true;
  }

  /** Call it once a second. */
  tick(now: number): void {
    if (this.#closed !== undefined) return;
    if (this.#source !== undefined) {
      const silent = this.#sight.silent(now);
      if (this.#sight.dark(now) >= STALL_MS) {
        this.#source.flush?.();
        this.#segmenter?.end();
      }
      this.#noteUnseen(now);
      if (silent >= (this.#target.live ? STUCK_MS : PAUSED_MS)) this.#source.release('stalled');
      else if (this.#target.live && now >= this.#checkAt) {
        this.#checkAt = now + this.#checkMs;
        this.#check().catch((error: unknown) => this.#services.log.failure('check-stream', error));
      }
    } else if (now - this.#leftAt >= this.#services.config.options.startSeconds * 1000) {
      this.#writeState({ state: 'offline', ...this.#since(), reason: 'The device stopped sending.' }, true);
      void this.close();
    }
  }

  /** It sends, and there is nothing to see: then the record says why, or who waits for it would wait for ever. */
  #noteUnseen(now: number): void {
    if (!this.#target.live) return;
    const reason = this.#sight.reason(now, this.#services.config.options.startSeconds * 1000);
    if (reason !== undefined) this.#writeOwn({ state: 'offline', ...this.#by(), reason });
  }

  /** A viewer has come: its sound may be wanted from now on. */
  async viewerArrived(): Promise<void> {
    const record = await this.#services.registry.fresh(this.device);
    if (record !== undefined) this.#listen(record);
  }

  /** A recording is played back because somebody asked for it. */
  #listen(record: DeviceRecord): void {
    this.#sound.isHeard = this.connected && (!this.#target.live || isHeard(record, this.channel, Date.now()));
  }

  get #checkMs(): number {
    return this.#services.config.options.startSeconds * 1000 * CHECKS;
  }

  /**
   * Usually the task with the control connection has a stream stopped. That may be gone, or the device deleted: then the
   * connection is closed here, a while later.
   */
  async #check(): Promise<void> {
    const { registry, config } = this.#services;
    const record = await registry.get(this.device);
    if (record !== undefined) this.#listen(record);
    const idleStopSeconds = config.options.idleStopSeconds + this.#checkMs / 1000;
    const asked = { channel: this.channel, runs: true, idleStopSeconds, now: Date.now() };
    if (record !== undefined && due({ record, ...asked }).act !== 'stop') return;
    this.#stopping = true;
    await this.close();
  }

  /** Publishes what there is; the record says that the stream may go on elsewhere. */
  async handOver(deadline: number): Promise<void> {
    const source = this.#source;
    this.#drop('replaced');
    if (this.#target.live && source !== undefined) this.#writeState({ state: 'starting', ...this.#by() }, true);
    await this.close(deadline);
  }

  close(deadline = performance.now() + CLOSING_MS): Promise<void> {
    this.#closed ??= this.#finish(deadline).catch((error: unknown) => this.#services.log.failure('stream', error));
    return this.#closed;
  }

  async #finish(deadline: number): Promise<void> {
    // With the connection, this task is the writer of the channel's state; without it, only while the record names it.
    const mine = !this.connected;
    this.#drop('over');
    if (this.#stopping) this.#writeState({ state: 'offline', ...this.#since() }, mine);
    this.#options.ended(this);
    await this.#publisher?.close(deadline, this.#target.lastLine);
    this.#services.memory.segments.leave();
  }

  #drop(why: Releasing): void {
    const source = this.#source;
    this.#cut();
    this.#source = undefined;
    this.#leftAt = performance.now();
    source?.release(why);
  }

  /** Publishes what is open; the connection that sent it is no longer listened to. */
  #cut(): void {
    const segmenter = this.#segmenter;
    if (segmenter === undefined) return;
    try {
      this.#source?.flush?.();
      this.#segmenter = undefined;
      segmenter.end();
    } catch (error) {
      // It may be what broke; what comes next begins with another one.
      this.#services.log.failure('stream', error);
    }
    this.#segmenter = undefined;
    this.#sound.end();
    this.#services.metrics.add('clockResets', segmenter.counters.clockResets);
    this.#services.metrics.add('droppedFrames', segmenter.counters.droppedPictures);
  }

  /** In the midst of the segmenter: the connection is let go later. */
  #publish(segment: Segment): void {
    if (!this.#mayPublish(segment)) {
      this.#floods = true;
      this.#services.metrics.add('droppedSegments');
      segment.free();
      return;
    }
    this.#bandwidth = Math.max(this.#bandwidth, Math.ceil((segment.bytes * 8000) / Math.max(1, segment.duration)));
    this.#publisher?.add(segment);
  }

  #aim(): Target {
    const { playback } = this.#options;
    const { options } = this.#services.config;
    return playback === undefined
      ? liveTarget(this.#record, this.channel, options, Date.now())
      : playbackTarget(this.#record, playback, options, Date.now());
  }

  #begin(): Publisher {
    const { aws, config, metrics, log, memory } = this.#services;
    const { playlistKey, ...target } = this.#target;
    const bucket = config.buckets.media;
    const failed = (error: unknown) => log.failure('publish', error);
    const fence = new Fence({
      store: aws.store,
      bucket,
      key: playlistKey,
      retentionTag: target.retentionTag,
      targetMs: config.options.segmentSeconds * 1000,
      staleMs: config.options.playlistSeconds * 2000,
    });
    const { prefix, retentionTag } = target;
    const isEncrypted = config.options.encryption === 'aes-128';
    const publisher = new Publisher({
      ...target,
      keys: isEncrypted ? new HourKeys({ store: aws.store, bucket, prefix, retentionTag }) : undefined,
      store: aws.store,
      fence,
      bucket,
      // A task's streams share one sum: each may fill its own buffer only while there are few of them.
      get bufferBytes() {
        return Math.min(config.options.limits.streamBufferBytes, memory.segments.each);
      },
      metrics,
      failed,
      published: (what) => this.#published(what),
      lost: () => {
        log.trouble('fence-lost', this.device);
        // The device has begun anew elsewhere, so what still comes in here is old.
        if (this.#publisher === publisher) this.#drop('replaced');
      },
    });
    publisher.open();
    return publisher;
  }

  #published({ epoch, segment }: Published): void {
    if (!this.#target.live || this.#source === undefined) return;
    const { codecs, width, height } = segment.init;
    const written = this.#written;
    const same =
      written?.codecs === codecs && written.epoch === epoch && written.width === width && written.height === height;
    if (same && this.#bandwidth <= (written.bandwidth ?? 0) * BANDWIDTH_STEP) return;
    if (!same) this.#services.log.info('live', { device: this.device, channel: this.channel, epoch, codecs });
    const frameRate = Math.round((segment.pictures / Math.max(1, segment.duration)) * 100_000) / 100;
    const live: Stream = {
      state: 'live',
      ...(written === undefined ? this.#by() : { ...this.#by(), since: written.since }),
      epoch,
      codecs,
      width,
      height,
      ...(frameRate > 0 && { frameRate }),
      bandwidth: this.#bandwidth,
    };
    this.#written = live;
    this.#writeOwn(live);
  }

  #since() {
    return { since: new Date().toISOString() };
  }

  #by() {
    return {
      ...this.#since(),
      task: this.#services.task,
      ...(this.#requestId !== undefined && { requestId: this.#requestId }),
    };
  }

  /** The first of a connection takes the channel; whether it could be written is known when the next one is. */
  #writeOwn(stream: Stream): void {
    const { state, outbox, task } = this.#services;
    const claim = this.#claim;
    outbox.put(`stream ${this.device} ${this.channel}`, async () => {
      const only = claim.done ? ({ task } as const) : ('not-newer' as const);
      claim.done = (await state.stream(this.device, this.channel, stream, only)) || claim.done;
    });
  }

  /** `mine`: only while the record says that the stream is this task's. */
  #writeState(stream: Stream, mine: boolean): void {
    const { state, outbox, task } = this.#services;
    outbox.put(`stream ${this.device} ${this.channel}`, () =>
      state.stream(this.device, this.channel, stream, mine ? { task } : undefined),
    );
  }
}
