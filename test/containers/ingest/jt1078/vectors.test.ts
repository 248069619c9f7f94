import { describe, expect, it } from 'vitest';
import { encodePacket } from '../../../../containers/ingest/src/jt1078/encode.ts';
import type { Packet } from '../../../../containers/ingest/src/jt1078/packet.ts';
import { PacketReader } from '../../../../containers/ingest/src/jt1078/packets.ts';
import { captures, chunkings, hex, ofKind, vector, why } from '../jt808/support.ts';
import { nalType } from '../../../../containers/ingest/src/media/annexb.ts';
import { decode, sha256 } from './decode.ts';

function read(chunks: Iterable<Buffer>): { packets: Packet[]; reader: PacketReader; waiting: number } {
  const packets: Packet[] = [];
  const reader = new PacketReader((packet) =>
    packets.push(Object.assign({}, packet, { body: Buffer.from(packet.body) })),
  );
  for (const chunk of chunks) reader.push(chunk);
  const waiting = reader.held;
  reader.end();
  return { packets, reader, waiting };
}

interface ExpectedPacket {
  sim_field_bytes: number;
  m: number;
  pt: number;
  seq: number;
  sim: string;
  ch: number;
  dt: number;
  sp: number;
  ts: number | null;
  li: number | null;
  lf: number | null;
  len: number;
  body_sha256: string;
}

interface ExpectedRun {
  sim_field_bytes: number;
  sim: string;
  channel: number;
  packets: Pick<ExpectedPacket, 'seq' | 'm' | 'pt' | 'dt' | 'sp' | 'ts' | 'len'>[];
  complete_video_frames: { type: string; ts: number; size: number; nal_types: number[]; sha256: string }[];
  audio: { pt: number; ts: number; len: number; sha256: string }[];
}

describe.skipIf(!captures)(`JT/T 1078 vectors${why}`, () => {
  it.each(ofKind('1078-packet'))('$name', ({ hex: text, expected }) => {
    const bytes = hex(text);
    const e = expected as unknown as ExpectedPacket;
    for (const chunks of chunkings(bytes)) {
      const { packets, reader } = read(chunks);
      expect(packets).toHaveLength(1);
      const packet = packets[0]!;
      expect(packet).toMatchObject({
        simBytes: e.sim_field_bytes,
        sim: e.sim,
        flags: 0x81,
        marker: e.m === 1,
        payloadType: e.pt,
        sequence: e.seq,
        channel: e.ch,
        dataType: e.dt,
        part: e.sp,
        timestamp: e.ts ?? 0,
        sinceKey: e.li ?? 0,
        sinceLast: e.lf ?? 0,
      });
      expect([packet.body.length, sha256(packet.body)]).toEqual([e.len, e.body_sha256]);
      expect(reader.counters).toEqual({ packets: 1, resyncs: 0, skippedBytes: 0 });
      expect(encodePacket(packet).toString('hex')).toBe(text);
    }
  });

  const runs = ofKind('1078-multipacket').filter(({ expected }) => Array.isArray(expected['packets']));

  it.each(runs)('$name', ({ hex: text, expected }) => {
    const e = expected as unknown as ExpectedRun;
    const bytes = hex(text);
    const { packets, reader } = read([bytes]);
    expect(reader.counters.skippedBytes).toBe(0);
    expect(
      packets.map(({ sequence, marker, payloadType, dataType, part, timestamp, body }) => ({
        seq: sequence,
        m: marker ? 1 : 0,
        pt: payloadType,
        dt: dataType,
        sp: part,
        ts: timestamp,
        len: body.length,
      })),
    ).toEqual(e.packets);
    expect(Buffer.concat(packets.map(encodePacket))).toEqual(bytes);
    const whole = decode([bytes]);
    expect(whole.streams).toEqual([`${e.sim}/${e.channel}`]);
    expect(
      whole.video.map((unit) => ({
        type: unit.keyframe ? 'I' : 'P',
        ts: unit.timestamp,
        size: unit.data.length,
        nal_types: unit.nals.map((nal) => nalType('h264', nal)),
        sha256: sha256(unit.data),
      })),
    ).toEqual(e.complete_video_frames);
    expect(whole.sound.map(({ timestamp }) => timestamp)).toEqual(e.audio.map(({ ts }) => ts));
    expect(packets.filter(({ dataType }) => dataType === 3).map(({ body }) => sha256(body))).toEqual(
      e.audio.map((sound) => sound.sha256),
    );
  });

  it('two packets stuck together', () => {
    for (const chunks of chunkings(hex(vector('1078-two-packets-sticky').hex))) {
      expect(read(chunks).packets.map(({ body }) => body.length)).toEqual([2, 2]);
    }
  });

  it('1078-bad-magic is skipped, and the packet after it is read', () => {
    const bad = hex(vector('1078-bad-magic').hex);
    const good = hex(vector('1078-h264-P-atomic').hex);
    for (const chunks of chunkings(Buffer.concat([bad, good]))) {
      const { packets, reader } = read(chunks);
      expect(packets.map(({ sequence }) => sequence)).toEqual([4232]);
      expect(reader.counters).toMatchObject({ packets: 1, skippedBytes: bad.length });
    }
  });

  it.each(['1078-short-header', '1078-short-body'])('%s waits for more', (name) => {
    const bytes = hex(vector(name).hex);
    const { packets, waiting } = read([bytes]);
    expect([packets.length, waiting]).toEqual([0, bytes.length]);
    expect(vector(name).expected['result']).toMatch(/^need more data/);
  });

  it('and 1078-short-body is whole with one more byte', () => {
    expect(read([hex(vector('1078-short-body').hex), Buffer.of(7)]).packets.map(({ body }) => body.length)).toEqual([
      2,
    ]);
  });
});
