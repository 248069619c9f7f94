/** The one ffmpeg command of a chunk: decode once, write every rung and the audio rendition. Pure. */
import { TIME_OFFSET, type Chunk, type Plan, type Rung, type SoundPlan } from '../../lib/contract/plan.ts';
import type { ChunkTable } from '../../lib/contract/segment-table.ts';
import type { SourceSound } from '../../lib/contract/source.ts';
import type { RenditionKind } from '../../lib/contract/keys.ts';
import { barred, fitted } from './fit.ts';
import { readsAlong } from './outputs.ts';
import { BUFFER_SECONDS, mostFrames } from './plan.ts';
import { clockArgs, LOOK } from './reading.ts';
import { repeated } from './repeats.ts';
import { AAC_FRAME, RUN_OUT, soundBegins } from './segment-table.ts';
import { stillsFilters, stillsOutput } from './storyboard.ts';

/** First file descriptor of the output pipes: 0 to 2 are stdin, progress and errors. */
export const FIRST_PIPE = 3;

/** File names of a transport-stream rendition in the scratch folder. */
export const LIST_NAME = 'list.m3u8';

/**
 * Video ticks a second where the source has no segment table, as in MPEG-TS: exact for 24, 25, 30, 30000/1001, 50 and 60
 * frames/s, 6 µs off at worst.
 */
const VIDEO_TIMESCALE = 90_000;

/** Constant rate factor: the quality aimed at where the rung's peak rate allows. */
export const CRF = 22;

/**
 * x264's model of a decoder's buffer (VBV), bits a second and bits. A segment of 6 s that begins with the buffer full has
 * 6 times `maxrate` and `bufsize`: both together, with the container's own bytes, are a tenth over the rung's `maxBitrate`
 * at most. `init`: how full a chunk's is at first. Full, chunks spend bits that one run over the whole does not have (0.4 %
 * more than at 0.85); emptier, their first pictures are seen to be worse (SSIM of 360p 0.014 below that run's at 0.85, 0.005 at
 * 0.97). `npm run bench:slicing` measures both.
 */
export const vbvOf = ({
  maxBitrate,
}: Pick<Rung, 'maxBitrate'>): { maxrate: number; bufsize: number; init: number } => ({
  maxrate: Math.round(maxBitrate * 0.95),
  bufsize: Math.round(maxBitrate * BUFFER_SECONDS),
  init: 0.97,
});

/** Channels up to which there is an order that speakers have; of more, the first two are the sound. */
const NAMED_CHANNELS = 8;
const FIRST_CHANNELS = 'pan=stereo|c0=c0|c1=c1';

/** Demuxers a source may be read with. Playlists and whatever else opens further files are not among them. */
export const INPUT_FORMATS =
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,mpegvideo,m4v,avi,flv,live_flv,asf,mxf,ogg,wav,w64,mp3,aac,h264,hevc';

export interface Output {
  readonly kind: RenditionKind;
  readonly name: string;
}

/** The renditions of a plan, in the order of the command's outputs. */
export function outputsOf(plan: Plan): Output[] {
  const video = plan.video.map(({ name }): Output => ({ kind: 'video', name }));
  return [...video, ...plan.audio.map(({ name }): Output => ({ kind: 'audio', name }))];
}

export interface Command {
  readonly plan: Plan;
  readonly chunk: Chunk;
  /** Of a source with a segment table: this chunk's part. */
  readonly table?: ChunkTable | undefined;
  /** Path of the source; with a table, of the file made of this chunk's samples (chunk-source.ts). */
  readonly source: string;
  /** x264 preset. */
  readonly preset: string;
  /**
   * Where pictures for scrubbing are written, and MPEG-TS renditions, each in `{kind}/{name}/`; fMP4 comes through pipes. The
   * table for an HDR picture is there, `TONE_NAME`.
   */
  readonly folder: string;
  /** Of a source without a table: what reading it once through found. */
  readonly found?: Found | undefined;
  /** And where a picture that is held is to be repeated, seconds. */
  readonly repeats?: readonly number[] | undefined;
  /** Whether pictures that do not say so are two fields each, as looking at them found (fields.ts). */
  readonly combed?: 'no' | 'some' | 'top first' | 'bottom first' | undefined;
}

