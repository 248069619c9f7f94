/** Lines of latitude and longitude, so that a map without tiles still says where one is and how far things are. Pure. */

const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

export type Box = readonly [west: number, south: number, east: number, north: number];

/** Round degrees at which there is a line within a box, the first beyond it on each side included. */
function rounds([west, south, east, north]: Box) {
  const step = STEPS.findLast((one) => Math.max(east - west, north - south) / one <= 12) ?? STEPS[0]!;
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  const between = (from: number, to: number) => {
    const found: number[] = [];
    for (let i = Math.ceil(from / step); i * step <= to; i += 1) found.push(i * step);
    return found;
  };
  return {
    lons: between(west - step, east + step),
    lats: between(Math.max(-85, south - step), Math.min(85, north + step)),
    text: (degrees: number) => `${degrees.toFixed(digits)}°`,
  };
}

const collection = <G extends { readonly type: string }>(all: readonly { geometry: G; text: string }[]) => ({
  type: 'FeatureCollection' as const,
  features: all.map(({ geometry, text }) => ({ type: 'Feature' as const, geometry, properties: { text } })),
});

/** East of 180° the numbers begin anew. */
const wrapped = (lon: number): number => ((((lon + 180) % 360) + 360) % 360) - 180;

/** At most a dozen lines each way, at round degrees, over the box and a little beyond. */
export function graticule(box: Box) {
  const { lons, lats, text } = rounds(box);
  const [west, east] = [lons[0] ?? box[0], lons.at(-1) ?? box[2]];
  const [south, north] = [lats[0] ?? box[1], lats.at(-1) ?? box[3]];
  const line = (...coordinates: [number, number][]) => ({ type: 'LineString' as const, coordinates });
  return collection([
    ...lons.map((lon) => ({ geometry: line([lon, south], [lon, north]), text: text(wrapped(lon)) })),
    ...lats.map((lat) => ({ geometry: line([west, lat], [east, lat]), text: text(lat) })),
  ]);
}

/** Parts of the box's width and height, from the west and from the north, in which buttons and scale stand. */
const CORNERS = { fromEast: 0.17, fromWest: 0.06, fromNorth: 0.06, fromSouth: 0.14 };

/** Where the lines' degrees are written: latitudes down the box's west side, longitudes along its north. */
export function degrees(box: Box) {
  const [west, south, east, north] = box;
  const { lons, lats, text } = rounds(box);
  const point = (lon: number, lat: number) => ({ type: 'Point' as const, coordinates: [lon, lat] as [number, number] });
  const [width, height] = [east - west, north - south];
  return {
    lons: collection(
      lons
        .filter((lon) => lon > west + CORNERS.fromWest * width && lon < east - CORNERS.fromEast * width)
        .map((lon) => ({ geometry: point(lon, north), text: text(wrapped(lon)) })),
    ),
    lats: collection(
      lats
        .filter((lat) => lat > south + CORNERS.fromSouth * height && lat < north - CORNERS.fromNorth * height)
        .map((lat) => ({ geometry: point(west, lat), text: text(lat) })),
    ),
  };
}
