/** What a device is doing and what its alarms are called, in words. Pure. */
import type { Alarm, Device } from '../../../lib/contract/device.ts';
import type { Tone } from '../shared/status.ts';

export type DeviceState = 'alarm' | 'moving' | 'standing' | 'offline' | 'never';

/** km/h below which it stands: receivers drift. */
const STANDING = 3;

type Known = Pick<Device, 'online' | 'alarms' | 'position' | 'lastSeenAt'>;

export function stateOf({ online, alarms, position, lastSeenAt }: Known): DeviceState {
  if (!online) return lastSeenAt === undefined ? 'never' : 'offline';
  if (alarms.length > 0) return 'alarm';
  return (position?.speedKmh ?? 0) >= STANDING ? 'moving' : 'standing';
}

export const stateLabels: Readonly<Record<DeviceState, string>> = {
  alarm: 'Alarm',
  moving: 'Moving',
  standing: 'Standing',
  offline: 'Offline',
  never: 'Never seen',
};

export const stateTones: Readonly<Record<DeviceState, Tone>> = {
  alarm: 'bad',
  moving: 'good',
  standing: 'busy',
  offline: 'quiet',
  never: 'quiet',
};

/** What a file of an alarm is to a person; its own name is the device's and says nothing. */
export const fileKinds: Readonly<Record<Alarm['files'][number]['kind'], string>> = {
  video: 'Video',
  picture: 'Picture',
  audio: 'Sound',
  data: 'Vehicle data',
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
  const time = date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  const day = (ms: number) => new Date(ms).toDateString();
  if (date.toDateString() === day(now)) return time;
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (date.toDateString() === day(midnight - 1)) return `yesterday ${time}`;
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  const month = date.toLocaleDateString(undefined, {
    day: 'numeric',
    month: 'short',
    ...(!isThisYear && { year: 'numeric' }),
  });
  return `${month}, ${time}`;
}

const COMPASS = ['north', 'north-east', 'east', 'south-east', 'south', 'south-west', 'west', 'north-west'] as const;

/** `north-east` of degrees clockwise from north. */
export const heading = (degrees: number): string => COMPASS[Math.round((((degrees % 360) + 360) % 360) / 45) % 8]!;

/** `39 km/h, north-east`; who stands heads nowhere. */
export const motion = (speedKmh: number, direction: number): string =>
  `${Math.round(speedKmh)} km/h${speedKmh >= STANDING ? `, ${heading(direction)}` : ''}`;

/** `11:28 there` where the clocks of the device's zone differ from the reader's at `at` (epoch ms), else undefined. */
export function thereClock(zone: string, at: number): string | undefined {
  const show = (timeZone?: string) =>
    new Date(at).toLocaleString(undefined, {
      ...(timeZone !== undefined && { timeZone }),
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
    });
  try {
    if (show(zone) === show()) return undefined;
    return `${new Date(at).toLocaleTimeString(undefined, { timeZone: zone, hour: '2-digit', minute: '2-digit' })} there`;
  } catch {
    // A zone that this browser does not know.
    return undefined;
  }
}

/** Time of day with its seconds. */
export const timeOfDay = (at: number): string =>
  new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** Names come as `forward-collision`; abbreviations stay as people know them. */
const SPELT: Readonly<Record<string, string>> = {
  sos: 'SOS',
  'gnss-fault': 'GNSS fault',
  'tts-fault': 'voice output fault',
  'vss-fault': 'speed sensor fault',
  'ic-card-fault': 'IC card fault',
};

export const alarmWord = (name: string): string => SPELT[name] ?? name.replaceAll('-', ' ');

const KINDS: Readonly<Record<Alarm['kind'], string>> = {
  adas: 'Driver assistance',
  dsm: 'Driver state',
  tyre: 'Tyre pressure',
  'blind-spot': 'Blind spot',
  status: 'Vehicle',
  video: 'Camera',
  multimedia: 'Media event',
};

/** `Forward collision`, with ` ends` when it is over. */
export function alarmTitle({ type, phase }: Pick<Alarm, 'type' | 'phase'>): string {
  const word = alarmWord(type);
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}${phase === 'end' ? ' ends' : ''}`;
}

/** `Driver assistance, level 2, channel 1, 61 km/h`. */
export function alarmDetail({
  kind,
  level,
  channel,
  position,
}: Pick<Alarm, 'kind' | 'level' | 'channel' | 'position'>) {
  return [
    KINDS[kind],
    level !== undefined && level > 0 && `level ${level}`,
    channel !== undefined && channel > 0 && `channel ${channel}`,
    position !== undefined && `${Math.round(position.speedKmh)} km/h`,
  ]
    .filter((part) => part !== false)
    .join(', ');
}
