import { describe, expect, it } from 'vitest';
import { PacketEncoder, encodePacket } from '../../../../containers/ingest/src/jt1078/encode.ts';
import { annexB, h264Picture, h264Slice } from '../streams.ts';
import { bytesOf, decode } from './decode.ts';

const packet = {
  sim: '011234567810',
  flags: 0x81,
  marker: true,
  payloadType: 98,
  sequence: 4232,
  channel: 1,
  dataType: 1,
  part: 0,
  timestamp: 1_562_085_870_204,
  sinceKey: 640,
  sinceLast: 40,
  body: Buffer.from('0000000161', 'hex'),
};

const words = (text: string): string => text.replaceAll(' ', '');

describe('a packet is written', () => {
  it('as table 19 has it, with a SIM of 6 bytes', () => {
    expect(encodePacket(packet).toString('hex')).toBe(
      words('30316364 81 e2 1088 011234567810 01 10 0000016bb392ca7c 0280 0028 0005 0000000161'),
    );
  });

  it('with a SIM of 10 bytes, and without intervals for sound', () => {
    const sound = { ...packet, sim: '00000000011234567810', dataType: 3, payloadType: 6, marker: false };
    expect(encodePacket(sound).toString('hex')).toBe(
      words('30316364 81 06 1088 00000000011234567810 01 30 0000016bb392ca7c 0005 0000000161'),
    );
  });

  it('without a timestamp when transparent', () => {
    expect(encodePacket({ ...packet, dataType: 4 }).toString('hex')).toBe(
      words('30316364 81 e2 1088 011234567810 01 40 0005 0000000161'),
    );
  });

  it.each(['', '12345', '0112345678101', 'x11234567810'])('not for the SIM %j', (sim) => {
    expect(() => encodePacket({ ...packet, sim })).toThrow(RangeError);
  });
});

describe('frames round-trip', () => {
  const frames = Array.from({ length: 12 }, (_, i) => h264Picture(i % 4 === 0, 1 + i * 700, i));

  it.each([
    ['013800138000', 950],
    ['013800138000', 1],
    ['00000000013800138000', 950],
    ['00000000013800138000', 1400],
    ['00000000013800138000', 65_535],
  ])('SIM %s in fragments of %d bytes', (sim, maxBody) => {
    const encoder = new PacketEncoder({ sim, channel: 3, maxBody });
    const packets = frames.flatMap((frame, i) => [
      ...encoder.video(98, i % 4 === 0, i * 40, frame),
      ...encoder.sound(6, i * 40, Buffer.alloc(320, 0xd5)),
      ...encoder.transparent(91, Buffer.of(i)),
    ]);
    const out = decode([Buffer.concat(packets)], { maxFramePieces: 10_000 });
    expect(out.streams).toEqual([`${sim}/3`]);
    expect(out.video.map(bytesOf)).toEqual(frames);
    expect(out.video.map(({ timestamp, keyframe }) => [timestamp, keyframe])).toEqual(
      frames.map((_, i) => [i * 40, i % 4 === 0]),
    );
    expect(out.sound).toHaveLength(12);
    expect(
      out.sound.every(
        (unit) => unit.kind === 'audio' && unit.codec === 'g711a' && unit.data.equals(Buffer.alloc(320, 0xd5)),
      ),
    ).toBe(true);
    expect(out.data.map((body) => body[0])).toEqual(frames.map((_, i) => i));
    expect(out.gaps).toEqual([]);
  });

  it('over the wrap of the sequence number', () => {
    const encoder = new PacketEncoder({ sim: '013800138000', channel: 1, sequence: { next: 65_530 } });
    const packets = frames.flatMap((frame, i) => encoder.video(98, i % 4 === 0, i * 40, frame));
    const out = decode([Buffer.concat(packets)]);
    expect([out.video.length, out.gaps, out.counters.lostPackets]).toEqual([12, [], 0]);
  });

  it('for timestamps beyond 2^33 and 2^40', () => {
    for (const origin of [2 ** 33 - 20, 2 ** 40 + 12_345, 2 ** 51]) {
      const encoder = new PacketEncoder({ sim: '013800138000', channel: 1 });
      const bytes = [0, 40, 80].flatMap((ms) => encoder.video(98, true, origin + ms, annexB(h264Slice(true, 20, 1))));
      expect(decode([Buffer.concat(bytes)]).video.map(({ timestamp }) => timestamp - origin)).toEqual([0, 40, 80]);
    }
  });
});
