import { describe, expect, it } from 'vitest';
import {
  firstMoment,
  gapsOf,
  joined,
  momentOf,
  nextRecording,
  positionOf,
  previousRecording,
  recordedMs,
  wholeWords,
  windowFor,
} from '../../../web/src/device/recordings.ts';

const HOUR = 3_600_000;
const day = { from: 0, to: 24 * HOUR };
const list = [
  { from: 8 * HOUR, to: 9 * HOUR },
  { from: 10 * HOUR, to: 12 * HOUR },
];

describe('stretches', () => {
  it('are joined over seams nobody sees, and not over gaps', () => {
    expect(
      joined([
        { from: 5000, to: 9000 },
        { from: 0, to: 4000 },
        { from: 12_000, to: 13_000 },
        { from: 8000, to: 8500 },
      ]),
    ).toEqual([
      { from: 0, to: 9000 },
      { from: 12_000, to: 13_000 },
    ]);
    expect(gapsOf(list)).toEqual([{ from: 9 * HOUR, to: 10 * HOUR }]);
    expect(gapsOf([])).toEqual([]);
    expect(recordedMs(list)).toBe(3 * HOUR);
  });

  it('have neighbours', () => {
    expect(nextRecording(list, 9.5 * HOUR)).toBe(list[1]);
    expect(previousRecording(list, 9.5 * HOUR)).toBe(list[0]);
    expect(nextRecording(list, 11 * HOUR)).toBeUndefined();
  });

  it('are asked for an hour at a time, from a little before the moment, within the day', () => {
    expect(windowFor(list, 8.5 * HOUR, day)).toEqual({ from: 8.5 * HOUR - 300_000, to: 9.5 * HOUR - 300_000 });
    expect(windowFor([day], 60_000, day)!.from).toBe(0);
    expect(windowFor([day], 24 * HOUR - 1, day)!.to).toBe(24 * HOUR);
    expect(windowFor(list, 9 * HOUR, day)).toBeUndefined();
  });

  it('are shown shortly before the end of the last one; without any, where the device was last', () => {
    expect(firstMoment(list, 1, day)).toBe(12 * HOUR - 60_000);
    expect(firstMoment([{ from: 5000, to: 6000 }], 1, day)).toBe(5000);
    expect(firstMoment([], 7 * HOUR, day)).toBe(7 * HOUR);
    expect(firstMoment([], undefined, day)).toBe(12 * HOUR);
  });
});

describe("a playlist's time and the clock", () => {
  // Two recordings with a gap of a minute, which media time does not know.
  const fragments = [
    { start: 0, duration: 2, programDateTime: 100_000 },
    { start: 2, duration: 2, programDateTime: 102_000 },
    { start: 4, duration: 2, programDateTime: 164_000 },
  ];

  it('are told apart', () => {
    expect(positionOf(fragments, 103_500)).toBe(3.5);
    expect(positionOf(fragments, 165_000)).toBe(5);
    expect(momentOf(fragments, 3.5)).toBe(103_500);
    expect(momentOf(fragments, 5)).toBe(165_000);
  });

  it('meet at the next recording when the moment is in a gap', () => {
    expect(positionOf(fragments, 130_000)).toBe(4);
    expect(positionOf(fragments, 0)).toBe(0);
    expect(positionOf(fragments, 166_000)).toBeUndefined();
  });

  it('never run past a fragment into the gap behind it', () => {
    expect(momentOf(fragments, 3.9995)).toBe(164_000);
    expect(momentOf(fragments, 99)).toBe(166_000);
    expect(momentOf([], 1)).toBeUndefined();
    expect(momentOf([{ start: 0, duration: 2, programDateTime: null }], 1)).toBeUndefined();
  });
});

describe('how long a clip becomes', () => {
  it('is said where whole segments are longer than what is marked, by the same figure as the clip has', () => {
    const marked = 19_000;
    expect(wholeWords([{ from: 8 * HOUR, to: 8 * HOUR + 22_000 }], marked)).toMatch(/^The clip will last 22 s, from /);
    // Over a gap it is the sum of its parts.
    const parts = [
      { from: 8 * HOUR, to: 8 * HOUR + 12_000 },
      { from: 9 * HOUR, to: 9 * HOUR + 12_000 },
    ];
    expect(wholeWords(parts, marked)).toMatch(/^The clip will last 24 s, /);
    expect(wholeWords([{ from: 0, to: marked + 300 }], marked)).toBeUndefined();
    expect(wholeWords([], marked)).toBeUndefined();
  });
});
