/** What the device's own page says of its motion, clock and alarms. Pure. */
import type { Alarm } from '../../../lib/contract/device.ts';
import { alarmWord, heading, isMoving } from '../fleet/words.ts';
import { format } from '../shared/format.ts';

/** What a file of an alarm is to a person; its own name is the device's and says nothing. */
export const fileKinds: Readonly<Record<Alarm['files'][number]['kind'], string>> = {
  video: 'Video',
  picture: 'Picture',
  audio: 'Sound',
  data: 'Vehicle data',
};

/** `39 km/h, north-east`; who stands heads nowhere. */
export const motion = (speedKmh: number, direction: number): string =>
  `${Math.round(speedKmh)} km/h${isMoving(speedKmh) ? `, ${heading(direction)}` : ''}`;

/** `11:28 there` where the clocks of the device's zone differ from the reader's at `at` (epoch ms), else undefined. */
export function thereClock(zone: string, at: number): string | undefined {
  try {
    const clock = zoneClocks.get(zone) ?? clockOf(zone);
    zoneClocks.set(zone, clock);
    return clock.whole(at) === hereClock(at) ? undefined : `${clock.time(at)} there`;
  } catch {
    // A zone that this browser does not know.
    return undefined;
  }
}

const TIME = { hour: '2-digit', minute: '2-digit' } as const;
const hereClock = format({ day: 'numeric', ...TIME });
const clockOf = (timeZone: string) => ({
  whole: format({ day: 'numeric', ...TIME, timeZone }),
  time: format({ ...TIME, timeZone }),
});
const zoneClocks = new Map<string, ReturnType<typeof clockOf>>();

/** Time of day with its seconds. */
export const timeOfDay = format({ hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const kindWords: Readonly<Record<Alarm['kind'], string>> = {
  adas: 'Driver assistance',
  dsm: 'Driver state',
  tyre: 'Tyre pressure',
  'blind-spot': 'Blind spot',
  status: 'Vehicle',
  video: 'Camera',
  multimedia: 'Media event',
  limit: 'Limit of the day',
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
    kindWords[kind],
    level !== undefined && level > 0 && `level ${level}`,
    channel !== undefined && channel > 0 && `channel ${channel}`,
    position !== undefined && `${Math.round(position.speedKmh)} km/h`,
  ]
    .filter((part) => part !== false)
    .join(', ');
}

/** `lasted 4 min`; of one that nobody knows to be over, and of an instant, nothing. */
export function lasted({ time, endedAt }: Pick<Alarm, 'time' | 'endedAt'>): string | undefined {
  if (endedAt === undefined) return undefined;
  const minutes = Math.round((Date.parse(endedAt) - Date.parse(time)) / 60_000);
  if (minutes < 1) return 'over within a minute';
  return minutes < 120 ? `lasted ${minutes} min` : `lasted ${Math.round(minutes / 60)} h`;
}

/** Without the ends of those whose beginning is listed and says when it was over. */
export function withoutEnds(alarms: readonly Alarm[]): Alarm[] {
  const told = new Set(alarms.map(({ kind, type, endedAt }) => `${kind} ${type} ${endedAt}`));
  return alarms.filter(({ kind, type, time, phase }) => phase !== 'end' || !told.has(`${kind} ${type} ${time}`));
}
