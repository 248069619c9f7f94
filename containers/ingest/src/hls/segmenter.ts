/**
 * Access units of one stream to media segments. A segment begins with a keyframe near the target duration after the one
 * before it; its duration is the exact sum of its pictures'. One segment is open at a time and is all the memory a stream
 * takes here.
 */
import { isBSlice, isSlice, nalType, opensPicture } from '../media/annexb.ts';
import { TELEPHONE_AAC, sameAac, type AacConfig } from '../media/audio/aac.ts';
import { MediaClock } from '../media/clock.ts';
import { ParameterSets } from '../media/parameters.ts';
import { kept, type AacUnit, type AccessUnit, type Gap, type Nal, type VideoUnit } from '../media/unit.ts';
import { wallTime } from '../media/wall-clock.ts';
import { VideoSamples, mediaSegment } from './cmaf.ts';
import { initSection, type InitSection } from './init.ts';
import { SoundTrack } from './sound.ts';

export interface SegmenterOptions {
  /** Milliseconds; segments are cut at the keyframes nearest to it. */
  readonly targetMs: number;
  /** Milliseconds and bytes at which a segment is cut without waiting for a keyframe any longer. */
  readonly maxMs: number;
  readonly maxBytes: number;
  /** Minutes the device's time zone is ahead of UTC. */
  readonly zoneMinutes: number;
  /** Milliseconds the device's clock may be off and still be believed. */
  readonly clockTolerance: number;
  /** From the monotonic clock of `receivedAt` to milliseconds since 1970-01-01 UTC. */
  readonly epoch: (receivedAt: number) => number;
  /** Of the audio track until a device sends AAC of its own. */
  readonly audio: AacConfig;
}

export const SEGMENTER_DEFAULTS: SegmenterOptions = {
  targetMs: 2000,
  maxMs: 20_000,
  maxBytes: 16 * 1024 * 1024,
  zoneMinutes: 0,
  clockTolerance: 15 * 60_000,
  epoch: (receivedAt) => performance.timeOrigin + receivedAt,
  audio: TELEPHONE_AAC,
};

export interface Segment {
  readonly init: InitSection;
  /** The file, in order; together `bytes` long. Good until `free` is called. */
  readonly parts: readonly Buffer[];
  readonly bytes: number;
  /** Bytes of memory that the parts take. */
  readonly held: number;
  /** Gives that memory back, as soon as nobody reads the parts any more. Safe to repeat. */
  readonly free: () => void;
  /** Milliseconds, exact. */
  readonly duration: number;
  /** Milliseconds since 1970-01-01 UTC: when its first picture was taken. */
  readonly programDateTime: number;
  /** It does not continue the segment before it. Set on the first one, too. */
  readonly discontinuity: boolean;
  /** It begins with a keyframe. */
  readonly independent: boolean;
  readonly pictures: number;
  /** Monotonic milliseconds: when its last byte arrived. */
  readonly receivedAt: number;
}

export interface SegmenterCounters {
  segments: number;
  /** Pictures that could not be published: before a keyframe, or without parameter sets. */
  droppedPictures: number;
  /** Times the device's clock jumped. */
  clockResets: number;
  /** Segments cut without a keyframe. */
  forcedCuts: number;
}

interface Open {
  readonly samples: VideoSamples;
  readonly init: InitSection;
  readonly discontinuity: boolean;
  readonly independent: boolean;
  receivedAt: number;
}

/** Bytes of NAL units waiting for the picture they precede. */
const MAX_PREFIX_BYTES = 64 * 1024;
/** What a unit that waits costs beside its bytes; counted, or a million tiny ones would pass every limit. */
const UNIT_OVERHEAD = 256;

export class Segmenter {
  readonly #options: SegmenterOptions;
  readonly #emit: (segment: Segment) => void;
  readonly #clock = new MediaClock();
  readonly #parameters = new ParameterSets();
  readonly counters: SegmenterCounters = { segments: 0, droppedPictures: 0, clockResets: 0, forcedCuts: 0 };
  #open: Open | undefined;
  #sound: SoundTrack | undefined;
  #audio: AacConfig;
  #init: InitSection | undefined;
  /** The next segment does not continue the last. */
  #broken = true;
  /** Parameter sets or sound configuration changed: the next keyframe opens a segment with another initialization. */
  #stale = true;
  /** Media time where the last segment ended. */
  #end = 0;
  /** Time of day minus media time. */
  #wallOffset = 0;
  #lastKey = 0;
  /** Milliseconds between the latest two keyframes. */
  #keyInterval = 0;
  #prefix: VideoUnit[] = [];
  #prefixBytes = 0;
  #timestamp = 0;

