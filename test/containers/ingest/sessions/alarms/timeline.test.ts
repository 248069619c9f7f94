/** What is in force and what began or ended, from reports that come in any order. */
import { describe, expect, it } from 'vitest';
import {
  AlarmTimeline,
  NO_ALARMS,
  type AlarmBits,
  type Change,
} from '../../../../../containers/ingest/src/sessions/alarms/timeline.ts';
import { random } from '../../jt808/support.ts';

const SOS: AlarmBits = { alarm: 1, video: 0 };
const SPEED: AlarmBits = { alarm: 2, video: 0 };
const BOTH: AlarmBits = { alarm: 3, video: 0 };
const COVERED: AlarmBits = { alarm: 0, video: 2 };
const TOP: AlarmBits = { alarm: 2 ** 31, video: 0 };

/** `600 +1` began at 600, `600 -1` ended. */
const told = (changes: readonly Change[]): string[] =>
  changes.flatMap(({ at, changed, bits }) =>
    [0, 1, 2, 31].flatMap((bit) => {
      const of = (name: 'alarm' | 'video') => {
        if ((changed[name] & (1 << bit)) === 0) return [];
        return [`${at} ${(bits[name] & (1 << bit)) === 0 ? '-' : '+'}${name === 'video' ? 'v' : ''}${bit}`];
      };
      return [...of('alarm'), ...of('video')];
    }),
  );
const timeline = (reports: readonly (readonly [number, AlarmBits])[] = [], from = NO_ALARMS, at = -Infinity) => {
  const line = new AlarmTimeline(from, at);
  const add = (more: readonly (readonly [number, AlarmBits])[]) =>
    told(line.add(more.map(([t, bits]) => ({ at: t, bits }))));
  return { line, add, said: add(reports) };
};

describe('reports in order', () => {
  it('begin and end each alarm once', () => {
    const { said, line } = timeline([
      [100, NO_ALARMS],
      [200, SOS],
      [300, BOTH],
      [400, SPEED],
      [500, COVERED],
      [600, TOP],
      [700, NO_ALARMS],
    ]);
    expect(said).toEqual(['200 +0', '300 +1', '400 -0', '500 -1', '500 +v1', '600 -v1', '600 +31', '700 -31']);
    expect(line.inForce).toEqual(NO_ALARMS);
    expect(line.at).toBe(700);
  });

  it('of one second count in the order they come', () => {
    const { said, line } = timeline([
      [100, SOS],
      [100, NO_ALARMS],
      [100, SPEED],
    ]);
    expect(said).toEqual(['100 +0', '100 -0', '100 +1']);
    expect(line.inForce).toEqual(SPEED);
  });

  it('go on with what was in force when the device was last here', () => {
    const { said } = timeline(
      [
        [200, SOS],
        [300, NO_ALARMS],
      ],
      SOS,
      100,
    );
    expect(said).toEqual(['300 -0']);
  });
});

describe('a late report', () => {
  it('of a time before an alarm neither ends nor begins it', () => {
    const { add, line } = timeline([
      [500, NO_ALARMS],
      [600, SOS],
    ]);
    expect(add([[550, NO_ALARMS]])).toEqual([]);
    // It was in force already then; that it began is known.
    expect(add([[580, SOS]])).toEqual([]);
    expect(
      add([
        [100, SOS],
        [200, SOS],
      ]),
    ).toEqual(['100 +0', '550 -0']);
    expect(line.inForce).toEqual(SOS);
    expect(line.at).toBe(600);
    expect(add([[700, NO_ALARMS]])).toEqual(['700 -0']);
  });

  it('of before all that is known changes nothing that stands', () => {
    const { add, line } = timeline([], SOS, 1000);
    expect(
      add([
        [400, NO_ALARMS],
        [500, SOS],
        [600, SPEED],
      ]),
    ).toEqual(['500 +0', '600 -0', '600 +1', '1000 -1']);
    expect(line.inForce).toEqual(SOS);
  });

  it('of an alarm that was over before the next report begins and ends it at its own times', () => {
    const { add, line } = timeline([
      [100, NO_ALARMS],
      [900, NO_ALARMS],
    ]);
    expect(
      add([
        [200, NO_ALARMS],
        [300, SOS],
        [400, BOTH],
        [500, SPEED],
        [600, NO_ALARMS],
      ]),
    ).toEqual(['300 +0', '400 +1', '500 -0', '600 -1']);
    // What is sent again is known.
    expect(
      add([
        [300, SOS],
        [400, BOTH],
        [500, SPEED],
      ]),
    ).toEqual([]);
    expect(add([[350, SOS]])).toEqual([]);
    expect(line.inForce).toEqual(NO_ALARMS);
  });

  it('alone: its alarm ended by the next report that is known', () => {
    const { add } = timeline([
      [100, NO_ALARMS],
      [900, NO_ALARMS],
    ]);
    expect(add([[300, SOS]])).toEqual(['300 +0', '900 -0']);
    expect(add([[400, SOS]])).toEqual([]);
    expect(add([[500, NO_ALARMS]])).toEqual([]);
  });

  it('shows that an alarm was interrupted, and that it was another of the same kind', () => {
    const { add } = timeline([
      [100, SOS],
      [500, SOS],
      [600, NO_ALARMS],
    ]);
    expect(
      add([
        [200, NO_ALARMS],
        [300, SOS],
      ]),
    ).toEqual(['200 -0', '300 +0']);
    expect(
      add([
        [550, NO_ALARMS],
        [560, SOS],
      ]),
    ).toEqual(['550 -0', '560 +0']);
  });

  it('in a batch with later ones: each by its own time', () => {
    const { add, line } = timeline([[500, SOS]]);
    expect(
      add([
        [300, NO_ALARMS],
        [400, SPEED],
        [600, SOS],
        [700, NO_ALARMS],
      ]),
    ).toEqual(['400 +1', '500 -1', '700 -0']);
    expect(line.inForce).toEqual(NO_ALARMS);
  });
});

it('whatever the order, what the latest says is in force, and an alarm begins no more often than it did', () => {
  const next = random(11);
  for (let round = 0; round < 300; round += 1) {
    const reports = Array.from({ length: 12 }, (_, n): [number, AlarmBits] => [
      (n + 1) * 100,
      [NO_ALARMS, SOS, SPEED, BOTH][Math.floor(next() * 4)]!,
    ]);
    const { add, line } = timeline();
    const all: string[] = [];
    const left = reports.slice();
    while (left.length > 0) {
      const count = Math.min(1 + Math.floor(next() * 4), left.length);
      const batch = Array.from({ length: count }, () => left.splice(Math.floor(next() * left.length), 1)[0]!);
      all.push(...add(batch.toSorted(([a], [b]) => a - b)));
    }
    const [, last] = reports.at(-1)!;
    expect(line.inForce).toEqual(last);
    const inOrder = timeline(reports).said;
    for (const bit of [0, 1]) {
      const count = (list: readonly string[], sign: string) =>
        list.filter((one) => one.endsWith(`${sign}${bit}`)).length;
      expect(count(all, '+')).toBeLessThanOrEqual(count(inOrder, '+'));
      expect(count(all, '+') - count(all, '-')).toBe((last.alarm >> bit) & 1);
    }
  }
});
