import { expect, it } from 'vitest';
import { MediaConnection } from '../../../../containers/ingest/src/jt1078/assemble.ts';
import { PacketEncoder } from '../../../../containers/ingest/src/jt1078/encode.ts';
import { Segmenter } from '../../../../containers/ingest/src/hls/segmenter.ts';
import { PcmDecoder } from '../../../../containers/ingest/src/media/audio/pcm.ts';
import { random } from '../jt808/support.ts';
import { h264Picture, h264Sps } from '../streams.ts';

/** Mutated packets; more of them with SLUICE_FUZZ=1000000. */
const COUNT = Number(process.env['SLUICE_FUZZ'] ?? 20_000);
/** Packets each connection is fed. */
const RUN = 40;

const ADTS = Buffer.concat([Buffer.from('fff16c4001a0fc', 'hex'), Buffer.alloc(6, 1)]);

function seedStream(sim: string, next: () => number): Buffer[] {
  const encoder = new PacketEncoder({ sim, channel: 1, maxBody: 200 });
  const out: Buffer[] = [];
  for (let i = 0; out.length < RUN; i += 1) {
    const sps = h264Sps({ columns: 1 + Math.floor(next() * 3) });
    // Some are B pictures, shown before the one before them; some have marks that lie.
    const [isB, lies] = [i % 3 === 2 && next() < 0.5, next() < 0.2];
    const pieces = encoder.video(
      next() < 0.9 ? 98 : 99,
      i % 3 === 0,
      i * 700 - (isB ? 900 : 0),
      h264Picture(i % 3 === 0, 1 + Math.floor(next() * 600), i, sps),
    );
    for (const piece of pieces) {
      const [type, part] = [piece[sim.length / 2 + 9]! >> 4, piece[sim.length / 2 + 9]! & 0x0f];
      piece[sim.length / 2 + 9] = ((isB ? 2 : type) << 4) | (lies ? Math.floor(next() * 4) : part);
    }
    out.push(...pieces);
    const [payloadType, body] = [
      [6, Buffer.alloc(160)],
      [8, Buffer.alloc(120)],
      [26, Buffer.alloc(168)],
      [19, ADTS],
    ][i % 4] as [number, Buffer];
    out.push(...encoder.sound(payloadType, i * 700, body));
  }
  return out.slice(0, RUN);
}

function mutate(packet: Buffer, next: () => number): Buffer {
  const bytes = Buffer.from(packet);
  const at = Math.floor(next() * bytes.length);
  const header = Math.floor(next() * Math.min(bytes.length, 40));
  switch (Math.floor(next() * 8)) {
    case 0:
      bytes[header] = next() * 256;
      return bytes;
    case 1:
      bytes[at] = next() * 256;
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return bytes.subarray(at);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from('3031636481e2', 'hex'), bytes.subarray(at)]);
    case 5:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(Math.floor(next() * 60), next() * 256),
        bytes.subarray(at),
      ]);
    case 6:
      return Buffer.concat([bytes, bytes.subarray(at)]);
    default:
      // Start codes and parameter sets where none belong.
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from([0, 0, 0, 1, next() * 256, next() * 256, next() * 256]),
        bytes.subarray(at),
      ]);
  }
}

it(`${COUNT} mutated packets: nothing escapes, nothing piles up`, () => {
  const limits = { maxFrameBytes: 64 * 1024, maxFramePieces: 512, maxChannels: 8 };
  let seen = 0;
  let segments = 0;
  let mutated = 0;
  for (let run = 0; mutated < COUNT; run += 1) {
    const next = random(run);
    const segmenters: Segmenter[] = [];
    const connection = new MediaConnection(() => {
      const segmenter = new Segmenter({ maxBytes: 256 * 1024 }, ({ parts, bytes, duration }) => {
        segments += 1;
        expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(bytes);
        expect(duration).toBeGreaterThan(0);
      });
      segmenters.push(segmenter);
      const pcm = new PcmDecoder();
      return {
        unit(unit) {
          seen += 1;
          if (unit.kind === 'audio') pcm.decode(unit);
          segmenter.push(unit);
        },
        gap: (gap) => segmenter.push(gap),
      };
    }, limits);
    const packets = seedStream(run % 2 === 0 ? '013800138000' : '00000000013800138000', next);
    const spoiled = packets.map((packet) => (next() < 0.3 ? mutate(packet, next) : packet));
    mutated += spoiled.filter((packet, i) => packet !== packets[i]).length;
    const bytes = Buffer.concat(spoiled);
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + Math.floor(next() * 1500);
      connection.push(bytes.subarray(at, end), run + at);
      at = end;
      const held = segmenters.reduce((sum, segmenter) => sum + segmenter.bytes, 0);
      expect(held).toBeLessThanOrEqual(segmenters.length * 512 * 1024);
    }
    connection.end();
    for (const segmenter of segmenters) segmenter.end();
  }
  // It must have got through to the inside, or it proves nothing.
  expect(seen).toBeGreaterThan(COUNT / 10);
  expect(segments).toBeGreaterThan(COUNT / 400);
}, 600_000);
