/** Reads segments back, with a reader of our own for the bytes and with mediabunny for the meaning. */
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import type { Segment } from '../../../../containers/ingest/src/hls/segmenter.ts';

export interface Box {
  readonly type: string;
  readonly start: number;
  readonly body: Buffer;
}

export function* boxes(bytes: Buffer): Generator<Box> {
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUInt32BE(at);
    if (size < 8 || at + size > bytes.length) throw new Error(`a box of ${size} bytes at ${at} of ${bytes.length}`);
    yield { type: bytes.toString('latin1', at + 4, at + 8), start: at, body: bytes.subarray(at + 8, at + size) };
    at += size;
  }
}

export function find(bytes: Buffer, ...path: readonly string[]): Box[] {
  const [type, ...rest] = path;
  const here = [...boxes(bytes)].filter((box) => box.type === type);
  return rest.length === 0 ? here : here.flatMap(({ body }) => find(body, ...rest));
}

export interface Sample {
  readonly duration: number;
  readonly flags: number;
  readonly bytes: Buffer;
}
export interface Track {
  readonly decodeTime: number;
  readonly samples: readonly Sample[];
}

/** What a moof says, by the book (14496-12 8.8.7, 8.8.8, 8.8.12), and the bytes it points at. */
export function tracks(file: Buffer): Map<number, Track> {
  const out = new Map<number, Track>();
  const [moof] = find(file, 'moof');
  for (const { body: traf } of find(moof!.body, 'traf')) {
    const tfhd = find(traf, 'tfhd')[0]!.body;
    const flags = tfhd.readUIntBE(1, 3);
    let at = 8;
    const optional = (bit: number): number | undefined => {
      if ((flags & bit) === 0) return undefined;
      at += 4;
      return tfhd.readUInt32BE(at - 4);
    };
    const [duration, size, sampleFlags] = [optional(0x8), optional(0x10), optional(0x20)];
    const trun = find(traf, 'trun')[0]!.body;
    const runFlags = trun.readUIntBE(1, 3);
    let next = moof!.start + trun.readInt32BE(8);
    let field = 12;
    const read = (bit: number, fallback: number | undefined): number => {
      if ((runFlags & bit) === 0) return fallback!;
      field += 4;
      return trun.readUInt32BE(field - 4);
    };
    const samples = Array.from({ length: trun.readUInt32BE(4) }, () => {
      const sample = { duration: read(0x100, duration), size: read(0x200, size), flags: read(0x400, sampleFlags) };
      next += sample.size;
      return { duration: sample.duration, flags: sample.flags, bytes: file.subarray(next - sample.size, next) };
    });
    out.set(tfhd.readUInt32BE(4), { decodeTime: Number(find(traf, 'tfdt')[0]!.body.readBigUInt64BE(4)), samples });
  }
  return out;
}

/** NAL units of a sample, by their lengths. */
export function* nalsOf(sample: Buffer): Generator<Buffer> {
  for (let at = 0; at < sample.length;) {
    const size = sample.readUInt32BE(at);
    if (size === 0 || at + 4 + size > sample.length) throw new Error(`a NAL unit of ${size} bytes at ${at}`);
    yield sample.subarray(at + 4, at + 4 + size);
    at += 4 + size;
  }
}

export const fileOf = ({ parts }: Pick<Segment, 'parts'>): Buffer => Buffer.concat(parts);

/** Initialization and segments in one file; all must share the initialization. */
export function joined(segments: readonly Segment[]): Buffer {
  if (new Set(segments.map(({ init }) => init.id)).size !== 1) throw new Error('more than one initialization');
  return Buffer.concat([segments[0]!.init.data, ...segments.map(fileOf)]);
}

/** What mediabunny makes of a file. Times in seconds. */
export async function mediabunny(file: Buffer) {
  const input = new Input({ source: new BufferSource(new Uint8Array(file)), formats: ALL_FORMATS });
  const video = (await input.getPrimaryVideoTrack())!;
  const audio = (await input.getPrimaryAudioTrack())!;
  const packets: { at: number; duration: number; key: boolean; data: Buffer }[] = [];
  for await (const packet of new EncodedPacketSink(video).packets()) {
    const { timestamp: at, duration, type, data } = packet;
    packets.push({ at, duration, key: type === 'key', data: Buffer.from(data) });
  }
  const sounds: { at: number; duration: number }[] = [];
  for await (const { timestamp: at, duration } of new EncodedPacketSink(audio).packets()) sounds.push({ at, duration });
  return {
    codecs: `${await video.getCodecParameterString()},${await audio.getCodecParameterString()}`,
    size: [video.codedWidth, video.codedHeight],
    sampleRate: audio.sampleRate,
    channels: audio.numberOfChannels,
    packets,
    sounds,
  };
}
