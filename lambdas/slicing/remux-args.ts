/** What is remuxed, and how ffmpeg is told to. Pure. */
import type { SlicingOptions } from '../../lib/contract/slicing.ts';
import { hasPicture, type SourceInfo, type SourceText } from '../../lib/contract/source.ts';
import { FIRST_PIPE, INPUT_FORMATS } from './args.ts';
import { clockArgs } from './reading.ts';

/** Seconds: what is shorter, one function encodes whole in a few minutes. */
const WORTH_SECONDS = 300;

/** Bytes: what is larger is remuxed without looking first how long it is, where only a reading of all of it would tell. */
const WORTH_BYTES = 256 * 1024 ** 2;

/** Containers that can be read from beginning to end without looking ahead. */
const CONTAINERS = new Set(['matroska,webm', 'mpegts', 'mpeg', 'flv', 'live_flv', 'avi', 'asf']);

/** Those of sound alone, besides. */
const SOUND_CONTAINERS = new Set(['mp3', 'ogg', 'wav', 'w64', 'aac']);

/** Codecs that ISO base media has a sample entry for, which ffmpeg writes and reads. */
const PICTURES = new Set('h264 hevc av1 vp9 mpeg4 mpeg2video mpeg1video'.split(' '));
const SOUNDS = new Set('aac mp3 mp2 ac3 eac3 opus flac'.split(' '));

/**
 * Codecs that QuickTime's own descriptions carry, or Microsoft's names of them in it: pictures that are whole by themselves,
 * or that are shown in the order they are stored in.
 */
const QUICKTIME = new Set(
  'mjpeg dvvideo prores dnxhd rawvideo huffyuv ffvhuff utvideo ffv1 v210 png wmv1 wmv2 wmv3 vc1'
    .concat(' msmpeg4v1 msmpeg4v2 msmpeg4v3 flv1 h263 vp6 vp6f cinepak')
    .split(' '),
);

type Facts = Pick<SourceInfo, 'container' | 'duration' | 'video'>;

/** Whether its packets can be written again with an index. */
export const canRemux = (
  { container, video }: Omit<Facts, 'duration'>,
  { segmentType }: Pick<SlicingOptions, 'segmentType'>,
): boolean =>
  segmentType === 'fmp4' &&
  (hasPicture({ video })
    ? CONTAINERS.has(container) && canHold(container, video.codec)
    : CONTAINERS.has(container) || SOUND_CONTAINERS.has(container));

/** Whether its picture can be. */
const canHold = (container: string, codec: string): boolean =>
  PICTURES.has(codec) || QUICKTIME.has(codec) || (codec === 'vp8' && container === 'matroska,webm');

/** Codecs whose tracks ffmpeg writes into no MP4, and reads from one: described by ourselves (described.ts). */
const DESCRIBED = new Set(['vp8', 'vorbis']);

/** Whether its frames can be found where they are: Matroska stores these as an MP4 does. */
export const isIndexedInPlace = ({
  container,
  video,
  audio,
}: Pick<SourceInfo, 'container' | 'video' | 'audio'>): boolean =>
  container === 'matroska,webm' &&
  (PICTURES.has(video.codec) || DESCRIBED.has(video.codec)) &&
  audio.every(({ codec }) => SOUNDS.has(codec) || DESCRIBED.has(codec));

/** Whether a source without a segment table gets one by remuxing. */
export const worthRemuxing = (facts: Facts, options: Pick<SlicingOptions, 'segmentType'>): boolean =>
  facts.duration > WORTH_SECONDS && canRemux(facts, options);

/** Whether remuxing tells how long it is, and nothing else is to be read for it. */
export const measuredByRemuxing = (
  facts: Omit<Facts, 'duration'> & { readonly bytes: number },
  options: Pick<SlicingOptions, 'segmentType'>,
): boolean => facts.bytes > WORTH_BYTES && canRemux(facts, options);

/** Tracks by their number in the source and their codec. */
export interface RemuxedTracks {
  /** As ffprobe names it. */
  readonly container: string;
  /** Absent: sounds alone. */
  readonly video?: { readonly index: number; readonly codec: string } | undefined;
  readonly audio: readonly { readonly index: number; readonly codec: string }[];
  readonly texts?: readonly Pick<SourceText, 'index'>[] | undefined;
}

/** Pipe of the times of text, and of each track's text itself. */
export const TIMES_PIPE = FIRST_PIPE;

/**
 * The file goes to standard output. Text, which it would not hold, goes beside it: the times and lengths of all tracks
 * through one pipe, and the bytes of each through one more.
 */
export function remuxArgs({ container, video, audio, texts = [] }: RemuxedTracks): string[] {
  const sounds = audio.map(({ codec }) => (SOUNDS.has(codec) ? codec : undefined));
  // Samples as they are, and what only QuickTime holds.
  const quickTime = (video && QUICKTIME.has(video.codec)) || sounds.includes(undefined);
  const plain = ['-map_metadata', '-1', '-map_chapters', '-1'];
  return [
    ['-v', 'error', ...clockArgs(container)],
    // Says when pictures are decoded and not when they are shown: found by what follows them.
    container === 'avi' ? ['-fflags', '+genpts'] : [],
    ['-protocol_whitelist', 'pipe', '-format_whitelist', INPUT_FORMATS],
    ['-probesize', String(8 * 1024 ** 2), '-analyzeduration', String(20e6), '-i', 'pipe:0'],
    [...(video ? [video] : []), ...audio].flatMap(({ index }) => ['-map', `0:${index}`]),
    ['-c', 'copy', ...pictureFilter(container, video?.codec)],
    // Transport streams have AAC in frames of another kind; what no MP4 describes is decoded, which costs little.
    sounds.flatMap((codec, i) =>
      codec === undefined ? [`-c:a:${i}`, 'pcm_s16le'] : codec === 'aac' ? [`-bsf:a:${i}`, 'aac_adtstoasc'] : [],
    ),
    [...plain, '-strict', '-2'],
    // Times as they are, below 0 too; what a codec's header says comes with the first packets (delay_moov).
    ['-avoid_negative_ts', 'disabled', '-use_editlist', '0'],
    ['-movflags', '+empty_moov+delay_moov+default_base_moof+frag_discont', '-frag_duration', '2000000'],
    ['-f', quickTime ? 'mov' : 'mp4', 'pipe:1'],
    texts.length === 0
      ? []
      : [...texts.flatMap(({ index }) => ['-map', `0:${index}`]), '-c', 'copy', '-f', 'framecrc', `pipe:${TIMES_PIPE}`],
    ...texts.map(({ index }, i) => [
      '-map',
      `0:${index}`,
      '-c',
      'copy',
      '-f',
      'image2pipe',
      `pipe:${TIMES_PIPE + 1 + i}`,
    ]),
  ].flat();
}

/** Two pictures in one packet, as encoders put them that write AVI, are two. */
const pictureFilter = (container: string, codec: string | undefined): string[] =>
  container === 'avi' && codec === 'mpeg4' ? ['-bsf:v', 'mpeg4_unpack_bframes'] : [];
