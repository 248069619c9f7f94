/** From ffprobe's answer to the facts planning needs, or a refusal. Pure. */
import type { SlicingOptions } from '../../lib/contract/slicing.ts';
import {
  MAX_SOUND_TRACKS,
  noPicture,
  MAX_SOURCE_TEXTS,
  TEXT_CODECS,
  type SourceInfo,
  type SourceSound,
  type SourceText,
} from '../../lib/contract/source.ts';
import { readLabel, readLanguage } from '../shared/language.ts';
import type { Probed, ProbedStream } from './ffprobe.ts';
import { Refusal, spokenBytes, spokenDuration } from './refusal.ts';

export interface Facts extends Omit<SourceInfo, 'duration'> {
  /** Seconds; undefined when the container does not say, or cannot be believed. */
  readonly duration: number | undefined;
}

/** A film with all its languages, captions and fonts has some fifty. */
const MAX_TRACKS = 256;

const EXPORT = 'export it as MP4 with H.264 and AAC and upload that';

/** Reads the answer; `decodable` are the codecs at hand. Throws Refusal. */
export function readFacts(
  probed: Probed | undefined,
  bytes: number,
  decodable: ReadonlySet<string>,
  { maxDimension }: Pick<SlicingOptions, 'maxDimension'>,
): Facts {
  const format = probed?.format;
  if (!probed || !format?.format_name || probed.streams.length === 0) {
    throw new Refusal('not-video', `This is not a video file, or one of an unknown kind; ${EXPORT}.`);
  }
  if (probed.streams.length > MAX_TRACKS) {
    throw new Refusal(
      'too-many-tracks',
      `The file has ${probed.streams.length} tracks; up to ${MAX_TRACKS} are taken. Export it with its picture and sound alone.`,
    );
  }
  if (probed.streams.some((stream) => /^(enc[va]|drm[is])$/.test(stream.codec_tag_string ?? ''))) {
    throw new Refusal('encrypted', 'The file is copy-protected (encrypted); upload a version without protection.');
  }
  const video = pick(probed.streams, 'video', () => true);
  const audio = soundFacts(probed.streams, decodable);
  if (!video && audio.length === 0) {
    throw new Refusal('no-video-track', 'The file has no video track and no sound; upload a video, or sound.');
  }
  const clock = clockOf(format);
  return {
    container: format.format_name,
    bytes,
    duration: clock.length(format.duration),
    video: video ? videoFacts(video, format.format_name, clock, decodable, maxDimension) : noPicture(audio[0]!.index),
    audio,
    ...(hasOthers(probed.streams, (video ? 1 : 0) + audio.length) && { others: true as const }),
    ...(!video && coverOf(probed.streams, decodable, maxDimension)),
    ...textFacts(probed.streams),
  };
}

/** Whether there are more tracks than these: chapters, time codes and places where it was taken, too. A cover is none. */
const hasOthers = (streams: readonly ProbedStream[], taken: number): boolean =>
  streams.filter(({ disposition }) => disposition.attached_pic !== 1).length > taken;

interface Clock {
  /** Seconds at which the earliest track starts. */
  readonly start: number;
  /** Seconds of what ffprobe says of a whole source or of a track in tags. */
  length(said: string | undefined): number | undefined;
}

/** What ffprobe calls the duration of a Matroska or WebM is its end, wherever it begins. */
function clockOf({ format_name, start_time }: NonNullable<Probed['format']>): Clock {
  const start = seconds(start_time) ?? 0;
  const saysEnd = /matroska/.test(format_name ?? '');
  const length = (said: string | undefined) => {
    const value = seconds(said);
    return value !== undefined && saysEnd && value > start ? value - start : value;
  };
  return { start, length };
}

/** The track players would choose: the default one, else the first. Cover art is a picture, not a video. */
function pick(streams: readonly ProbedStream[], type: string, wanted: (stream: ProbedStream) => boolean) {
  const found = streams.filter(
    (stream) => stream.codec_type === type && stream.disposition.attached_pic !== 1 && wanted(stream),
  );
  return found.find((stream) => stream.disposition.default === 1) ?? found[0];
}

