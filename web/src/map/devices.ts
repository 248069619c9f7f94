/** Devices as points of a map, searched and counted. Pure. */
import type { Device } from '../../../lib/contract/device.ts';
import { stateOf, type DeviceState } from '../fleet/words.ts';

/** As the list shows them: what needs somebody first. */
export const STATES: readonly DeviceState[] = ['alarm', 'moving', 'standing', 'offline', 'never'];

export interface Filter {
  readonly q: string;
  readonly state: DeviceState | '';
}

export const isState = (value: string | null): value is DeviceState => STATES.some((state) => state === value);

/** Those that match, by state and then by name as a person sorts. */
export function filtered(devices: readonly Device[], { q, state }: Filter): Device[] {
  const needle = q.trim().toLocaleLowerCase();
  return devices
    .filter((device) => state === '' || stateOf(device) === state)
    .filter(({ name, id }) => name.toLocaleLowerCase().includes(needle) || id.includes(needle))
    .toSorted(
      (a, b) =>
        STATES.indexOf(stateOf(a)) - STATES.indexOf(stateOf(b)) ||
        a.name.localeCompare(b.name, undefined, { numeric: true }),
    );
}

export function countStates(devices: readonly Device[]): Record<DeviceState, number> {
  const counts = { alarm: 0, moving: 0, standing: 0, offline: 0, never: 0 };
  for (const device of devices) counts[stateOf(device)] += 1;
  return counts;
}

/** Characters of a name that stand under its dot; the list has all of it. */
const LABEL = 24;

const label = (name: string): string => (name.length > LABEL ? `${name.slice(0, LABEL - 1).trimEnd()}…` : name);

const HOUR = 3_600_000;
/** ms; the stretch moves on in steps, so that it is the same question for a while. */
const STEP = HOUR / 6;

/** The last hour or a little more, and what comes in the next minutes. */
export function lately(now: number): { readonly from: number; readonly to: number } {
  const step = Math.floor(now / STEP) * STEP;
  return { from: step - HOUR, to: step + STEP };
}

/** GeoJSON for the map; devices that never said where they are have no point. */
export function pointsOf(devices: readonly Device[]) {
  return {
    type: 'FeatureCollection' as const,
    features: devices.flatMap((device) => {
      const { id, name, position } = device;
      if (position === undefined) return [];
      const state = stateOf(device);
      return [
        {
          type: 'Feature' as const,
          geometry: { type: 'Point' as const, coordinates: [position.lon, position.lat] },
          properties: { id, name: label(name), state, turn: state === 'moving' ? position.direction : 0 },
        },
      ];
    }),
  };
}
