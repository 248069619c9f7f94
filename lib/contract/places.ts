/** Where videos of devices were recorded: some places of each one's way, and how a place is asked for. Pure. */
import { z } from 'zod';

/** Latitude and longitude in millionths of a degree, north and east positive. */
export const place = z.tuple([z.int().min(-90e6).max(90e6), z.int().min(-180e6).max(180e6)]);
export type Place = z.infer<typeof place>;

/** Of one video, at most: of a longer way they lie further apart. */
export const MOST_PLACES = 32;
/** Metres between one place and the next, at least. */
const APART = 50;

/** Metres that somebody may ask for around a place; without `within`, `usual`. */
export const WITHIN = { min: 100, max: 50_000, usual: 1000 } as const;

/** Places of a way, evenly by number, with its first; what is no place on earth is left out. `points` are in order of time. */
export function placesOf(points: readonly { readonly latE6: number; readonly lonE6: number }[]): Place[] {
  const kept: Place[] = [];
  for (const { latE6, lonE6 } of points) {
    const { success, data } = place.safeParse([latE6, lonE6]);
    if (success && (kept.length === 0 || metresBetween(kept.at(-1)!, data) >= APART)) kept.push(data);
  }
  if (kept.length <= MOST_PLACES) return kept;
  return Array.from({ length: MOST_PLACES }, (_, i) => kept[Math.round((i * (kept.length - 1)) / (MOST_PLACES - 1))]!);
}

/** Mean radius of the earth, metres (IUGG). */
export const EARTH = 6_371_008.8;
export const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Along a great circle, by the haversine; off by half a percent at most, since the earth is no sphere. */
export function metresBetween([latA, lonA]: Readonly<Place>, [latB, lonB]: Readonly<Place>): number {
  const [a, b] = [radians(latA / 1e6), radians(latB / 1e6)];
  const [north, east] = [Math.sin((b - a) / 2), Math.sin(radians((lonB - lonA) / 1e6) / 2)];
  const half = Math.sqrt(north * north + Math.cos(a) * Math.cos(b) * east * east);
  return 2 * EARTH * Math.asin(Math.min(1, half));
}

const LAT_LON = /^-?\d{1,2}(?:\.\d{1,9})?,-?\d{1,3}(?:\.\d{1,9})?$/;

/** A place as a query writes it. */
export const near = z
  .string()
  .max(30, { abort: true })
  .regex(LAT_LON, { error: 'must be latitude and longitude in degrees, e.g. `52.52,13.405`', abort: true })
  .transform((text): Place => {
    const [lat, lon] = text.split(',').map((degrees) => Math.round(Number(degrees) * 1e6));
    return [lat!, lon!];
  })
  .refine((at) => place.safeParse(at).success, 'must have a latitude of -90 to 90 and a longitude of -180 to 180');

interface Asked {
  readonly near?: unknown;
  readonly within?: unknown;
  readonly from?: string;
  readonly to?: string;
  readonly recordedFrom?: string;
  readonly recordedTo?: string;
}

/** For `superRefine` of what asks for place and time: says where it is wrong what does not go together. */
export function goTogether(value: unknown, context: z.RefinementCtx): void {
  const { near: at, within, from, to, recordedFrom, recordedTo } = value as Asked;
  const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
  const isEarlier = (a?: string, b?: string) => a !== undefined && b !== undefined && Date.parse(a) < Date.parse(b);
  if (within !== undefined && at === undefined) refuse('within', 'says how far from `near`: send both');
  if (isEarlier(to, from)) refuse('to', 'must not be earlier than `from`');
  if (isEarlier(recordedTo, recordedFrom)) refuse('recordedTo', 'must not be earlier than `recordedFrom`');
}