function videoFacts(
  stream: ProbedStream,
  container: string,
  clock: Clock,
  decodable: ReadonlySet<string>,
  maxDimension: number,
): SourceInfo['video'] {
  const codec = stream.codec_name ?? 'unknown';
  if (!decodable.has(codec)) {
    throw new Refusal('unsupported-codec', `The video track's codec (${codec}) cannot be decoded here; ${EXPORT}.`);
  }
  if (!stream.width || !stream.height) {
    throw new Refusal('damaged', 'The video track has no picture size, so the file is damaged; export it again.');
  }
  refuseDolbyVision(stream);
  // As it is stored, which decoding costs; how it is shown is looked at with the other limits.
  checkSize(stream.width, stream.height, maxDimension);
  const rotation = rotationOf(stream);
  const stretched = { width: Math.max(1, Math.round(stream.width * aspectOf(stream))), height: stream.height };
  return {
    index: stream.index,
    codec,
    duration: lengthOf(stream, clock),
    ...upright(stretched, rotation),
    stored: upright({ width: stream.width, height: stream.height }, rotation),
    rotation: rotation ?? 0,
    ...(rotation === undefined && { oddAngle: true }),
    ...frameRates(stream),
    bitDepth: Number(/(9|10|12|14|16)(?:le|be)$/.exec(stream.pix_fmt ?? '')?.[1] ?? 8),
    interlaced: /^(tt|bb|tb|bt)$/.test(stream.field_order ?? ''),
    fields: fieldsOf(stream, container),
    ...hdrOf(stream),
    rgb: /^(0?(rgb|bgr)|gbr|argb|abgr|pal8|x2(rgb|bgr))/.test(stream.pix_fmt ?? ''),
  };
}

/** Seconds of the track of pictures, from where the earliest track starts; null: nobody says. */
function lengthOf(stream: ProbedStream, clock: Clock): number | null {
  const own = seconds(stream.duration);
  if (own !== undefined) return own + Math.max(0, (seconds(stream.start_time) ?? clock.start) - clock.start);
  const tagged = clockTime(stream.tags['DURATION']);
  return (tagged === undefined ? undefined : clock.length(String(tagged))) ?? null;
}

/** Codecs whose pictures are never two fields, and those whose decoders say of each whether it is. */
const NO_FIELDS = /^(vp[0-9]|av1|theora|gif|png|flashsv|svq|cinepak|h263|flv1)/;
const TELLS_FIELDS = /^(h264|hevc|mpeg[124]video|mpeg4|vc1|wmv3|dvvideo|prores)$/;

