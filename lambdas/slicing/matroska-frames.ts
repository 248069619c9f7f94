/**
 * Where the frames of a Matroska or WebM file lie, found by reading it once, in stretches that several functions may read.
 * Pure.
 */
import { z } from 'zod';
import type { SourceInfo } from '../../lib/contract/source.ts';
import { MatroskaError, MatroskaReader, type MatroskaFrame, type MatroskaHeader } from '../../lib/media/matroska.ts';
import { MAX_SAMPLES } from '../../lib/media/sample-table.ts';
import { MOST_TEXT_SAMPLES } from './text-samples.ts';
import { startsAnew, type CopiedVideo } from './copy.ts';

/** Codecs whose frames are the samples of an MP4 or MOV, byte for byte. */
const SAME =
  /^(V_MPEG4\/ISO\/(AVC|ASP|SP|AP)|V_MPEGH\/ISO\/HEVC|V_AV1|V_VP[89]|V_MPEG[12]|A_AAC|A_MPEG\/L[23]|A_E?AC3|A_OPUS|A_VORBIS|A_FLAC)$/;

/** Of one track, frame by frame in the order of the file. */
export interface TrackFrames {
  readonly offset: Float64Array;
  readonly size: Float64Array;
  /** Nanoseconds at which it is shown; NaN: it follows the one before it in the same block. */
  readonly time: Float64Array;
  /** Nanoseconds; 0: nobody says. */
  readonly duration: Float64Array;
  /** 1: a keyframe; 2: one that needs nothing before it. */
  readonly key: Float64Array;
}

export interface StretchFrames {
  /** Byte at which its first cluster begins, and the next one's, where there are any. */
  readonly first: number | undefined;
  readonly next: number | undefined;
  /** The picture, sounds and texts, in the order of the source's facts. */
  readonly tracks: readonly TrackFrames[];
}

export interface Place {
  /** Byte of the file that the stretch begins at. */
  readonly from: number;
  /** Clusters that begin from there on are the next one's. */
  readonly until: number;
}

type Facts = Pick<SourceInfo, 'video' | 'audio' | 'texts'>;

/** What the beginning of the file says. @throws MatroskaError */
export function readHeader(head: Buffer): MatroskaHeader {
  const reader = new MatroskaReader(() => undefined);
  reader.push(head);
  return reader.header;
}

export class MatroskaFrames {
  readonly #reader: MatroskaReader;
  readonly #tracks: readonly GrowingFrames[];
  readonly #byNumber = new Map<number, GrowingFrames>();
  readonly #copied: CopiedVideo | undefined;

  /** `copied`: the picture's description, if it may be published as it is. @throws MatroskaError */
  constructor(info: Facts, header: MatroskaHeader, copied: CopiedVideo | undefined, place: Place) {
    this.#copied = copied;
    const { video, audio, texts = [] } = info;
    this.#tracks = [video, ...audio, ...texts].map(({ index }, position) => {
      const track = header.tracks[index];
      const isText = position > audio.length;
      const most = isText ? MOST_TEXT_SAMPLES : Infinity;
      const frames = new GrowingFrames(position === 0, most, track?.delay ?? 0, track?.frameDuration ?? 0);
      // A text that is stored as something else is left out: a video without it is still one.
      const isRead = track !== undefined && !track.encoded && (isText || SAME.test(track.codec));
      if (isRead) this.#byNumber.set(track.number, frames);
      else if (!isText)
        throw new MatroskaError(`a track of ${track?.codec ?? 'no kind'} that is not stored as in an MP4`);
      return frames;
    });
    this.#reader = new MatroskaReader((frame) => this.#take(frame), { header, ...place });
  }

  /** Whether all of the stretch is read. */
  get done(): boolean {
    return this.#reader.done;
  }

  /** The next bytes of the file. @throws MatroskaError */
  push(bytes: Buffer): void {
    this.#reader.push(bytes);
  }

  end(): StretchFrames {
    this.#reader.end();
    const { first, next } = this.#reader;
    return { first, next, tracks: this.#tracks.map((track) => track.frames) };
  }

  #take(frame: MatroskaFrame): void {
    const track = this.#byNumber.get(frame.track);
    const isFresh = frame.key && track?.isPicture && this.#copied && startsAnew(frame.begins, this.#copied);
    track?.add(frame, isFresh ? 2 : frame.key ? 1 : 0);
  }
}

