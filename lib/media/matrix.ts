/** How a movie says that its picture is turned or mirrored (ISO/IEC 14496-12 6.2.2): in a track's header, and in its own. */
import { boxes, find, need, versionOf } from './boxes.ts';
import { box } from './build.ts';

/** a, b, u, c, d, v, x, y, w. */
type Matrix = readonly number[];

/** Fractions of 16 bits, of 30 where it is u, v or w. */
const IDENTITY: Matrix = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];
/** By the row of the second one, in a product. */
const UNITS = [2 ** 16, 2 ** 16, 2 ** 30];

/** tkhd (8.3.2) and mvhd (8.2.2): bytes ahead of it, in version 0; times are 12 bytes longer in version 1. */
const IN_TRACK = 40;
const IN_MOVIE = 36;
const placeIn = (header: Buffer, at: number): number => at + (versionOf(header) === 1 ? 12 : 0);

/** Undefined: the header ends before it. */
function matrixOf(header: Buffer, place: number): Matrix | undefined {
  const at = placeIn(header, place);
  return at + 36 <= header.length ? IDENTITY.map((_, i) => header.readInt32BE(at + 4 * i)) : undefined;
}

/** Whether a picture that is not turned is shown upside down. `trak`: its content. */
export const isMirrored = (trak: Buffer): boolean => (matrixOf(need(trak, ['tkhd'], 4), IN_TRACK)?.[4] ?? 1) < 0;

/** A `trak` (content) that says by itself how it is shown: a part of it is played under another movie's header. */
export function withMovieMatrix(trak: Buffer, mvhd: Buffer): Buffer {
  const movie = matrixOf(mvhd, IN_MOVIE);
  const tkhd = find(trak, 'tkhd');
  const own = tkhd && matrixOf(tkhd, IN_TRACK);
  if (!movie || !own || movie.every((value, i) => value === IDENTITY[i])) return trak;
  const header = Buffer.from(tkhd);
  const at = placeIn(header, IN_TRACK);
  own.forEach((_, i) => {
    const row = i - (i % 3);
    const sum = UNITS.reduce((all, unit, e) => all + Math.floor((own[row + e]! * movie[3 * e + (i % 3)]!) / unit), 0);
    // Of a product that does not fit, what is left of it.
    header.writeInt32BE(sum | 0, at + 4 * i);
  });
  return Buffer.concat([...boxes(trak)].map(({ type, body }) => box(type, type === 'tkhd' ? header : body)));
}
