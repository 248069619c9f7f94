/** AAC-LC as far as carrying it needs: configuration, ADTS, silence. Encoding is a library's business. */

/** Table 1.18 of ISO/IEC 14496-3, Hz by samplingFrequencyIndex. */
const RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350] as const;
/** audioObjectType of AAC-LC, table 1.17. */
const AAC_LC = 2;
/** Samples in a frame (4.5.1.1, frameLengthFlag 0). */
export const AAC_FRAME_SAMPLES = 1024;

export interface AacConfig {
  /** Hz, one of the 13 rates of table 1.18. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
}

/** What devices' sound is transcoded to, and what silence is made in while a device has sent none. */
export const TELEPHONE_AAC: AacConfig = { sampleRate: 8000, channels: 1 };

/** RFC 6381, for CODECS. */
export const AAC_CODECS = `mp4a.40.${AAC_LC}`;

export const sameAac = (a: AacConfig, b: AacConfig): boolean =>
  a.sampleRate === b.sampleRate && a.channels === b.channels;

/**
 * AudioSpecificConfig (1.6.2.1): audioObjectType 5 bits, samplingFrequencyIndex 4, channelConfiguration 4, then
 * frameLengthFlag, dependsOnCoreCoder and extensionFlag, all 0.
 * @throws RangeError for a rate that has no index.
 */
export function audioSpecificConfig({ sampleRate, channels }: AacConfig): Buffer {
  const index = (RATES as readonly number[]).indexOf(sampleRate);
  if (index < 0) throw new RangeError(`AAC has no index for ${sampleRate} Hz`);
  return Buffer.from([(AAC_LC << 3) | (index >> 1), ((index & 1) << 7) | (channels << 3)]);
}

/**
 * A raw_data_block of silence (4.4.2). Mono: single_channel_element, tag 0, global_gain 0, long window, max_sfb 0 (so
 * neither sections nor scale factors nor spectrum follow), no pulse, no TNS, no gain control, END. Stereo: the same as a
 * channel_pair_element with a common window and no M/S.
 */
const SILENCE: Readonly<Record<AacConfig['channels'], Buffer>> = {
  // 000 0000 | 00000000 | 0 00 0 000000 0 | 0 0 0 | 111
  1: Buffer.from([0x00, 0x00, 0x00, 0x07]),
  // 001 0000 1 | 0 00 0 000000 0 | 00 | 00000000 000 | 00000000 000 | 111 and two bits of byte_alignment
  2: Buffer.from([0x21, 0x00, 0x00, 0x00, 0x00, 0x1c]),
};

/** One frame of silence; the same buffer every time. */
export const silentFrame = ({ channels }: AacConfig): Buffer => SILENCE[channels];

export interface AdtsFrames {
  readonly config: AacConfig;
  /** Raw data blocks, headers removed. */
  readonly frames: Buffer[];
}

const MAX_FRAMES = 64;

/**
 * ADTS frames (1.A.2.2) lying one behind the other. Undefined when they do not begin with a header, are not AAC-LC of
 * one or two channels, change their configuration, or end early.
 */
export function parseAdts(data: Buffer): AdtsFrames | undefined {
  const frames: Buffer[] = [];
  let config: AacConfig | undefined;
  for (let at = 0; at < data.length;) {
    // syncword 12 bits of 1, ID 1, layer 2 bits of 0, protection_absent 1
    if (data.length - at < 7 || data[at] !== 0xff || (data[at + 1]! & 0xf6) !== 0xf0) return undefined;
    const header = (data[at + 1]! & 1) === 1 ? 7 : 9;
    const length = ((data[at + 3]! & 0x03) << 11) | (data[at + 4]! << 3) | (data[at + 5]! >> 5);
    const sampleRate = RATES[(data[at + 2]! >> 2) & 0x0f];
    const channels = ((data[at + 2]! & 1) << 2) | (data[at + 3]! >> 6);
    const blocks = (data[at + 6]! & 0x03) + 1; // number_of_raw_data_blocks_in_frame
    if (data[at + 2]! >> 6 !== AAC_LC - 1 || sampleRate === undefined || blocks !== 1) return undefined;
    if ((channels !== 1 && channels !== 2) || length <= header || at + length > data.length) return undefined;
    if (config !== undefined && !sameAac(config, { sampleRate, channels })) return undefined;
    config = { sampleRate, channels };
    if (frames.length >= MAX_FRAMES) return undefined;
    frames.push(data.subarray(at + header, at + length));
    at += length;
  }
  return config && { config, frames };
}
