import { describe, expect, it } from 'vitest';
import { encodePacket, PacketEncoder, type EncoderOptions } from '../../../../containers/ingest/src/jt1078/encode.ts';
import { FrameBuffer } from '../../../../containers/ingest/src/jt1078/frame.ts';
import { nalType } from '../../../../containers/ingest/src/media/annexb.ts';
import { annexB, h264Picture, h264Pps, h264Slice, h264Sps } from '../streams.ts';
import { bytesOf, decode } from './decode.ts';

const SIM = '013800138000';
const encoder = (options: Partial<EncoderOptions> = {}) => new PacketEncoder({ sim: SIM, channel: 1, ...options });

/** Ten pictures, a keyframe every five, three packets each. */
const pictures = Array.from({ length: 10 }, (_, i) => h264Picture(i % 5 === 0, 2500, i));
const framed = (from: PacketEncoder = encoder()): Buffer[][] =>
  pictures.map((picture, i) => from.video(98, i % 5 === 0, i * 40, picture));

describe('after a loss', () => {
  it.each([
    ['first', 6],
    ['middle', 7],
    ['last', 8],
  ])('of the %s packet of a frame, pictures wait for the next keyframe', (_, missing) => {
    const packets = framed()
      .flat()
      .filter((_packet, i) => i !== missing);
    const out = decode([Buffer.concat(packets)]);
    expect(out.order).toEqual(['I', 'P', 'gap', 'I', 'P', 'P', 'P', 'P']);
    expect(out.gaps).toEqual([{ kind: 'gap', why: 'loss' }]);
    expect(out.counters.lostPackets).toBe(1);
    expect(out.video.map(bytesOf)).toEqual(pictures.filter((_picture, i) => i < 2 || i > 4));
  });

  it('of whole frames between frames, too', () => {
    const out = decode([
      Buffer.concat(
        framed()
          .filter((_frame, i) => i !== 2 && i !== 3)
          .flat(),
      ),
    ]);
    expect(out.order).toEqual(['I', 'P', 'gap', 'I', 'P', 'P', 'P', 'P']);
    expect(out.counters).toMatchObject({ lostPackets: 6, droppedFrames: 1 });
  });

  it('there is one gap, however much is lost before the keyframe', () => {
    const packets = framed()
      .flat()
      .filter((_packet, i) => ![4, 7, 10, 13].includes(i));
    expect(decode([Buffer.concat(packets)]).order).toEqual(['I', 'gap', 'I', 'P', 'P', 'P', 'P']);
  });

  it('through damaged bytes, the gap says so', () => {
    const packets = framed().flat();
    packets[7] = Buffer.from(packets[7]!.map((byte, i) => (i < 20 ? byte ^ 0x55 : byte)));
    expect(decode([Buffer.concat(packets)]).gaps).toEqual([{ kind: 'gap', why: 'garbage' }]);
  });

  it('sound goes on', () => {
    const e = encoder();
    const packets = pictures.flatMap((picture, i) => [
      ...e.video(98, i % 5 === 0, i * 40, picture),
      ...e.sound(6, i * 40, Buffer.alloc(160)),
    ]);
    expect(decode([Buffer.concat(packets.filter((_packet, i) => i !== 5))]).sound).toHaveLength(10);
  });

  it('parameter sets that come alone are not dropped with the pictures', () => {
    const e = encoder();
    const packets = framed(e).slice(0, 4).flat();
    packets.splice(4, 1);
    const sets = annexB(h264Sps(), h264Pps());
    packets.push(...e.video(98, true, 400, sets), ...e.video(98, true, 400, annexB(h264Slice(true, 50, 1))));
    const out = decode([Buffer.concat(packets)]);
    expect(out.order).toEqual(['I', 'gap', 'P', 'I']);
    expect(bytesOf(out.video[1]!)).toEqual(sets);
  });
});