  /** `emit` takes each segment as it is finished and must not throw. */
  constructor(options: Partial<SegmenterOptions>, emit: (segment: Segment) => void) {
    this.#options = { ...SEGMENTER_DEFAULTS, ...options };
    this.#audio = this.#options.audio;
    this.#emit = emit;
  }

  /** Sound other than AAC is not for here: an encoder makes AAC of it, or silence stands in. */
  push(unit: AccessUnit | Gap): void {
    if (unit.kind === 'video') this.#video(unit);
    else if (unit.kind === 'aac') this.#aac(unit);
    else if (unit.kind === 'gap') this.end();
  }

  /** Publishes what is open. What comes after begins at a keyframe and does not continue it. */
  end(): void {
    if (this.#open !== undefined) this.#close(this.#open.samples.latest + this.#clock.nominal, true);
    this.#broken = true;
    this.#dropPrefix();
  }

  /** A picture has come that a segment could begin with, and the segment is not over. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Bytes in memory, roughly: the open segment and what waits for its picture. */
  get bytes(): number {
    return this.#prefixBytes + (this.#open?.samples.held ?? 0);
  }

  #video(unit: VideoUnit): void {
    this.#stale = this.#parameters.read(unit) || this.#stale;
    const first = unit.nals.find((nal) => isSlice(unit.codec, nalType(unit.codec, nal)));
    if (first === undefined) {
      this.#keepPrefix(unit);
    } else if (opensPicture(unit.codec, first)) {
      this.#picture(unit, first);
    } else if (this.#open !== undefined && unit.timestamp === this.#timestamp) {
      // Further slices of the picture, sent as a frame of their own.
      this.#open.samples.extend(unit);
      this.#open.receivedAt = unit.receivedAt;
    } else {
      this.counters.droppedPictures += 1;
    }
  }

  #picture(unit: VideoUnit, first: Nal): void {
    if (this.#open === undefined) {
      this.#begin(unit);
      return;
    }
    const { samples } = this.#open;
    const mayLead = this.#mayLead(unit, first) && this.bytes < this.#options.maxBytes;
    const between = mayLead ? this.#clock.between(unit.timestamp) : undefined;
    if (between !== undefined) {
      this.#timestamp = unit.timestamp;
      this.#append(unit, Math.max(between, samples.start));
      return;
    }
    const at = this.#clock.next(unit.timestamp, unit.receivedAt);
    this.#timestamp = unit.timestamp;
    if (this.#clock.event === 'pause') {
      this.#close(samples.latest + this.#clock.nominal, true);
      this.#broken = true;
      this.#begin(unit);
      return;
    }
    if (this.#clock.event === 'reset') {
      // Media time goes on, but time of day moves: the next segment says so.
      this.counters.clockResets += 1;
      this.#broken = true;
    }
    const elapsed = at - samples.start;
    if (unit.keyframe) {
      this.#keyInterval = at - this.#lastKey;
      this.#lastKey = at;
    }
    if (unit.keyframe && (this.#stale || elapsed >= this.#options.targetMs - this.#keyInterval / 2)) {
      // Before a discontinuity sound ends with the picture: a player lets the next part begin where this one ended, by
      // whichever track is first, and would have nothing to show for as long as sound lags.
      const from = this.#from(unit, at, samples);
      this.#close(from, this.#stale || this.#broken);
      this.#openAt(unit, from, at);
    } else if (elapsed >= this.#options.maxMs || this.bytes >= this.#options.maxBytes) {
      this.counters.forcedCuts += 1;
      const from = this.#from(unit, at, samples);
      this.#close(from, false);
      this.#openAt(unit, from, at);
    }
    this.#append(unit, at);
  }

