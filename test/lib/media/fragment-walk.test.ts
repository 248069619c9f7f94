/** Fragments' headers by ranged reads: all of them, in order, and little else of the file. */
import { describe, expect, it } from 'vitest';
import { box, fullBox, u32 } from '../../../lib/media/build.ts';
import { CutShort, fragmentsOf } from '../../../lib/media/fragment-walk.ts';
import type { ByteSource } from '../../../lib/media/layout.ts';

/** A fragment of so many samples; its header tells its number. */
const moof = (sequence: number, samples: number): Buffer =>
  box(
    'moof',
    fullBox('mfhd', 0, 0, u32(sequence)),
    box('traf', fullBox('tfhd', 0, 0, u32(1)), fullBox('trun', 0, 0x200, u32(samples), Buffer.alloc(4 * samples))),
  );

const numberOf = (bytes: Buffer): number => bytes.readUInt32BE(20);

interface Made {
  readonly file: Buffer;
  readonly places: readonly number[];
  readonly headerBytes: number;
}

/** A file of so many fragments, each of another size; `media` is what lies in the data of each. */
function movie(count: number, size: number, media: (sequence: number) => Buffer = () => Buffer.alloc(0)): Made {
  const parts = [box('ftyp', Buffer.alloc(16)), box('moov', Buffer.alloc(5000))];
  const places: number[] = [];
  let at = parts[0]!.length + parts[1]!.length;
  let headerBytes = 0;
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const header = moof(sequence, 30 + (sequence % 40));
    const before = sequence % 3 === 0 ? [box('styp', Buffer.alloc(16)), box('prft', Buffer.alloc(20))] : [];
    const data = box('mdat', media(sequence), Buffer.alloc(Math.floor(size * (0.2 + 1.6 * ((sequence * 0.618) % 1)))));
    parts.push(...before, header, data);
    places.push(at + before.reduce((sum, { length }) => sum + length, 0));
    at += [...before, header, data].reduce((sum, { length }) => sum + length, 0);
    headerBytes += header.length;
  }
  return { file: Buffer.concat(parts), places, headerBytes };
}

/** Reads one after another at a time take as long as the deepest of them. */
function counting(file: Buffer) {
  const seen = { bytes: 0, reads: 0, depth: 0 };
  let turn: Promise<void> | undefined;
  const source: ByteSource = {
    size: file.length,
    read: async (offset, length) => {
      turn ??= new Promise((resolve) => {
        setImmediate(() => {
          seen.depth += 1;
          turn = undefined;
          resolve();
        });
      });
      await turn;
      const bytes = file.subarray(offset, Math.min(file.length, offset + length));
      seen.bytes += bytes.length;
      seen.reads += 1;
      return bytes;
    },
  };
  return { source, seen };
}

async function walked(source: ByteSource): Promise<{ number: number; at: number }[]> {
  const found: { number: number; at: number }[] = [];
  for await (const { moof: header, at } of fragmentsOf(source)) found.push({ number: numberOf(header), at });
  return found;
}

const all = ({ places }: Made) => places.map((at, i) => ({ number: i + 1, at }));

describe('fragments', () => {
  it('few of them are read one after another', async () => {
    const made = movie(60, 20_000);
    const { source, seen } = counting(made.file);
    expect(await walked(source)).toEqual(all(made));
    expect(seen.bytes).toBeLessThan(made.file.length / 10);
  });

  it('thousands are read side by side, and little else of the file', async () => {
    const made = movie(3000, 40_000);
    const { source, seen } = counting(made.file);
    expect(await walked(source)).toEqual(all(made));
    // A read each, and what looking for places took.
    expect(seen.bytes / made.file.length).toBeLessThan(0.1 + (64 * 256 * 1024) / made.file.length);
    expect(seen.depth).toBeLessThan(400);
  });

  it('what only looks like one, within the data of another, is none', async () => {
    const fake = Buffer.concat([moof(9_999, 3), box('mdat', Buffer.alloc(50)), moof(9_998, 2)]);
    // So many that whoever looks finds these first.
    const made = movie(1500, 10_000, () => Buffer.concat(Array.from({ length: 20 }, () => fake)));
    const { source } = counting(made.file);
    expect(await walked(source)).toEqual(all(made));
  });

  it('a fake one whose size leads to where the next one is, is none either', async () => {
    const made = movie(1000, 10_000, () => Buffer.concat([box('free'), moof(9_999, 1)]));
    const { source } = counting(made.file);
    expect(await walked(source)).toEqual(all(made));
  });

  it('a file that is cut is said to be, wherever', async () => {
    const { file, places } = movie(1000, 10_000);
    for (const end of [places[3]! + 20, places[500]! + 20, places[999]! + 500]) {
      const cut = counting(file.subarray(0, end)).source;
      await expect(walked(cut)).rejects.toThrow(CutShort);
    }
  });

  it('what follows the last one and is no box is nobody’s', async () => {
    const made = movie(300, 5000);
    const { source } = counting(Buffer.concat([made.file, Buffer.from('written by a recorder')]));
    expect(await walked(source)).toEqual(all(made));
  });

  it('a header larger than was read is read whole', async () => {
    const parts = [box('ftyp'), box('moov'), moof(1, 3), box('mdat'), moof(2, 100_000), box('mdat', Buffer.alloc(9))];
    const { source } = counting(Buffer.concat(parts));
    expect((await walked(source)).map(({ number }) => number)).toEqual([1, 2]);
  });

  it('a read that fails ends it, and a signal does', async () => {
    const { file, places } = movie(1000, 10_000);
    const { source } = counting(file);
    const broken: ByteSource = {
      size: source.size,
      read: async (offset, length) => {
        if (offset > places[700]!) throw new Error('the line broke');
        return source.read(offset, length);
      },
    };
    await expect(walked(broken)).rejects.toThrow(/the line broke/);
    const called = new AbortController();
    called.abort(new Error('enough'));
    await expect(fragmentsOf(source, called.signal).next()).rejects.toThrow(/enough/);
  });
});
