/** Takes frames and sound out of an MP4 file, in the forms in which devices send them. */
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from 'mediabunny';

export interface Frame {
  readonly key: boolean;
  /** Milliseconds from the beginning of the loop. */
  readonly time: number;
  /** An Annex-B access unit; keyframes begin with SPS and PPS. */
  readonly data: Buffer;
}

/** What a camera shows, in a loop. */
export interface Footage {
  /** Milliseconds: where the loop begins anew. */
  readonly duration: number;
  /** In order; the first is a keyframe. */
  readonly frames: readonly Frame[];
  /** ADTS frames of 1024 samples, mono. May be empty. */
  readonly aac: readonly Buffer[];
}

export class ClipError extends Error {
  override name = 'ClipError';
}

const START = Buffer.from([0, 0, 0, 1]);

/** `duration` in milliseconds; pictures behind it and sound frames behind the `aacFrames`th are left out. */
export async function readMp4(
  file: string,
  { duration, aacFrames }: { duration: number; aacFrames: number },
): Promise<Footage> {
  const input = new Input({ source: new FilePathSource(file), formats: ALL_FORMATS });
  const video = await input.getPrimaryVideoTrack();
  const audio = await input.getPrimaryAudioTrack();
  const description = (await video?.getDecoderConfig())?.description;
  if (!video || description === undefined) throw new ClipError(`no H.264 track in ${file}`);
  const sets = parameterSets(Buffer.from(description as ArrayBuffer));
  const frames: Frame[] = [];
  for await (const packet of new EncodedPacketSink(video).packets()) {
    const time = packet.timestamp * 1000;
    if (time >= duration) break;
    const key = packet.type === 'key';
    frames.push({ key, time, data: annexB(Buffer.from(packet.data), key ? sets : []) });
  }
  const aac: Buffer[] = [];
  if (audio) {
    for await (const packet of new EncodedPacketSink(audio).packets()) {
      // What lies before 0 is the encoder's run-up.
      if (packet.timestamp < 0) continue;
      if (aac.length === aacFrames) break;
      aac.push(adts(Buffer.from(packet.data), audio.sampleRate, audio.numberOfChannels));
    }
  }
  if (frames[0]?.key !== true) throw new ClipError(`${file} does not begin with a keyframe`);
  return { duration, frames, aac };
}

/** SPS and PPS of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1). */
function parameterSets(record: Buffer): Buffer[] {
  const sets: Buffer[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    for (let left = record[at++]! & mask; left > 0; left -= 1) {
      const length = record.readUInt16BE(at);
      sets.push(record.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return sets;
}

/** From NAL units with four-byte lengths to start codes, `sets` in front. */
function annexB(sample: Buffer, sets: readonly Buffer[]): Buffer {
  const nals = [...sets];
  for (let at = 0; at + 4 <= sample.length;) {
    const length = sample.readUInt32BE(at);
    nals.push(sample.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return Buffer.concat(nals.flatMap((nal) => [START, nal]));
}

const RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

/** ADTS header without CRC (ISO/IEC 14496-3 1.A.2.2) before one raw data block of AAC-LC. */
function adts(block: Buffer, sampleRate: number, channels: number): Buffer {
  const length = block.length + 7;
  const rate = RATES.indexOf(sampleRate);
  const head = Buffer.from([
    0xff, // syncword
    0xf1, // syncword, MPEG-4, layer 0, no CRC
    (1 << 6) | (rate << 2) | (channels >> 2), // AAC-LC - 1, sampling_frequency_index, channel_configuration
    ((channels & 3) << 6) | (length >> 11),
    (length >> 3) & 0xff,
    ((length & 7) << 5) | 0x1f, // buffer fullness 0x7ff: variable rate
    0xfc, // one raw data block
  ]);
  return Buffer.concat([head, block]);
}
