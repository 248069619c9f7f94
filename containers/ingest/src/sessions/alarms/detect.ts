/** Which alarms a location report begins, ends or carries. Pure. */
import { createHash } from 'node:crypto';
import { emergencyNames } from '../../../../../lib/contract/alarms.ts';
import type { AlarmRecord, Position } from '../../../../../lib/contract/device.ts';
import type { Location } from '../../jt808/messages/location.ts';
import { alarmNames } from '../../jt808/messages/location.ts';
import { videoAlarmNames } from '../../jt808/messages/location-items.ts';
import { bcdToUtc } from '../../jt808/time.ts';
import type { SuBiaoAlarm } from '../../jt808/subiao/alarms.ts';
import type { AlarmSign } from '../../jt808/subiao/sign.ts';
import type { AlarmBits, Change } from './timeline.ts';

export type FoundAlarm = Omit<AlarmRecord, 'device' | 'at' | 'files' | 'expiresAt'> & {
  /** Files are to be had for it. */
  readonly sign?: AlarmSign;
};

export interface AlarmContext {
  readonly device: string;
  /** Epoch milliseconds of the report. */
  readonly time: number;
  readonly now: number;
  readonly zoneMinutes: number;
  readonly position: Position | undefined;
}

type ChangeContext = Pick<AlarmContext, 'device' | 'time' | 'position'>;

export const bitsOf = ({ alarm, items }: Pick<Location, 'alarm' | 'items'>): AlarmBits => ({
  alarm,
  video: items.videoAlarms ?? 0,
});

/** Names of what is in force, at most 64. */
export function namesInForce({ alarm, video }: AlarmBits): string[] {
  return [...named(alarm, alarmNames), ...named(video, videoAlarmNames)].map(({ name }) => name);
}

/** The bits with these names. An alarm that was in force when its device was last seen has not begun anew. */
export const bitsNamed = (names: readonly string[]): AlarmBits => ({
  alarm: bitsIn(alarmNames, names),
  video: bitsIn(videoAlarmNames, names),
});

const bitsIn = (all: readonly string[], names: readonly string[]): number =>
  all.reduce((bits, name, bit) => (names.includes(name) ? (bits | (1 << bit)) >>> 0 : bits), 0);

/** Somebody may need help: however much else its device reports, it is kept. */
export const isEmergency = ({ kind, type }: Pick<FoundAlarm, 'kind' | 'type'>): boolean =>
  kind === 'status' && emergencyNames.has(type);

/** Alarms that a report bears beside its bits. */
export const findAlarms = ({ items }: Pick<Location, 'items'>, context: AlarmContext): FoundAlarm[] =>
  (items.alarms ?? []).map((alarm) => suBiao(alarm, context));

/** Alarms that began or ended. */
export const changedAlarms = ({ changed, bits }: Change, context: ChangeContext): FoundAlarm[] => [
  ...changes('status', changed.alarm, bits.alarm, alarmNames, context),
  ...changes('video', changed.video, bits.video, videoAlarmNames, context),
];

/** The id says what the alarm is, so that one reported twice is one. */
export const alarmId = (...what: readonly (string | number | Buffer)[]): string => {
  const hash = createHash('sha256');
  for (const part of what) hash.update(typeof part === 'number' ? String(part) : part).update('\0');
  return hash.digest('hex').slice(0, 20);
};

function changes(
  kind: 'status' | 'video',
  changed: number,
  now: number,
  names: readonly string[],
  { device, time, position }: ChangeContext,
): FoundAlarm[] {
  return named(changed, names).map(({ bit, name }) => {
    const phase = (now & (1 << bit)) === 0 ? 'end' : 'start';
    return {
      id: alarmId(device, kind, bit, phase, time),
      time: new Date(time).toISOString(),
      kind,
      type: name,
      phase,
      ...(position && { position }),
    };
  });
}

const KINDS = { 0x64: 'adas', 0x65: 'dsm', 0x66: 'tyre', 0x67: 'blind-spot' } as const;
const ADAS: Readonly<Record<number, string>> = {
  1: 'forward-collision',
  2: 'lane-departure',
  3: 'too-close',
  4: 'pedestrian',
  5: 'frequent-lane-change',
  6: 'road-sign-exceeded',
  7: 'obstacle',
  16: 'road-sign',
  17: 'snapshot',
};
const DSM: Readonly<Record<number, string>> = {
  1: 'fatigue',
  2: 'phone',
  3: 'smoking',
  4: 'distraction',
  5: 'driver-abnormal',
  16: 'snapshot',
  17: 'driver-change',
};
const BLIND_SPOT: Readonly<Record<number, string>> = { 1: 'rear', 2: 'left-rear', 3: 'right-rear' };

/** A device's clock this many milliseconds ahead of ours is wrong: an alarm of tomorrow is in no list of today. */
const AHEAD = 3_600_000;

function suBiao(alarm: SuBiaoAlarm, { device, time, now, zoneMinutes, position }: AlarmContext): FoundAlarm {
  const said = [alarm.sign.time, alarm.time].map((digits) => bcdToUtc(digits, zoneMinutes, now));
  const at = said.find((one) => one !== undefined && one <= now + AHEAD) ?? time;
  const where =
    Math.abs(alarm.latE6) <= 90e6 && Math.abs(alarm.lonE6) <= 180e6 && (alarm.latE6 !== 0 || alarm.lonE6 !== 0);
  return {
    id: alarmId(device, alarm.item, alarm.flag, alarm.sign.raw),
    time: new Date(at).toISOString(),
    kind: KINDS[alarm.item],
    type: typeName(alarm),
    phase: alarm.flag === 1 ? 'start' : alarm.flag === 2 ? 'end' : 'event',
    ...(alarm.item === 0x64 || alarm.item === 0x65 ? { level: alarm.level } : {}),
    ...(where
      ? {
          position: {
            time: new Date(at).toISOString(),
            lat: alarm.latE6 / 1e6,
            lon: alarm.lonE6 / 1e6,
            speedKmh: alarm.speedKmh,
            direction: position?.direction ?? 0,
            altitude: alarm.altitude,
            accOn: (alarm.vehicleStatus & 1) !== 0,
          },
        }
      : position && { position }),
    ...(alarm.sign.attachments > 0 && { sign: alarm.sign }),
  };
}

function typeName(alarm: SuBiaoAlarm): string {
  if (alarm.item === 0x66) return 'tyre-pressure';
  const names = alarm.item === 0x64 ? ADAS : alarm.item === 0x65 ? DSM : BLIND_SPOT;
  return names[alarm.type] ?? `type-${alarm.type.toString(16).padStart(2, '0')}`;
}

function named(bits: number, names: readonly string[]): { bit: number; name: string }[] {
  const found: { bit: number; name: string }[] = [];
  for (let bit = 0; bit < 32; bit += 1) {
    if ((bits & (1 << bit)) !== 0) found.push({ bit, name: names[bit] ?? `bit-${bit}` });
  }
  return found;
}

/**
 * The number a device is told to give its files (T/JSATL 12-2017 4.5, up to 32 ASCII characters): the alarm's id and
 * time, which together are its key, so that any task can take the files in.
 */
export const alarmNumber = (id: string, time: number): string => `${id}${time.toString(36).padStart(9, '0')}`;

export function parseAlarmNumber(text: string): { readonly id: string; readonly time: number } | undefined {
  const match = /^([0-9a-f]{20})([0-9a-z]{9})$/.exec(text);
  if (match === null) return undefined;
  const time = Number.parseInt(match[2]!, 36);
  return time <= 8.64e15 ? { id: match[1]!, time } : undefined;
}
