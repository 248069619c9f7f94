/** Frames of sound on their own grid, where a container only rounded their times. Pure. */
import type { IndexedTrack } from '../../lib/media/sample-table.ts';

/** Samples a frame of sound has, by codec and mode: AAC, HE-AAC, MP3, AC-3, Opus from 2.5 to 60 ms, FLAC. */
const FRAMES = [1024, 2048, 1152, 576, 1536, 120, 240, 480, 960, 1920, 2880, 4096, 4608];
/** Frames that are looked at to tell their length. */
const LOOKED_AT = 500;
/** Seconds a container's clock may be off: Matroska and FLV count in milliseconds, MPEG-TS in 11 µs. */
const ROUNDED = 0.002;

/**
 * A sound track whose frames follow one another without gaps, where the container only rounded their times: pieces that
 * begin half a millisecond off would click where they are joined.
 */
export function evened(track: IndexedTrack): IndexedTrack {
  const { samples, timescale } = track;
  const looked = Math.min(samples.count, LOOKED_AT) - 1;
  if (looked < 2) return track;
  const mean = (samples.decode[looked]! - samples.decode[0]!) / looked;
  const tolerance = ROUNDED * timescale;
  const frame = FRAMES.find((length) => Math.abs(length - mean) * looked <= tolerance);
  if (frame === undefined) return track;
  const decode = Float64Array.from(samples.decode);
  for (let i = 1; i < decode.length; i += 1) {
    const expected = decode[i - 1]! + frame;
    if (Math.abs(decode[i]! - expected) <= tolerance) decode[i] = expected;
  }
  return { ...track, samples: { ...samples, decode, lastDuration: frame } };
}
