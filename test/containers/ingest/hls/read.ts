/** Reads segments back, with our own reader for the bytes and with mediabunny for the meaning. */
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import type { Segment } from '../../../../containers/ingest/src/hls/segmenter.ts';
import { findAll } from '../../../../lib/media/boxes.ts';
import { readFragments } from '../../../../lib/media/fragments.ts';

export { findAll as find };

export interface Sample {
  readonly duration: number;
  readonly flags: number;
  readonly bytes: Buffer;
}
export interface Track {
  readonly decodeTime: number;
  readonly samples: readonly Sample[];
}

/** What a moof says, and the bytes it points at. */
export function tracks(file: Buffer): Map<number, Track> {
  const moof = findAll(file, 'moof')[0]!;
  const bytes = file.subarray(moof.start);
  const fragments = readFragments(bytes.subarray(0, 8 + moof.body.length));
  return new Map(
    fragments.map(({ track, decodeTime, samples }) => [
      track,
      {
        decodeTime,
        samples: samples.map(({ duration, flags, offset, size }) => ({
          duration,
          flags,
          bytes: bytes.subarray(offset, offset + size),
        })),
      },
    ]),
  );
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
