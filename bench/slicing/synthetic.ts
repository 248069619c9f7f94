/** The index of a film that nobody shot, for planning: H.264 and AAC as an ordinary encoder lays them down. Pure. */
import type { SourceInfo } from '../../lib/contract/source.ts';
import { box, zeros } from '../../lib/media/build.ts';
import type { IndexedTrack, MovieIndex, SampleTable } from '../../lib/media/sample-table.ts';

export interface Film {
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  /** Seconds from keyframe to keyframe. */
  readonly keyframeSeconds: number;
  /** bit/s of the picture. */
  readonly bitrate: number;
  readonly codec: string;
}

/** What most people upload: 1080p30, 6 Mbit/s, a keyframe every 2 s. */
export const film = (seconds: number, of: Partial<Film> = {}): Film => ({
  seconds,
  width: 1920,
  height: 1080,
  frameRate: 30,
  keyframeSeconds: 2,
  bitrate: 6_000_000,
  codec: 'h264',
  ...of,
});

const SOUND = { bitrate: 128_000, rate: 48_000, samples: 1024 } as const;

export const bytesOf = ({ seconds, bitrate }: Film): number => Math.round((seconds * (bitrate + SOUND.bitrate)) / 8);

/** Picture and sound interleaved second by second; each picture shown one after it is decoded. */
export function movieIndex(of: Film): MovieIndex {
  const { seconds, frameRate, keyframeSeconds, bitrate } = of;
  const second = (bitrate + SOUND.bitrate) / 8;
  const frames = Math.round(seconds * frameRate);
  const keys = Math.round(keyframeSeconds * frameRate);
  const picture = track(
    frames,
    frameRate * 512,
    512,
    512,
    (i) => i % keys === 0,
    bitrate / 8 / frameRate,
    (i, size) => {
      const at = Math.floor(i / frameRate);
      return at * second + (i - at * frameRate) * size;
    },
  );
  const perSecond = SOUND.rate / SOUND.samples;
  const sound = track(
    Math.floor(seconds * perSecond),
    SOUND.rate,
    SOUND.samples,
    0,
    () => true,
    SOUND.bitrate / 8 / perSecond,
    (i, size) => {
      const at = Math.floor(i / perSecond);
      return at * second + bitrate / 8 + (i - at * perSecond) * size;
    },
  );
  return { timescale: 1000, tracks: [picture, sound] };
}

/** What describes a track, as large as usual, and says nothing. */
const TRAK = Buffer.concat([
  box('tkhd', zeros(84)),
  box('mdia', box('mdhd', zeros(24)), box('hdlr', zeros(37)), box('minf', box('stbl', box('stsd', zeros(150))))),
]);

function track(
  count: number,
  timescale: number,
  duration: number,
  composition: number,
  key: (i: number) => boolean,
  size: number,
  offset: (i: number, size: number) => number,
): IndexedTrack {
  const samples: SampleTable = {
    count,
    offset: Float64Array.from({ length: count }, (_, i) => Math.floor(offset(i, size))),
    size: new Uint32Array(count).fill(Math.floor(size)),
    decode: Float64Array.from({ length: count }, (_, i) => i * duration),
    composition: new Int32Array(count).fill(composition),
    sync: Uint8Array.from({ length: count }, (_, i) => (key(i) ? 1 : 0)),
    lastDuration: duration,
  };
  // An edit list that takes the delay of the first picture away, as muxers write it.
  return { timescale, trak: TRAK, edit: { delay: 0, from: composition, length: undefined }, samples };
}

export const sourceInfo = (of: Film): SourceInfo => ({
  container: 'mov,mp4,m4a,3gp,3g2,mj2',
  bytes: bytesOf(of),
  duration: of.seconds,
  video: {
    index: 0,
    codec: of.codec,
    duration: of.seconds,
    width: of.width,
    height: of.height,
    rotation: 0,
    frameRate: of.frameRate,
    bitDepth: 8,
    interlaced: false,
    rgb: false,
  },
  audio: [{ index: 1, codec: 'aac', channels: 2, sampleRate: SOUND.rate, default: true }],
});
