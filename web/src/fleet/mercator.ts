/** Web Mercator over a square of side 1, from the north-west corner: what tiles are counted in. Pure. */

/** Degrees of latitude at which the square ends. */
export const EDGE = 85.051_128;
/** Pixels of a tile's side. */
export const TILE = 256;

export const worldX = (lon: number): number => (lon + 180) / 360;

export function worldY(lat: number): number {
  const held = Math.min(EDGE, Math.max(-EDGE, lat));
  const sine = Math.sin((held * Math.PI) / 180);
  return Math.min(1, Math.max(0, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)));
}

/** Whole turns of the earth, in degrees, at which something of it is in view between two longitudes. */
export function turns(west: number, east: number): number[] {
  const found: number[] = [];
  for (let turn = Math.floor((west + 180) / 360); turn <= Math.floor((east + 180) / 360); turn += 1) {
    found.push(turn * 360);
  }
  return found;
}

/** Those at which something that reaches from one longitude to another is. */
export function turnsOf(
  [from, to]: readonly [number, number],
  [west, east]: readonly [west: number, east: number],
): number[] {
  const found: number[] = [];
  for (let turn = Math.ceil((west - to) / 360); turn <= Math.floor((east - from) / 360); turn += 1) {
    // Not -0, which Math.ceil may begin with.
    found.push(turn * 360 || 0);
  }
  return found;
}