interface Found {
  /** Seconds from where the earliest track starts, to where the last ends. */
  readonly end: number;
  /** When the first picture is shown. */
  readonly firstPicture: number;
  /** Seconds from the end of the last picture to `end`. */
  readonly held: number;
}

/** The look-up table (tone.ts) for a picture with high dynamic range, in the scratch folder. */
export const TONE_NAME = 'tone.cube';

/** Arguments for ffmpeg. Output number n (of `outputsOf`) arrives on file descriptor `FIRST_PIPE + n` for fMP4. */
export function encodeArgs(command: Command): string[] {
  const { plan, chunk, table, source } = command;
  const outputs = outputsOf(plan);
  return [
    ['-nostdin', '-v', 'error', '-progress', 'pipe:1', '-stats_period', '1'],
    ['-protocol_whitelist', 'file,pipe', '-format_whitelist', INPUT_FORMATS],
    // Times as the table has them; ffmpeg would count from the first one it sees.
    table ? ['-copyts'] : clockArgs(plan.source.info.container),
    // Silence where sound is missing, also ahead of the first; but of its own only once, whatever changes in it later.
    ['-async', '1', '-adrift_threshold', '0.025'],
    input(command),
    ['-i', `file:${source}`],
    soundInputs(command),
    plan.video.length > 0 ? ['-filter_complex', pictures(command)] : [],
    chunk.along ? ['-filter_complex', stillsAlone(command)] : [],
    // A graph of its own: ffmpeg makes one anew when what comes in changes, and with it all that is in it.
    sounds(command).flatMap((graph) => ['-filter_complex', graph]),
    ...outputs.map((output, index) => [...CODECS[output.kind](command, index), ...muxer(command, output, index)]),
    readsAlong(command) ? stillsOutput(command.folder) : [],
  ].flat();
}

/** Seconds read beyond what may be: that there are any says that the source is too long. */
export const TOO_LONG_SECONDS = 2;

/** How much of the source is read, whatever it says of itself, and whether it is turned as it says. */
function input({ plan: { source, maxSeconds }, table }: Command): string[] {
  // With a table the file holds the chunk's samples and no more.
  const seconds = table || maxSeconds === undefined ? undefined : maxSeconds + TOO_LONG_SECONDS;
  return [
    ...(seconds === undefined ? [] : ['-t', String(seconds)]),
    ...(source.info.video.oddAngle === true ? ['-autorotate', '0'] : []),
    // A change of size or format under way is met by the scaler, and loses no picture.
    '-reinit_filter:v',
    '0',
  ];
}

/**
 * Each track of a chunk's sound is read as an input of its own, moved to where it belongs: what ffmpeg does about its times
 * (`-async`) comes before any filter of ours.
 */
const soundInputs = ({ table, source }: Command): string[] =>
  (table?.audio ?? []).flatMap(({ part }) =>
    part ? ['-itsoffset', String(part.late / part.timescale), '-i', `file:${source}`] : [],
  );

/**
 * At most `rate` frames a second, on whatever clock they come: one is taken once the time of the one before is over (held
 * in variable 0), or up to half of that early, so that what jitters loses none. A hundredth more are let through, for
 * clocks that are a little off. Frames keep their times.
 */
function atMost(rate: number): string {
  const period = 1 / (rate * 1.01);
  const due = `gte(t\\,ld(0)-${(period / 2).toFixed(6)})`;
  return `select=if(${due}\\,1+0*st(0\\,max(t\\,ld(0))+${period.toFixed(6)})\\,0)`;
}

