/** From source facts and options to a plan: which rungs, how large, how many bits. Pure. */
import type { Chunk, Plan, Rung, SoundPlan } from '../../lib/contract/plan.ts';
import type { SlicingOptions } from '../../lib/contract/slicing.ts';
import { hasPicture, type SourceInfo } from '../../lib/contract/source.ts';
import { labelsOf } from '../shared/language.ts';
import { isExact } from './exact.ts';
import { levelFor } from './levels.ts';
import type { Copied } from './copy-table.ts';
import { laterPaths, layTasks, targetOf, type LaidTable } from './tasks.ts';

/**
 * Bit rates by short side, bit/s on average at up to 30 frames/s: the H.264 column of Apple's HLS Authoring
 * Specification for Apple Devices (the lower of its two rows where a size has two). It ends at 1080; 1440 and 2160 go on
 * from there by area to the power of 3/4, rounded.
 */
const AVERAGE: readonly (readonly [shortSide: number, bitrate: number])[] = [
  [234, 145_000],
  [360, 365_000],
  [540, 2_000_000],
  [720, 3_000_000],
  [1080, 6_000_000],
  [1440, 9_000_000],
  [2160, 17_000_000],
];

/** Peak over average. The specification allows 2; players estimate their line better when the peaks are lower. */
export const PEAK = 1.5;

/** Seconds of the peak rate that the decoder's buffer (VBV) holds. */
export const BUFFER_SECONDS = 0.75;

/** The specification's ceiling, frames per second. */
const MAX_FRAME_RATE = 60;

/** A rung at the source's own size is added when it has this many times the pixels of the top rung. */
const WORTH_A_RUNG = 1.3;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The 16:9 box of a rung, lying; 234 is 416 wide by custom. */
function box(shortSide: number): Size {
  return { width: shortSide === 234 ? 416 : even((shortSide * 16) / 9), height: shortSide };
}

/** Nearest even number, at least 2: 4:2:0 halves both sides. */
const even = (value: number): number => Math.max(2, Math.round(value / 2) * 2);

/** Short side of the smallest 16:9 box (lying or standing, as the picture is) that holds the picture. */
function boxSide({ width, height }: Size): number {
  const long = Math.max(width, height);
  const short = Math.min(width, height);
  return Math.max(short, Math.round((long * 9) / 16));
}

/** The picture scaled into the rung's box, or undefined when it does not fill the box in any direction. */
function fit(source: Size, shortSide: number): Size | undefined {
  const lying = box(shortSide);
  const { width, height } = source.width >= source.height ? lying : { width: lying.height, height: lying.width };
  if (source.width < width && source.height < height) return undefined;
  const scale = Math.min(width / source.width, height / source.height, 1);
  return { width: even(source.width * scale), height: even(source.height * scale) };
}

/** A slow start must not cost what follows it: so many frames a second are let through whatever a source says. */
const ALWAYS_LET_THROUGH = 30;

/** Frames a second that a rung of this rate can have at most: more are left out, and its level holds as many. */
export const mostFrames = (frameRate: number): number => Math.max(ALWAYS_LET_THROUGH, frameRate);

/** Frames a second: bits are for the average, level and cap for the most there are. */
interface Rate {
  readonly average: number;
  readonly most: number;
}

function rungOf(size: Size, shortSide: number, { average: frameRate, most }: Rate): Rung {
  const { width, height } = size;
  const full = box(shortSide);
  const area = (width * height) / (full.width * full.height);
  const average = averageFor(shortSide) * Math.min(1, area) ** 0.75 * rateFactor(frameRate);
  const maxBitrate = Math.max(64_000, Math.round((average * PEAK) / 1000) * 1000);
  return {
    name: `${String(shortSide).padStart(2, '0')}p`,
    width,
    height,
    frameRate: most,
    maxBitrate,
    level: levelFor(width, height, mostFrames(most), maxBitrate, maxBitrate * BUFFER_SECONDS),
  };
}

/** Bits for any short side: between two rows on the line through them (log over log), outside by area to 3/4. */
function averageFor(shortSide: number): number {
  const above = AVERAGE.findIndex(([side]) => side >= shortSide);
  const [low, lowRate] = AVERAGE.at(above === -1 ? -1 : Math.max(0, above - 1))!;
  const [high, highRate] = above > 0 ? AVERAGE[above]! : [low * 4, lowRate * 8];
  return lowRate * (shortSide / low) ** (Math.log(highRate / lowRate) / Math.log(high / low));
}

/** Twice the frames need about half as many bits more, since they differ less. */
const rateFactor = (frameRate: number): number => (frameRate > 30 ? (frameRate / 30) ** 0.585 : 1);

/**
 * The ladder for a source, tallest first; never empty and never larger than the source (but for rounding to even
 * sides). `sizes` are the configured rungs.
 */
