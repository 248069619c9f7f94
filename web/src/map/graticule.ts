/** Lines of latitude and longitude, so that a map without tiles still says where one is and how far things are. Pure. */

const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

export type Box = readonly [west: number, south: number, east: number, north: number];

/** At most a dozen lines each way, at round degrees, over the box and a little beyond. */
export function graticule([west, south, east, north]: Box) {
  const step = STEPS.findLast((one) => Math.max(east - west, north - south) / one <= 12) ?? STEPS[0]!;
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  const lines: { text: string; coordinates: [number, number][] }[] = [];
  const [bottom, top] = [Math.max(-85, south - step), Math.min(85, north + step)];
  const [left, right] = [west - step, east + step];
  for (let i = Math.ceil(left / step); i * step <= right; i += 1) {
    const lon = i * step;
    // East of 180° the numbers begin anew.
    const shown = ((((lon + 180) % 360) + 360) % 360) - 180;
    lines.push({ text: `${shown.toFixed(digits)}°`, coordinates: [[lon, bottom], [lon, top]] }); // prettier-ignore
  }
  for (let i = Math.ceil(bottom / step); i * step <= top; i += 1) {
    const lat = i * step;
    lines.push({ text: `${lat.toFixed(digits)}°`, coordinates: [[left, lat], [right, lat]] }); // prettier-ignore
  }
  return {
    type: 'FeatureCollection' as const,
    features: lines.map(({ text, coordinates }) => ({
      type: 'Feature' as const,
      geometry: { type: 'LineString' as const, coordinates },
      properties: { text },
    })),
  };
}
