/**
 * The index of a movie in fragments (ISO/IEC 14496-12 8.8), gathered from its `moof` boxes one after another: what a `moov`
 * with sample tables says of one that is whole. Typed arrays that grow, 21 bytes a sample.
 */
import { BoxError, find, findAll, need } from './boxes.ts';
import { NON_SYNC, readFragments, type TrackDefaults, type TrackFragment } from './fragments.ts';
import { readTracks, type Track } from './movie.ts';
import { withMovieMatrix } from './matrix.ts';
import { bareTrack } from './movie-build.ts';
import { MAX_SAMPLES, readEdit, timescaleOf, type MovieIndex, type SampleTable } from './sample-table.ts';

export class FragmentIndex {
  readonly #movieTimescale: number;
  readonly #tracks: readonly { readonly track: Track; readonly samples: GrowingSamples }[];
  readonly #defaults: ReadonlyMap<number, TrackDefaults>;

  /**
   * `moov`: its content. `positions`: which of its tracks to read, counted from 0.
   * @throws BoxError, also when samples are in the `moov` itself: then the fragments are only the rest
   */
  constructor(moov: Buffer, positions: readonly number[]) {
    const mvhd = need(moov, ['mvhd'], 4);
    this.#movieTimescale = timescaleOf(mvhd);
    const all = readTracks(moov);
    this.#tracks = positions.map((position) => {
      const track = all[position];
      if (track === undefined) throw new BoxError(`there is no track ${position}`);
      if (track.timescale === 0) throw new BoxError('a header without a time scale');
      const sizes = find(track.trak, 'mdia', 'minf', 'stbl', 'stsz');
      if (sizes && sizes.length >= 12 && sizes.readUInt32BE(8) > 0) throw new BoxError('fragments after a whole movie');
      return { track: { ...track, trak: withMovieMatrix(track.trak, mvhd) }, samples: new GrowingSamples() };
    });
    this.#defaults = readDefaults(moov);
  }

  /** The next `moof`, a whole box that begins at byte `at` of the file. @throws BoxError */
  add(moof: Buffer, at: number): this {
    for (const fragment of readFragments(moof, { defaults: this.#defaults, at })) {
      for (const { track, samples } of this.#tracks) if (track.id === fragment.track) samples.add(fragment, at);
    }
    return this;
  }

  /** What was gathered so far. */
  get index(): MovieIndex {
    return {
      timescale: this.#movieTimescale,
      tracks: this.#tracks.map(({ track: { timescale, trak }, samples }) => ({
        timescale,
        trak: bareTrack(trak),
        edit: readEdit(find(trak, 'edts', 'elst')),
        samples: samples.table,
      })),
    };
  }
}

/** trex (8.8.3): after version and flags the track's id, its description, and what holds of samples. */
export function readDefaults(moov: Buffer): Map<number, TrackDefaults> {
  return new Map(
    findAll(moov, 'mvex', 'trex').flatMap(({ body }) =>
      body.length < 24
        ? []
        : [
            [
              body.readUInt32BE(4),
              { duration: body.readUInt32BE(12), size: body.readUInt32BE(16), flags: body.readUInt32BE(20) },
            ],
          ],
    ),
  );
}

/** One track's samples, as they come. */
class GrowingSamples {
  #count = 0;
  #offset = new Float64Array(0);
  #size = new Uint32Array(0);
  #decode = new Float64Array(0);
  #composition = new Int32Array(0);
  #sync = new Uint8Array(0);
  #lastDuration = 0;

  add({ decodeTime, samples }: TrackFragment, at: number): void {
    if (this.#count + samples.length > MAX_SAMPLES) throw new BoxError(`a track of more than ${MAX_SAMPLES} samples`);
    this.#reserve(this.#count + samples.length);
    let time = decodeTime;
    for (const { duration, size, flags, compositionOffset, offset } of samples) {
      const next = this.#count;
      // Two fragments may say so of one moment; a decoder takes them one after another.
      this.#decode[next] = next === 0 ? time : Math.max(time, this.#decode[next - 1]!);
      this.#offset[next] = at + offset;
      this.#size[next] = size;
      this.#composition[next] = compositionOffset;
      this.#sync[next] = (flags & NON_SYNC) === 0 ? 1 : 0;
      this.#lastDuration = duration;
      this.#count += 1;
      time += duration;
    }
  }

  get table(): SampleTable {
    const count = this.#count;
    return {
      count,
      offset: this.#offset.subarray(0, count),
      size: this.#size.subarray(0, count),
      decode: this.#decode.subarray(0, count),
      composition: this.#composition.subarray(0, count),
      sync: this.#sync.subarray(0, count),
      lastDuration: this.#lastDuration,
    };
  }

  #reserve(count: number): void {
    if (count <= this.#offset.length) return;
    const room = Math.max(count, 1024, this.#offset.length * 2);
    this.#offset = grown(this.#offset, new Float64Array(room));
    this.#size = grown(this.#size, new Uint32Array(room));
    this.#decode = grown(this.#decode, new Float64Array(room));
    this.#composition = grown(this.#composition, new Int32Array(room));
    this.#sync = grown(this.#sync, new Uint8Array(room));
  }
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
