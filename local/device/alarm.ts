/** Su Biao alarms of a simulated device, and the files that go with them (T/JSATL 12-2017 4.4 and 4.5). */
import type { LocationFields } from '../../containers/ingest/src/jt808/messages/location.ts';
import type { SuBiaoAlarm } from '../../containers/ingest/src/jt808/subiao/alarms.ts';
import { makeSign, type AlarmSign, type Region } from '../../containers/ingest/src/jt808/subiao/sign.ts';
import { encodeStateBlock } from '../../containers/ingest/src/jt808/subiao/state-block.ts';

/** Item and type of each kind. */
export const alarmKinds = {
  'forward-collision': [0x64, 1],
  'lane-departure': [0x64, 2],
  'too-close': [0x64, 3],
  pedestrian: [0x64, 4],
  fatigue: [0x65, 1],
  phone: [0x65, 2],
  smoking: [0x65, 3],
  distraction: [0x65, 4],
} as const;
export type AlarmKind = keyof typeof alarmKinds;
export const ALARM_KINDS = Object.keys(alarmKinds) as AlarmKind[];

/** 0x1211's file types. */
export const FileType = { picture: 0, audio: 1, video: 2, text: 3, other: 4 } as const;

export interface AttachedFile {
  readonly type: number;
  readonly extension: string;
  readonly data: Buffer;
}

export interface RaisedAlarm {
  readonly item: SuBiaoAlarm;
  readonly sign: AlarmSign;
  /** Hexadecimal: item and type, as file names have it. */
  readonly code: string;
  readonly files: readonly AttachedFile[];
}

export interface AlarmContext {
  readonly region: Region;
  readonly terminalId: string;
  readonly alarmId: number;
  /** Which of several in one second. */
  readonly sequence: number;
}

const STATUS_ACC = 1 << 0;
const STATUS_POSITIONED = 1 << 10;

export function raise(
  kind: AlarmKind,
  location: LocationFields,
  files: readonly AttachedFile[],
  { region, terminalId, alarmId, sequence }: AlarmContext,
): RaisedAlarm {
  const [item, type] = alarmKinds[kind];
  const { latE6, lonE6, altitude, time } = location;
  const speedKmh = Math.round(location.speedKmh);
  const sign = makeSign({ region, terminalId, time, sequence: sequence & 0xff, attachments: files.length });
  const vehicleStatus = STATUS_ACC | STATUS_POSITIONED;
  const common = { alarmId, flag: 1, speedKmh, altitude, latE6, lonE6, time, vehicleStatus, sign };
  const code = item.toString(16).padStart(2, '0') + type.toString(16).padStart(2, '0');
  if (item === 0x65) {
    return { item: { item, type, level: 2, fatigue: 6, reserved: '00000000', ...common }, sign, code, files };
  }
  const ahead = { frontSpeedKmh: Math.max(0, speedKmh - 15), distance: 12, departure: type === 2 ? 1 : 0 };
  return { item: { item, type, level: 2, ...ahead, roadSign: 0, roadSignValue: 0, ...common }, sign, code, files };
}

/** `<type>_<channel>_<alarm>_<n>_<alarm number>.<extension>`, at most 50 bytes with the longest alarm number. */
export const fileName = (file: AttachedFile, code: string, index: number, alarmNo: string): string =>
  `${String(file.type).padStart(2, '0')}_${code.slice(0, 2)}_${code}_${index}_${alarmNo}.${file.extension}`;

/** The state of the vehicle in each second around the alarm. */
export function stateFile(location: LocationFields, seconds: number): Buffer {
  const speed = Math.round(location.speedKmh * 10);
  const blocks = Array.from({ length: seconds }, (_, index) =>
    encodeStateBlock({
      ...location,
      total: seconds,
      index: index + 1,
      acceleration: [Math.round(20 * Math.sin(index)), 0, 100],
      rotation: [0, 0, Math.round(300 * Math.sin(index / 2))],
      pulseSpeed: speed,
      obdSpeed: speed,
      gear: 4,
      throttlePercent: 30,
      brakePercent: index === seconds - 1 ? 80 : 0,
      braking: index === seconds - 1 ? 1 : 0,
      rpm: 1800,
      wheelAngle: 0,
      turnSignal: 0,
    }),
  );
  return Buffer.concat(blocks);
}
