/** What stands on the wall, as its address says it: `?show=13912345678.1_13912345678.2&grid=4`. Pure. */
import type { Device } from '../../../lib/contract/device.ts';
import { DEVICE_ID } from '../../../lib/contract/live-keys.ts';

export const GRIDS = [1, 4, 9, 16] as const;
export type Grid = (typeof GRIDS)[number];
export const MOST_TILES = 16;

export interface Place {
  readonly device: string;
  readonly channel: number;
}

export interface Wall {
  readonly grid: Grid;
  /** One for each of 16 tiles; those beyond the grid are remembered, not shown. Undefined: an empty tile. */
  readonly places: readonly (Place | undefined)[];
}

export const placeKey = ({ device, channel }: Place): string => `${device}.${channel}`;

export const same = (a: Place | undefined, b: Place | undefined): boolean =>
  a !== undefined && b !== undefined && a.device === b.device && a.channel === b.channel;

/** Whatever is no channel of a device is an empty tile; a channel stands there once. */
export function parseWall(search: URLSearchParams): Wall {
  const seen = new Set<string>();
  const places = (search.get('show') ?? '').split('_').map((text) => {
    const [, device = '', number = ''] = /^([^.]+)\.([1-9]\d{0,2})$/.exec(text) ?? [];
    if (!DEVICE_ID.test(device) || Number(number) > 255 || seen.has(text)) return undefined;
    seen.add(text);
    return { device, channel: Number(number) };
  });
  const filled = trimmed(places.slice(0, MOST_TILES));
  const asked = Number(search.get('grid'));
  return { grid: GRIDS.find((grid) => grid === asked) ?? fitting(filled.length), places: padded(filled) };
}

export function formatWall({ grid, places }: Wall): string {
  const filled = trimmed(places);
  const parts = filled.length > 0 ? [`show=${filled.map((place) => (place ? placeKey(place) : '')).join('_')}`] : [];
  if (grid !== fitting(filled.length)) parts.push(`grid=${grid}`);
  return parts.join('&');
}

/** Puts a channel into a tile, or empties it. A channel that stands elsewhere moves. */
export const put = (wall: Wall, index: number, place: Place | undefined): Wall => ({
  ...wall,
  places: wall.places.map((one, i) => (i === index ? place : same(one, place) ? undefined : one)),
});

/** Takes a channel off the wall, or puts it into the first empty tile; the grid grows when there is none. */
export function toggle(wall: Wall, place: Place): Wall {
  const at = wall.places.findIndex((one) => same(one, place));
  if (at >= 0) return put(wall, at, undefined);
  const empty = wall.places.indexOf(undefined);
  if (empty < 0) return wall;
  return { ...put(wall, empty, place), grid: wall.grid > empty ? wall.grid : fitting(empty + 1) };
}

/**
 * For somebody who comes without a choice: channels that send anyhow, so that showing them costs no device anything. Of
 * devices that are online, four at most.
 */
export function suggested(devices: readonly Device[]): Wall {
  const places = devices
    .filter(({ online }) => online)
    .flatMap(({ id, channels, streams }) =>
      channels
        .filter(({ number, live }) => live === 'always' || streams[String(number)]?.state === 'live')
        .map(({ number }) => ({ device: id, channel: number })),
    )
    .slice(0, 4);
  return { grid: fitting(places.length), places: padded(places) };
}

/** All channels of a device that may be watched, as an address. */
export const wallOf = ({ id, channels }: Pick<Device, 'id' | 'channels'>): string =>
  formatWall(
    channels
      .filter(({ live }) => live !== 'never')
      .reduce((wall, { number }) => toggle(wall, { device: id, channel: number }), parseWall(new URLSearchParams())),
  );

export const isEmpty = ({ places }: Wall): boolean => places.every((place) => place === undefined);

const fitting = (tiles: number): Grid => GRIDS.find((grid) => grid >= tiles) ?? MOST_TILES;

const trimmed = (places: readonly (Place | undefined)[]) =>
  places.slice(0, places.findLastIndex((place) => place !== undefined) + 1);

const padded = (places: readonly (Place | undefined)[]) => Array.from({ length: MOST_TILES }, (_, i) => places[i]);
