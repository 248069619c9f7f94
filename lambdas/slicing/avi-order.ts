/** AVI says when a picture is decoded and not when it is shown. */
import { BitReader, BitsError } from '../../lib/media/bits.ts';
import { BoxError } from '../../lib/media/boxes.ts';
import type { IndexedTrack, SampleTable } from '../../lib/media/sample-table.ts';

/** Times that ffmpeg finds leave room for a picture between, also where there is none: the first one is shown when it is decoded. */
export function begunAtOnce(track: IndexedTrack): IndexedTrack {
  const { decode, composition } = track.samples;
  const first = decode.reduce((least, time, i) => Math.min(least, time + composition[i]!), Infinity);
  const late = decode.length === 0 ? 0 : first - decode[0]!;
  return { ...track, samples: { ...track.samples, decode: decode.map((time) => time - late) } };
}

/** Whether all pictures of H.264 are shown in the order they are decoded in: of others ffmpeg does not find it. */
export class InOrder {
  #next = 0;

  /** Those that came since the last time, whose bytes are in this box, which begins at byte `at`. @throws BoxError: not */
  look({ count, offset, size }: SampleTable, mdat: Buffer, at: number): void {
    for (; this.#next < count; this.#next += 1) {
      const from = offset[this.#next]! - at;
      const sample = mdat.subarray(Math.max(0, from), Math.max(0, from + size[this.#next]!));
      if (isBidirectional(sample)) throw new BoxError('pictures are shown in an order that nobody says');
    }
  }
}

/** nal_unit_type 1: a slice that is no IDR's; slice_type (7.4.3) 1 and 6: B. Lengths are of 4 bytes, as ffmpeg writes them. */
function isBidirectional(sample: Buffer): boolean {
  for (let at = 0; at + 5 < sample.length;) {
    const size = sample.readUInt32BE(at);
    const type = sample[at + 4]! & 0x1f;
    if (type === 1) {
      try {
        const bits = new BitReader(sample.subarray(at + 5, at + 4 + Math.min(size, 32)));
        bits.unsigned(); // first_mb_in_slice
        return bits.unsigned() % 5 === 1;
      } catch (error) {
        if (error instanceof BitsError) return false;
        throw error;
      }
    }
    if (type === 5) return false;
    at += 4 + size;
  }
  return false;
}
