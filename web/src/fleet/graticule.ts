/** Lines of latitude and longitude, so that a map without tiles still says where one is and how far things are. Pure. */
import { EDGE } from './mercator.ts';

const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];

export type Box = readonly [west: number, south: number, east: number, north: number];

interface Line {
  readonly degrees: number;
  readonly text: string;
}

interface Lines {
  readonly lons: readonly Line[];
  readonly lats: readonly Line[];
}

/** East of 180° the numbers begin anew. */
const wrapped = (lon: number): number => ((((lon + 180) % 360) + 360) % 360) - 180;

/** At most a dozen lines each way, at round degrees, within a box. */
export function graticule([west, south, east, north]: Box): Lines {
  const step = STEPS.findLast((one) => Math.max(east - west, north - south) / one <= 12) ?? STEPS[0]!;
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  const between = (from: number, to: number, text: (degrees: number) => number): Line[] => {
    const found: Line[] = [];
    for (let i = Math.ceil(from / step); i * step <= to; i += 1) {
      found.push({ degrees: i * step, text: `${text(i * step).toFixed(digits)}°` });
    }
    return found;
  };
  return {
    lons: between(west, east, wrapped),
    lats: between(Math.max(-EDGE, south), Math.min(EDGE, north), (lat) => lat),
  };
}

/** Parts of the box's width and height, from the west and from the north, in which buttons and scale stand. */
const CORNERS = { fromEast: 0.17, fromWest: 0.06, fromNorth: 0.06, fromSouth: 0.14 };

/** The lines whose degrees are written: latitudes down the box's west side, longitudes along its north. */
export function written(box: Box): Lines {
  const [west, south, east, north] = box;
  const { lons, lats } = graticule(box);
  const [width, height] = [east - west, north - south];
  return {
    lons: lons.filter(
      ({ degrees }) => degrees > west + CORNERS.fromWest * width && degrees < east - CORNERS.fromEast * width,
    ),
    lats: lats.filter(
      ({ degrees }) => degrees > south + CORNERS.fromSouth * height && degrees < north - CORNERS.fromNorth * height,
    ),
  };
}
