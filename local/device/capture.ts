/** A capture file, as a track: its packets as they are, in the rhythm of their own timestamps. */
import {
  DataType,
  MAGIC,
  Part,
  headerSize,
  type Packet,
  type SimBytes,
} from '../../containers/ingest/src/jt1078/packet.ts';
import { PacketReader } from '../../containers/ingest/src/jt1078/packets.ts';
import { packetLength, trackOf, UnitKind, type Track, type Unit } from './track.ts';

export class CaptureError extends Error {
  override name = 'CaptureError';
}

/** A larger step, or one backwards, is a device's clock being set: nothing to wait for. Milliseconds. */
const MAX_STEP = 5000;
const NOMINAL_STEP = 40;

export interface Capture {
  /** What stands before the first packet. */
  readonly lead: Buffer;
  readonly track: Track;
}

/**
 * Every byte of the file, none added: a packet takes along what stands between it and the next one.
 * @throws CaptureError when the file holds no packet.
 */
export function readCapture(file: Buffer): Capture {
  const starts: number[] = [];
  const packets: Packet[] = [];
  let from = 0;
  let simBytes: SimBytes | undefined;
  const reader = new PacketReader((packet) => {
    const at = locate(file, from, packet);
    starts.push(at);
    from = at + headerSize(packet.dataType, packet.simBytes) + packet.body.length;
    simBytes ??= packet.simBytes;
    packets.push(Object.assign({}, packet, { body: packet.body }));
  });
  reader.push(file);
  reader.end();
  if (simBytes === undefined) throw new CaptureError('no JT/T 1078 packet in this file');
  const units: { kind: number; time: number; packets: Buffer[] }[] = [];
  let time = 0;
  let last: number | undefined;
  packets.forEach((packet, i) => {
    const bytes = file.subarray(starts[i], starts[i + 1] ?? file.length);
    const continues = packet.part === Part.middle || packet.part === Part.last;
    if (continues && units.length > 0) {
      units.at(-1)!.packets.push(bytes);
      return;
    }
    if (packet.dataType <= DataType.audio) {
      const step = last === undefined ? 0 : packet.timestamp - last;
      // Sound may be older than the picture before it.
      time += step >= 0 && step <= MAX_STEP ? step : step < -MAX_STEP || step > MAX_STEP ? NOMINAL_STEP : 0;
      if (step >= 0 || step < -MAX_STEP) last = packet.timestamp;
      last ??= packet.timestamp;
    }
    units.push({ kind: kindOf(packet.dataType), time, packets: [bytes] });
  });
  return { lead: file.subarray(0, starts[0]), track: trackOf(units satisfies Unit[], simBytes, time + NOMINAL_STEP) };
}

const kindOf = (dataType: number): number =>
  dataType === DataType.I ? UnitKind.key : dataType < DataType.audio ? UnitKind.picture : UnitKind.sound;

/** Where in the file the packet begins that the reader has just found: its body is a view of it, or a copy. */
function locate(file: Buffer, from: number, packet: Packet): number {
  for (let at = file.indexOf(MAGIC, from); at >= 0; at = file.indexOf(MAGIC, at + 1)) {
    const length = packetLength(file, at, packet.simBytes);
    const body = at + headerSize(packet.dataType, packet.simBytes);
    if (length > 0 && file.subarray(body, at + length).equals(packet.body)) return at;
  }
  throw new CaptureError('a packet was found that is not in the file');
}
