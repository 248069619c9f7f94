/** A place and how far around it videos are looked for. Pure. */

export interface Circle {
  /** Degrees. */
  readonly lat: number;
  readonly lon: number;
  readonly metres: number;
}

/** `52.52,13.405` of what people write, empty of nothing; undefined when it is no place. */
export function placeOf(text: string): string | undefined {
  if (text.trim() === '') return '';
  const match = /^(-?\d{1,2}(?:\.\d+)?)[\s,;]+(-?\d{1,3}(?:\.\d+)?)$/.exec(text.trim());
  if (match === null) return undefined;
  const [lat, lon] = [Number(match[1]), Number(match[2])];
  if (Math.abs(lat) > 90 || Math.abs(lon) > 180) return undefined;
  return [lat, lon].map((degrees) => Number(degrees.toFixed(6))).join(',');
}

/** As a field shows it, to a metre. */
export const textOf = (lat: number, lon: number): string =>
  [lat, lon].map((degrees) => Number(degrees.toFixed(5)).toString()).join(', ');

/** Of fields; undefined where they name no place. */
export function circleOf(near: string, within: string): Circle | undefined {
  const place = placeOf(near);
  if (place === undefined || place === '') return undefined;
  const [lat, lon] = place.split(',').map(Number);
  return { lat: lat!, lon: lon!, metres: Number(within) };
}

/** Mean radius of the earth, metres (IUGG), as the search measures. */
const EARTH = 6_371_008.8;
const CORNERS = 72;

/** Places on its edge, all the way round; longitudes may go beyond 180°. */
export function around({ lat, lon, metres }: Circle): { readonly lat: number; readonly lon: number }[] {
  const [north, far] = [(lat * Math.PI) / 180, metres / EARTH];
  return Array.from({ length: CORNERS + 1 }, (_, i) => {
    const turn = (i * 2 * Math.PI) / CORNERS;
    const sine = Math.sin(north) * Math.cos(far) + Math.cos(north) * Math.sin(far) * Math.cos(turn);
    const east = Math.atan2(Math.sin(turn) * Math.sin(far) * Math.cos(north), Math.cos(far) - Math.sin(north) * sine);
    return { lat: (Math.asin(sine) * 180) / Math.PI, lon: lon + (east * 180) / Math.PI };
  });
}
