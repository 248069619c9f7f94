/**
 * Recorded segments set one after another on one time line (ISO/IEC 14496-12). Segments of different runs count their
 * time from different origins; the file of a clip counts from 0 and has no holes. Pure.
 */

export class FragmentError extends Error {
  override name = 'FragmentError';
}

interface Box {
  readonly type: string;
  /** Where the box and its content begin, and where both end. */
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

/** Boxes between two offsets (4.2.2). Sizes of 64 bits and "to the end" are not what our writer makes. */
function* boxes(bytes: Buffer, from: number, to: number): Generator<Box> {
  for (let at = from; at < to;) {
    if (at + 8 > to) throw new FragmentError('a box ends in the middle of its header');
    const size = bytes.readUInt32BE(at);
    if (size < 8 || at + size > to) throw new FragmentError(`a box of ${size} bytes does not fit`);
    yield { type: bytes.toString('latin1', at + 4, at + 8), start: at, body: at + 8, end: at + size };
    at += size;
  }
}

function find(bytes: Buffer, from: number, to: number, path: readonly string[]): Box[] {
  const [type, ...rest] = path;
  const found = [...boxes(bytes, from, to)].filter((box) => box.type === type);
  return rest.length === 0 ? found : found.flatMap((box) => find(bytes, box.body, box.end, rest));
}

/** Track id → ticks a second, from an initialization section (8.3.2 tkhd, 8.4.2 mdhd). */
export function timescales(init: Buffer): Map<number, number> {
  const scales = new Map<number, number>();
  for (const trak of find(init, 0, init.length, ['moov', 'trak'])) {
    const [tkhd] = find(init, trak.body, trak.end, ['tkhd']);
    const [mdhd] = find(init, trak.body, trak.end, ['mdia', 'mdhd']);
    if (tkhd === undefined || mdhd === undefined) throw new FragmentError('a track without its headers');
    // After version and flags: two times, of 8 bytes each in version 1 and of 4 in version 0.
    const skip = (box: Box) => box.body + 4 + (init.readUInt8(box.body) === 1 ? 16 : 8);
    scales.set(init.readUInt32BE(skip(tkhd)), init.readUInt32BE(skip(mdhd)));
  }
  if (scales.size === 0) throw new FragmentError('an initialization section without tracks');
  return scales;
}

/** Sets segments of one initialization section one after another. Stateful: feed them in order. */
export class Joiner {
  readonly #scales: ReadonlyMap<number, number>;
  #sequence = 0;
  /** Milliseconds of what was joined so far. */
  #end = 0;
  /** Milliseconds from a segment's own time to the file's; kept while segments continue one another. */
  #shift = 0;

  constructor(init: Buffer) {
    this.#scales = timescales(init);
  }

  /**
   * Changes the segment's times and number in place. `continues`: it goes on where the one before it ended, so that sound
   * that reaches over the cut stays where it is. `duration`: milliseconds. Throws FragmentError.
   */
  add(segment: Buffer, duration: number, continues: boolean): void {
    const [moof, ...more] = find(segment, 0, segment.length, ['moof']);
    if (moof === undefined || more.length > 0) throw new FragmentError('a segment has one moof');
    const tracks = find(segment, moof.body, moof.end, ['traf']).map((traf) => this.#track(segment, traf));
    const video = tracks[0];
    if (video === undefined) throw new FragmentError('a segment without tracks');
    if (!continues) this.#shift = this.#end - Math.round((Number(video.time) * 1000) / video.scale);
    for (const { at, time, scale } of tracks) {
      const shifted = time + BigInt(Math.round((this.#shift * scale) / 1000));
      // Sound may begin a little before the pictures; nothing is before the beginning of a file.
      segment.writeBigUInt64BE(shifted < 0n ? 0n : shifted, at);
    }
    const [mfhd] = find(segment, moof.body, moof.end, ['mfhd']);
    if (mfhd === undefined) throw new FragmentError('a moof without mfhd');
    this.#sequence += 1;
    segment.writeUInt32BE(this.#sequence, mfhd.body + 4);
    this.#end += duration;
  }

  #track(segment: Buffer, traf: Box): { at: number; time: bigint; scale: number } {
    const [tfhd] = find(segment, traf.body, traf.end, ['tfhd']);
    const [tfdt] = find(segment, traf.body, traf.end, ['tfdt']);
    if (tfhd === undefined || tfdt === undefined || segment.readUInt8(tfdt.body) !== 1) {
      throw new FragmentError('a track fragment without its 64-bit time');
    }
    const scale = this.#scales.get(segment.readUInt32BE(tfhd.body + 4));
    if (scale === undefined) throw new FragmentError('a track that the initialization section does not have');
    const at = tfdt.body + 4;
    return { at, time: segment.readBigUInt64BE(at), scale };
  }
}
