/**
 * A source without an index, as movie fragments of the same packets, and the index that comes of writing them: one pass,
 * nothing decoded, memory of a fragment. Knows no AWS.
 */
import type { SlicingOptions } from '../../lib/contract/slicing.ts';
import type { SourceInfo } from '../../lib/contract/source.ts';
import { BoxError } from '../../lib/media/boxes.ts';
import { FragmentIndex } from '../../lib/media/fragment-index.ts';
import { readBoxes } from '../../lib/media/layout.ts';
import type { IndexedTrack, MovieIndex } from '../../lib/media/sample-table.ts';
import { start } from '../../lib/process.ts';
import { INPUT_FORMATS } from './args.ts';
import { clockArgs } from './reading.ts';
import { memoryLimit } from './encoder.ts';
import { programPath } from './program.ts';
import { straightened } from './ts-clock.ts';

/** Seconds: what is shorter, one function encodes whole in a few minutes. */
const WORTH_SECONDS = 300;

/** Containers that can be read from beginning to end without looking ahead. */
const CONTAINERS = new Set(['matroska,webm', 'mpegts', 'mpeg', 'flv', 'live_flv']);

/** Codecs that ISO base media has a sample entry for, which ffmpeg writes and reads. */
const CODECS = new Set('h264 hevc av1 vp9 mpeg4 mpeg2video aac mp3 mp2 ac3 eac3 opus flac'.split(' '));

/** Whether a source without a segment table gets one by remuxing. */
export const worthRemuxing = (
  { container, duration, video, audio }: Pick<SourceInfo, 'container' | 'duration' | 'video' | 'audio'>,
  { segmentType }: Pick<SlicingOptions, 'segmentType'>,
): boolean =>
  segmentType === 'fmp4' &&
  duration > WORTH_SECONDS &&
  CONTAINERS.has(container) &&
  [video, ...audio].every(({ codec }) => CODECS.has(codec));

interface RemuxOptions {
  readonly input: AsyncIterable<Uint8Array>;
  /** As ffprobe names it. */
  readonly container: string;
  /** Tracks that are taken, the picture first; `index` as ffprobe counts them. */
  readonly streams: readonly { readonly index: number; readonly codec: string }[];
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Given once all was handed on. */
  readonly onIndex: (index: MovieIndex, bytes: number) => void;
}

/**
 * The file, piece by piece; of what it is made, `onIndex` is told at the end. Tracks count from 0 in the order of `streams`.
 * @throws ProcessError when ffmpeg cannot read or write it, BoxError, or what `input` breaks with
 */
export async function* remux(options: RemuxOptions): AsyncGenerator<Buffer> {
  const running = start(programPath('ffmpeg'), argsOf(options), {
    input: options.container === 'mpegts' ? straightened(options.input) : options.input,
    timeoutMs: options.timeoutMs,
    ...memoryLimit(),
    ...(options.signal && { signal: options.signal }),
  });
  const positions = options.streams.map((_, position) => position);
  let gathered: FragmentIndex | undefined;
  let at = 0;
  try {
    for await (const { type, bytes } of readBoxes(running.stdout)) {
      if (type === 'moov') gathered = new FragmentIndex(bytes.subarray(8), positions);
      if (type === 'moof') gathered?.add(bytes, at);
      at += bytes.length;
      yield bytes;
    }
  } finally {
    running.kill();
  }
  await running.done;
  if (gathered === undefined) throw new BoxError('no movie header was written');
  const { timescale, tracks } = gathered.index;
  const [picture, ...sounds] = tracks;
  options.onIndex({ timescale, tracks: [picture!, ...sounds.map(evened)] }, at);
}

function argsOf({ streams, container }: RemuxOptions): string[] {
  return [
    ['-v', 'error', ...clockArgs(container), '-protocol_whitelist', 'pipe', '-format_whitelist', INPUT_FORMATS],
    ['-probesize', String(8 * 1024 ** 2), '-analyzeduration', String(20e6), '-i', 'pipe:0'],
    streams.flatMap(({ index }) => ['-map', `0:${index}`]),
    // Transport streams have AAC in frames of another kind.
    streams.flatMap(({ codec }, position) => (codec === 'aac' ? [`-bsf:${position}`, 'aac_adtstoasc'] : [])),
    ['-c', 'copy', '-map_metadata', '-1', '-map_chapters', '-1', '-strict', '-2'],
    // Times as they are, below 0 too; what a codec's header says comes with the first packets (delay_moov).
    ['-avoid_negative_ts', 'disabled', '-use_editlist', '0'],
    ['-movflags', '+empty_moov+delay_moov+default_base_moof+frag_discont', '-frag_duration', '2000000'],
    ['-f', 'mp4', 'pipe:1'],
  ].flat();
}

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