function pictures(command: Command): string {
  const { plan, chunk, table, folder, found } = command;
  const stills = readsAlong({ plan, chunk });
  const { info } = plan.source;
  const top = plan.video[0]!;
  const common = [
    ...(table ? [shown(table)] : []),
    ...deinterlace(command),
    placed(command),
    // A steady clock that is too fast stays a steady one; of one that varies, frames are only left out.
    ...(info.video.maxFrameRate === undefined && info.video.frameRate > top.frameRate ? [`fps=${top.frameRate}`] : []),
    atMost(mostFrames(top.frameRate)),
    ...held(command),
    ...repeated(command.repeats ?? table?.repeats ?? []),
    ...(info.video.hdr ? [fitted(top), `format=gbrp10le,lut3d=file='${folder}/${TONE_NAME}'`] : []),
    `split=${plan.video.length + (stills ? 1 : 0)}`,
  ];
  // An RGB source has no YCbCr matrix to keep; the BT.709 one is said in the stream too.
  const matrix = isBt709(plan) ? ':out_color_matrix=bt709' : '';
  return [
    `[0:${table ? 0 : info.video.index}]${common.join(',')}${plan.video.map((_, index) => `[s${index}]`).join('')}${stills ? '[few]' : ''}`,
    ...plan.video.map(
      ({ width, height }, index) =>
        `[s${index}]${fitted({ width, height })}:out_range=tv${matrix},format=yuv420p,${barred({ width, height })},setsar=1[v${index}]`,
    ),
    ...(stills ? [`[few]${stillsFilters(plan, chunk.duration ?? found?.end ?? info.duration)}[stills]`] : []),
  ].join(';');
}

/** Pictures for scrubbing and no other: what is copied is upright, whole and of a standard range. */
const stillsAlone = ({ plan, chunk, table }: Command): string =>
  `[0:0]${shown(table!)},${placed({ table, found: undefined })},${stillsFilters(plan, chunk.duration!)}[stills]`;

/** Sound may outlast the last picture by so many seconds without anybody holding that. */
const HELD_SECONDS = 0.25;

/** ffmpeg cuts MPEG-TS, where a last picture cannot be said to last longer: it is repeated. */
const held = ({ plan, found }: Command): string[] =>
  plan.segmentType === 'mpegts' &&
  (found?.held ?? 0) > HELD_SECONDS &&
  plan.source.info.video.maxFrameRate === undefined
    ? [`tpad=stop_mode=clone:stop_duration=${found!.held}`]
    : [];

/** What is made of RGB, or of a high dynamic range, is BT.709 by our own doing. */
const isBt709 = ({ source }: Plan): boolean => source.info.video.rgb || source.info.video.hdr !== undefined;

/** Pictures of two fields become whole ones; of those whose decoder says which they are, only these. */
function deinterlace({ plan, combed }: Command): string[] {
  const { interlaced, fields, rgb } = plan.source.info.video;
  const one = oneSize(plan);
  if (combed === 'top first') return [...one, 'setfield=tff', 'yadif'];
  if (combed === 'bottom first') return [...one, 'setfield=bff', 'yadif'];
  if (combed === 'some') return [...one, LOOK, 'yadif=deint=interlaced'];
  return interlaced || (fields === 'told' && !rgb) ? [...one, 'yadif=deint=interlaced'] : [];
}

/** Lines of one picture go with those of the next, so all must have one size: that of the first, which leaves it as it is. */
function oneSize({ source: { info } }: Plan): string[] {
  const { stored, width, height } = info.video;
  if (!stored || stored.width % 2 !== 0 || stored.height % 2 !== 0) return [];
  return [fitted(stored, width / height), barred(stored)];
}

/** The chunk's pictures by the times of the table. */
const shown = ({ video: { from, to } }: ChunkTable): string => `trim=start_pts=${from}:end_pts=${to}`;

/** Times from the chunk's start, or the source's; the first picture is shown from there, also one that starts later. */
function placed({ table, found }: Pick<Command, 'table' | 'found'>): string {
  if (table) {
    const { start, from, timescale } = table.video;
    // Filters before this may count in other ticks.
    return `setpts=if(lte(T\\,${(from + 0.5) / timescale})+eq(N\\,0)\\,0\\,round(max(PTS-${start}/${timescale}/TB\\,0)))`;
  }
  const first = found ? `lte(T\\,${found.firstPicture + 0.0005})` : 'eq(N\\,0)';
  return `setpts=if(${first}\\,0\\,max(PTS\\,0))`;
}

