/** From a source somewhere to the facts planning needs, reading as little of it as possible. */
import { open } from 'node:fs/promises';
import type { SlicingOptions } from '../../lib/contract/slicing.ts';
import { hasPicture, type SourceInfo } from '../../lib/contract/source.ts';
import { BoxError } from '../../lib/media/boxes.ts';
import { FragmentIndex } from '../../lib/media/fragment-index.ts';
import type { ByteSource, Layout } from '../../lib/media/layout.ts';
import { trackPositions } from '../../lib/media/movie.ts';
import { endOfData, indexedSeconds, readMovieIndex, type MovieIndex } from '../../lib/media/sample-table.ts';
import { logger } from '../shared/logger.ts';
import { checkBytes, checkLimits, fits, mustMeasure, readFacts } from './facts.ts';
import { decodableCodecs, ffprobe, MEMORY_BYTES } from './ffprobe.ts';
import { copiedSound, copiedVideo, NotCopied } from './copy.ts';
import type { CopyWish } from './copy-table.ts';
import { beginAnew, withTrueKeyframes } from './keyframes.ts';
import { audioPlan, mayCopy } from './plan.ts';
import { Refusal, spokenDuration } from './refusal.ts';
import { measuredByRemuxing, worthRemuxing } from './remux-args.ts';
import type { Remuxed } from './remuxer.ts';
import { fragmentHeaders, takeSample, TRUNCATED } from './sample.ts';
import { scan } from './scan.ts';
import { segmentTable, type SegmentTable } from './segment-table.ts';
import { isRaw, isSound } from './signatures.ts';
import { straighten } from './ts-clock.ts';

/**
 * Chunks of one video; longer videos have longer ones, and up to as many shorter ones at their end (`chunkTimes`). Each is an
 * entry of the state machine's input: 256 KiB. With what is made ahead of them they are one wave of 500 functions.
 */
export const MAX_CHUNKS = 480;

interface InspectOptions {
  readonly source: ByteSource;
  /** Where the stand-in goes; the caller removes it. */
  readonly path: string;
  /** Brings the whole source to `path`, for the few formats whose length only a full reading tells. */
  readonly fetchWhole: (path: string, signal: AbortSignal) => Promise<void>;
  readonly options: SlicingOptions;
  /** It need not fit one function: who takes sources whole is decided later. */
  readonly anySize?: boolean;
  /** What can be remuxed and only a full reading measures is left to that: `Inspected.unmeasured`. */
  readonly remuxes?: boolean;
  /** Of all of it: a source that is read whole may take that long. */
  readonly timeoutMs: number;
}

export interface Inspected {
  readonly info: SourceInfo;
  /** Of a source that has one, and whose length it tells. */
  readonly table: SegmentTable | undefined;
  /** How long it is, is what its header says or about as long as such files are: no limit of length was held against it. */
  readonly unmeasured?: true;
}

/** bit/s: what is not said and cannot be read in time is taken to be as long as such a file would be. */
const USUAL_BITRATE = 4e6;

/** Milliseconds for what an ordinary source needs: its layout, its ends and its header. */
const LOOK_MS = 120_000;