describe('sub-package marks', () => {
  const remark = (packets: Buffer[], marks: readonly number[]): Buffer[] =>
    packets.map((packet, i) => {
      const copy = Buffer.from(packet);
      copy[15] = (copy[15]! & 0xf0) | marks[i]!;
      return copy;
    });

  it('may lack the last one: a new timestamp ends the frame', () => {
    const all = framed().flatMap((packets) => remark(packets, [1, 3, 3]));
    const out = decode([Buffer.concat(all)]);
    expect(out.video.map(bytesOf)).toEqual(pictures.slice(0, 9)); // the tenth has not ended
    expect(out.gaps).toEqual([]);
  });

  it('may lack the first one: a start code begins a frame', () => {
    const out = decode([Buffer.concat(framed().flatMap((packets) => remark(packets, [3, 3, 2])))]);
    expect(out.video.map(bytesOf)).toEqual(pictures);
  });

  it('in the middle of nowhere are a loss', () => {
    const [, ...rest] = framed().flat();
    expect(decode([Buffer.concat(rest)]).order).toEqual(['gap', 'I', 'P', 'P', 'P', 'P']);
  });

  it('the M bit is of no interest', () => {
    for (const bit of [0, 0x80]) {
      const all = framed()
        .flat()
        .map((packet) => {
          const copy = Buffer.from(packet);
          copy[5] = (copy[5]! & 0x7f) | bit;
          return copy;
        });
      expect(decode([Buffer.concat(all)]).video).toHaveLength(10);
    }
  });
});

describe('several channels on one connection', () => {
  const interleave = (a: Buffer[][], b: Buffer[][]): { channel: number; packet: Buffer }[] =>
    a.flatMap((frame, i) => {
      const out: { channel: number; packet: Buffer }[] = [];
      const other = b[i]!;
      for (let k = 0; k < Math.max(frame.length, other.length); k += 1) {
        const [mine, theirs] = [frame[k], other[k]];
        if (mine) out.push({ channel: 1, packet: mine });
        if (theirs) out.push({ channel: 2, packet: theirs });
      }
      return out;
    });
  /** Sequence numbers are given in the order of sending. */
  const renumber = (packets: { packet: Buffer }[]): void =>
    packets.forEach(({ packet }, i) => packet.writeUInt16BE(i, 6));
  const two = () => interleave(framed(encoder({ channel: 1 })), framed(encoder({ channel: 2 })));
  const per = (out: ReturnType<typeof decode>) => out.order.join(' ');

  it('each counted by itself', () => {
    const out = decode([Buffer.concat(two().map(({ packet }) => packet))]);
    expect(out.streams).toEqual([`${SIM}/1`, `${SIM}/2`]);
    expect([out.video.length, out.gaps.length]).toEqual([20, 0]);
  });

  it('counted together', () => {
    const packets = two();
    renumber(packets);
    const out = decode([Buffer.concat(packets.map(({ packet }) => packet))]);
    expect([out.video.length, out.gaps.length]).toEqual([20, 0]);
  });

  it('counted by themselves: a loss concerns one', () => {
    const packets = two();
    const index = packets.findIndex(({ channel, packet }) => channel === 1 && packet.readUInt16BE(6) === 19);
    const out = decode([Buffer.concat(packets.filter((_, i) => i !== index).map(({ packet }) => packet))]);
    expect(per(out).match(/gap/g)).toHaveLength(1);
    expect(out.counters.lostPackets).toBe(1);
    expect(out.video).toHaveLength(16); // frames 6 to 9 of one channel
  });

  it('counted together: nobody knows whose the lost one was', () => {
    const packets = two();
    renumber(packets);
    const out = decode([Buffer.concat(packets.filter((_, i) => i !== 38).map(({ packet }) => packet))]);
    expect(out.gaps).toHaveLength(2);
    expect(out.counters.lostPackets).toBe(1);
  });

  it('a refused one is dropped and counted, and disturbs no other', () => {
    for (const numbered of [false, true]) {
      const packets = two();
      if (numbered) renumber(packets);
      const out = decode([Buffer.concat(packets.map(({ packet }) => packet))], {}, 2);
      expect([out.video.length, out.gaps.length, out.counters.refused]).toEqual([10, 0, 30]);
    }
  });

  it('no more than the limit', () => {
    const packets = Array.from({ length: 60 }, (_, channel) =>
      encoder({ channel }).video(98, true, 0, annexB(h264Slice(true, 20, 1))),
    );
    const out = decode([Buffer.concat(packets.flat())], { maxChannels: 5 });
    expect([out.streams.length, out.counters.refused]).toEqual([5, 55]);
  });
});

