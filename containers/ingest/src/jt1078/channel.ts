/** Packets of one channel to access units: which pieces make a frame, what codec it is, and what to do after a loss. */
import { findNals, isKeySlice, isSlice, nalType } from '../media/annexb.ts';
import { H264_SPS } from '../../../../lib/media/h264.ts';
import { H265_SPS, H265_VPS } from '../media/h265.ts';
import type { AccessUnit, Gap, Nal, VideoCodec } from '../media/unit.ts';
import { unwrapSound } from './audio.ts';
import { FrameBuffer } from './frame.ts';
import { DataType, Part, PayloadType, type PacketView } from './packet.ts';
import type { ChannelSequence } from './sequence.ts';

/** Takes what one channel sends. None of its functions may throw. Bytes are good only during the call. */
export interface ChannelSink {
  unit(unit: AccessUnit): void;
  gap(gap: Gap): void;
  /** Body of a transparent packet (type 4): vendors' own, kept away from the media. */
  data?(body: Buffer): void;
}

export interface FrameLimits {
  /** Bytes of one frame; a longer one is given up. */
  readonly maxFrameBytes: number;
  /** Packets of one frame. */
  readonly maxFramePieces: number;
}

export interface AssemblyCounters {
  frames: number;
  sounds: number;
  /** Frames not handed on: incomplete, or following a loss before the next keyframe. */
  droppedFrames: number;
  /** Frames without a NAL unit, sound of an unknown kind. */
  malformed: number;
  /** Frames over a limit. */
  oversized: number;
}

export class Channel implements ChannelSequence {
  last = -1;
  readonly #sink: ChannelSink;
  readonly #limits: FrameLimits;
  readonly #counters: AssemblyCounters;
  readonly #video = new FrameBuffer();
  readonly #sound = new FrameBuffer();
  #videoPayloadType = 0;
  /** As the parameter sets say, once there were any. */
  #codec: VideoCodec | undefined;
  /** Since a loss: pictures are dropped until one that decoding can start at. */
  #waiting = false;

  constructor(sink: ChannelSink, limits: FrameLimits, counters: AssemblyCounters) {
    this.#sink = sink;
    this.#limits = limits;
    this.#counters = counters;
  }

  packet(packet: PacketView, receivedAt: number): void {
    if (packet.start === packet.end) return;
    if (packet.dataType < DataType.audio) this.#videoPacket(packet, receivedAt);
    else if (packet.dataType === DataType.audio) this.#soundPacket(packet, receivedAt);
    else this.#sink.data?.(packet.body);
  }

  /** Packets are missing: what was begun cannot be finished. */
  lose(why: Gap['why']): void {
    if (!this.#video.empty) this.#counters.droppedFrames += 1;
    this.#video.clear();
    this.#sound.clear();
    if (this.#waiting) return;
    this.#waiting = true;
    this.#sink.gap({ kind: 'gap', why });
  }

  #videoPacket(packet: PacketView, receivedAt: number): void {
    const frame = this.#video;
    const opens = packet.part === Part.atomic || packet.part === Part.first;
    if (!frame.empty && (packet.timestamp !== frame.timestamp || packet.dataType !== frame.dataType)) {
      // No packet is missing, so the frame ended without a mark saying so.
      this.#finishFrame(frame.take(), frame.timestamp, receivedAt);
    } else if (!frame.empty && opens) {
      this.lose('loss');
    }
    if (frame.empty) {
      if (!opens && !beginsWithStartCode(packet)) {
        this.lose('loss');
        return;
      }
      frame.timestamp = packet.timestamp;
      frame.dataType = packet.dataType;
      this.#videoPayloadType = packet.payloadType;
      if (packet.part === Part.atomic && packet.end - packet.start <= this.#limits.maxFrameBytes) {
        this.#finishFrame(packet.body, packet.timestamp, receivedAt);
        return;
      }
    }
    frame.add(packet.bytes, packet.start, packet.end);
    if (frame.bytes > this.#limits.maxFrameBytes || frame.pieces > this.#limits.maxFramePieces) {
      this.#counters.oversized += 1;
      this.lose('overflow');
    } else if (packet.part === Part.last) {
      this.#finishFrame(frame.take(), frame.timestamp, receivedAt);
    }
  }

  #finishFrame(data: Buffer, timestamp: number, receivedAt: number): void {
    const nals = findNals(data);
    if (nals === undefined || nals.length === 0) {
      this.#counters.malformed += 1;
      this.lose('garbage');
      return;
    }
    const codec = this.#decideCodec(nals);
    let picture = false;
    let keyframe = false;
    for (const nal of nals) {
      const type = nalType(codec, nal);
      picture ||= isSlice(codec, type);
      keyframe ||= isKeySlice(codec, type);
    }
    if (this.#waiting && picture) {
      if (!keyframe) {
        this.#counters.droppedFrames += 1;
        return;
      }
      this.#waiting = false;
    }
    this.#counters.frames += 1;
    this.#sink.unit({ kind: 'video', codec, timestamp, receivedAt, keyframe, data, nals });
  }

  /** Parameter sets cannot be mistaken for the other codec's; the payload type only counts until there were some. */
  #decideCodec(nals: readonly Nal[]): VideoCodec {
    for (const nal of nals) {
      const layerAndTemporalId = (nal.head >>> 8) & 0xff;
      const h265 = nalType('h265', nal);
      // nuh_layer_id 0 and nuh_temporal_id_plus1 1; the same two bytes in H.264 are a reserved type.
      if (nal.head >>> 17 === h265 && layerAndTemporalId === 1 && (h265 === H265_VPS || h265 === H265_SPS)) {
        this.#codec = 'h265';
        break;
      }
      if (nal.head >>> 23 === 0 && nalType('h264', nal) === H264_SPS) {
        this.#codec = 'h264';
        break;
      }
    }
    return this.#codec ?? (this.#videoPayloadType === PayloadType.h265 ? 'h265' : 'h264');
  }

  #soundPacket(packet: PacketView, receivedAt: number): void {
    const { timestamp, payloadType, part } = packet;
    if (part === Part.atomic) {
      this.#sound.clear();
      this.#finishSound(payloadType, packet.body, timestamp, receivedAt);
      return;
    }
    const frame = this.#sound;
    if (part === Part.first || frame.timestamp !== timestamp) frame.clear();
    if (frame.empty && part !== Part.first) return;
    frame.timestamp = timestamp;
    frame.add(packet.bytes, packet.start, packet.end);
    if (frame.bytes > this.#limits.maxFrameBytes || frame.pieces > this.#limits.maxFramePieces) {
      this.#counters.oversized += 1;
      frame.clear();
    } else if (part === Part.last) {
      this.#finishSound(payloadType, frame.take(), timestamp, receivedAt);
    }
  }

  #finishSound(payloadType: number, body: Buffer, timestamp: number, receivedAt: number): void {
    const sound = unwrapSound(payloadType, body);
    if (sound === undefined) {
      this.#counters.malformed += 1;
      return;
    }
    this.#counters.sounds += 1;
    if (sound.kind === 'aac') {
      this.#sink.unit({ kind: 'aac', config: sound.config, timestamp, receivedAt, frames: sound.frames });
    } else {
      this.#sink.unit({ kind: 'audio', codec: sound.codec, timestamp, receivedAt, data: sound.data });
    }
  }
}

const beginsWithStartCode = ({ bytes, start, end }: PacketView): boolean =>
  end - start > 3 &&
  bytes[start] === 0 &&
  bytes[start + 1] === 0 &&
  (bytes[start + 2] === 1 || (bytes[start + 2] === 0 && bytes[start + 3] === 1));
