/** One alarm's files on their way over one connection. */
import type { AlarmFile, AlarmRecord, DeviceRecord } from '../../../../../lib/contract/device.ts';
import type { AlarmKey } from '../../cloud/alarms.ts';
import { keptName } from '../../jt808/subiao/names.ts';
import type { FileReceiver } from './receiver.ts';

/** Sizes a device may name for one listed file beside the first: each begins it anew. */
const MOST_RESIZED = 2;

export class Transfer {
  readonly alarmNo: string;
  /** Set when it was listed. */
  alarm: Promise<Alarm> | undefined;
  readonly files = new Map<string, FileReceiver>();
  /** Bytes, by the names its device gives them. */
  readonly sizes = new Map<string, number>();
  /** Names that are not taken. */
  readonly refused = new Set<string>();
  /** How often a file was begun anew because its device named another size, by name. */
  readonly #resized = new Map<string, number>();
  /** All files of the alarm, by position. */
  listed: AlarmFile[] = [];

  constructor(alarmNo: string) {
    this.alarmNo = alarmNo;
  }

  /** From 1. */
  number(name: string): number {
    const kept = keptName(name);
    return this.listed.findIndex((file) => file.name === kept) + 1;
  }

  entry(name: string): AlarmFile | undefined {
    return this.listed[this.number(name) - 1];
  }

  /** Whether it may be begun anew with another size. */
  mayResize(name: string): boolean {
    const times = (this.#resized.get(name) ?? 0) + 1;
    if (times > MOST_RESIZED) return false;
    this.#resized.set(name, times);
    return true;
  }

  abandon(): void {
    for (const file of this.files.values()) file.abandon();
  }
}

export interface Alarm {
  readonly record: DeviceRecord;
  readonly alarm: AlarmRecord;
  readonly key: AlarmKey;
}
