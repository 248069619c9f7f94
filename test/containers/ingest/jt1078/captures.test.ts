import { describe, expect, it } from 'vitest';
import { nalType } from '../../../../containers/ingest/src/media/annexb.ts';
import { PacketReader } from '../../../../containers/ingest/src/jt1078/packets.ts';
import { capture, captures, expected, haveCaptures, whyNot, type CaptureName } from '../captures.ts';
import { random, randomChunks } from '../jt808/support.ts';
import { bytesOf, decode, sha256, type Decoded } from './decode.ts';

/** What a capture's description says, and the same of what was decoded. */
const wanted = (name: CaptureName) => {
  const { summary, frames } = expected(name);
  return {
    streams: [`${summary.sim[0]}/${summary.channels[0]}`],
    gaps: [],
    frames,
    sounds: summary.audio_packets,
    sha256: summary.annexb_es_sha256,
    packets: summary.packets,
    lost: [0, 0, 0],
  };
};
const seen = ({ streams, gaps, video, sound, counters }: Decoded) => ({
  streams,
  gaps,
  frames: video.map((unit) => ({
    type: unit.keyframe ? 'I' : 'P',
    ts: unit.timestamp,
    size: unit.data.length,
    nal: unit.nals.map((nal) => nalType(unit.codec, nal)),
    sha256_16: sha256(unit.data).slice(0, 16),
  })),
  sounds: sound.length,
  sha256: sha256(...video.map(bytesOf)),
  packets: counters.packets,
  lost: [counters.lostPackets, counters.malformed, counters.droppedFrames],
});

function* every(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The packets' own bytes, as a reader of the untouched stream finds them. */
function packetsOf(bytes: Buffer): Buffer[] {
  const ends: number[] = [];
  const reader = new PacketReader(({ body }) => ends.push(body.byteOffset - bytes.byteOffset + body.length));
  reader.push(bytes);
  reader.end();
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

/** Random bytes, now and then ending like the beginning of a magic. */
function garbage(next: () => number): Buffer {
  const bytes = Buffer.from(Array.from({ length: 1 + Math.floor(next() * 40) }, () => Math.floor(next() * 256)));
  return next() < 0.2
    ? Buffer.concat([bytes, Buffer.from('303163', 'hex').subarray(0, 1 + Math.floor(next() * 3))])
    : bytes;
}

describe.skipIf(!haveCaptures)(`captures of real devices${whyNot}`, () => {
  it.each(captures)('%s: whole', (name) => {
    const decoded = decode([capture(name)]);
    expect(seen(decoded)).toEqual(wanted(name));
    expect(decoded.counters).toMatchObject({ resyncs: 0, skippedBytes: 0 });
  });

  it.each(captures)('%s: in reads of 64 KiB, 1400 and 97 bytes', (name) => {
    for (const size of [65_536, 1400, 97]) expect(seen(decode(every(capture(name), size)))).toEqual(wanted(name));
  });

  it.each(captures)('%s: byte by byte', (name) => {
    expect(seen(decode(every(capture(name), 1)))).toEqual(wanted(name));
  });

  it.each(captures)('%s: cut at random', (name) => {
    for (const seed of [1, 2, 3])
      expect(seen(decode(randomChunks(capture(name), random(seed), 3000)))).toEqual(wanted(name));
  });

  it.each(captures)('%s: garbage between some packets', (name) => {
    const next = random(7);
    const pieces = packetsOf(capture(name)).flatMap((packet) => (next() < 0.1 ? [garbage(next), packet] : [packet]));
    const bytes = Buffer.concat(pieces);
    for (const chunks of [[bytes], every(bytes, 1), randomChunks(bytes, random(8), 5000)]) {
      const decoded = decode(chunks);
      expect(seen(decoded)).toEqual(wanted(name));
      expect(decoded.counters.resyncs > 0).toBe(pieces.length > 40);
    }
  });

  it.each(captures)('%s: garbage before every packet', (name) => {
    const next = random(9);
    const bytes = Buffer.concat(packetsOf(capture(name)).flatMap((packet) => [garbage(next), packet]));
    expect(seen(decode([bytes]))).toEqual(wanted(name));
    expect(seen(decode(randomChunks(bytes, random(10), 2000)))).toEqual(wanted(name));
    expect(seen(decode(every(bytes, 1)))).toEqual(wanted(name));
  });

  it.each(captures)(
    '%s: under marks of sub-packages that lie, all but the last, of which nobody says that it is over',
    (name) => {
      const { summary } = expected(name);
      const at = 9 + summary.sim_field_bytes;
      const packets = packetsOf(capture(name));
      const { frames } = wanted(name);
      for (const mark of [() => 0, () => 1, (first: boolean) => (first ? 1 : 2)]) {
        const lying = packets.map((packet) => {
          const copy = Buffer.from(packet);
          const kind = copy[at]!;
          if (kind >> 4 < 3) copy[at] = (kind & 0xf0) | mark((kind & 0x0f) < 2);
          return copy;
        });
        const decoded = decode([Buffer.concat(lying)]);
        const all = seen(decoded).frames;
        expect(all.length).toBeGreaterThanOrEqual(frames.length - 1);
        expect(all).toEqual(frames.slice(0, all.length));
        expect([decoded.gaps, decoded.sound.length]).toEqual([[], summary.audio_packets]);
      }
    },
  );

  it.each(captures)('%s: the SIM size is told whichever packet comes first', (name) => {
    const bytes = capture(name);
    const { sim_field_bytes: simBytes } = expected(name).summary;
    const packets = packetsOf(bytes);
    const step = Math.max(1, Math.floor(packets.length / 500));
    let at = 0;
    let tried = 0;
    packets.forEach((packet, i) => {
      const begin = at;
      at += packet.length;
      if (i % step !== 0 || i === packets.length - 1) return;
      const reader = new PacketReader(() => {});
      reader.push(bytes.subarray(begin, begin + 5000));
      expect(reader.simBytes).toBe(simBytes);
      tried += 1;
    });
    expect(tried).toBeGreaterThan(Math.min(6, packets.length - 2));
  });
});