/** The graph of each sound track. */
const sounds = ({ plan, chunk, table, found }: Command): string[] =>
  plan.audio.map((sound, position) => {
    const source = plan.source.info.audio.find(({ index }) => index === sound.index)!;
    const made = table ? pieceOfSound(sound, source, table, position) : wholeSound(plan, chunk, sound, source, found);
    return `${made}[a${position}]`;
  });

/**
 * Everything from time 0, where the earliest track starts. A picture that starts later is shown from 0; sound that
 * starts later is preceded by silence, and sound that ends earlier is followed by it: a rendition with a hole at either
 * end stalls players. Time stamps are kept otherwise, so a variable frame rate survives.
 */
function wholeSound(
  plan: Plan,
  chunk: Chunk,
  { sampleRate, channels }: SoundPlan,
  source: SourceSound,
  found: Found | undefined,
): string {
  const { info } = plan.source;
  const whole = found?.end ?? chunk.duration ?? Math.max(0, (info.video.duration ?? info.duration) - chunk.start);
  // The encoder's priming packet lies before the first sample. From fMP4 it is dropped when segments are cut; in
  // MPEG-TS it takes the place of the first 21 ms, so that both renditions start at the same time stamp.
  const priming = plan.segmentType === 'mpegts' ? AAC_FRAME : 0;
  // The encoder's frames are whole.
  const frames = Math.ceil((whole * sampleRate) / AAC_FRAME - 0.001);
  const until = `atrim=start_pts=${priming}:end_pts=${frames * AAC_FRAME}`;
  return [`[0:${source.index}]${mixed(source, sampleRate, channels)}`, PAD, until].join(',');
}

/**
 * The chunk's sound to the sample: decoded from a whole second on, with the frames of its run-in before time 0, where
 * segments are not cut from, and its run-out behind; silence wherever the source has none.
 */
function pieceOfSound(
  { sampleRate, channels }: SoundPlan,
  source: SourceSound,
  table: ChunkTable,
  position: number,
): string {
  const piece = table.audio[position]!;
  const first = (piece.firstFrame - piece.runIn) * AAC_FRAME - soundBegins(piece, sampleRate) * sampleRate;
  const end = first + (piece.runIn + piece.frames + RUN_OUT) * AAC_FRAME;
  // Tracks that have sound here follow the picture in the chunk's own file, and each is an input of its own.
  const track = 1 + table.audio.slice(0, position).filter(({ part }) => part !== null).length;
  return [
    piece.part
      ? `[${track}:${track}]${mixed(source, sampleRate, channels)}`
      : `anullsrc=r=${sampleRate},${format(channels)}`,
    PAD,
    `atrim=start_pts=${first}:end_pts=${end}`,
    `asetpts=PTS-${first + piece.runIn * AAC_FRAME}`,
  ].join(',');
}

/** Of a track without any sound, silence must come in pieces of the encoder's size, or it refuses it. */
const PAD = `apad=packet_size=${AAC_FRAME}`;

/**
 * Louder than full scale is what full channels come to when they are mixed down. A limiter brings that down for as long as
 * it lasts, so that speech, in the centre, is as loud as it was; the encoder needs the rest of the room.
 */
const LIMIT = 'alimiter=limit=0.7:attack=5:release=50:level=0:latency=1';

/** The source's sound with this many samples a second and channels. */
const mixed = ({ channels: from }: SourceSound, rate: number, channels: number): string =>
  [
    ...(from > NAMED_CHANNELS ? [FIRST_CHANNELS] : []),
    `aresample=${rate}`,
    format(channels),
    ...(from > channels ? [LIMIT] : []),
  ].join(',');

const format = (channels: number): string =>
  `aformat=sample_fmts=fltp:channel_layouts=${channels === 1 ? 'mono' : 'stereo'}`;

/** Seconds between keyframes: the segment divided into parts of at most 2 s (HLS Authoring Specification 1.10). */
export const keyframeSeconds = (segmentSeconds: number): number =>
  segmentSeconds / Math.max(1, Math.ceil(segmentSeconds / 2 - 0.01));

