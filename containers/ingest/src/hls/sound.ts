/**
 * The audio track of a live stream: always there, without holes. Frames of the device or of an encoder take their place
 * by their time; where there are none, silence stands.
 */
import { AAC_FRAME_SAMPLES, sameAac, silentFrame, type AacConfig } from '../media/audio/aac.ts';
import type { AacUnit } from '../media/unit.ts';
import type { AudioSamples } from './cmaf.ts';

/**
 * Milliseconds a frame may lie off the running track and still just be appended: bursts of sound share one timestamp, and
 * clocks drift. Beyond it silence is put in, or the frame left out. What begins after silence begins where it belongs.
 */
const TOLERANCE_MS = 300;
/**
 * Milliseconds sound may lag behind the picture at a cut before its absence is taken for silence. An encoder's comes 300 to
 * 450 ms late: it holds two frames and a part of one, and packets travel to it and back in batches.
 */
const SLACK_MS = 1000;
/** Frames waiting for their segment; more means that sound runs ahead of the picture, and the oldest go. */
const MAX_QUEUED = 1024;
/** Several seconds of telephone sound. */
const BLOCK_BYTES = 4096;
/** Milliseconds. A frame further ahead of the track than this is of another time. */
const FAR_AHEAD_MS = 5000;

/**
 * Sound whose sender wants to know how many milliseconds after its time each frame was put; undefined: it was left out. A
 * track has places for whole frames only.
 */
export interface Watched {
  readonly placed?: (late: number | undefined) => void;
}

export class SoundTrack {
  readonly config: AacConfig;
  readonly #silence: Buffer;
  readonly #frameMs: number;
  /** Samples since media time 0 where the first queued frame begins. */
  #next = 0;
  #queue: Buffer[] = [];
  /** Frames lie one behind the other in blocks of the track's own. */
  #block: Buffer = Buffer.alloc(0);
  #used = 0;
  /** Media time where the latest real frame ends. */
  #heardUntil = -Infinity;

  /** `from`: media time the track begins at, milliseconds. */
  constructor(config: AacConfig, from: number) {
    this.config = config;
    this.#silence = silentFrame(config);
    this.#frameMs = (AAC_FRAME_SAMPLES / config.sampleRate) * 1000;
    this.#next = Math.round((from * config.sampleRate) / 1000);
  }

  /** Takes copies of frames, the first of which sounds at media time `at`. They must have this track's configuration. */
  push(unit: AacUnit & Watched, at: number): void {
    if (!sameAac(unit.config, this.config)) return;
    let time = at;
    for (const frame of unit.frames) {
      const ahead = time - this.#end();
      if (ahead > FAR_AHEAD_MS) return;
      const runs = this.#heardUntil === this.#end();
      const tolerance = runs ? TOLERANCE_MS : this.#frameMs / 2;
      if (ahead > tolerance) this.#fillTo(time - this.#frameMs / 2);
      if (ahead >= -tolerance && this.#queue.length < MAX_QUEUED) {
        unit.placed?.(this.#end() - time);
        this.#queue.push(this.#keep(frame));
        this.#heardUntil = this.#end();
      } else unit.placed?.(undefined);
      time += this.#frameMs;
    }
  }

  /**
   * The frames that belong to a segment ending at media time `until`. While sound keeps coming it may lag a little and go
   * into the next segment; `final` says that none follows, so that both tracks end together.
   */
  cut(until: number, final: boolean): AudioSamples {
    const lagging = this.#end() < until && this.#heardUntil >= until - SLACK_MS;
    if (final || !lagging) this.#fillTo(until);
    const start = this.#next;
    const count = Math.min(
      this.#queue.length,
      Math.max(0, Math.ceil(((until / 1000) * this.config.sampleRate - start) / AAC_FRAME_SAMPLES)),
    );
    const frames = this.#queue.slice(0, count);
    this.#queue = final ? [] : this.#queue.slice(count);
    this.#next += count * AAC_FRAME_SAMPLES;
    return { start, frameSamples: AAC_FRAME_SAMPLES, frames };
  }

  /** Media time where the queue ends. */
  #end(): number {
    return ((this.#next + this.#queue.length * AAC_FRAME_SAMPLES) / this.config.sampleRate) * 1000;
  }

  #keep(frame: Buffer): Buffer {
    if (this.#used + frame.length > this.#block.length) {
      this.#block = Buffer.allocUnsafe(Math.max(BLOCK_BYTES, frame.length));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += frame.copy(this.#block, at);
    return this.#block.subarray(at, this.#used);
  }

  #fillTo(time: number): void {
    while (this.#end() < time) this.#queue.push(this.#silence);
  }
}