  /** It may be shown before a picture that came before it. */
  #mayLead(unit: VideoUnit, first: Nal): boolean {
    if (unit.keyframe) return false;
    if (unit.bidirectional === true) return true;
    if (unit.codec === 'h264') return isBSlice(first);
    const { config } = this.#parameters;
    return config?.codec === 'h265' && config.info.reorders;
  }

  /**
   * Where a segment begins whose first picture is shown `at`: there, but for pictures that are decoded after it and shown
   * before it. After an IDR picture of H.264 there are none.
   */
  #from(unit: VideoUnit, at: number, { latest }: VideoSamples): number {
    const isClosed = unit.codec === 'h264' && unit.keyframe;
    return isClosed || !this.#clock.reorders ? at : Math.min(at, latest + this.#clock.nominal);
  }

  /** The first picture after a break: must be a keyframe, and its parameter sets known. */
  #begin(unit: VideoUnit): void {
    if (!unit.keyframe || this.#parameters.config === undefined) {
      this.counters.droppedPictures += 1;
      this.#dropPrefix();
      return;
    }
    const at = this.#end;
    this.#clock.start(unit.timestamp, unit.receivedAt, at);
    this.#timestamp = unit.timestamp;
    this.#lastKey = at;
    this.#openAt(unit, at, at);
    this.#append(unit, at);
  }

  /** A segment that begins at media time `from`, and whose first picture is shown `at`. */
  #openAt(unit: VideoUnit, from: number, at: number): void {
    const { config } = this.#parameters;
    if (this.#init === undefined || (this.#stale && unit.keyframe)) {
      const init = initSection(config!, this.#audio);
      this.#broken ||= init.id !== this.#init?.id;
      this.#init = init;
      if (this.#sound === undefined || !sameAac(this.#sound.config, this.#audio)) {
        this.#sound = new SoundTrack(this.#audio, from);
      }
      this.#stale = false;
    }
    // A reset within a group of pictures waits for a keyframe: a player begins anew after a discontinuity.
    const discontinuity = this.#broken && unit.keyframe;
    if (discontinuity) {
      const { zoneMinutes, clockTolerance: tolerance, epoch } = this.#options;
      this.#wallOffset = wallTime(unit.timestamp, epoch(unit.receivedAt), { zoneMinutes, tolerance }).at - at;
      this.#broken = false;
    }
    const samples = new VideoSamples(from);
    this.#open = { samples, init: this.#init, discontinuity, independent: unit.keyframe, receivedAt: unit.receivedAt };
  }

  #append(unit: VideoUnit, at: number): void {
    const { samples } = this.#open!;
    const [first, ...rest] = this.#prefix;
    if (first === undefined) samples.add(unit, at);
    else {
      samples.add({ ...first, keyframe: unit.keyframe }, at);
      for (const more of rest) samples.extend(more);
      samples.extend(unit);
      this.#dropPrefix();
    }
    this.#open!.receivedAt = unit.receivedAt;
  }

  #close(at: number, final: boolean): void {
    const { samples, init, discontinuity, independent, receivedAt } = this.#open!;
    this.#open = undefined;
    this.#end = at;
    const duration = samples.finish(at);
    this.counters.segments += 1;
    const audio = this.#sound!.cut(at, final);
    const { parts, bytes } = mediaSegment(this.counters.segments, samples, audio);
    this.#emit({
      init,
      parts,
      bytes,
      held: samples.held + bytes - samples.bytes,
      free: () => samples.free(),
      duration,
      programDateTime: samples.start + this.#wallOffset,
      discontinuity,
      independent,
      pictures: samples.count,
      receivedAt,
    });
  }

  #aac(unit: AacUnit): void {
    if (!sameAac(unit.config, this.#audio)) {
      this.#audio = unit.config;
      this.#stale = true;
    }
    if (this.#open !== undefined) this.#sound!.push(unit, this.#clock.at(unit.timestamp));
  }

  #keepPrefix(unit: VideoUnit): void {
    const bytes = unit.data.length + UNIT_OVERHEAD;
    if (this.#prefixBytes + bytes > MAX_PREFIX_BYTES) this.#dropPrefix();
    this.#prefix.push(kept(unit));
    this.#prefixBytes += bytes;
  }

  #dropPrefix(): void {
    if (this.#prefix.length === 0) return;
    this.#prefix = [];
    this.#prefixBytes = 0;
  }
}
