/**
 * Recorded segments set one after another on one time line (ISO/IEC 14496-12). Segments of different runs count their
 * time from different origins; the file of a clip counts from 0 and has no holes. Pure.
 */

import { BoxError, boxes, find, findAll, need, versionOf } from '../../lib/media/boxes.ts';
import { readTracks } from '../../lib/media/movie.ts';

/** Track id → ticks a second, from an initialization section. @throws BoxError */
export function timescales(init: Buffer): Map<number, number> {
  const scales = new Map(readTracks(need(init, ['moov'], 0)).map(({ id, timescale }) => [id, timescale]));
  if (scales.size === 0) throw new BoxError('an initialization section without tracks');
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
   * that reaches over the cut stays where it is. `duration`: milliseconds. Throws BoxError.
   */
  add(segment: Buffer, duration: number, continues: boolean): void {
    const moofs = findAll(segment, 'moof');
    const [moof] = moofs;
    if (moof === undefined || moofs.length > 1) throw new BoxError('a segment has one moof');
    // A last box "to the end" (size 0) would take in the segments that follow.
    if ([...boxes(segment)].some(({ start }) => segment.readUInt32BE(start) < 8)) throw new BoxError('an open box');
    const tracks = findAll(moof.body, 'traf').map(({ body }) => this.#track(body));
    const video = tracks[0];
    if (video === undefined) throw new BoxError('a segment without tracks');
    if (!continues) this.#shift = this.#end - Math.round((Number(video.time) * 1000) / video.scale);
    for (const { tfdt, time, scale } of tracks) {
      const shifted = time + BigInt(Math.round((this.#shift * scale) / 1000));
      // Sound may begin a little before the pictures; nothing is before the beginning of a file.
      tfdt.writeBigUInt64BE(shifted < 0n ? 0n : shifted, 4);
    }
    this.#sequence += 1;
    need(moof.body, ['mfhd'], 8).writeUInt32BE(this.#sequence, 4);
    this.#end += duration;
  }

  #track(traf: Buffer): { tfdt: Buffer; time: bigint; scale: number } {
    const tfhd = need(traf, ['tfhd'], 8);
    const tfdt = find(traf, 'tfdt');
    if (tfdt === undefined || tfdt.length < 12 || versionOf(tfdt) !== 1) {
      throw new BoxError('a track fragment without its 64-bit time');
    }
    const scale = this.#scales.get(tfhd.readUInt32BE(4));
    if (scale === undefined) throw new BoxError('a track that the initialization section does not have');
    return { tfdt, time: tfdt.readBigUInt64BE(4), scale };
  }
}