describe('limits', () => {
  it('a frame of too many bytes is given up, and the stream goes on at the next keyframe', () => {
    const e = encoder();
    const packets = [
      ...e.video(98, true, 0, h264Picture(true, 500, 1)),
      ...e.video(98, false, 40, h264Picture(false, 100_000, 2)),
      ...e.video(98, false, 80, h264Picture(false, 500, 3)),
      ...e.video(98, true, 120, h264Picture(true, 500, 4)),
    ];
    const out = decode([Buffer.concat(packets)], { maxFrameBytes: 50_000 });
    expect(out.order).toEqual(['I', 'gap', 'I']);
    expect(out.gaps[0]!.why).toBe('overflow');
    expect(out.counters.oversized).toBe(1);
  });

  it('a frame of too many packets, too', () => {
    const e = encoder({ maxBody: 2 });
    const out = decode([Buffer.concat(e.video(98, true, 0, h264Picture(true, 1000, 1)))], { maxFramePieces: 100 });
    expect([out.video.length, out.gaps[0]!.why]).toEqual([0, 'overflow']);
  });

  it('a long frame leaves no long buffer behind', () => {
    const frame = new FrameBuffer();
    frame.add(Buffer.alloc(1_000_000), 0, 1_000_000);
    expect(frame.take().buffer.byteLength).toBeGreaterThanOrEqual(1_000_000);
    frame.add(Buffer.from('next'), 0, 4);
    expect(frame.take().buffer.byteLength).toBeLessThan(20_000);
  });
});

describe('codecs', () => {
  const one = (payloadType: number, frame: Buffer) =>
    decode([Buffer.concat(encoder().video(payloadType, true, 0, frame))]).video[0]!;
  const h265 = annexB(
    Buffer.from('40010c01', 'hex'),
    Buffer.from('42010101', 'hex'),
    Buffer.from('4401c0', 'hex'),
    Buffer.from('2601af10', 'hex'),
  );

  it('NAL units are trusted over the payload type', () => {
    expect(one(98, h264Picture(true, 50, 1)).codec).toBe('h264');
    expect(one(6, h264Picture(true, 50, 1)).codec).toBe('h264');
    expect(one(99, h264Picture(true, 50, 1)).codec).toBe('h264');
    const unit = one(98, h265);
    expect([unit.codec, unit.keyframe]).toEqual(['h265', true]);
    expect(unit.nals.map((nal) => nalType('h265', nal))).toEqual([32, 33, 34, 19]);
  });

  it('the payload type decides while no parameter set was seen', () => {
    expect(one(99, annexB(Buffer.from('2601af10', 'hex')))).toMatchObject({ codec: 'h265', keyframe: true });
    expect(one(98, annexB(h264Slice(true, 20, 1)))).toMatchObject({ codec: 'h264', keyframe: true });
  });

  it('a keyframe is one by its NAL units, not by the data type', () => {
    expect(
      decode([Buffer.concat(encoder().video(98, false, 0, annexB(h264Slice(true, 20, 1))))]).video[0]!.keyframe,
    ).toBe(true);
    expect(
      decode([Buffer.concat(encoder().video(98, true, 0, annexB(h264Slice(false, 20, 1))))]).video[0]!.keyframe,
    ).toBe(false);
  });

  it('a frame without a start code is no frame', () => {
    const out = decode([Buffer.concat(encoder().video(98, true, 0, Buffer.alloc(100, 7)))]);
    expect([out.video.length, out.gaps, out.counters.malformed]).toEqual([0, [{ kind: 'gap', why: 'garbage' }], 1]);
  });
});