export function ladder(video: SourceInfo['video'], sizes: readonly number[]): Rung[] {
  const rate = {
    average: Math.min(MAX_FRAME_RATE, video.frameRate),
    most: Math.min(MAX_FRAME_RATE, video.maxFrameRate ?? video.frameRate),
  };
  const configured = [...new Set(sizes)].sort((a, b) => b - a);
  const rungs = configured.flatMap((side) => {
    const size = fit(video, side);
    return size ? [rungOf(size, side, rate)] : [];
  });
  const own = { width: even(video.width), height: even(video.height) };
  const side = boxSide(video);
  const top = rungs[0];
  if (!top) return [rungOf(own, side, rate)];
  const larger = own.width * own.height >= WORTH_A_RUNG * top.width * top.height;
  return larger && side <= configured[0]! ? [rungOf(own, side, rate), ...rungs] : rungs;
}

/** AAC-LC renditions, one a track: stereo at most; 44.1 kHz stays as it is, everything else becomes 48 kHz. */
export function audioPlan(tracks: SourceInfo['audio'], kbps: number): SoundPlan[] {
  const labels = labelsOf(tracks);
  return tracks.map(({ index, channels, sampleRate, language }, position) => ({
    name: position === 0 ? 'main' : `main${position + 1}`,
    index,
    bitrate: kbps * 1000,
    channels: Math.min(2, channels),
    sampleRate: sampleRate === 44_100 ? 44_100 : 48_000,
    ...(language !== undefined && { language }),
    label: labels[position]!,
  }));
}

/** The whole source as one chunk: the smallest case of many. */
export const wholeAsOneChunk = (): Chunk[] => [{ index: 0, start: 0, duration: null, firstSegment: 1 }];

interface PlanFor {
  readonly videoId: string;
  readonly revision: number;
  readonly execution: string;
  readonly source: Plan['source'];
  /** Where the segment table is of that, and not of the source itself. */
  readonly remuxed?: Plan['remuxed'];
  readonly encryption?: Plan['encryption'];
}

/** The source's own picture as the top of the ladder; what is not clearly smaller goes. */
function withCopied(rungs: readonly Rung[], { video, peakBitrate }: Copied, info: SourceInfo['video']): Rung[] {
  if (video === undefined) return [...rungs];
  const { width, height, level } = video;
  const top: Rung = {
    name: `${String(boxSide(video)).padStart(2, '0')}p`,
    width,
    height,
    frameRate: info.maxFrameRate ?? info.frameRate,
    maxBitrate: peakBitrate,
    level,
    copied: true,
  };
  return [top, ...rungs.filter((rung) => isBelow(rung, video))];
}

/** Whether the source's picture may be a rendition: not one that is taller than the ladder, or faster than players take. */
export const mayCopy = (
  { video }: Pick<SourceInfo, 'video'>,
  { ladder: sizes, copyMaxMbps }: SlicingOptions,
): boolean =>
  copyMaxMbps > 0 &&
  boxSide(video) <= Math.max(...sizes) &&
  (video.maxFrameRate ?? video.frameRate) <= MAX_FRAME_RATE * 1.01;

/** Has clearly fewer pixels. */
const isBelow = (rung: Size, { width, height }: Size): boolean =>
  rung.width * rung.height * WORTH_A_RUNG <= width * height;

/** The plan and its tasks: those of the segment table, or the whole source as one. */
export function planSlicing(of: PlanFor, options: SlicingOptions, table?: LaidTable): { plan: Plan; chunks: Chunk[] } {
  const { info } = of.source;
  const copied = table?.copied;
  const rungs = hasPicture(info) ? ladder(info.video, options.ladder) : [];
  const renditions = {
    video: copied ? withCopied(rungs, copied, info.video) : rungs,
    audio: audioPlan(info.audio, options.audioKbps).map((sound, i) => {
      const own = copied?.sounds[i];
      return own ? { ...sound, channels: own.channels, sampleRate: own.sampleRate, copied: true as const } : sound;
    }),
  };
  const { chunks, growing, later } = table
    ? layTasks(renditions, table, options.ladderWhen)
    : { chunks: wholeAsOneChunk(), growing: false, later: laterPaths(renditions, options.ladderWhen) };
  const plan: Plan = {
    ...of,
    engine: 'encode',
    segmentType: options.segmentType,
    segmentSeconds: options.segmentSeconds,
    timescale: table?.timescale ?? null,
    chunkCount: chunks.length,
    ...(table && { segments: { count: table.starts.length, target: targetOf(table) } }),
    ...(growing && { growing: true as const }),
    ...(later.length > 0 && { later }),
    maxSeconds: options.maxDurationHours * 3600,
    ...renditions,
  };
  const { keepSourceDays: sourceDays } = options;
  return { plan: { ...plan, ...(sourceDays !== undefined && isExact(plan) && { sourceDays }) }, chunks };
}