/** Numbers of one kind, of which more come. */
class Growing {
  #values = new Float64Array(1024);
  count = 0;

  push(value: number): void {
    if (this.count === this.#values.length) {
      const more = new Float64Array(2 * this.count);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[this.count] = value;
    this.count += 1;
  }

  get all(): Float64Array {
    return this.#values.subarray(0, this.count);
  }
}

class GrowingFrames {
  readonly isPicture: boolean;
  readonly #most: number;
  readonly #delay: number;
  readonly #usual: number;
  readonly #columns = {
    offset: new Growing(),
    size: new Growing(),
    time: new Growing(),
    duration: new Growing(),
    key: new Growing(),
  };

  /** `most`: more are left out. Nanoseconds by which its times are late, and that a frame lasts where nothing else is said. */
  constructor(isPicture: boolean, most: number, delay: number, usual: number) {
    this.isPicture = isPicture;
    this.#most = most;
    this.#delay = delay;
    this.#usual = usual;
  }

  add({ offset, size, time, duration }: MatroskaFrame, key: number): void {
    const columns = this.#columns;
    if (columns.size.count >= this.#most) return;
    if (columns.size.count === MAX_SAMPLES) throw new MatroskaError(`a track of more than ${MAX_SAMPLES} frames`);
    columns.offset.push(offset);
    columns.size.push(size);
    columns.time.push(time === undefined ? Number.NaN : time - this.#delay);
    columns.duration.push(duration ?? this.#usual);
    columns.key.push(key);
  }

  get frames(): TrackFrames {
    const { offset, size, time, duration, key } = this.#columns;
    return { offset: offset.all, size: size.all, time: time.all, duration: duration.all, key: key.all };
  }
}

/** Stretches that follow one another, as one. @throws MatroskaError where they do not */
export function joinedFrames(stretches: readonly StretchFrames[]): readonly TrackFrames[] {
  stretches.forEach(({ first }, i) => {
    // Found from either side: what looks like a cluster and is none would be found from one alone.
    if (i > 0 && first !== stretches[i - 1]!.next)
      throw new MatroskaError(`stretch ${i} does not begin where the one before ends`);
  });
  return stretches[0]!.tracks.map((_, track) => {
    const column = (name: keyof TrackFrames): Float64Array => {
      const parts = stretches.map(({ tracks }) => tracks[track]![name]);
      const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const part of parts) {
        all.set(part, at);
        at += part.length;
      }
      return all;
    };
    return {
      offset: column('offset'),
      size: column('size'),
      time: column('time'),
      duration: column('duration'),
      key: column('key'),
    };
  });
}

const COLUMNS = ['offset', 'size', 'time', 'duration', 'key'] as const;

/** As one object to store: a line of JSON that says how much there is, then the numbers, little-endian. */
export function packFrames({ first, next, tracks }: StretchFrames): Buffer {
  const said = { first, next, counts: tracks.map(({ size }) => size.length) };
  const numbers = tracks.flatMap((track) => COLUMNS.map((name) => track[name]));
  const bytes = numbers.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
  const line = JSON.stringify(said);
  return Buffer.concat([Buffer.from(`${line}\n`), ...bytes]);
}

/** @throws MatroskaError */
export function unpackFrames(stored: Buffer): StretchFrames {
  const end = stored.indexOf('\n');
  const said = packed.safeParse(JSON.parse(stored.toString('utf8', 0, Math.max(0, end))));
  if (!said.success) throw new MatroskaError('no stretch of frames');
  const { first, next, counts } = said.data;
  // A copy, whose numbers lie where numbers may.
  const bytes = new Uint8Array(stored.subarray(end + 1)).buffer;
  let at = 0;
  const tracks = counts.map((count) => {
    const [offset, size, time, duration, key] = COLUMNS.map(() => {
      const values = new Float64Array(bytes, at, count);
      at += values.byteLength;
      return values;
    });
    return { offset: offset!, size: size!, time: time!, duration: duration!, key: key! };
  });
  return { first, next, tracks };
}

const packed = z.object({
  first: z.int().nonnegative().optional(),
  next: z.int().nonnegative().optional(),
  counts: z.array(z.int().nonnegative()),
});