function fieldsOf({ codec_name = '', field_order }: ProbedStream, container: string): SourceInfo['video']['fields'] {
  // An MP4 has one description of its H.264, which says that there are whole pictures and nothing else.
  const always = field_order === 'progressive' && codec_name === 'h264' && /mp4/.test(container);
  if (always || NO_FIELDS.test(codec_name)) return 'none';
  return field_order === 'progressive' || TELLS_FIELDS.test(codec_name) ? 'told' : 'unsaid';
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const upright = ({ width, height }: Size, rotation = 0): Size =>
  rotation % 180 === 0 ? { width, height } : { width: height, height: width };

function hdrOf({ color_transfer }: ProbedStream): Pick<SourceInfo['video'], 'hdr'> {
  if (color_transfer === 'smpte2084') return { hdr: 'pq' };
  return color_transfer === 'arib-std-b67' ? { hdr: 'hlg' } : {};
}

/**
 * Dolby Vision whose base layer means nothing by itself: profile 5, and 10 where it is compatible with nothing. Decoded as
 * if it were YCbCr it is green and purple. Others carry HDR10, HLG or SDR, which is what is read.
 */
function refuseDolbyVision({ side_data_list }: ProbedStream): void {
  const found = side_data_list.find(({ dv_profile }) => dv_profile !== undefined);
  if (!found || !(found.dv_profile === 5 || (found.dv_profile === 10 && found.dv_bl_signal_compatibility_id === 0)))
    return;
  throw new Refusal(
    'unsupported-codec',
    `The picture is Dolby Vision profile ${found.dv_profile}, which only Dolby's own decoders show in its colours; export it as HDR10, HLG or SDR and upload that.`,
  );
}

/** Hz: half of it is the highest tone there can be. The highest is what converters record at most. */
const LOWEST_SAMPLE_RATE = 1000;
const HIGHEST_SAMPLE_RATE = 768_000;
/** What ffmpeg decodes. */
const MAX_CHANNELS = 64;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The tracks that can be heard: the default one first, then in the file's order. */
function soundFacts(streams: readonly ProbedStream[], decodable: ReadonlySet<string>): SourceInfo['audio'] {
  const any = streams.filter(({ codec_type }) => codec_type === 'audio');
  const known = any.filter(({ codec_name }) => decodable.has(codec_name ?? ''));
  if (any.length > 0 && known.length === 0) {
    throw new Refusal(
      'unsupported-codec',
      `The sound track's codec (${any[0]!.codec_name ?? 'unknown'}) cannot be decoded here; export it ${any.length === streams.length ? 'as M4A or WAV' : 'as MP4 with H.264 and AAC'} and upload that.`,
    );
  }
  // A track that announces sound and carries none (no channels, no rate that could be heard) is none.
  const heard = known.filter(({ channels, sample_rate }) => channels && Number(sample_rate) >= LOWEST_SAMPLE_RATE);
  const first = heard.findIndex(({ disposition }) => disposition.default === 1);
  const ordered = first > 0 ? [heard[first]!, ...heard.filter((_, position) => position !== first)] : heard;
  return ordered.slice(0, MAX_SOUND_TRACKS).map(soundFact);
}

function soundFact({ index, codec_name, channels, sample_rate, disposition, tags }: ProbedStream): SourceSound {
  const sampleRate = Number(sample_rate);
  if (sampleRate > HIGHEST_SAMPLE_RATE || channels! > MAX_CHANNELS) {
    throw new Refusal(
      'damaged',
      `The sound track says it has ${channels} channels at ${sampleRate} Hz; up to ${MAX_CHANNELS} at ${HIGHEST_SAMPLE_RATE} Hz are taken. ${capital(EXPORT)}.`,
    );
  }
  const language = readLanguage(tags['language']);
  const title = readLabel(tags['title']);
  return {
    index,
    codec: codec_name!,
    channels: channels!,
    sampleRate,
    ...(language !== undefined && { language }),
    ...(title !== undefined && { title }),
    default: disposition.default === 1,
  };
}

/** The picture that goes with sound alone, if it can be drawn. */
function coverOf(
  streams: readonly ProbedStream[],
  decodable: ReadonlySet<string>,
  maxDimension: number,
): Pick<SourceInfo, 'cover'> {
  const cover = streams.find(
    ({ codec_name, disposition, width = 0, height = 0 }) =>
      disposition.attached_pic === 1 && decodable.has(codec_name ?? '') && Math.max(width, height) <= maxDimension,
  );
  return cover ? { cover: cover.index } : {};
}

/** The tracks of text, in the file's order. */
function textFacts(streams: readonly ProbedStream[]): Pick<SourceInfo, 'texts'> {
  const texts = streams.flatMap(({ index, codec_type, codec_name, tags }): SourceText[] => {
    const codec = TEXT_CODECS.find((name) => name === codec_name);
    if (codec_type !== 'subtitle' || codec === undefined) return [];
    const language = readLanguage(tags['language']);
    const title = readLabel(tags['title']);
    return [{ index, codec, ...(language !== undefined && { language }), ...(title !== undefined && { title }) }];
  });
  return texts.length > 0 ? { texts: texts.slice(0, MAX_SOURCE_TEXTS) } : {};
}

const QUARTERS = [0, 90, 180, 270] as const;

/**
 * Degrees clockwise to show the picture upright. ffprobe's `rotation` counts the other way. Undefined for what is no
 * quarter turn within a degree, which is as near as ffmpeg takes for one: other angles would cut off its corners, and a
 * matrix that is no rotation has none.
 */
function rotationOf(stream: ProbedStream): (typeof QUARTERS)[number] | undefined {
  const turned = stream.side_data_list.find(({ rotation }) => rotation !== undefined)?.rotation ?? 0;
  const clockwise = ((-turned % 360) + 360) % 360;
  return QUARTERS.find((quarter) => Math.min(Math.abs(clockwise - quarter), 360 - Math.abs(clockwise - quarter)) < 1);
}

/** Width over height of one stored pixel; 1 when unknown or absurd. */
function aspectOf(stream: ProbedStream): number {
  const aspect = ratio(stream.sample_aspect_ratio, ':');
  return aspect !== undefined && aspect >= 0.1 && aspect <= 10 ? aspect : 1;
}

/** Of a source that says nothing of its frames: so many a second are planned for, and so many there may be. */
const UNKNOWN_RATE = 30;
const UNKNOWN_MOST = 60;
/** Clocks of frames that cameras have. Containers without one announce nonsense like 90000. */
const FASTEST_CLOCK = 480;

/**
 * Frames per second: the container's steady rate where the average (which a first frame or a short look puts off a
 * little) is near it, else the average, however high, and the steady rate as the most there may be.
 */
function frameRates(stream: ProbedStream): Pick<SourceInfo['video'], 'frameRate' | 'maxFrameRate'> {
  const [average, steady] = [stream.avg_frame_rate, stream.r_frame_rate].map((text) => {
    const value = ratio(text, '/');
    return value !== undefined && Number.isFinite(value) && value >= 0.01 ? value : undefined;
  });
  const rounded = (value: number): number => Number(value.toFixed(3));
  if (average !== undefined && steady !== undefined && Math.abs(average - steady) < 0.05 * steady)
    return { frameRate: rounded(steady) };
  const clock = steady !== undefined && steady <= FASTEST_CLOCK ? steady : undefined;
  if (average === undefined)
    return clock === undefined
      ? { frameRate: UNKNOWN_RATE, maxFrameRate: UNKNOWN_MOST }
      : { frameRate: rounded(clock) };
  return { frameRate: rounded(average), maxFrameRate: rounded(Math.max(average, clock ?? UNKNOWN_MOST)) };
}

function ratio(value: string | undefined, separator: string): number | undefined {
  const [top, bottom] = (value ?? '').split(separator).map(Number);
  return top !== undefined && bottom !== undefined && top > 0 && bottom > 0 ? top / bottom : undefined;
}

function seconds(value: string | undefined): number | undefined {
  const number = Number(value ?? Number.NaN);
  return Number.isFinite(number) && number > 0 ? number : undefined;
}

/** Matroska's statistics tag, `00:01:30.500000000`. */
function clockTime(value: unknown): number | undefined {
  const match = typeof value === 'string' ? /^([0-9]+):([0-9]{2}):([0-9]{2}(?:\.[0-9]+)?)$/.exec(value) : null;
  return match ? Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]) : undefined;
}

