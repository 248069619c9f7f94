/** Packets of one channel to access units: which pieces make a frame, what codec it is, and what to do after a loss. */
import { MAX_NALS, findNals, isKeySlice, isSlice, nalType } from '../media/annexb.ts';
import { codecOfSets } from '../media/codec.ts';
import type { AccessUnit, Gap, Unread, VideoCodec } from '../media/unit.ts';
import { unwrapSound, whyUnknown } from './audio.ts';
import { FrameBuffer } from './frame.ts';
import { DataType, Part, PayloadType, type PacketView } from './packet.ts';
import { continuesPicture, placeOf, startsPicture } from './pieces.ts';
import type { ChannelSequence } from './sequence.ts';

/** Takes what one channel sends. None of its functions may throw. Bytes are good only during the call. */
export interface ChannelSink {
  unit(unit: AccessUnit): void;
  gap(gap: Gap): void;
  /** Something came that nothing can be made of, and nothing that was lost explains it. */
  unread?(what: Unread): void;
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

/** Pictures over where their marks said so, after which marks are believed: one more than a slice could make seem so. */
const BELIEVED_AFTER = 2;

const NO_START_CODES = 'they have no start codes (Annex B)';
const ONLY_PIECES = 'its packets are marked as pieces that make no whole';

export class Channel implements ChannelSequence {
  last = -1;
  readonly #sink: ChannelSink;
  readonly #limits: FrameLimits;
  readonly #counters: AssemblyCounters;
  /**
   * One that is put together, or is whole by its marks and waits for what follows, which shows whether they are true. It waits
   * until they once were, and where its last piece is no shorter than others: more may come.
   */
  readonly #video = new FrameBuffer();
  readonly #sound = new FrameBuffer();
  #receivedAt = 0;
  /** Marks called a picture whole to which more belonged, be it a slice: they do not tell the end of this channel's pictures. */
  #marksLie = false;
  /** Pictures that were over where their marks said so. */
  #trueMarks = 0;
  /** Its pictures begin with start codes, as far as they were seen. */
  #isPlain = false;
  /** Bytes of the largest piece of a picture, and of the latest. */
  #largest = 0;
  #latest = 0;
  #videoPayloadType = 0;
  /** As the parameter sets say, once there were any. */
  #codec: VideoCodec | undefined;
  /** A keyframe was handed on: its pictures can be read. */
  #isReadable = false;
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
    else {
      this.#sink.data?.(packet.body);
      this.#unread('data', `data type ${packet.dataType}`, undefined, receivedAt, packet.end - packet.start);
    }
  }

