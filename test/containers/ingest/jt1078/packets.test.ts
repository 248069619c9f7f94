import { describe, expect, it } from 'vitest';
import { PacketEncoder } from '../../../../containers/ingest/src/jt1078/encode.ts';
import { PacketReader } from '../../../../containers/ingest/src/jt1078/packets.ts';
import { random, randomChunks } from '../jt808/support.ts';
import { h264Picture } from '../streams.ts';

const SIM6 = '013800138000';
const SIM10 = '00000000013800138000';
// The last two have zeros where others look for a longer SIM.
const SIZES = ['013800138000', '00000000013800138000', '000000001003', '000056aebc2a'];

function stream(sim: string, frames: number, size = 2500, maxBody = 950): Buffer[] {
  const encoder = new PacketEncoder({ sim, channel: 1, maxBody });
  return Array.from({ length: frames }, (_, i) =>
    encoder.video(98, i % 5 === 0, i * 40, h264Picture(i % 5 === 0, size, i)),
  ).flat();
}

function read(chunks: Iterable<Buffer>) {
  const sequences: number[] = [];
  const reader = new PacketReader(({ sequence }) => sequences.push(sequence));
  let held = 0;
  for (const chunk of chunks) {
    reader.push(chunk);
    held = Math.max(held, reader.held);
  }
  const waiting = sequences.length;
  reader.end();
  return { sequences, waiting, held, reader };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe.each(SIZES)('packets with the SIM %s', (sim) => {
  it('come out as soon as their last byte is in, once the SIM size is known', () => {
    const packets = stream(sim, 3);
    const seen: number[] = [];
    const reader = new PacketReader(({ sequence }) => seen.push(sequence));
    reader.push(Buffer.concat([packets[0]!, packets[1]!]));
    for (let i = 2; i < packets.length; i += 1) {
      reader.push(packets[i]!);
      expect(seen.at(-1)).toBe(i);
    }
  });

  it.each([100, 950, 1400, 9000, 65_535])('have bodies of up to %d bytes', (maxBody) => {
    const packets = stream(sim, 8, 150_000, maxBody);
    const bytes = Buffer.concat(packets);
    for (const chunks of [[bytes], packets, randomChunks(bytes, random(maxBody), 20_000)]) {
      const { sequences, reader } = read(chunks);
      expect(sequences).toEqual(upTo(packets.length));
      expect(reader.counters.skippedBytes).toBe(0);
    }
  });

  it('are found after a lost beginning, wherever the stream is joined', () => {
    const packets = stream(sim, 4);
    const bytes = Buffer.concat(packets);
    const ends = packets.map((_, i) => packets.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0));
    for (let from = 1; from < ends[1]!; from += 1) {
      const { sequences, reader } = read([bytes.subarray(from)]);
      const first = from <= ends[0]! ? 1 : 2;
      expect(sequences).toEqual(upTo(packets.length).slice(first));
      expect(reader.counters.skippedBytes).toBe(ends[first - 1]! - from);
    }
  });

  it('lose only themselves when bytes of them are missing', () => {
    const packets = stream(sim, 6);
    const cut = packets.map((packet, i) => (i === 5 ? packet.subarray(0, 500) : packet));
    const { sequences, reader } = read([Buffer.concat(cut)]);
    // The length word still claims 950 bytes, so what follows is swallowed with it: one packet more at most.
    expect(sequences.filter((number) => number !== 5 && number !== 6)).toEqual(
      upTo(packets.length).filter((i) => i !== 5 && i !== 6),
    );
    expect(reader.counters.resyncs).toBe(1);
  });

  it('survive a length word that claims 60,000 bytes more', () => {
    const packets = stream(sim, 60);
    const broken = Buffer.from(packets[7]!);
    broken.writeUInt16BE(60_000, (sim.length === 12 ? 30 : 34) - 2);
    const all = packets.map((packet, i) => (i === 7 ? broken : packet));
    const { sequences, held } = read(all);
    expect(sequences).toEqual(upTo(packets.length).filter((i) => i !== 7));
    expect(held).toBeLessThan(70_000);
  });
});

describe('the reader', () => {
  it('asks for the SIM size anew when what it took for one stops fitting', () => {
    // A hostile or lucky beginning: two packets with a SIM of 6 bytes, then a device with one of 10.
    const first = stream(SIM6, 2);
    const second = stream(SIM10, 40);
    const { sequences, reader } = read([Buffer.concat([...first, ...second])]);
    expect(reader.simBytes).toBe(10);
    expect(sequences.slice(-80)).toEqual(upTo(second.length).slice(-80));
  });

  it('lets packets without a body pass without losing its place', () => {
    const [a, b, c] = stream(SIM6, 1, 2500) as [Buffer, Buffer, Buffer];
    const empty = Buffer.from(b.subarray(0, 30));
    empty.writeUInt16BE(0, 28);
    const { sequences, reader } = read([Buffer.concat([a, empty, c])]);
    expect(sequences).toEqual([0, 1, 2]);
    expect(reader.counters.resyncs).toBe(0);
  });

  it('takes no attachment frame for a packet', () => {
    // T/JSATL 12: the same magic, then a file name of 50 bytes, offset, length, data.
    const frame = Buffer.alloc(62 + 1000, 0x41);
    Buffer.from('30316364', 'hex').copy(frame);
    frame.write('00_64_6401_0_1111.jpg', 4, 'latin1');
    frame.writeUInt32BE(1000, 58);
    expect(read([frame, frame, frame]).sequences).toEqual([]);
  });

  it('holds at most one packet of whatever anybody sends, byte by byte', () => {
    const next = random(3);
    const magic = Buffer.from('3031636481e2000001380013800001', 'hex');
    const bytes = Buffer.alloc(300_000);
    for (let at = 0; at < bytes.length;) {
      // Headers that promise much, and noise.
      if (next() < 0.5) at += magic.copy(bytes, at);
      else for (let end = at + next() * 3000; at < end && at < bytes.length; at += 1) bytes[at] = next() * 256;
    }
    const { held, reader } = read(
      (function* () {
        for (const byte of bytes) yield Buffer.of(byte);
      })(),
    );
    expect(held).toBeLessThanOrEqual(34 + 65_535 + 4 + 1024);
    expect(reader.counters.skippedBytes).toBeGreaterThan(0);
  });

  it('does no more work than the bytes are worth when they trickle in', () => {
    // A header that promises 65,535 bytes and keeps them coming one at a time, with the wrong end.
    const header = stream(SIM6, 1, 100)[0]!.subarray(0, 30);
    header.writeUInt16BE(65_535, 28);
    const bytes = Buffer.concat([header, Buffer.alloc(140_000, 0x31)]);
    const before = process.cpuUsage();
    read(
      (function* () {
        for (const byte of bytes) yield Buffer.of(byte);
      })(),
    );
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(2000);
  });
});
