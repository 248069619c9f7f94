/** Makes, with ffmpeg, what one output of a job asks for, under the names MediaConvert gives; and splits it into segments. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toneCube } from '../../lambdas/slicing/tone.ts';
import { readHeader } from '../../lib/media/boxes.ts';
import { readDefaults } from '../../lib/media/fragment-index.ts';
import { readFragments } from '../../lib/media/fragments.ts';
import { need } from '../../lib/media/boxes.ts';
import { readTracks } from '../../lib/media/movie.ts';
import { ProcessError, start } from '../../lib/process.ts';

/** Part of a job's settings as they travel (names in camel case), as far as they are acted upon. */
export interface Output {
  readonly nameModifier: string;
  readonly containerSettings: { readonly container: string };
  readonly videoDescription?: {
    readonly width: number;
    readonly height: number;
    readonly videoPreprocessors?: {
      readonly deinterlacer?: { readonly control?: string };
      readonly colorCorrector?: { readonly colorSpaceConversion?: string };
    };
    readonly codecSettings: {
      readonly codec: string;
      readonly frameCaptureSettings?: {
        readonly framerateNumerator: number;
        readonly framerateDenominator: number;
        readonly maxCaptures: number;
      };
      readonly h264Settings: {
        readonly rateControlMode: string;
        readonly maxBitrate: number;
        readonly hrdBufferSize: number;
        readonly gopSize: number;
        readonly codecLevel: string;
        readonly framerateControl: string;
        readonly framerateNumerator?: number;
        readonly framerateDenominator?: number;
      };
    };
  };
  readonly audioDescriptions?: readonly {
    readonly audioSourceName: string;
    readonly codecSettings: {
      readonly codec: string;
      readonly aacSettings: { readonly bitrate: number; readonly codingMode: string; readonly sampleRate: number };
    };
  }[];
}

/** What a job says of its input, and what is known of that. */
export interface Read {
  readonly path: string;
  /** Streams by the names of their selectors, counted from 1. */
  readonly streams: Readonly<Record<string, number>>;
  /** Of the video selector. */
  readonly rotate?: string | undefined;
  /** Of a picture with high dynamic range: the table that maps it to BT.709 (a `.cube` file). */
  readonly tone?: string | undefined;
}

/** By itself it turns what an MP4 or MOV says; else it does what it is told, and nothing where it is told nothing. */
const TURNS: Readonly<Record<string, readonly string[]>> = {
  DEGREES_90: ['transpose=clock'],
  DEGREES_180: ['hflip', 'vflip'],
  DEGREES_270: ['transpose=cclock'],
};

/** What is tagged as whole stays so, unless all is to be taken for fields. */
const DEINTERLACERS: Readonly<Record<string, string>> = {
  NORMAL: 'yadif=deint=interlaced',
  FORCE_ALL_FRAMES: 'yadif',
};

const BT709 = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];

/** Arguments for ffmpeg: one fragmented MP4 at `to`, a fragment for each group of pictures. */
export function argsOf(output: Output, { path, streams, rotate = 'DEGREE_0', tone }: Read, to: string): string[] {
  const flags = '+empty_moov+default_base_moof+frag_keyframe+negative_cts_offsets';
  const common = ['-nostdin', '-v', 'error', '-y', '-autorotate', rotate === 'AUTO' ? '1' : '0', '-i', path];
  const written = ['-map_metadata', '-1', '-f', 'mp4', '-movflags', flags, to];
  const [sound] = output.audioDescriptions ?? [];
  if (sound) {
    const { bitrate, codingMode, sampleRate } = sound.codecSettings.aacSettings;
    return [
      ...common,
      ['-map', `0:${streams[sound.audioSourceName]! - 1}`, '-vn'],
      ['-c:a', 'aac', '-b:a', String(bitrate), '-ar', String(sampleRate)],
      ['-ac', codingMode === 'CODING_MODE_1_0' ? '1' : '2', '-frag_duration', '2000000'],
      ...written,
    ].flat();
  }
  const { codecSettings } = output.videoDescription!;
  const h264 = codecSettings.h264Settings;
  const mapped = isMapped(output, tone);
  const rate =
    h264.framerateControl === 'SPECIFIED' ? [`fps=${h264.framerateNumerator}/${h264.framerateDenominator}`] : [];
  const filters = [...pictureFilters(output, { rotate, tone }, rate), 'format=yuv420p'];
  return [
    ...common,
    ['-map', '0:v:0', '-an', '-vf', filters.join(',')],
    ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-crf', '23'],
    mapped ? BT709 : [],
    ['-maxrate', String(h264.maxBitrate), '-bufsize', String(h264.hrdBufferSize)],
    ['-force_key_frames', `expr:gte(t,n_forced*${h264.gopSize})`, '-sc_threshold', '0', '-flags', '+cgop'],
    ...written,
  ].flat();
}