  /** Packets are missing: what was begun cannot be finished. */
  lose(why: Gap['why']): void {
    // The last piece of a picture is the rest of it, as a rule shorter than a packet can be.
    if (this.#latest < this.#largest) this.#finishWhole();
    if (!this.#video.empty) this.#counters.droppedFrames += 1;
    this.#video.clear();
    this.#sound.clear();
    if (this.#waiting) return;
    this.#waiting = true;
    this.#sink.gap({ kind: 'gap', why });
  }

  /** Nothing may follow for a while: what is surely whole is handed on. */
  flush(): void {
    if (this.#marksHold || this.#latest < this.#largest) this.#finishWhole();
  }

  /** Nothing follows. What is not whole, or may not be, is dropped. */
  end(): void {
    if (this.#video.pieces === 1) this.#finishWhole();
    this.flush();
    this.#video.clear();
  }

  #finishWhole(): void {
    if (this.#video.isWhole && !this.#marksLie) this.#finishFrame();
  }

  #videoPacket(packet: PacketView, receivedAt: number): void {
    const frame = this.#video;
    const starts = startsPicture(packet);
    if (!frame.empty) {
      const place = placeOf(packet, starts, frame, this.#isPlain, this.#likelyCodec);
      if (place === 'next') this.#next();
      else if (place === 'lost') this.lose('loss');
      else if (frame.isWhole) this.#marksLie = true;
    }
    if (frame.empty) {
      const opens = packet.part === Part.atomic || packet.part === Part.first;
      // Of what was handed on, or given up.
      const isRest = packet.timestamp === frame.timestamp && packet.dataType === frame.dataType;
      // What was handed on goes on, be it with a slice.
      if (isRest && !this.#waiting && (starts ? continuesPicture(packet, this.#likelyCodec) : this.#isPlain))
        this.#marksLie = true;
      if (!starts && (!opens || this.#isPlain)) {
        if (opens) this.#counters.malformed += 1;
        const { timestamp, start, end } = packet;
        if (!this.#isReadable && !isRest) this.#unread('picture', NO_START_CODES, timestamp, receivedAt, end - start);
        this.lose(opens ? 'garbage' : 'loss');
        return;
      }
      this.#isPlain ||= starts;
      frame.timestamp = packet.timestamp;
      frame.dataType = packet.dataType;
      this.#videoPayloadType = packet.payloadType;
    }
    frame.add(packet.bytes, packet.start, packet.end);
    frame.isWhole = packet.part === Part.atomic || packet.part === Part.last;
    this.#latest = packet.end - packet.start;
    this.#largest = Math.max(this.#largest, this.#latest);
    this.#receivedAt = receivedAt;
    if (frame.bytes > this.#limits.maxFrameBytes || frame.pieces > this.#limits.maxFramePieces) {
      this.#counters.oversized += 1;
      this.#unread('picture', this.#tooLarge, frame.timestamp, receivedAt, frame.bytes);
      frame.isWhole = false;
      this.lose('overflow');
    } else if (this.#marksHold && this.#latest < this.#largest) this.#finishWhole();
  }

  #next(): void {
    if (this.#video.isWhole) this.#trueMarks += 1;
    this.#finishFrame();
  }

  get #marksHold(): boolean {
    return this.#trueMarks >= BELIEVED_AFTER;
  }

  #finishFrame(): void {
    const { timestamp, dataType } = this.#video;
    const receivedAt = this.#receivedAt;
    const data = this.#video.take();
    const nals = findNals(data);
    if (nals === undefined || nals.length === 0) {
      this.#counters.malformed += 1;
      const why = nals === undefined ? `they have more than ${MAX_NALS} NAL units` : NO_START_CODES;
      this.#unread('picture', why, timestamp, receivedAt, data.length);
      this.lose('garbage');
      return;
    }
    const byPackets = this.#payloadCodec;
    const doubted = this.#codec === undefined || byPackets !== this.#codec ? undefined : OTHER[this.#codec];
    this.#codec = codecOfSets(data, nals, doubted) ?? this.#codec;
    const codec = this.#likelyCodec;
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
    this.#isReadable ||= keyframe;
    this.#counters.frames += 1;
    const bidirectional = dataType === DataType.B;
    this.#sink.unit({ kind: 'video', codec, timestamp, receivedAt, keyframe, bidirectional, data, nals });
  }

  /** Parameter sets cannot be mistaken for the other codec's; the payload type only counts until there were some. */
  get #likelyCodec(): VideoCodec {
    return this.#codec ?? this.#payloadCodec;
  }

  get #payloadCodec(): VideoCodec {
    return this.#videoPayloadType === PayloadType.h265 ? 'h265' : 'h264';
  }

  #soundPacket(packet: PacketView, receivedAt: number): void {
    const { timestamp, payloadType, part } = packet;
    if (part === Part.atomic) {
      this.#sound.clear();
      this.#finishSound(payloadType, packet.body, timestamp, receivedAt);
      return;
    }
    const frame = this.#sound;
    if (part === Part.first || frame.timestamp !== timestamp) {
      if (!frame.empty) this.#unread('sound', ONLY_PIECES, frame.timestamp, receivedAt, frame.bytes);
      frame.clear();
    }
    if (frame.empty && part !== Part.first) {
      const isRest = frame.timestamp === timestamp;
      if (!isRest) this.#unread('sound', ONLY_PIECES, timestamp, receivedAt, packet.end - packet.start);
      return;
    }
    frame.timestamp = timestamp;
    frame.add(packet.bytes, packet.start, packet.end);
    if (frame.bytes > this.#limits.maxFrameBytes || frame.pieces > this.#limits.maxFramePieces) {
      this.#counters.oversized += 1;
      this.#unread('sound', this.#tooLarge, timestamp, receivedAt, frame.bytes);
      frame.clear();
    } else if (part === Part.last) {
      this.#finishSound(payloadType, frame.take(), timestamp, receivedAt);
    }
  }

  #finishSound(payloadType: number, body: Buffer, timestamp: number, receivedAt: number): void {
    const sound = unwrapSound(payloadType, body);
    if (sound === undefined) {
      this.#counters.malformed += 1;
      this.#unread('sound', whyUnknown(payloadType), timestamp, receivedAt, body.length);
      return;
    }
    this.#counters.sounds += 1;
    if (sound.kind === 'aac') {
      this.#sink.unit({ kind: 'aac', config: sound.config, timestamp, receivedAt, frames: sound.frames });
    } else {
      this.#sink.unit({ kind: 'audio', codec: sound.codec, timestamp, receivedAt, data: sound.data });
    }
  }

  get #tooLarge(): string {
    return `one is larger than ${this.#limits.maxFrameBytes} bytes or ${this.#limits.maxFramePieces} packets`;
  }

  #unread(of: Unread['of'], why: string, timestamp: number | undefined, receivedAt: number, bytes: number): void {
    this.#sink.unread?.({ kind: 'unread', of, why, timestamp, receivedAt, bytes });
  }
}

const OTHER = { h264: 'h265', h265: 'h264' } as const;