/** Seconds at which a chunk's keyframes are forced, the first picture's apart: where segments begin, and between. */
function keyframeTimes({ cuts }: ChunkTable, duration: number): number[] {
  const starts = [0, ...cuts];
  return starts.flatMap((start, index) => {
    const length = (starts[index + 1] ?? duration) - start;
    const every = keyframeSeconds(length);
    return Array.from({ length: Math.round(length / every) }, (_, part) => start + part * every);
  });
}

/**
 * Keyframes come at the forced times only, which are the same frames in every rung. Half a millisecond of grace keeps
 * rounding from pushing one to the next frame.
 */
function keyframes({ plan, chunk, table }: Command): string {
  if (!table) {
    const every = keyframeSeconds(plan.segmentSeconds);
    // The first time from the last one on, and not all that a hole has passed over.
    return `expr:if(isnan(prev_forced_t),1,gte(t+0.0005,${every}*(1+floor((prev_forced_t+0.0005)/${every}))))`;
  }
  return keyframeTimes(table, chunk.duration!)
    .map((time) => Math.max(0, time - 0.0005).toFixed(6))
    .join(',');
}

/** One thread writes the same bytes each time, with a buffer to heed too: a chunk that is encoded again is the same. */
const REPEATABLE = ':threads=1';

function videoCodec(command: Command, index: number): string[] {
  const { plan, preset, table } = command;
  const rung = plan.video[index]!;
  const { maxrate, bufsize, init } = vbvOf(rung);
  return [
    ['-map', `[v${index}]`, '-c:v', 'libx264', '-preset', preset, '-profile:v', 'high', '-level:v', rung.level],
    ['-crf', String(CRF), '-maxrate', String(maxrate), '-bufsize', String(bufsize)],
    // The ultrafast preset would leave out what makes the High profile, for little time and many bits.
    [
      '-x264-params',
      `keyint=infinite:scenecut=0:open-gop=0:8x8dct=1:cabac=1${table ? `${REPEATABLE}:vbv-init=${init}` : ''}`,
    ],
    ['-force_key_frames', keyframes(command)],
    ['-fps_mode', 'vfr', '-enc_time_base', `1:${plan.timescale ?? VIDEO_TIMESCALE}`],
    isBt709(plan) ? ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'] : [],
  ].flat();
}

function audioCodec({ plan }: Command, index: number): string[] {
  const position = index - plan.video.length;
  const { bitrate } = plan.audio[position]!;
  return ['-map', `[a${position}]`, '-c:a', 'aac', '-profile:a', 'aac_low', '-b:a', String(bitrate)];
}

/** Arguments that encode one output, by its kind. */
const CODECS: Record<RenditionKind, (command: Command, index: number) => string[]> = {
  video: videoCodec,
  audio: audioCodec,
};

function muxer({ plan, chunk, folder }: Command, output: Output, index: number): string[] {
  const plain = ['-map_metadata', '-1', '-map_chapters', '-1'];
  if (plan.segmentType === 'fmp4') {
    return [
      plain,
      // Times as they are, below 0 too: frag_discont writes absolute decode times, and no edit list moves them.
      [
        '-avoid_negative_ts',
        'disabled',
        '-use_editlist',
        '0',
        '-video_track_timescale',
        String(plan.timescale ?? VIDEO_TIMESCALE),
      ],
      ['-movflags', '+empty_moov+default_base_moof+frag_discont+frag_keyframe', '-frag_duration', '1000000'],
      ['-f', 'mp4', `pipe:${FIRST_PIPE + index}`],
    ].flat();
  }
  const path = `${folder}/${output.kind}/${output.name}`;
  return [
    plain,
    ['-output_ts_offset', String(TIME_OFFSET + chunk.start), '-muxdelay', '0', '-muxpreload', '0'],
    ['-f', 'hls', '-hls_segment_type', 'mpegts', '-hls_time', String(plan.segmentSeconds)],
    ['-hls_list_size', '0', '-hls_playlist_type', 'event', '-hls_flags', 'temp_file+independent_segments'],
    ['-start_number', String(chunk.firstSegment), '-hls_segment_filename', `${path}/%05d.ts`],
    `${path}/${LIST_NAME}`,
  ].flat();
}
