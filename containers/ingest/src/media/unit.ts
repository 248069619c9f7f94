/**
 * The narrow waist between device protocols and HLS: protocol code produces access units and never sees a playlist, HLS
 * code consumes them and never sees a packet.
 */
import type { AacConfig } from './audio/aac.ts';

export type VideoCodec = 'h264' | 'h265';
/** Sound that browsers cannot play and that is decoded to PCM first. */
export type RawAudioCodec = 'g711a' | 'g711u' | 'g726' | 'adpcm-ima';

/** Where one NAL unit lies in its access unit, without its start code and without zero bytes after it. */
export interface Nal {
  /** Offset of its first byte. */
  readonly start: number;
  /** Offset after its last byte. */
  readonly end: number;
  /** Its first three bytes, most significant first: the header and the first bits of a slice (absent bytes are 0). */
  readonly head: number;
}

/** One picture: an Annex-B access unit as the device sent it (ISO/IEC 14496-10 Annex B, H.265 Annex B). */
export interface VideoUnit {
  readonly kind: 'video';
  readonly codec: VideoCodec;
  /** Device clock, milliseconds, arbitrary origin: only differences mean something. */
  readonly timestamp: number;
  /** When its last byte arrived: milliseconds of the monotonic clock. */
  readonly receivedAt: number;
  /** It holds an IDR (H.264 type 5) or IRAP (H.265 types 16 to 23) picture, by its NAL units, whatever the packet said. */
  readonly keyframe: boolean;
  /** The sender calls it a B picture: it may be shown before one that came before it. */
  readonly bidirectional?: boolean;
  /** The access unit's bytes. */
  readonly data: Buffer;
  /** At least one. */
  readonly nals: readonly Nal[];
}

/** One or more sound frames, as the device sent them with vendor headers removed. */
export interface AudioUnit {
  readonly kind: 'audio';
  readonly codec: RawAudioCodec;
  readonly timestamp: number;
  readonly receivedAt: number;
  readonly data: Buffer;
}

/** Consecutive AAC-LC frames without ADTS headers, from the device or from an encoder. */
export interface AacUnit {
  readonly kind: 'aac';
  readonly config: AacConfig;
  /** Of the first frame; device clock, milliseconds. */
  readonly timestamp: number;
  readonly receivedAt: number;
  readonly frames: readonly Buffer[];
}

/**
 * Units are handed on by calls, and their bytes are views that are good only during the call: the memory they lie in is
 * written to again. Who holds on to one makes a copy with {@link kept}.
 */
export type AccessUnit = VideoUnit | AudioUnit | AacUnit;

/** Bytes that it brings. */
export const bytesOf = (unit: AccessUnit): number =>
  unit.kind === 'aac' ? unit.frames.reduce((sum, frame) => sum + frame.length, 0) : unit.data.length;

/** A unit with bytes of its own. Not from the shared pool, of which a few bytes would keep 64 KiB alive. */
export function kept<U extends AccessUnit>(unit: U): U {
  if (unit.kind === 'aac') return { ...unit, frames: unit.frames.map(copy) };
  return { ...unit, data: copy(unit.data) };
}

function copy(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

/** Something was lost or reset before the next unit of this stream: what follows may not continue what went before. */
export interface Gap {
  readonly kind: 'gap';
  readonly why: 'loss' | 'garbage' | 'reconnect' | 'overflow';
}

/** Bytes that no unit can be made of though none are missing: more of them will come, and will be no better. */
export interface Unread {
  readonly kind: 'unread';
  readonly of: 'picture' | 'sound' | 'data';
  /** What is wrong with them, in words that follow a colon. */
  readonly why: string;
  /** Device clock, milliseconds; undefined where it says none. */
  readonly timestamp: number | undefined;
  readonly receivedAt: number;
  readonly bytes: number;
}
