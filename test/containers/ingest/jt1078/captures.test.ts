import { describe, expect, it } from 'vitest';
import { nalType } from '../../../../containers/ingest/src/media/annexb.ts';
import { PacketReader } from '../../../../containers/ingest/src/jt1078/packets.ts';
import { capture, captures, expected, haveCaptures, whyNot, type CaptureName } from '../captures.ts';
import { random, randomChunks } from '../jt808/support.ts';
import { bytesOf, decode, sha256, type Decoded } from './decode.ts';

/** Lists of thousands compared at once: the first difference is what one wants to see. */
function check(name: CaptureName, decoded: Decoded): void {
  const { summary, frames } = expected(name);
  expect(decoded.streams).toEqual([`${summary.sim[0]}/${summary.channels[0]}`]);
  expect(decoded.gaps).toEqual([]);
  const seen = decoded.video.map((unit) => ({
    type: unit.keyframe ? 'I' : 'P',
    ts: unit.timestamp,
    size: unit.bytes,
    nal: unit.nals.map((nal) => nalType(unit.codec, nal)),
    sha256_16: sha256(...unit.pieces).slice(0, 16),
  }));
  expect(seen).toEqual(frames);
  expect(decoded.sound).toHaveLength(summary.audio_packets);
  expect(sha256(...decoded.video.map(bytesOf))).toBe(summary.annexb_es_sha256);
  expect(decoded.counters).toMatchObject({ packets: summary.packets, lostPackets: 0, malformed: 0, droppedFrames: 0 });
}

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
    check(name, decoded);
    expect(decoded.counters).toMatchObject({ resyncs: 0, skippedBytes: 0 });
  });

  it.each(captures)('%s: in reads of 64 KiB, 1400 and 97 bytes', (name) => {
    for (const size of [65_536, 1400, 97]) check(name, decode(every(capture(name), size)));
  });

  it.each(captures)('%s: byte by byte', (name) => check(name, decode(every(capture(name), 1))));

  it.each(captures)('%s: cut at random', (name) => {
    for (const seed of [1, 2, 3]) check(name, decode(randomChunks(capture(name), random(seed), 3000)));
  });

  it.each(captures)('%s: garbage between some packets', (name) => {
    const next = random(7);
    const pieces = packetsOf(capture(name)).flatMap((packet) => (next() < 0.1 ? [garbage(next), packet] : [packet]));
    const bytes = Buffer.concat(pieces);
    for (const chunks of [[bytes], every(bytes, 1), randomChunks(bytes, random(8), 5000)]) {
      const decoded = decode(chunks);
      check(name, decoded);
      if (pieces.length > 40) expect(decoded.counters.resyncs).toBeGreaterThan(0);
    }
  });

  it.each(captures)('%s: garbage before every packet', (name) => {
    const next = random(9);
    const bytes = Buffer.concat(packetsOf(capture(name)).flatMap((packet) => [garbage(next), packet]));
    check(name, decode([bytes]));
    check(name, decode(randomChunks(bytes, random(10), 2000)));
    if (bytes.length < 300_000) check(name, decode(every(bytes, 1)));
  });

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