describe('sound', () => {
  const sound = (payloadType: number, body: Buffer) => decode([Buffer.concat(encoder().sound(payloadType, 5, body))]);

  it.each([
    [6, 'g711a'],
    [7, 'g711u'],
    [8, 'g726'],
    [26, 'adpcm-ima'],
  ])('payload type %d is %s', (payloadType, codec) => {
    const body = Buffer.alloc(160, 0x5a);
    expect(sound(payloadType, body).sound).toEqual([{ kind: 'audio', codec, timestamp: 5, receivedAt: 1, data: body }]);
  });

  it("HiSilicon's header comes off, whatever the codec, and only where it is one", () => {
    const body = Buffer.from('00015000'.padEnd(8 + 320, '11'), 'hex'); // 0x50 words follow
    expect((sound(6, body).sound[0] as { data: Buffer }).data).toEqual(body.subarray(4));
    const no = Buffer.from('00015100'.padEnd(8 + 320, '11'), 'hex');
    expect((sound(6, no).sound[0] as { data: Buffer }).data).toEqual(no);
  });

  it('AAC leaves its ADTS headers behind', () => {
    const frame = (byte: number) => Buffer.concat([Buffer.from('fff16c4001a0fc', 'hex'), Buffer.alloc(6, byte)]); // 8 kHz, mono, 13 bytes
    expect(sound(19, Buffer.concat([frame(1), frame(2)])).sound).toEqual([
      {
        kind: 'aac',
        config: { sampleRate: 8000, channels: 1 },
        timestamp: 5,
        receivedAt: 1,
        frames: [Buffer.alloc(6, 1), Buffer.alloc(6, 2)],
      },
    ]);
  });

  it.each([
    ['an unknown codec', 28, Buffer.alloc(20)],
    ['AAC without ADTS', 19, Buffer.alloc(20)],
    ['AAC that ends early', 19, Buffer.from('fff16c4001a0fc0101', 'hex')],
  ])('%s is counted and dropped', (_, payloadType, body) => {
    const out = sound(payloadType, body);
    expect([out.sound, out.counters.malformed, out.gaps]).toEqual([[], 1, []]);
  });

  it('longer than a packet is put together', () => {
    const body = Buffer.alloc(2000, 0xd5);
    expect((sound(6, body).sound[0] as { data: Buffer }).data).toEqual(body);
  });

  it('between the pieces of a picture does not end it', () => {
    const e = encoder();
    const picture = h264Picture(true, 2500, 1);
    const pieces = e.video(98, true, 100, picture);
    const [between] = e.sound(6, 90, Buffer.alloc(160));
    const all = [pieces[0]!, between!, pieces[1]!, pieces[2]!];
    all.forEach((packet, i) => packet.writeUInt16BE(i, 6));
    const out = decode([Buffer.concat(all)]);
    expect(out.order).toEqual(['sound', 'I']);
    expect(bytesOf(out.video[0]!)).toEqual(picture);
  });
});

it('a counter that never counts is not taken for loss', () => {
  const packets = framed().flat();
  for (const packet of packets) packet.writeUInt16BE(0, 6);
  expect(decode([Buffer.concat(packets)])).toMatchObject({ gaps: [], counters: { lostPackets: 0, frames: 10 } });
});

it("version bits that are not the standard's are counted, not refused", () => {
  const packets = framed().flat();
  packets[3]![4] = 0x41;
  expect(decode([Buffer.concat(packets)])).toMatchObject({ gaps: [], counters: { oddFlags: 1, frames: 10 } });
});

it('writes every field it reads', () => {
  const base = {
    sim: SIM,
    flags: 0x80,
    marker: false,
    payloadType: 62,
    sequence: 9,
    channel: 37,
    dataType: 2,
    part: 3,
    timestamp: 77,
    sinceKey: 1,
    sinceLast: 65_535,
    body: Buffer.of(9),
  };
  expect(encodePacket(base).toString('hex')).toBe('30316364803e00090138001380002523000000000000004d0001ffff000109');
});
