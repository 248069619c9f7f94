/** Countries as closed lines over the square of mercator.ts, cut to a box of it. Pure. */
import { feature } from 'topojson-client';
import { worldX, worldY } from './mercator.ts';

export type Box = readonly [left: number, top: number, right: number, bottom: number];

interface Ring {
  readonly box: Box;
  /** x and y of each corner in turn; the last is joined to the first. */
  readonly points: Float64Array;
}

export interface Shape {
  readonly box: Box;
  readonly rings: readonly Ring[];
}

/** As `world-atlas` has it: TopoJSON 1.0. */
export type Atlas = Parameters<typeof feature>[0] & {
  readonly objects: { readonly countries: { readonly geometries: readonly Parameters<typeof feature>[1][] } };
};

/** One by one, since all together keep a slow processor busy for too long. */
export function* shapesOf(atlas: Atlas): Generator<Shape> {
  for (const country of atlas.objects.countries.geometries) {
    const decoded = feature(atlas, country);
    if (decoded.type !== 'Feature') continue;
    const { geometry } = decoded;
    if (geometry.type === 'Polygon') yield* shapes(geometry.coordinates);
    // Islands lie far from one another: each is looked for by itself.
    else if (geometry.type === 'MultiPolygon') for (const part of geometry.coordinates) yield* shapes(part);
  }
}

type Line = readonly (readonly number[])[];

/** What reaches over a side of the square comes in at the other one as well. */
function* shapes(lines: readonly Line[]): Generator<Shape> {
  const whole = shape(lines.map(unbroken));
  yield whole;
  if (whole.box[0] < 0) yield moved(whole, 1);
  if (whole.box[2] > 1) yield moved(whole, -1);
}

/** As x and y, without the leap at 180°; a line round the south pole is led along it. */
function unbroken(line: Line): Float64Array {
  const points: number[] = [];
  let turn = 0;
  for (const [i, [lon, lat]] of line.entries()) {
    const step = lon! - (line[i - 1]?.[0] ?? lon!);
    if (Math.abs(step) > 180) turn -= Math.sign(step);
    points.push(worldX(lon!) + turn, worldY(lat!));
  }
  if (turn !== 0) points.push(points.at(-2)!, 1, points[0]!, 1);
  return Float64Array.from(points);
}

function shape(lines: readonly Float64Array[]): Shape {
  const rings = lines.map((points) => ({ points, box: boxOf(points) }));
  // All of them: round the pole it is an inner one that reaches out farthest.
  return { rings, box: boxOf(rings.flatMap(({ box: [left, top, right, bottom] }) => [left, top, right, bottom])) };
}

const moved = ({ rings }: Shape, by: number): Shape =>
  shape(rings.map(({ points }) => Float64Array.from(points, (value, i) => (i % 2 === 0 ? value + by : value))));

function boxOf(points: ArrayLike<number>): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i]!, points[i + 1]!];
    [left, top] = [Math.min(left, x), Math.min(top, y)];
    [right, bottom] = [Math.max(right, x), Math.max(bottom, y)];
  }
  return [left, top, right, bottom];
}

export const meets = (a: Box, b: Box): boolean => a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
const holds = (outer: Box, inner: Box): boolean =>
  outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];

/** What of a ring lies within a box, with the box's own sides where the ring leaves it (Sutherland and Hodgman). */
export function cut({ points, box }: Ring, within: Box): ArrayLike<number> {
  if (!meets(box, within)) return [];
  if (holds(within, box)) return points;
  return [0, 1, 2, 3].reduce<ArrayLike<number>>((rest, side) => cutBy(rest, side, within[side]!), points);
}

/** `side` as in a box: left, top, right, bottom. */
function cutBy(points: ArrayLike<number>, side: number, at: number): number[] {
  const [axis, other] = side % 2 === 0 ? [0, 1] : [1, 0];
  const isIn = side < 2 ? (value: number) => value >= at : (value: number) => value <= at;
  const kept: number[] = [];
  for (let i = 0; i < points.length; i += 2) {
    const j = i === 0 ? points.length - 2 : i - 2;
    const [before, here] = [points[j + axis]!, points[i + axis]!];
    if (isIn(before) !== isIn(here)) {
      const part = (at - before) / (here - before);
      const crossing = points[j + other]! + (points[i + other]! - points[j + other]!) * part;
      if (axis === 0) kept.push(at, crossing);
      else kept.push(crossing, at);
    }
    if (isIn(here)) kept.push(points[i]!, points[i + 1]!);
  }
  return kept;
}

/** Whether a line between two corners is the lower side of the square, and no coast: nobody draws it. */
export const isSeam = (ay: number, by: number): boolean => ay === 1 && by === 1;