/** Throws Refusal for whatever is not a video that can be sliced within the limits, or takes too long to look at. */
export async function inspect(asked: InspectOptions): Promise<Inspected> {
  const { source, path, fetchWhole, options, timeoutMs, anySize = false, remuxes = false } = asked;
  const all = AbortSignal.timeout(timeoutMs);
  const { layout, whole, complete, ids, facts } = await within(Math.min(LOOK_MS, timeoutMs), async (signal) => {
    const sample = await takeSample(source, path, signal);
    const probed = await ffprobe(path, signal);
    refuseForeign(sample.signature, probed?.format?.format_name);
    const ids = new Map(probed?.streams.map(({ index, id }) => [index, Number(id)]));
    return { ...sample, ids, facts: readFacts(probed, source.size, await decodableCodecs(), options) };
  });
  let { duration, video } = facts;
  let index: MovieIndex | undefined;
  let table: SegmentTable | undefined;
  const lay = async (found: MovieIndex): Promise<void> => {
    const { codec } = facts.video;
    index = await within(timeoutMs, (signal) => withTrueKeyframes(source, found, codec, signal), all);
    table = tableOf(index, facts, options);
  };
  if (layout?.fragmented !== true)
    index = await withFile(path, source.size, (file) => indexOfHeader(file, layout, facts, ids));
  if (index !== undefined) {
    refuseMissing(index, source.size);
    await lay(index);
    duration = table?.seconds ?? indexedSeconds(index) ?? duration;
    video = { ...video, duration: null };
  }
  // What a header says is believed where it would be taken; unknown is not long.
  const doubtful = (duration ?? 0) > options.maxDurationHours * 3600 && fits(source.size, options);
  const measured = table === undefined && (doubtful || mustMeasure(facts, layout?.fragmented ?? false));
  if (measured && remuxes && measuredByRemuxing(facts, options)) {
    const said = duration !== undefined && duration > 0 ? duration : (source.size * 8) / USUAL_BITRATE;
    return {
      info: { ...facts, video: { ...video, duration: null }, duration: said },
      table: undefined,
      unmeasured: true,
    };
  }
  if (measured) {
    const measure = async (): Promise<number> => {
      if (layout?.fragmented) {
        index = await withFile(path, source.size, (file) =>
          indexOfFragments(whole ? file : source, file, layout, { tracks: facts, ids }, all),
        );
        if (index) await lay(index);
        if (table !== undefined) return table.seconds;
      }
      checkBytes(source.size, options);
      if (!whole) await fetchWhole(path, all);
      if (facts.container === 'mpegts') await straighten(path, all);
      const heardAndSeen = [...new Set([video, ...facts.audio].map((track) => track.index))];
      return (await scan(path, facts.container, heardAndSeen, { signal: all, memoryBytes: MEMORY_BYTES })).end;
    };
    duration = await within(timeoutMs, measure, all);
    video = { ...video, duration: null };
  }
  if (index && table?.copied && !(await within(LOOK_MS, () => beginAnew(source, table!)))) {
    logger.info('the source is not copied', { reason: 'its keyframes refer to what is before them' });
    table = tableOf(index, facts, options, false);
  }
  if (duration === undefined || duration <= 0) {
    throw new Refusal('no-duration', 'The file has no readable length, so it is empty or damaged; export it again.');
  }
  const info: SourceInfo = { ...facts, video, duration, ...((complete || measured) && { complete: true }) };
  checkLimits(info, options);
  // Without a table one task takes the source whole.
  if (table === undefined && !anySize && !worthRemuxing(info, options)) checkBytes(source.size, options);
  return { info, table };
}

/** What nothing reads, or a raw stream by a guess, and is something else by how it begins, is what it begins as. */
function refuseForeign(signature: string | undefined, format: string | undefined): void {
  if (signature === undefined || (format !== undefined && !isRaw(format))) return;
  throw new Refusal(
    'not-video',
    `This is ${signature} file, of a kind or build that cannot be read here; export it as ${isSound(signature) ? 'M4A or WAV' : 'MP4 with H.264 and AAC'} and upload that.`,
  );
}

/** An index that names samples beyond the end of the file is one of a file that was cut. */
function refuseMissing({ tracks }: MovieIndex, size: number): void {
  if (tracks.some(({ samples }) => endOfData(samples) > size)) throw new Refusal('truncated', TRUNCATED);
}

/** Content of the `moov` of an MP4 or MOV, which the stand-in holds. */
async function readMoov(file: ByteSource, layout: Layout | undefined): Promise<Buffer | undefined> {
  const box = layout?.boxes.find(({ type }) => type === 'moov');
  return box && (await file.read(box.offset + box.header, box.size - box.header));
}

type Tracks = Pick<SourceInfo, 'video' | 'audio' | 'texts'>;
/** Of ffprobe's streams; NaN: it has none. */
type Ids = ReadonlyMap<number, number>;

/**
 * Of each stream that is read its place among the tracks of the movie: ffprobe counts covers, too, and what it makes no
 * stream of not.
 */
function positionsOf(moov: Buffer, { video, audio, texts = [] }: Tracks, ids: Ids): number[] {
  const known = trackPositions(moov);
  return [video, ...audio, ...texts].map(({ index }) => {
    const found = known.get(ids.get(index) ?? Number.NaN) ?? [];
    const position = found.length === 1 ? found[0] : found.find((one) => one === index);
    if (position === undefined) throw new BoxError(`no track is stream ${index}`);
    return position;
  });
}

async function indexOfHeader(file: ByteSource, layout: Layout | undefined, tracks: Tracks, ids: Ids) {
  const moov = await readMoov(file, layout);
  return (
    moov &&
    usable(() => {
      const positions = positionsOf(moov, tracks, ids);
      return readMovieIndex(moov, positions, rawOf(tracks, positions));
    })
  );
}

