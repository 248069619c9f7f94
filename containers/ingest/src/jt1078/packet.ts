/** One packet of JT/T 1078-2016 table 19 (SIM of 6 bytes) or T/GDRTA 002-2020 table 5-36 (SIM of 10 bytes). */

/** `30 31 63 64`, the frame header identification. */
export const MAGIC = Buffer.from([0x30, 0x31, 0x63, 0x64]);

export type SimBytes = 6 | 10;

/** High half of the byte after the channel. */
export const DataType = { I: 0, P: 1, B: 2, audio: 3, transparent: 4 } as const;
/** Low half of it. */
export const Part = { atomic: 0, first: 1, last: 2, middle: 3 } as const;

/** Payload types of table 12 that we can do something with. */
export const PayloadType = {
  g711a: 6,
  g711u: 7,
  g726: 8,
  aac: 19,
  heAac: 21,
  aacLc: 24,
  adpcm: 26,
  mp4Audio: 27,
  transparent: 91,
  h264: 98,
  h265: 99,
} as const;

/** The length word's own limit; the standard says 950, but encoders with larger fragments exist. */
export const MAX_BODY = 65_535;
/** Bytes: the largest header (video, SIM of 10 bytes). */
export const MAX_HEADER = 34;

const NOTHING = Buffer.alloc(0);

export interface Packet {
  readonly simBytes: SimBytes;
  /** Hexadecimal digits of the SIM field, 12 or 20; not always decimal ones. */
  readonly sim: string;
  /** V, P, X and CC: 0x81 by the standard. */
  readonly flags: number;
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly channel: number;
  readonly dataType: number;
  readonly part: number;
  /** Milliseconds of any origin, modulo 2^52; 0 in transparent packets, which have none. */
  readonly timestamp: number;
  /** Milliseconds since the last I frame and since the last frame; video only, and not to be trusted. */
  readonly sinceKey: number;
  readonly sinceLast: number;
  readonly body: Buffer;
}

/**
 * A packet where it was read. The reader fills the same one again and again; its body lies from `start` to `end` of `bytes`,
 * which are good only during the call.
 */
export class PacketView implements Packet {
  simBytes: SimBytes = 6;
  sim = '';
  flags = 0;
  marker = false;
  payloadType = 0;
  sequence = 0;
  channel = 0;
  dataType = 0;
  part = 0;
  timestamp = 0;
  sinceKey = 0;
  sinceLast = 0;
  bytes: Buffer = NOTHING;
  start = 0;
  end = 0;

  /** An object for each call, which the garbage collector has to take: what happens with every packet does without. */
  get body(): Buffer {
    return this.bytes.subarray(this.start, this.end);
  }
}

/** Bytes of a header: up to the channel and type bytes, then timestamp and intervals as far as the type has them. */
export const headerSize = (dataType: number, simBytes: SimBytes): number =>
  simBytes + (dataType < DataType.audio ? 24 : dataType === DataType.audio ? 20 : 12);

/** What {@link measure} says of bytes that begin no packet. */
export const IMPOSSIBLE = 0;

/**
 * Length of the packet at `at`, header included, if its SIM has `simBytes` bytes. {@link IMPOSSIBLE} when type or part
 * are none of the standard's; below zero when that many bytes (negated) are needed to tell.
 */
export function measure(buffer: Buffer, at: number, simBytes: SimBytes): number {
  const have = buffer.length - at;
  if (have < simBytes + 10) return -(simBytes + 10);
  const kind = buffer[at + simBytes + 9]!;
  const dataType = kind >> 4;
  if (dataType > DataType.transparent || (kind & 0x0f) > Part.middle) return IMPOSSIBLE;
  const size = headerSize(dataType, simBytes);
  if (have < size) return -size;
  return size + buffer[at + size - 2]! * 256 + buffer[at + size - 1]!;
}

/** 2^20: high words beyond it would cost the timestamp its low bits, and only differences count. */
const HIGH_WORD_MODULUS = 1_048_576;

/** Fills `packet` with the fields at `at`, all but `sim`. `length` is what {@link measure} answered. */
export function readFields(buffer: Buffer, at: number, length: number, simBytes: SimBytes, packet: PacketView): void {
  packet.simBytes = simBytes;
  packet.flags = buffer[at + 4]!;
  const second = buffer[at + 5]!;
  packet.marker = second >= 0x80;
  packet.payloadType = second & 0x7f;
  packet.sequence = buffer[at + 6]! * 256 + buffer[at + 7]!;
  const after = at + 8 + simBytes;
  packet.channel = buffer[after]!;
  const dataType = buffer[after + 1]! >> 4;
  packet.dataType = dataType;
  packet.part = buffer[after + 1]! & 0x0f;
  packet.timestamp = 0;
  packet.sinceKey = 0;
  packet.sinceLast = 0;
  if (dataType <= DataType.audio) {
    const high = buffer.readUInt32BE(after + 2) % HIGH_WORD_MODULUS;
    packet.timestamp = high * 4_294_967_296 + buffer.readUInt32BE(after + 6);
  }
  if (dataType < DataType.audio) {
    packet.sinceKey = buffer[after + 10]! * 256 + buffer[after + 11]!;
    packet.sinceLast = buffer[after + 12]! * 256 + buffer[after + 13]!;
  }
  packet.bytes = buffer;
  packet.start = at + headerSize(dataType, simBytes);
  packet.end = at + length;
}
