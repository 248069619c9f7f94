import { describe, expect, it } from 'vitest';
import { MediaConnection } from '../../../../containers/ingest/src/jt1078/assemble.ts';
import { encodePacket, PacketEncoder, type EncoderOptions } from '../../../../containers/ingest/src/jt1078/encode.ts';
import { FrameBuffer } from '../../../../containers/ingest/src/jt1078/frame.ts';
import { findNals, nalType } from '../../../../containers/ingest/src/media/annexb.ts';
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

  const lies = [
    ['all atomic', () => 0],
    ['all first', () => 1],
    ['all last', () => 2],
    ['all middle', () => 3],
    ['first, and then all last', (i: number) => (i === 0 ? 1 : 2)],
    ['first, and then all atomic', (i: number) => (i === 0 ? 1 : 0)],
    ['middle and last for one another', (i: number, n: number) => (i === 0 ? 1 : i === n - 1 ? 3 : 2)],
    ['first and last for one another', (i: number, n: number) => (i === 0 ? 2 : i === n - 1 ? 1 : 3)],
    ['the one after the other', (i: number) => i % 4],
  ] as const;
  const lying = (mark: (i: number, n: number) => number) =>
    framed().map((packets) =>
      remark(
        packets,
        packets.map((_packet, i) => mark(i, packets.length)),
      ),
    );

  it.each(lies)('that lie lose no picture and damage none: %s', (_, mark) => {
    const frames = lying(mark);
    const next = encoder().video(98, true, 400, h264Picture(true, 50, 99));
    next.forEach((packet, i) => packet.writeUInt16BE(30 + i, 6));
    const out = decode([Buffer.concat([...frames.flat(), ...next])]);
    expect(out.video.slice(0, 10).map(bytesOf)).toEqual(pictures);
    expect([out.gaps, out.counters.malformed]).toEqual([[], 0]);
  });

  it.each(lies)('that lie, and a packet lost: what is published is whole: %s', (_, mark) => {
    for (let missing = 0; missing < 30; missing += 1) {
      const packets = lying(mark).flat();
      packets.splice(missing, 1);
      const out = decode([Buffer.concat(packets)]);
      for (const unit of out.video) expect(pictures.some((picture) => picture.equals(bytesOf(unit)))).toBe(true);
      // All of a group of pictures but for those from the loss on; the last has not ended for sure.
      expect(out.video.length).toBeGreaterThanOrEqual(3);
    }
  });

  /** Each NAL unit begins a packet of its own; keyframes hold sets, and each picture an SEI and two slices. */
  const nalByNal = (mark: (i: number, n: number) => number) => {
    const e = encoder();
    const sei = Buffer.from('0605ffff80', 'hex');
    return Array.from({ length: 10 }, (_, i) => {
      const isKey = i % 5 === 0;
      const further = h264Slice(isKey, 1200, i);
      further[1] = further[1]! & 0x7f; // first_mb_in_slice is not 0
      const nals = [...(isKey ? [h264Sps(), h264Pps()] : []), sei, h264Slice(isKey, 1200, i), further];
      const packets = nals.flatMap((nal) => e.video(98, isKey, i * 40, annexB(nal)));
      const marked = remark(
        packets,
        packets.map((_packet, k) => mark(k, packets.length)),
      );
      return { packets: marked, picture: annexB(...nals) };
    });
  };
  it.each(lies)('that lie, of packets that each begin with a NAL unit: nothing is lost: %s', (_, mark) => {
    const frames = nalByNal(mark);
    const next = encoder().video(98, true, 400, h264Picture(true, 50, 99));
    const count = frames.flatMap(({ packets }) => packets).length;
    next.forEach((packet, i) => packet.writeUInt16BE(count + i, 6));
    const out = decode([Buffer.concat([...frames.flatMap(({ packets }) => packets), ...next])]);
    const sent = Buffer.concat(frames.map(({ picture }) => picture));
    expect(Buffer.concat(out.video.map(bytesOf)).subarray(0, sent.length)).toEqual(sent);
    expect([out.gaps, out.counters.malformed, out.counters.droppedFrames]).toEqual([[], 0, 0]);
  });

  it.each(lies)('that lie, of such packets, one of them lost: what is published is whole: %s', (_, mark) => {
    const frames = nalByNal(mark);
    const sent = new Set(
      frames.flatMap(({ picture }) => findNals(picture)!.map(({ start, end }) => picture.toString('hex', start, end))),
    );
    const all = frames.flatMap(({ packets }) => packets);
    for (let missing = 0; missing < all.length; missing += 1) {
      const out = decode([Buffer.concat(all.filter((_packet, i) => i !== missing))]);
      for (const { data, nals } of out.video) {
        for (const { start, end } of nals) expect(sent.has(data.toString('hex', start, end))).toBe(true);
      }
    }
  });

  it('that are true but once: neither that picture nor another is lost', () => {
    const frames = framed();
    frames[5] = remark(frames[5]!, [0, 0, 0]);
    frames[7] = remark(frames[7]!, [1, 2, 2]);
    expect(
      decode([Buffer.concat(frames.flat())])
        .video.map(bytesOf)
        .slice(0, 9),
    ).toEqual(pictures.slice(0, 9));
  });

  it('that have proved true are believed: a picture is handed on with its last packet', () => {
    const units: number[] = [];
    const connection = new MediaConnection(() => ({ unit: (unit) => units.push(unit.timestamp), gap: () => {} }));
    const seen = framed().map((packets) => {
      connection.push(Buffer.concat(packets), 0);
      return units.length;
    });
    // The first ones wait for the next, which shows that the last packet was the last.
    expect(seen).toEqual([0, 1, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('that proved true and then lie are not believed any more: one picture may be cut short, behind a gap', () => {
    const e = encoder({ maxBody: 500 });
    const frames = pictures.map((picture, i) => e.video(98, i % 5 === 0, i * 40, picture));
    const long = encoder().video(98, true, 0, h264Picture(true, 1500, 77));
    long.forEach((packet, i) => {
      packet.writeUInt16BE(65_536 - long.length + i, 6);
    });
    for (const packets of frames.slice(3)) for (const packet of packets) packet[15]! &= 0xf0;
    for (const packets of frames)
      for (const packet of packets) packet.writeBigUInt64BE(packet.readBigUInt64BE(16) + 40n, 16);
    const out = decode([Buffer.concat([...long, ...frames.flat()])]);
    expect(out.gaps).toHaveLength(1);
    const sent = [h264Picture(true, 1500, 77), ...pictures];
    const cut = out.video.filter((unit) => !sent.some((picture) => picture.equals(bytesOf(unit))));
    expect(cut).toHaveLength(1);
    expect(out.video.length).toBeGreaterThan(5);
  });

  it('all atomic, of pieces that begin with NAL units: sets, then the picture', () => {
    const e = encoder();
    const slice = annexB(h264Slice(true, 1500, 1));
    const pieces = [annexB(h264Sps()), annexB(h264Pps()), slice.subarray(0, 950), slice.subarray(950)];
    const packets = pieces.flatMap((piece) => e.video(98, true, 0, piece));
    const out = decode([Buffer.concat([...packets, ...e.video(98, false, 40, annexB(h264Slice(false, 20, 1)))])]);
    expect(Buffer.concat(out.video.slice(0, 3).map(bytesOf))).toEqual(Buffer.concat(pieces));
    // Whether the one after it is whole nobody says.
    expect(out.order).toEqual(['P', 'P', 'I']);
  });

  it('of slices sent one by one: a picture is all of them, and none where one was lost', () => {
    const further = (seed: number) => {
      const bytes = h264Slice(false, 1200, seed);
      bytes[1] = bytes[1]! & 0x7f; // first_mb_in_slice is not 0
      return annexB(bytes);
    };
    const e = encoder();
    const key = e.video(98, true, 0, pictures[0]!);
    const slices = [annexB(h264Slice(false, 1200, 1)), further(2), further(3)];
    const packets = slices.flatMap((slice) => e.video(98, false, 40, slice));
    const next = [...e.video(98, true, 80, pictures[5]!), ...e.video(98, false, 120, pictures[6]!)];
    const whole = decode([Buffer.concat([...key, ...packets, ...next])]);
    expect(whole.video.map(bytesOf)).toEqual([pictures[0], Buffer.concat(slices), pictures[5]]);
    packets.splice(4, 1);
    expect(decode([Buffer.concat([...key, ...packets, ...next])]).order).toEqual(['I', 'gap', 'I']);
  });

  it('over a clock that stands still, where they are all there is', () => {
    const e = encoder();
    const frames = pictures.map((picture, i) => e.video(98, i % 5 === 0, 7, picture));
    for (const packets of frames) for (const packet of packets) packet[15]! &= 0x0f; // one frame type, too
    expect(decode([Buffer.concat(frames.flat())]).video.map(bytesOf)).toEqual(pictures);
  });

  it('of a device that stamps each packet with the time it sends it', () => {
    const frames = framed().map((packets) =>
      packets.map((packet, i) => {
        const copy = Buffer.from(packet);
        copy.writeBigUInt64BE(copy.readBigUInt64BE(16) + BigInt(i), 16);
        return copy;
      }),
    );
    const out = decode([Buffer.concat(frames.flat())]);
    expect(out.video.map(bytesOf)).toEqual(pictures);
    expect(out.video.map(({ timestamp }) => timestamp)).toEqual(pictures.map((_, i) => i * 40));
  });

  it('in doubt: of pieces that stamps and marks call pictures nothing is published', () => {
    const frames = framed().map((packets) =>
      remark(packets, [0, 0, 0]).map((packet, i) => {
        packet.writeBigUInt64BE(packet.readBigUInt64BE(16) + BigInt(i), 16);
        return packet;
      }),
    );
    expect(decode([Buffer.concat(frames.flat())]).video.map(bytesOf)).toEqual([]);
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

  const sliced = Buffer.from('00000001419a262b0000000141018e68', 'hex');
  it.each([98, 99, 6])('a slice of H.264 that begins like a VPS turns no stream to H.265: payload type %d', (type) => {
    const e = encoder();
    const frames = [pictures[0]!, sliced, pictures[1]!, sliced, pictures[5]!];
    const out = decode([Buffer.concat(frames.flatMap((frame, i) => e.video(type, i % 4 === 0, i * 40, frame)))]);
    expect(out.video.map(({ codec }) => codec)).toEqual(frames.map(() => 'h264'));
    expect(out.order).toEqual(['I', 'P', 'P', 'P', 'I']);
    expect(out.video[1]!.nals.map((nal) => nalType('h264', nal))).toEqual([1, 1]);
  });

  it('nor where the stream begins with it', () => {
    expect(one(98, sliced)).toMatchObject({ codec: 'h264', keyframe: false });
  });

  it('an encoder that was set to the other codec is followed, by its sets', () => {
    const e = encoder();
    const frames = [
      [98, pictures[0]!],
      [99, h265],
      [99, annexB(Buffer.from('0201d0', 'hex'))],
      [98, pictures[5]!],
    ] as const;
    const out = decode([Buffer.concat(frames.flatMap(([type, frame], i) => e.video(type, true, i * 40, frame)))]);
    expect(out.video.map(({ codec }) => codec)).toEqual(['h264', 'h265', 'h265', 'h264']);
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

describe('what nothing can be made of is told of, by name', () => {
  /** Length prefixes where start codes should be; 1 to 511 bytes long, some of which look like start codes. */
  const avcc = (i: number) => {
    const nal = h264Slice(i % 5 === 0, 1 + ((i * 67) % 511), i);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(nal.length);
    return Buffer.concat([length, nal]);
  };
  const video = (frame: (i: number) => Buffer, e = encoder()) =>
    Array.from({ length: 20 }, (_, i) => e.video(98, i % 5 === 0, i * 40, frame(i))).flat();
  const sounds = (payloadType: number, body: Buffer, e = encoder()) =>
    Array.from({ length: 20 }, (_, i) => e.sound(payloadType, i * 40, body)).flat();
  const marked = (packets: Buffer[], mark: number) => {
    for (const packet of packets) packet[15] = (packet[15]! & 0xf0) | mark;
    return packets;
  };
  const transparent = () =>
    Array.from({ length: 20 }, (_, i) =>
      encodePacket({
        sim: SIM,
        flags: 0x81,
        marker: true,
        payloadType: 91,
        sequence: i,
        channel: 1,
        dataType: 4,
        part: 0,
        timestamp: 0,
        sinceKey: 0,
        sinceLast: 0,
        body: Buffer.alloc(20, 7),
      }),
    );

  it.each([
    ['pictures with length prefixes', video(avcc), 'picture', 'no start codes', 10],
    ['of any size', video(() => Buffer.alloc(3000, 7)), 'picture', 'no start codes', 19],
    [
      'that have no beginning',
      marked(
        video(() => Buffer.alloc(300, 7)),
        3,
      ),
      'picture',
      'no start codes',
      19,
    ],
    ['pictures that are too large', video((i) => h264Picture(true, 60_000, i)), 'picture', '50000 bytes', 20],
    [
      'of too many NAL units',
      video(() => annexB(...Array.from({ length: 300 }, () => h264Pps()))),
      'picture',
      '256 NAL units',
      19,
    ],
    ['AAC without ADTS', sounds(19, Buffer.from('210f8a2b3c4d5e6f70', 'hex')), 'sound', 'AAC without', 20],
    ['sound of a codec with a name', sounds(28, Buffer.alloc(32, 1)), 'sound', '28 (AMR)', 20],
    ['sound of one without', sounds(120, Buffer.alloc(32, 1)), 'sound', 'payload type 120', 20],
    ['sound that only begins', marked(sounds(6, Buffer.alloc(32, 1)), 1), 'sound', 'marked as pieces', 19],
    ['sound that only ends', marked(sounds(6, Buffer.alloc(32, 1)), 2), 'sound', 'marked as pieces', 19],
    ['sound that is too long', sounds(6, Buffer.alloc(60_000, 1)), 'sound', '50000 bytes', 20],
    ['data', transparent(), 'data', 'data type 4', 20],
  ])('%s', (_, packets, of, why, least) => {
    const { unread, video: pictures, sound } = decode([Buffer.concat(packets)], { maxFrameBytes: 50_000 });
    expect(new Set(unread.map((what) => what.of))).toEqual(new Set([of]));
    expect(unread.length).toBeGreaterThanOrEqual(least);
    for (const what of unread) expect(what.why).toContain(why);
    expect(unread.every(({ bytes, receivedAt }) => bytes > 0 && receivedAt === 1)).toBe(true);
    expect([pictures.filter(({ keyframe }) => keyframe), sound]).toEqual([[], []]);
  });

  it('but not what a loss explains: a connection that cannot go on is to end', () => {
    const packets = framed().flat();
    for (let missing = 3; missing < packets.length; missing += 1) {
      const { unread } = decode([Buffer.concat(packets.filter((_packet, i) => i !== missing))]);
      expect(unread).toEqual([]);
    }
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
