/** What the platform has acknowledged to the devices of a run; and what of that is not where it belongs. */
import { createHash } from 'node:crypto';
import { alarmId } from '../../containers/ingest/src/sessions/alarms/detect.ts';
import { bcdToUtc } from '../../containers/ingest/src/jt808/time.ts';
import type { Point } from '../../lib/contract/positions.ts';
import type { RaisedAlarm } from '../../local/device/alarm.ts';
import type { Receipts } from '../../local/device/settings.ts';

export interface StoredFile {
  readonly name: string;
  readonly sha256: string;
}

/** What was found of one device. */
export interface Stored {
  readonly points: readonly Pick<Point, 'time' | 'latE6' | 'lonE6'>[];
  /** By alarm id, the files of it that are listed as complete and are there, with what their objects hold. */
  readonly alarms: ReadonlyMap<string, readonly StoredFile[]>;
}

export interface Account {
  readonly acknowledged: number;
  readonly lost: number;
  /** Some of what is lost, for a person. */
  readonly examples: readonly string[];
}

interface Owed {
  /** Points, alarms and `alarm name sha256` of files. */
  readonly points: Set<string>;
  readonly alarms: Set<string>;
  readonly files: Set<string>;
}

const EXAMPLES = 5;

export class Ledger implements Receipts {
  readonly #zoneMinutes: number;
  readonly #owed = new Map<string, Owed>();
  /** Files of many alarms are the same bytes. */
  readonly #hashes = new WeakMap<Buffer, string>();

  constructor(zoneMinutes: number) {
    this.#zoneMinutes = zoneMinutes;
  }

  readonly located: Receipts['located'] = (device, locations) => {
    const owed = this.#of(device);
    for (const { time, latE6, lonE6, items } of locations) {
      const at = bcdToUtc(time, this.#zoneMinutes, Date.now());
      if (at === undefined) throw new Error(`a simulated device has reported the time ${time}`);
      owed.points.add(pointText({ time: at, latE6, lonE6 }));
      for (const alarm of items?.alarms ?? []) owed.alarms.add(idOf(device, alarm));
    }
  };

  readonly filed: Receipts['filed'] = (device, alarm, name, { data }) => {
    let sha256 = this.#hashes.get(data);
    if (sha256 === undefined) this.#hashes.set(data, (sha256 = createHash('sha256').update(data).digest('hex')));
    this.#of(device).files.add(fileText(idOf(device, alarm.item), { name, sha256 }));
  };

  get devices(): readonly string[] {
    return [...this.#owed.keys()];
  }

  /** So far, of all devices. */
  get counts() {
    const all = [...this.#owed.values()];
    const sum = (of: (owed: Owed) => Set<string>) => all.reduce((total, owed) => total + of(owed).size, 0);
    return {
      points: sum(({ points }) => points),
      alarms: sum(({ alarms }) => alarms),
      files: sum(({ files }) => files),
    };
  }

  audit(stored: ReadonlyMap<string, Stored>): Record<'points' | 'alarms' | 'files', Account> {
    const lost = { points: [] as string[], alarms: [] as string[], files: [] as string[] };
    for (const [device, owed] of this.#owed) {
      const { points = [], alarms = new Map<string, readonly StoredFile[]>() } = stored.get(device) ?? {};
      const files = [...alarms].flatMap(([id, all]) => all.map((file) => fileText(id, file)));
      const there = {
        points: new Set(points.map(pointText)),
        alarms: new Set(alarms.keys()),
        files: new Set(files),
      };
      for (const kind of ['points', 'alarms', 'files'] as const)
        for (const one of owed[kind]) if (!there[kind].has(one)) lost[kind].push(`${device} ${one}`);
    }
    const { counts } = this;
    const account = (kind: keyof typeof lost): Account => ({
      acknowledged: counts[kind],
      lost: lost[kind].length,
      examples: lost[kind].slice(0, EXAMPLES),
    });
    return { points: account('points'), alarms: account('alarms'), files: account('files') };
  }

  #of(device: string): Owed {
    let owed = this.#owed.get(device);
    if (owed === undefined) this.#owed.set(device, (owed = { points: new Set(), alarms: new Set(), files: new Set() }));
    return owed;
  }
}

const idOf = (device: string, { item, flag, sign }: RaisedAlarm['item']): string =>
  alarmId(device, item, flag, sign.raw);
const pointText = ({ time, latE6, lonE6 }: Pick<Point, 'time' | 'latE6' | 'lonE6'>): string =>
  `${new Date(time).toISOString()} ${latE6} ${lonE6}`;
const fileText = (alarm: string, { name, sha256 }: StoredFile): string => `${alarm} ${name} ${sha256}`;
