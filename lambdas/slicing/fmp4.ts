/**
 * What ffmpeg's mp4 muxer writes fragment by fragment, one track per stream, and the CMAF segments (ISO/IEC 23000-19) made
 * of it.
 */
import { BoxError, need } from '../../lib/media/boxes.ts';
import { box, text, u32, writeHeader } from '../../lib/media/build.ts';
import {
  DELTA_FLAGS,
  MOOF_BYTES,
  NON_SYNC,
  SYNC_FLAGS,
  TFHD_BASE_IS_MOOF,
  TRAF_BYTES,
  TRUN_COMPOSITION,
  TRUN_DURATION,
  TRUN_FLAGS,
  TRUN_OFFSET,
  TRUN_SIZE,
  readFragments,
  writeMoof,
  writeTraf,
  writeTrun,
} from '../../lib/media/fragments.ts';
import { codecsOf, readTracks } from '../../lib/media/movie.ts';

/** What a `moov` says of its one track. */
export interface Track {
  /** Ticks per second. */
  readonly timescale: number;
  /** RFC 6381, e.g. `avc1.64001f` or `mp4a.40.2`. */
  readonly codecs: string;
}

/** `moov`: the whole box. @throws BoxError */
export function readTrack(moov: Buffer): Track {
  const [track] = readTracks(need(moov, ['moov'], 0));
  if (track === undefined) throw new BoxError('moov without a track');
  const codecs = codecsOf(track);
  if (codecs === undefined) throw new BoxError('no H.264 or AAC description in moov');
  return { timescale: track.timescale, codecs };
}

export interface Sample {
  /** Decode time, ticks; may be negative (encoder delay). Tick counts stay far below 2^53. */
  readonly dts: number;
  /** Presentation time, ticks. */
  readonly pts: number;
  /** Ticks, as the muxer knew it. */
  readonly duration: number;
  /** Can be decoded alone. */
  readonly sync: boolean;
  readonly data: Buffer;
}

/** The samples of one `moof` with its `mdat`, both whole boxes that follow one another. @throws BoxError */
export function readFragment(moof: Buffer, mdat: Buffer): Sample[] {
  const [fragment] = readFragments(moof);
  if (fragment === undefined) throw new BoxError('moof without a track fragment');
  let dts = fragment.decodeTime;
  return fragment.samples.map(({ duration, size, flags, compositionOffset, offset }) => {
    const position = offset - moof.length;
    if (position < 8 || position + size > mdat.length) throw new BoxError('a sample lies outside its mdat');
    const sample = {
      dts,
      pts: dts + compositionOffset,
      duration,
      sync: (flags & NON_SYNC) === 0,
      data: mdat.subarray(position, position + size),
    };
    dts += duration;
    return sample;
  });
}

/** What goes into a segment (styp, moof, mdat). */
export interface SegmentSpec {
  /** mfhd's sequence_number. */
  readonly sequence: number;
  /** In decode order; the first is a keyframe. */
  readonly samples: readonly Sample[];
  /** Decode time of the sample after the last, so that the durations leave no gap to it. */
  readonly end: number;
  /** Added to every time, ticks. */
  readonly shift: number;
}

const STYP = box('styp', text('cmfs'), u32(0), text('cmfsmsdh'));
const TRACK = 1;
/** Duration, size, flags, composition offset. */
const SAMPLE_BYTES = 16;

/** One CMAF segment. Composition offsets are never negative: ffmpeg's demuxer moves the whole track when one is. */
export function writeSegment({ sequence, samples, end, shift }: SegmentSpec): Buffer {
  const start = (samples[0]?.dts ?? -1) + shift;
  if (start < 0) throw new BoxError('a segment starts before time 0');
  const trafBytes = TRAF_BYTES + SAMPLE_BYTES * samples.length;
  const moofBytes = MOOF_BYTES + trafBytes;
  const mdatBytes = samples.reduce((sum, { data }) => sum + data.length, 8);
  const out = Buffer.allocUnsafe(STYP.length + moofBytes + mdatBytes);
  let at = STYP.copy(out);
  at = writeMoof(out, at, moofBytes, sequence);
  at = writeTraf(out, at, trafBytes, TRACK, TFHD_BASE_IS_MOOF, [], start);
  const flags = TRUN_OFFSET | TRUN_DURATION | TRUN_SIZE | TRUN_FLAGS | TRUN_COMPOSITION;
  at = writeTrun(out, at, 1, flags, samples.length, SAMPLE_BYTES, moofBytes + 8);
  samples.forEach((sample, index) => {
    const duration = (samples[index + 1]?.dts ?? end) - sample.dts;
    const offset = sample.pts - sample.dts;
    if (duration < 0 || offset < 0) throw new BoxError('decode times run backwards or past presentation');
    at = out.writeUInt32BE(duration, at);
    at = out.writeUInt32BE(sample.data.length, at);
    at = out.writeUInt32BE(sample.sync ? SYNC_FLAGS : DELTA_FLAGS, at);
    at = out.writeUInt32BE(offset, at);
  });
  at = writeHeader(out, at, mdatBytes, 'mdat');
  for (const { data } of samples) at += data.copy(out, at);
  return out;
}
