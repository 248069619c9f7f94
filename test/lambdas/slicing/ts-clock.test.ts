/** Clocks of MPEG-TS: which leaps are holes and which begin a part, and that the bytes of a stream are changed in their times only. */
import { describe, expect, it } from 'vitest';
import { Clock, straightened } from '../../../lambdas/slicing/ts-clock.ts';

const SECOND = 90_000;
const [VIDEO, SOUND] = [256, 257];

/** A packet (188 bytes) in which a PES begins that has a DTS before its PTS. */
function packet(pid: number, dts: number): Buffer {
  const bytes = Buffer.alloc(188, 0xff);
  bytes.set([0x47, 0x40 | (pid >> 8), pid & 0xff, 0x10, 0, 0, 1, pid === VIDEO ? 0xe0 : 0xc0, 0, 0, 0x80, 0xc0, 10]);
  bytes.set([...time(3, dts + 3000), ...time(1, dts)], 13);
  return bytes;
}

/** ISO/IEC 13818-1 2.4.3.6: four bits, then 3, 15 and 15 of the time, each with a marker. */
function time(mark: number, ticks: number): number[] {
  const value = BigInt(ticks);
  const bits = (BigInt(mark) << 36n) | ((value >> 30n) << 33n) | (1n << 32n) | (((value >> 15n) & 0x7fffn) << 17n);
  const all = bits | (1n << 16n) | ((value & 0x7fffn) << 1n) | 1n;
  return [32n, 24n, 16n, 8n, 0n].map((shift) => Number((all >> shift) & 0xffn));
}

const dtsOf = (bytes: Buffer, at: number): number => {
  const [a, b, c, d, e] = bytes.subarray(at + 18, at + 23);
  return ((a! >> 1) & 7) * 2 ** 30 + b! * 2 ** 22 + (c! >> 1) * 2 ** 15 + d! * 2 ** 7 + (e! >> 1);
};

/** Seconds of each packet's DTS once straightened, whatever the pieces it comes in. */
async function times(packets: readonly Buffer[], pieceBytes: number): Promise<number[]> {
  const all = Buffer.concat(packets);
  async function* pieces() {
    for (let at = 0; at < all.length; at += pieceBytes) yield Buffer.from(all.subarray(at, at + pieceBytes));
  }
  const out: Buffer[] = [];
  for await (const piece of straightened(pieces())) out.push(Buffer.from(piece));
  const made = Buffer.concat(out);
  expect(made.length).toBe(all.length);
  return packets.map((_, index) => Number((dtsOf(made, index * 188) / SECOND).toFixed(4)));
}

/** Two seconds of both tracks from a time on: ten pictures a second, sound twice a second and a little late in the file. */
const recording = (start: number): Buffer[] =>
  Array.from({ length: 20 }, (_, i) => [
    packet(VIDEO, Math.round((start + i / 10) * SECOND)),
    ...(i % 5 === 4 ? [packet(SOUND, Math.round((start + (i - 4) / 10) * SECOND))] : []),
  ]).flat();

describe.each([188, 1000, 7, 1_000_000])('in pieces of %i bytes', (pieceBytes) => {
  const one = recording(1).map((bytes) => dtsOf(bytes, 0) / SECOND);

  it('one recording stays as it is', async () => {
    expect(await times(recording(1), pieceBytes)).toEqual(one.map((value) => Number(value.toFixed(4))));
  });

  it.each([1, 0, 3600, 2.5])('one that begins at %s s goes on where the first ended', async (start) => {
    const found = await times([...recording(1), ...recording(start)], pieceBytes);
    // 2.5 s is before the first one's end; where it is after, by less than a minute, something is missing.
    expect(found.slice(24)).toEqual(one.map((value) => Number((value + 2).toFixed(4))));
  });

  it('a hole of half a minute stays one, in one track or in both', async () => {
    const both = await times([...recording(1), ...recording(33)], pieceBytes);
    expect(both[24]).toBe(33);
    const sound = Array.from({ length: 200 }, (_, i) => packet(SOUND, (1 + i) * SECOND));
    const alone = await times([packet(VIDEO, SECOND), ...sound, packet(VIDEO, 201 * SECOND)], pieceBytes);
    expect(alone.at(-1)).toBe(201);
  });
});

it('times that begin again after 33 bits are no leap', () => {
  const clock = new Clock();
  const all = [2 ** 33 - 6000, 2 ** 33 - 3000, 0, 3000].map((ticks) => clock.take(VIDEO, ticks));
  expect(all).toEqual([false, false, false, false]);
});