/** SDR stays as it is. */
const isMapped = ({ videoDescription }: Output, tone: string | undefined): boolean =>
  videoDescription?.videoPreprocessors?.colorCorrector?.colorSpaceConversion === 'FORCE_709' && tone !== undefined;

/** What makes the picture that an output asks for; `rate`: what makes its rate, before it is scaled. */
export function pictureFilters(
  output: Output,
  { rotate = 'DEGREE_0', tone }: Pick<Read, 'rotate' | 'tone'>,
  rate: readonly string[] = [],
): string[] {
  const { width, height, videoPreprocessors } = output.videoDescription!;
  const { deinterlacer } = videoPreprocessors ?? {};
  const mapped = isMapped(output, tone);
  return [
    ...(deinterlacer ? [DEINTERLACERS[deinterlacer.control ?? 'NORMAL']!] : []),
    ...(TURNS[rotate] ?? []),
    ...(mapped ? ['format=gbrp10le', `lut3d=file='${tone}'`] : []),
    ...rate,
    `scale=${width}:${height}${mapped ? ':out_range=tv:out_color_matrix=bt709' : ''}`,
    'setsar=1',
  ];
}

/** Of a picture with high dynamic range, by what ffmpeg says of it, the table that maps it: our own, since theirs is theirs. */
export async function toneOf(
  ffmpeg: string,
  source: string,
  folder: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const args = ['-nostdin', '-hide_banner', '-i', source, '-map', '0:v:0?', '-frames:v', '1', '-f', 'null', '-'];
  const looking = start(ffmpeg, args, { signal, together: true, keptBytes: 64 * 1024 });
  // What cannot be read fails where it is converted, in the right words.
  const { stderr } = await looking.done.catch((error: unknown) => {
    if (!(error instanceof ProcessError)) throw error;
    return error;
  });
  const transfer = /\bsmpte2084\b/.test(stderr) ? 'pq' : /\barib-std-b67\b/.test(stderr) ? 'hlg' : undefined;
  if (transfer === undefined) return undefined;
  const path = join(folder, 'tone.cube');
  await writeFile(path, toneCube(transfer));
  return path;
}

export interface Segment {
  readonly bytes: Buffer;
  /** Seconds. */
  readonly duration: number;
}

/** A fragmented MP4 as its initialization section and segments, each of as many fragments as begin in its time. */
export function split(file: Buffer, segmentSeconds: number): { init: Buffer; segments: Segment[] } {
  let at = 0;
  let mediaAt = 0;
  let moov: Buffer | undefined;
  const fragments: { start: number; end: number; from: number; bytes: Buffer }[] = [];
  while (at < file.length) {
    const header = readHeader(file, at, file.length - at)!;
    const whole = file.subarray(at, at + header.size);
    if (header.type === 'moov') [moov, mediaAt] = [whole, at + header.size];
    if (header.type === 'moof') {
      const mdat = readHeader(file, at + header.size, file.length - at - header.size)!;
      const end = at + header.size + mdat.size;
      const [fragment] = readFragments(whole, { defaults: readDefaults(need(moov!, ['moov'], 0)) });
      const lasts = fragment!.samples.reduce((sum, { duration }) => sum + duration, 0);
      const from = Math.max(0, fragment!.decodeTime);
      fragments.push({ start: from, end: from + lasts, from: at, bytes: file.subarray(at, end) });
      at = end;
      continue;
    }
    at += header.size;
  }
  const timescale = readTracks(need(moov!, ['moov'], 0))[0]!.timescale;
  const groups = Map.groupBy(fragments, ({ start }) => Math.floor(start / timescale / segmentSeconds + 1e-6));
  return {
    init: file.subarray(0, mediaAt),
    segments: [...groups.values()].map((some) => ({
      bytes: Buffer.concat(some.map(({ bytes }) => bytes)),
      duration: (some.at(-1)!.end - some[0]!.start) / timescale,
    })),
  };
}

/** File names: base name of the input, the output's modifier, and what MediaConvert adds. */
export function namesOf(base: string, { nameModifier, videoDescription }: Output) {
  const stem = `${base}${nameModifier}`;
  const extension = videoDescription ? 'cmfv' : 'cmfa';
  return {
    init: `${stem}init.${extension}`,
    segment: (number: number) => `${stem}_${String(number).padStart(9, '0')}.${extension}`,
    playlist: `${stem}.m3u8`,
    parent: `${base}.m3u8`,
  };
}

/** Media playlist as MediaConvert writes it: durations with three digits. */
export function playlistOf(names: ReturnType<typeof namesOf>, segments: readonly Segment[]): string {
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${Math.ceil(Math.max(...segments.map(({ duration }) => duration)))}`,
    '#EXT-X-MEDIA-SEQUENCE:1',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    `#EXT-X-MAP:URI="${names.init}"`,
    ...segments.flatMap(({ duration }, index) => [`#EXTINF:${duration.toFixed(3)},`, names.segment(index + 1)]),
    '#EXT-X-ENDLIST',
    '',
  ].join('\n');
}