/** Of tracks of raw sound, how many bytes a moment has, all channels together: what their decoder takes it for. */
function rawOf({ audio }: Tracks, [, ...positions]: readonly number[]): Map<number, number> {
  return new Map(
    audio.flatMap(({ codec, channels }, i) => {
      const [, bits, eight] = /^pcm_(?:[suf](8|16|24|32|64)(?:le|be)?|(alaw|mulaw))$/.exec(codec) ?? [];
      if (bits === undefined && eight === undefined) return [];
      return [[positions[i]!, (Number(bits ?? 8) / 8) * channels] as const];
    }),
  );
}

/** Of all fragments there are; `source` is read for their headers alone. Throws Refusal when the file is cut. */
async function indexOfFragments(
  source: ByteSource,
  file: ByteSource,
  layout: Layout | undefined,
  { tracks, ids }: { readonly tracks: Tracks; readonly ids: Ids },
  signal: AbortSignal,
): Promise<MovieIndex | undefined> {
  const moov = await readMoov(file, layout);
  const gathered = { fragments: moov && usable(() => new FragmentIndex(moov, positionsOf(moov, tracks, ids))) };
  for await (const { moof, at } of fragmentHeaders(source, signal)) {
    const { fragments } = gathered;
    gathered.fragments = fragments && usable(() => fragments.add(moof, at));
  }
  const { fragments } = gathered;
  return fragments && usable(() => fragments.index);
}

/** An index that ffmpeg reads and we do not is none. */
function usable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    logger.warn('the source has no usable index and is sliced whole', { error });
    return undefined;
  }
}

/** Undefined where the source has to be read whole. `copies`: its own packets may be published. */
export function tableOf(
  index: MovieIndex,
  facts: Tracks,
  options: SlicingOptions,
  copies = mayCopy(facts, options),
): SegmentTable | undefined {
  if (options.segmentType !== 'fmp4') return undefined;
  const copy = copies ? copyWish(index, facts, options) : undefined;
  const of = { ...options, maxChunks: MAX_CHUNKS, audio: audioPlan(facts.audio, options.audioKbps), copy };
  return usable(() => segmentTable(index, of));
}

/**
 * Of an index that was found by reading all of the source: by the keyframes that need nothing before them, if it can be copied
 * so; else by all there are.
 */
export function tableOfRemuxed(
  { index, fresh }: Pick<Remuxed, 'index' | 'fresh'>,
  info: SourceInfo,
  options: SlicingOptions,
): SegmentTable | undefined {
  const copied = fresh && tableOf(fresh, info, options);
  return copied?.copied ? copied : tableOf(index, info, options, hasPicture(info) ? false : mayCopy(info, options));
}

/** What of the tracks could be copied by their description. */
function copyWish({ tracks }: MovieIndex, facts: Tracks, { copyMaxMbps }: SlicingOptions): CopyWish | undefined {
  const [picture, ...sounds] = tracks;
  const wanted = <T>(what: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof NotCopied || error instanceof BoxError)) throw error;
      logger.info('the source is not copied', { what, reason: error.message });
      return undefined;
    }
  };
  const video =
    picture && hasPicture(facts) ? wanted('picture', () => copiedVideo(picture.trak, facts.video)) : undefined;
  // Captions of sound alone are read along where it is encoded.
  if (!video && (hasPicture(facts) || facts.texts)) return undefined;
  const copied = sounds.slice(0, facts.audio.length).map(({ trak }) => wanted('sound', () => copiedSound(trak)));
  return { video, sounds: copied, maxBitrate: copyMaxMbps * 1e6 };
}

/** Does the work, called off and refused after so many milliseconds, or when `signal` says so. */
export async function within<T>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
  signal = AbortSignal.timeout(milliseconds),
): Promise<T> {
  // A read that is never answered does not look at the signal.
  const over = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  try {
    // One that is over already tells nobody who listens from now on.
    signal.throwIfAborted();
    return await Promise.race([work(signal), over]);
  } catch (error) {
    if (!signal.aborted || error instanceof Refusal) throw error;
    throw new Refusal(
      'probe-timeout',
      `Reading how this file is built takes longer than the ${spokenDuration(Math.round(milliseconds / 1000))} there are for it; export the video again with an ordinary encoder.`,
      { cause: error },
    );
  }
}

async function withFile<T>(path: string, size: number, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const file = await open(path);
  try {
    return await use({
      size,
      read: async (offset, length) => {
        const bytes = Buffer.alloc(Math.min(length, Math.max(0, size - offset)));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
        return bytes.subarray(0, bytesRead);
      },
    });
  } finally {
    await file.close();
  }
}
