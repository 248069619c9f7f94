/** Cuts one track's samples into segments at keyframes nearest after each multiple of the segment duration. */
import { TIME_OFFSET } from '../../lib/contract/plan.ts';
import { BoxError } from '../../lib/media/boxes.ts';
import { readBoxes } from '../../lib/media/layout.ts';
import { decodeTimes } from './decode-times.ts';
import { readFragment, readTrack, writeSegment, type Sample, type Track } from './fmp4.ts';

export interface CutSegment {
  readonly bytes: Buffer;
  /** Seconds, exact: from its first frame shown to the next segment's. */
  readonly duration: number;
  /** How many there are in it. */
  readonly frames: number;
}

export interface CutOptions {
  /** Target, seconds. */
  readonly segmentSeconds: number;
  /** Where this chunk starts on the video's timeline, seconds. */
  readonly start: number;
  /** `moof` sequence number of the first segment. */
  readonly firstSegment: number;
  /** Seconds from the start: the last frame is shown to there at least. */
  readonly end?: number;
  /** Seconds from the start at which segments begin, and the end: of a chunk that is part of a segment table. */
  readonly laid?: { readonly cuts: readonly number[]; readonly end: number };
}

/** Keyframes are forced within half a millisecond of the boundary; so much early still counts. */
const EARLY = 0.001;

/**
 * Collects samples and gives out segments. Samples shown before the chunk's start (the encoder's priming) are dropped.
 * Pure apart from its own state.
 */
export class Cutter {
  readonly #timescale: number;
  readonly #options: CutOptions;
  readonly #shift: number;
  #samples: Sample[] = [];
  #sequence: number;
  #boundary: number;
  #cuts = 0;
  #dts: number;

  constructor(timescale: number, options: CutOptions) {
    this.#timescale = timescale;
    this.#options = options;
    this.#shift = Math.round((TIME_OFFSET + options.start) * timescale);
    this.#sequence = options.firstSegment;
    this.#boundary = this.#next(0);
    this.#dts = -TIME_OFFSET * timescale;
  }

  /** Takes the next sample in decode order; answers the segment it completes, if it does. */
  push(taken: Sample): CutSegment | undefined {
    if (taken.pts < 0 && this.#samples.length === 0) return undefined;
    const { laid } = this.#options;
    // What follows is the next chunk's: run-out of the sound.
    if (laid && taken.pts >= Math.round(laid.end * this.#timescale)) return undefined;
    // Where the first frames are seconds apart, the encoder puts their decode times seconds before 0.
    const dts = Math.max(taken.dts, this.#dts + 1);
    const sample = { ...taken, dts };
    this.#dts = dts;
    const seconds = sample.pts / this.#timescale + EARLY;
    if (this.#samples.length === 0) {
      if (!sample.sync) throw new BoxError('the track does not begin with a keyframe');
    } else if (sample.sync && seconds >= this.#boundary) {
      const cut = this.#cut(sample.pts);
      this.#samples = [sample];
      this.#boundary = this.#next(seconds);
      return cut;
    }
    this.#samples.push(sample);
    return undefined;
  }

  /** Seconds at which the next segment may begin, after `seconds`. */
  #next(seconds: number): number {
    const { laid, segmentSeconds } = this.#options;
    if (laid === undefined) return (Math.floor(seconds / segmentSeconds) + 1) * segmentSeconds;
    while (this.#cuts < laid.cuts.length && laid.cuts[this.#cuts]! <= seconds) this.#cuts += 1;
    return laid.cuts[this.#cuts] ?? Infinity;
  }

  /** The last segment, if anything is left. */
  end(): CutSegment | undefined {
    const last = this.#samples.at(-1);
    if (!last) return undefined;
    const shown = this.#samples.reduce((latest, { pts }) => Math.max(latest, pts), 0);
    const { laid, end: held = 0 } = this.#options;
    // A frame lasts to the end that is laid down, or as long as the encoder said, and is held to the end there is.
    const lasts = laid === undefined ? Math.max(1, last.duration) : 1;
    const end = Math.max(shown + lasts, Math.round((laid?.end ?? held) * this.#timescale));
    return this.#cut(end);
  }

  #cut(end: number): CutSegment {
    const times = decodeTimes(this.#samples, end);
    const samples = this.#samples.map((sample, i): Sample => ({ ...sample, dts: times[i]! }));
    const start = samples[0]!.pts;
    if (samples.some(({ pts }) => pts < start || pts >= end))
      throw new BoxError('a frame is shown outside its segment');
    // What follows is decoded from when it is shown.
    const bytes = writeSegment({ sequence: this.#sequence, samples, end, shift: this.#shift });
    this.#sequence += 1;
    return { bytes, duration: (end - start) / this.#timescale, frames: samples.length };
  }
}

export interface SegmentSink {
  /** The initialization section and what the track is; comes first, once. */
  init(bytes: Buffer, track: Track): Promise<void>;
  segment(segment: CutSegment): Promise<void>;
}

/** Reads a fragmented mp4 stream with one track and hands its segments on, one after another. */
export async function cutStream(stream: AsyncIterable<Buffer>, options: CutOptions, sink: SegmentSink): Promise<void> {
  let ftyp: Buffer | undefined;
  let moof: Buffer | undefined;
  let cutter: Cutter | undefined;
  for await (const { type, bytes } of readBoxes(stream)) {
    if (type === 'ftyp') ftyp = bytes;
    else if (type === 'moov' && ftyp) {
      const track = readTrack(bytes);
      cutter = new Cutter(track.timescale, options);
      await sink.init(Buffer.concat([ftyp, bytes]), track);
    } else if (type === 'moof') moof = bytes;
    else if (type === 'mdat' && moof && cutter) {
      for (const sample of readFragment(moof, bytes)) {
        const cut = cutter.push(sample);
        if (cut) await sink.segment(cut);
      }
      moof = undefined;
    }
  }
  const cut = cutter?.end();
  if (cut) await sink.segment(cut);
}
