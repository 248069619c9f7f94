import { describe, expect, it } from 'vitest';
import {
  atTime,
  dayOf,
  fittingZoom,
  fromField,
  percentOf,
  shifted,
  stretchOf,
  ticksOf,
  toField,
  toTimeField,
  viewAround,
} from '../../../web/src/device/day.ts';

const HOUR = 3_600_000;

describe('days', () => {
  it('go from midnight to midnight of the reader', () => {
    const { from, to } = stretchOf('2026-03-29')!;
    expect(new Date(from).getHours()).toBe(0);
    expect(dayOf(from)).toBe('2026-03-29');
    expect(dayOf(to - 1)).toBe('2026-03-29');
    expect(dayOf(to)).toBe('2026-03-30');
  });

  it.each(['', '2026-3-29', '2026-02-30', '2026-13-01', 'today'])('%j is none', (text) =>
    expect(stretchOf(text)).toBeUndefined(),
  );

  it('follow one another over months and years', () => {
    expect(shifted('2026-03-01', -1)).toBe('2026-02-28');
    expect(shifted('2026-12-31', 1)).toBe('2027-01-01');
  });

  it('stand in a form to the second', () => {
    const at = new Date(2026, 0, 2, 3, 4, 5).getTime();
    expect(toField(at)).toBe('2026-01-02T03:04:05');
    expect(fromField(toField(at))).toBe(at);
    expect(fromField('')).toBeUndefined();
  });
});

it('a time of day is a moment of that day, and nothing else is', () => {
  const day = stretchOf('2026-01-02')!;
  const at = new Date(2026, 0, 2, 3, 4, 5).getTime();
  expect(toTimeField(at)).toBe('03:04:05');
  expect(atTime(day, '03:04:05')).toBe(at);
  expect(atTime(day, '03:04')).toBe(at - 5000);
  for (const text of ['', '3:4', '25:00:00', 'T00:00']) expect(atTime(day, text), text).toBeUndefined();
});

it('the time line begins as close as still shows everything', () => {
  const from = stretchOf('2026-01-02')!.from;
  expect(fittingZoom([])).toBe('day');
  expect(fittingZoom([{ from, to: from + 60_000 }])).toBe('10 min');
  expect(fittingZoom([{ from, to: from + 550_000 }])).toBe('1 h');
  expect(
    fittingZoom([
      { from, to: from + 60_000 },
      { from: from + 4 * HOUR, to: from + 4.5 * HOUR },
    ]),
  ).toBe('6 h');
  expect(fittingZoom([{ from, to: from + 20 * HOUR }])).toBe('day');
});

describe('the time line', () => {
  const day = stretchOf('2026-01-15')!;
  const at = day.from + 10 * HOUR;

  it('shows the whole day, or a part around the moment that stays within it', () => {
    expect(viewAround(day, 'day', at)).toEqual(day);
    expect(viewAround(day, '1 h', at)).toEqual({ from: at - HOUR / 2, to: at + HOUR / 2 });
    expect(viewAround(day, '6 h', day.from + HOUR).from).toBe(day.from);
    expect(viewAround(day, '6 h', day.to - 1).to).toBe(day.to);
  });

  it('stays where it is until the moment nears its edge', () => {
    const view = viewAround(day, '1 h', at);
    expect(viewAround(day, '1 h', at + HOUR / 4, view)).toBe(view);
    expect(viewAround(day, '1 h', at + HOUR * 0.49, view)).not.toBe(view);
    expect(viewAround(day, '6 h', at, view).to - viewAround(day, '6 h', at, view).from).toBe(6 * HOUR);
  });

  it('has marks at round times, not too many', () => {
    for (const zoom of ['day', '6 h', '1 h', '10 min'] as const) {
      const view = viewAround(day, zoom, at + 1234);
      const ticks = ticksOf(view, 8);
      expect(ticks.length, zoom).toBeGreaterThanOrEqual(4);
      expect(ticks.length, zoom).toBeLessThanOrEqual(9);
      expect(ticks.every((tick) => new Date(tick).getSeconds() === 0 && tick >= view.from && tick <= view.to)).toBe(
        true,
      );
    }
    expect(ticksOf(day, 8).map((tick) => new Date(tick).getHours())).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 0]);
  });

  it('knows where a moment is', () => {
    expect(percentOf(day, day.from)).toBe(0);
    expect(percentOf({ from: 0, to: 200 }, 50)).toBe(25);
    expect(percentOf({ from: 0, to: 200 }, 500)).toBe(100);
  });
});
