/**
 * A loop of JT/T 1078 packets, cut once and shared by every stream that shows it. Only what differs between streams (SIM,
 * channel, sequence number, timestamp) is written when a unit is sent.
 */
import { PacketEncoder } from '../../containers/ingest/src/jt1078/encode.ts';
import { DataType, PayloadType, measure, type SimBytes } from '../../containers/ingest/src/jt1078/packet.ts';
import type { Clip } from './clip.ts';
import { G711_MILLISECONDS, g711Tone } from './sound.ts';

export type Sound = 'g711a' | 'aac' | 'none';
export const UnitKind = { key: 0, picture: 1, sound: 2 } as const;

/** A unit is a picture or a sound packet: one or more packets that are sent at one time. */
export interface Track {
  readonly simBytes: SimBytes;
  /** All packets, one behind the other; what a capture has between them follows the one before. */
  readonly bytes: Buffer;
  /** Where each packet begins, and at last where the bytes end. */
  readonly packetAt: Uint32Array;
  /** The packet each unit begins with, and at last how many packets there are. */
  readonly unitAt: Uint32Array;
  /** Milliseconds from the beginning of the loop. */
  readonly unitTime: Float64Array;
  /** A value of UnitKind. */
  readonly unitKind: Uint8Array;
  /** Milliseconds until the loop begins anew. */
  readonly duration: number;
  /** Bytes of the largest unit. */
  readonly largest: number;
}

export interface Unit {
  readonly kind: number;
  readonly time: number;
  readonly packets: readonly Buffer[];
}

/** Puts units, in order, into a track. */
export function trackOf(units: readonly Unit[], simBytes: SimBytes, duration: number): Track {
  const packets = units.flatMap((unit) => unit.packets);
  const packetAt = new Uint32Array(packets.length + 1);
  packets.forEach((packet, i) => (packetAt[i + 1] = packetAt[i]! + packet.length));
  const unitAt = new Uint32Array(units.length + 1);
  units.forEach((unit, i) => (unitAt[i + 1] = unitAt[i]! + unit.packets.length));
  return {
    simBytes,
    bytes: Buffer.concat(packets),
    packetAt,
    unitAt,
    unitTime: Float64Array.from(units, ({ time }) => time),
    unitKind: Uint8Array.from(units, ({ kind }) => kind),
    duration,
    largest: Math.max(...units.map((unit) => unit.packets.reduce((sum, packet) => sum + packet.length, 0))),
  };
}

export interface TrackOptions {
  readonly simBytes: SimBytes;
  readonly sound: Sound;
  /** Bytes of body in a packet; the standard's 950 when not given. */
  readonly maxBody?: number;
}

/** The clip's pictures, with its sound between them. */
export function clipTrack(clip: Clip, { simBytes, sound, maxBody }: TrackOptions): Track {
  const encoder = new PacketEncoder({
    sim: '0'.repeat(simBytes * 2),
    channel: 0,
    ...(maxBody !== undefined && { maxBody }),
  });
  const sounds = soundOf(clip, sound);
  const units: Unit[] = [];
  let next = 0;
  const soundUntil = (time: number): void => {
    for (; sounds[next] !== undefined && sounds[next]!.time <= time; next += 1) {
      const { data, time: at } = sounds[next]!;
      const type = sound === 'aac' ? PayloadType.aac : PayloadType.g711a;
      units.push({ kind: UnitKind.sound, time: at, packets: encoder.sound(type, at, data) });
    }
  };
  for (const { key, time, data } of clip.frames) {
    // A keyframe goes first, so that every loop begins with one.
    soundUntil(time - 1);
    const packets = encoder.video(PayloadType.h264, key, Math.round(time), data);
    units.push({ kind: key ? UnitKind.key : UnitKind.picture, time, packets });
  }
  soundUntil(clip.duration - 1);
  return trackOf(units, simBytes, clip.duration);
}

function soundOf(clip: Clip, sound: Sound): { time: number; data: Buffer }[] {
  if (sound === 'none') return [];
  const step = sound === 'aac' ? clip.duration / Math.max(1, clip.aac.length) : G711_MILLISECONDS;
  const packets = sound === 'aac' ? clip.aac : g711Tone(clip.duration);
  return packets.map((data, i) => ({ time: Math.round(i * step), data }));
}

export interface Stamp {
  /** The SIM field. */
  readonly sim: Buffer;
  readonly channel: number;
}

/** Writes whose packet at `at` of `out` this is, its number, and its time (milliseconds, whole). */
export function stamp(out: Buffer, at: number, { sim, channel }: Stamp, sequence: number, timestamp: number): void {
  out[at + 6] = sequence >> 8;
  out[at + 7] = sequence & 0xff;
  for (let i = 0; i < sim.length; i += 1) out[at + 8 + i] = sim[i]!;
  const after = at + 8 + sim.length;
  out[after] = channel;
  if (out[after + 1]! >> 4 > DataType.audio) return;
  out.writeUInt32BE(Math.floor(timestamp / 4_294_967_296), after + 2);
  out.writeUInt32BE(timestamp % 4_294_967_296, after + 6);
}

/** Bytes of the packet at `at`; 0 when there is none. */
export function packetLength(bytes: Buffer, at: number, simBytes: SimBytes): number {
  return Math.max(0, measure(bytes, at, simBytes));
}
