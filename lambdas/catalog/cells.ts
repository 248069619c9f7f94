/**
 * Cells of the earth, by which videos are found near a place: bands of latitude, as high as each other, and of each band so many cells as
 * are at least as wide as high, fewer towards the poles and one around each. Four sizes, so that some few cells hold any circle. Pure.
 */
import { EARTH, radians, WITHIN, type Place } from '../../lib/contract/places.ts';

/** Bands from pole to pole, of each size: 50 km high, 12.5, 3.1 and 0.8. */
const SIZES = [400, 1600, 6400, 25_600] as const;

/** Metres that rounding may move a place. */
const SLACK = 0.2;

const degrees = (angle: number): number => (angle * 180) / Math.PI;
const bandOf = (lat: number, bands: number): number => Math.min(bands - 1, Math.floor(((lat + 90) / 180) * bands));

/** How many cells a band has: on the side of its pole, where it is shortest, each is as wide as high. */
function cellsOf(band: number, bands: number): number {
  const height = 180 / bands;
  const poleward = Math.min(90, Math.max(Math.abs(band * height - 90), Math.abs((band + 1) * height - 90)));
  return Math.max(1, Math.floor((360 * Math.cos(radians(poleward))) / height));
}

/** Longitudes go round: 180 is -180, and so is what a circle has beyond. */
const columnOf = (lon: number, cells: number): number => Math.floor(((lon + 180) / 360) * cells);
const nameOf = (bands: number, band: number, column: number, cells: number): string =>
  `${bands}.${band}.${((column % cells) + cells) % cells}`;

/** The cell of each size that a place lies in. */
export function cellsAt([latE6, lonE6]: Readonly<Place>): string[] {
  return SIZES.map((bands) => {
    const band = bandOf(latE6 / 1e6, bands);
    const cells = cellsOf(band, bands);
    return nameOf(bands, band, columnOf(lonE6 / 1e6, cells), cells);
  });
}

/** Cells of one size, a dozen at most, in which every place lies that is `within` metres of this one (WITHIN), and others do. */
export function cellsAround([latE6, lonE6]: Readonly<Place>, within: number): string[] {
  const [lat, lon] = [latE6 / 1e6, lonE6 / 1e6];
  const radius = degrees((Math.min(within, WITHIN.max) + SLACK) / EARTH);
  const bands = SIZES.findLast((some) => 180 / some >= radius) ?? SIZES[0];
  const [south, north] = [lat - radius, lat + radius];
  // A circle around a pole has all longitudes; any other as many to each side as where it is widest.
  const isAtPole = south <= -90 || north >= 90;
  const half = isAtPole ? 180 : degrees(Math.asin(Math.sin(radians(radius)) / Math.cos(radians(lat))));
  const names: string[] = [];
  for (let band = bandOf(Math.max(-90, south), bands); band <= bandOf(Math.min(90, north), bands); band += 1) {
    const cells = cellsOf(band, bands);
    const [west, east] = [columnOf(lon - half, cells), columnOf(lon + half, cells)];
    for (let column = west; column <= Math.min(east, west + cells - 1); column += 1)
      names.push(nameOf(bands, band, column, cells));
  }
  return names;
}