/**
 * Raw streams have no clock: ffprobe guesses their length from a bit rate. Clocks of MPEG streams may leap or be set anew under
 * way, so that their last time says nothing.
 */
const UNSURE = /^(h264|hevc|mpegvideo|m4v|aac|mp3|mpegts|mpeg)$/;

/** Whether the length can only be found by reading the whole file. */
export const mustMeasure = (facts: Facts, fragmented: boolean): boolean =>
  fragmented || facts.duration === undefined || UNSURE.test(facts.container);

/** Whether one task can take so many bytes in. */
export const fits = (bytes: number, options: SlicingOptions): boolean => bytes <= scratchBytes(options);

/** Limits that need no look inside. */
export function checkBytes(bytes: number, options: SlicingOptions): void {
  if (fits(bytes, options)) return;
  const limit = scratchBytes(options);
  throw new Refusal(
    'too-large-to-slice',
    `The file is ${spokenBytes(bytes)} and has to be sliced whole; such files are taken up to ${spokenBytes(limit)} (slicing.storageMiB). Export it as MP4 with H.264 and AAC, which may be larger, or upload a smaller one.`,
  );
}

/** Of an encode task's scratch space, what a source may take: the rest is for segments and the system. */
const scratchBytes = ({ storageMiB }: SlicingOptions): number => (storageMiB - 128) * 1024 ** 2;

/** Limits of length and picture size. */
export function checkLimits(info: SourceInfo, options: SlicingOptions): void {
  const { width, height, duration } = info.video;
  checkSeconds(Math.max(info.duration, duration ?? 0), options.maxDurationHours * 3600);
  checkSize(width, height, options.maxDimension);
}

/** Seconds by which a recording of just so many hours may be longer: its last picture and its last sound are whole. */
const GRACE = 1;

/** Throws Refusal. `longest`: seconds. */
export function checkSeconds(seconds: number, longest: number): void {
  if (seconds <= longest + GRACE) return;
  throw new Refusal(
    'too-long',
    `The video is ${spokenDuration(seconds)} long; up to ${spokenDuration(longest)} are taken (slicing.maxDurationHours). Upload it in parts.`,
  );
}

function checkSize(width: number, height: number, most: number): void {
  if (Math.max(width, height) <= most) return;
  throw new Refusal(
    'too-large-picture',
    `The picture is ${width}x${height} pixels; up to ${most} a side are taken (slicing.maxDimension). Export it smaller.`,
  );
}
