/**
 * Which alarm bits a device had, by the times of its own reports. Reports come late, in batches and out of order: what is in
 * force is what the latest says, and an older one adds only what is not known of its time yet. Pure.
 */

/** Alarm bits in force: of table 24, and of item 0x14. */
export interface AlarmBits {
  readonly alarm: number;
  readonly video: number;
}

/** One report. */
export interface Observed {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly bits: AlarmBits;
}

/** Bits that began or ended. */
export interface Change {
  /** Those that did. */
  readonly changed: AlarmBits;
  /** All that were in force from then on. */
  readonly bits: AlarmBits;
  /** Which of the reports shows it, from 0; undefined where it is one that came before, of the time `at`. */
  readonly report: number | undefined;
  readonly at: number;
}

/** All reports known from one time to another said the same. Which they were is forgotten: one that differs is of between. */
interface Step {
  readonly from: number;
  to: number;
  readonly bits: AlarmBits;
}

/** Steps remembered. What is older than they are is taken for a time without alarms. */
const MOST = 16;
export const NO_ALARMS: AlarmBits = { alarm: 0, video: 0 };

export class AlarmTimeline {
  /** By time, never empty; neighbours differ. */
  #steps: Step[];

  /** `bits` were in force at `at`, epoch milliseconds; -Infinity where nothing is known. */
  constructor(bits: AlarmBits, at: number) {
    this.#steps = [{ from: at, to: at, bits }];
  }

  get inForce(): AlarmBits {
    return this.#last.bits;
  }

  /** Of the latest report. */
  get at(): number {
    return this.#last.to;
  }

  /** Whether a report later than all others says what they said. Asked first, because nearly every one does. */
  goesOn({ at, bits }: Observed): boolean {
    const last = this.#last;
    if (at < last.to || !isSame(bits, last.bits)) return false;
    last.to = at;
    return true;
  }

  /** What `reports`, the oldest first, show that was not known. An alarm that is known to have begun begins no second time. */
  add(reports: readonly Observed[]): Change[] {
    const changes: Change[] = [];
    for (let from = 0, to = 1; from < reports.length; from = to, to += 1) {
      const place = this.#placeOf(reports[from]!);
      // Reports of one gap are looked at together, so that what began in it may have ended there.
      while (to < reports.length && isEqual(place, this.#placeOf(reports[to]!))) to += 1;
      changes.push(...this.#insert(place, reports.slice(from, to), from));
    }
    return changes;
  }

  get #last(): Step {
    return this.#steps.at(-1)!;
  }

  /** Where a report belongs: within a step, or (`inside` false) behind that one. */
  #placeOf({ at, bits }: Observed): Place {
    const steps = this.#steps;
    if (at >= this.#last.to) return { step: steps.length - 1, inside: false };
    let step = steps.findLastIndex(({ from, to, bits: known }) => from <= at && to >= at && isSame(known, bits));
    if (step < 0) step = steps.findLastIndex(({ from }) => from <= at);
    return { step, inside: step >= 0 && steps[step]!.to >= at };
  }

  #insert({ step, inside }: Place, reports: readonly Observed[], first: number): Change[] {
    const before = this.#steps[step];
    const after = inside ? before : this.#steps[step + 1];
    const seen: Step[] = reports.map(({ at, bits }) => ({ from: at, to: at, bits }));
    const changes = differences(
      before?.bits ?? NO_ALARMS,
      reports.map(({ at, bits }, n) => ({ at, bits, report: first + n })),
      after && { at: inside ? after.to : after.from, bits: after.bits },
    );
    const split =
      inside && before !== undefined
        ? [{ ...before, to: before.from }, ...seen, { ...before, from: before.to }]
        : [...(before ? [before] : []), ...seen];
    this.#steps = merged([...this.#steps.slice(0, Math.max(step, 0)), ...split, ...this.#steps.slice(step + 1)]);
    return changes;
  }
}

interface Place {
  readonly step: number;
  readonly inside: boolean;
}
const isEqual = (a: Place, b: Place): boolean => a.step === b.step && a.inside === b.inside;
const isSame = (a: AlarmBits, b: AlarmBits): boolean => a.alarm === b.alarm && a.video === b.video;

type Seen = Pick<Change, 'at' | 'bits'> & Partial<Pick<Change, 'report'>>;

/**
 * What changes from one to the next. Where a bit is another `after` than before, one change of it was known already: it is
 * the last of them, seen late.
 */
function differences(before: AlarmBits, reports: readonly Seen[], after: Seen | undefined): Change[] {
  const all = after === undefined ? reports : [...reports, after];
  const known = after === undefined ? NO_ALARMS : xor(before, after.bits);
  let [alarm, video] = [known.alarm, known.video];
  const changes: Change[] = [];
  for (let n = all.length - 1; n >= 0; n -= 1) {
    const { at, bits, report } = all[n]!;
    const changed = xor(all[n - 1]?.bits ?? before, bits);
    const fresh = { alarm: (changed.alarm & ~alarm) >>> 0, video: (changed.video & ~video) >>> 0 };
    alarm &= ~changed.alarm;
    video &= ~changed.video;
    if (fresh.alarm !== 0 || fresh.video !== 0) changes.push({ changed: fresh, bits, report, at });
  }
  return changes.toReversed();
}

const xor = (a: AlarmBits, b: AlarmBits): AlarmBits => ({
  alarm: (a.alarm ^ b.alarm) >>> 0,
  video: (a.video ^ b.video) >>> 0,
});

function merged(steps: readonly Step[]): Step[] {
  const list: Step[] = [];
  for (const step of steps) {
    const last = list.at(-1);
    if (last !== undefined && isSame(last.bits, step.bits)) last.to = Math.max(last.to, step.to);
    else list.push({ ...step });
  }
  return list.slice(-MOST);
}
