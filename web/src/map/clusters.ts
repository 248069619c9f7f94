/** Devices near one another as one circle, and what of the names has room. Pure. */
import Supercluster from 'supercluster';
import type { pointsOf } from './devices.ts';

type Points = ReturnType<typeof pointsOf>;
type Device = Points['features'][number]['properties'];
interface Sum {
  readonly alarms: number;
}

/** Zoom, counted by tiles of 256 pixels, from which no clusters are made any more. */
const CLUSTERS_TO = 14;
/** Pixels. */
const RADIUS = 42;

export type Shown =
  | { readonly kind: 'device'; readonly lon: number; readonly lat: number; readonly device: Device }
  | {
      readonly kind: 'cluster';
      readonly lon: number;
      readonly lat: number;
      /** Zoom at which it falls apart. */
      readonly opensAt: () => number;
      readonly count: number;
      /** Its count, short. */
      readonly text: string;
      /** Whether one of them raises an alarm. */
      readonly isAlarm: boolean;
    };

type Box = readonly [west: number, south: number, east: number, north: number];

/** What of the devices is shown in a box at a zoom; longitudes are those of the devices themselves. */
export function clusters({ features }: Points): (box: Box, zoom: number) => Shown[] {
  const index = new Supercluster<Device, { alarms: number }>({
    radius: RADIUS,
    extent: 256,
    maxZoom: CLUSTERS_TO,
    map: ({ state }): Sum => ({ alarms: state === 'alarm' ? 1 : 0 }),
    reduce: (sum, { alarms }) => {
      sum.alarms += alarms;
    },
  }).load(features);
  return ([west, south, east, north], zoom) =>
    index.getClusters([west, Math.max(-90, south), east, Math.min(90, north)], Math.floor(zoom)).map((found): Shown => {
      const [lon, lat] = found.geometry.coordinates as [number, number];
      const { properties } = found;
      if (!('cluster_id' in properties)) return { kind: 'device', lon, lat, device: properties };
      const { cluster_id: id, point_count: count, point_count_abbreviated: short, alarms } = properties;
      const isAlarm = alarms > 0;
      const text = `${short}${isAlarm ? ' !' : ''}`;
      return { kind: 'cluster', lon, lat, count, text, isAlarm, opensAt: () => index.getClusterExpansionZoom(id) };
    });
}

const RADII = [
  [2, 15],
  [100, 24],
  [1000, 32],
] as const;

/** Pixels of a cluster's circle. */
export function radiusOf(count: number): number {
  const [small, middle, large] = RADII;
  const [from, to] = count < middle[0] ? [small, middle] : [middle, large];
  const part = Math.min(1, Math.max(0, (count - from[0]) / (to[0] - from[0])));
  return from[1] + (to[1] - from[1]) * part;
}

interface Room {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Says of each room in turn whether nothing that was given one before lies in it, and gives it. */
export function rooms(): (room: Room) => boolean {
  const taken: Room[] = [];
  return (room) => {
    const isFree = !taken.some(
      ({ left, top, right, bottom }) =>
        left < room.right && right > room.left && top < room.bottom && bottom > room.top,
    );
    if (isFree) taken.push(room);
    return isFree;
  };
}
