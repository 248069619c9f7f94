/** Writes packets: for the simulator, for talk-back, and for tests. */
import { DataType, MAGIC, Part, headerSize, type Packet, type SimBytes } from './packet.ts';

/** Bytes; the standard's limit of a body. */
export const STANDARD_BODY = 950;

/** One packet from its fields. The SIM is 12 or 20 hexadecimal digits. @throws RangeError for one of another length. */
export function encodePacket(packet: Omit<Packet, 'simBytes'>): Buffer {
  const { sim, dataType, body } = packet;
  const simBytes: SimBytes = sim.length === 12 ? 6 : 10;
  if (sim.length !== simBytes * 2 || !/^[0-9a-f]+$/i.test(sim))
    throw new RangeError(`not a SIM: ${JSON.stringify(sim)}`);
  if (body.length > 65_535) throw new RangeError(`a body of ${body.length} bytes`);
  const size = headerSize(dataType, simBytes);
  const out = Buffer.alloc(size + body.length);
  MAGIC.copy(out);
  out[4] = packet.flags; // V 2 bits, P, X, CC 4 bits
  out[5] = (packet.marker ? 0x80 : 0) | packet.payloadType; // M, PT
  out.writeUInt16BE(packet.sequence, 6);
  out.write(sim, 8, 'hex');
  const after = 8 + simBytes;
  out[after] = packet.channel;
  out[after + 1] = (dataType << 4) | packet.part;
  if (dataType <= DataType.audio) out.writeBigUInt64BE(BigInt(packet.timestamp), after + 2);
  if (dataType < DataType.audio) {
    out.writeUInt16BE(packet.sinceKey, after + 10);
    out.writeUInt16BE(packet.sinceLast, after + 12);
  }
  out.writeUInt16BE(body.length, size - 2);
  body.copy(out, size);
  return out;
}

export interface EncoderOptions {
  /** 12 digits for a SIM of 6 bytes, 20 for one of 10. */
  readonly sim: string;
  readonly channel: number;
  /** Bytes of body in a packet; the standard's 950 when not given. */
  readonly maxBody?: number;
  /** Where a counter shared by several channels of one connection lives. */
  readonly sequence?: { next: number };
}

/** Cuts frames of one channel into packets, counting as devices do. */
export class PacketEncoder {
  readonly #options: EncoderOptions;
  readonly #sequence: { next: number };
  #lastKey: number | undefined;
  #lastFrame: number | undefined;

  constructor(options: EncoderOptions) {
    this.#options = options;
    this.#sequence = options.sequence ?? { next: 0 };
  }

  /** An Annex-B access unit. `timestamp` in milliseconds. */
  video(payloadType: number, keyframe: boolean, timestamp: number, frame: Buffer): Buffer[] {
    if (keyframe) this.#lastKey = timestamp;
    const sinceKey = interval(this.#lastKey, timestamp);
    const sinceLast = interval(this.#lastFrame, timestamp);
    this.#lastFrame = timestamp;
    return this.#cut(payloadType, keyframe ? DataType.I : DataType.P, timestamp, frame, sinceKey, sinceLast);
  }

  /** Sound of one packet, or of several if it is long. */
  sound(payloadType: number, timestamp: number, data: Buffer): Buffer[] {
    return this.#cut(payloadType, DataType.audio, timestamp, data, 0, 0);
  }

  /** Vendors' own data: no timestamp goes with it. */
  transparent(payloadType: number, data: Buffer): Buffer[] {
    return this.#cut(payloadType, DataType.transparent, 0, data, 0, 0);
  }

  #cut(
    payloadType: number,
    dataType: number,
    timestamp: number,
    data: Buffer,
    sinceKey: number,
    sinceLast: number,
  ): Buffer[] {
    const { sim, channel, maxBody = STANDARD_BODY } = this.#options;
    const packets: Buffer[] = [];
    for (let at = 0; at < data.length; at += maxBody) {
      const first = at === 0;
      const last = at + maxBody >= data.length;
      packets.push(
        encodePacket({
          sim,
          channel,
          flags: 0x81,
          marker: last,
          payloadType,
          sequence: this.#sequence.next,
          dataType,
          part: first && last ? Part.atomic : first ? Part.first : last ? Part.last : Part.middle,
          timestamp,
          sinceKey,
          sinceLast,
          body: data.subarray(at, at + maxBody),
        }),
      );
      this.#sequence.next = (this.#sequence.next + 1) % 65_536;
    }
    return packets;
  }
}

/** A 16-bit interval, 0 before anything was sent, never more than the word holds. */
const interval = (since: number | undefined, now: number): number =>
  since === undefined ? 0 : Math.max(0, Math.min(65_535, now - since));
