/** What a device is doing, in words; what an alarm is called. Pure. */
import type { Device } from '../../../lib/contract/device.ts';
import { format } from '../shared/format.ts';

export type DeviceState = 'alarm' | 'moving' | 'standing' | 'offline' | 'never';

/** km/h below which it stands: receivers drift. */
const STANDING = 3;

export const isMoving = (speedKmh: number): boolean => speedKmh >= STANDING;

type Known = Pick<Device, 'online' | 'alarms' | 'position' | 'lastSeenAt'>;

export function stateOf({ online, alarms, position, lastSeenAt }: Known): DeviceState {
  if (!online) return lastSeenAt === undefined ? 'never' : 'offline';
  if (alarms.length > 0) return 'alarm';
  return isMoving(position?.speedKmh ?? 0) ? 'moving' : 'standing';
}

export const stateLabels: Readonly<Record<DeviceState, string>> = {
  alarm: 'Alarm',
  moving: 'Moving',
  standing: 'Standing',
  offline: 'Offline',
  never: 'Never seen',
};

/** `Moving, 42 km/h`, `Alarm: overspeed`, `Offline since 14:02`. */
export function describe(device: Known, now: number): string {
  const state = stateOf(device);
  const label = stateLabels[state];
  if (state === 'moving') return `${label}, ${Math.round(device.position!.speedKmh)} km/h`;
  if (state === 'alarm') return `${label}: ${device.alarms.map(alarmWord).join(', ')}`;
  return state === 'offline' ? `${label} since ${moment(device.lastSeenAt!, now)}` : label;
}

/** A moment as short as it is clear, in the reader's own time: `14:02`, `yesterday 14:02`, `3 May, 14:02`. */
export function moment(at: string | number, now: number): string {
  const date = new Date(at);
  const time = clock(date);
  const day = (ms: number) => new Date(ms).toDateString();
  if (date.toDateString() === day(now)) return time;
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (date.toDateString() === day(midnight - 1)) return `yesterday ${time}`;
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  return `${isThisYear ? dayOfYear(date) : dayAndYear(date)}, ${time}`;
}

const clock = format({ hour: '2-digit', minute: '2-digit' });
const dayOfYear = format({ day: 'numeric', month: 'short' });
const dayAndYear = format({ day: 'numeric', month: 'short', year: 'numeric' });

const COMPASS = ['north', 'north-east', 'east', 'south-east', 'south', 'south-west', 'west', 'north-west'] as const;

/** `north-east` of degrees clockwise from north. */
export const heading = (degrees: number): string => COMPASS[Math.round((((degrees % 360) + 360) % 360) / 45) % 8]!;

/** Names come as `forward-collision`; abbreviations stay as people know them. */
const SPELT: Readonly<Record<string, string>> = {
  sos: 'SOS',
  'gnss-fault': 'GNSS fault',
  'tts-fault': 'voice output fault',
  'vss-fault': 'speed sensor fault',
  'ic-card-fault': 'IC card fault',
};

export const alarmWord = (name: string): string => SPELT[name] ?? name.replaceAll('-', ' ');
