import { describe, expect, it } from 'vitest';
import { Intervals } from '../../../../../containers/ingest/src/jt808/subiao/intervals.ts';
import { random } from '../support.ts';

describe('intervals', () => {
  it('agree with a bitmap over random ranges', () => {
    const next = random(11);
    for (let round = 0; round < 300; round++) {
      const size = 1 + Math.floor(next() * 120);
      const bitmap = new Uint8Array(size);
      const intervals = new Intervals();
      for (let n = 0; n < 40; n++) {
        const start = Math.floor(next() * size);
        const end = Math.min(size, start + Math.floor(next() * 12));
        expect(intervals.add(start, end)).toBe(true);
        bitmap.fill(1, start, end);
        const holes: { offset: number; length: number }[] = [];
        bitmap.forEach((present, at) => {
          const last = holes.at(-1);
          if (present === 1) return;
          if (last !== undefined && last.offset + last.length === at) last.length++;
          else holes.push({ offset: at, length: 1 });
        });
        expect(intervals.missing(size, 1000)).toEqual(holes);
        expect(intervals.covered).toBe(bitmap.reduce((sum, present) => sum + present, 0));
        expect(intervals.complete(size)).toBe(holes.length === 0);
      }
    }
  });

  it('keep no more than they may, and go on merging when full', () => {
    const intervals = new Intervals(3);
    for (const at of [0, 10, 20]) expect(intervals.add(at, at + 5)).toBe(true);
    expect(intervals.add(30, 31)).toBe(false);
    expect(intervals.missing(40)).toEqual([5, 15, 25].map((offset, n) => ({ offset, length: n === 2 ? 15 : 5 })));
    expect(intervals.add(5, 10)).toBe(true);
    expect(intervals.count).toBe(2);
    expect(intervals.add(30, 40)).toBe(true);
    expect(intervals.add(0, 40)).toBe(true);
    expect(intervals.complete(40)).toBe(true);
    expect(intervals.covered).toBe(40);
  });

  it('list the first holes only', () => {
    const intervals = new Intervals();
    for (let at = 1; at < 1000; at += 2) intervals.add(at, at + 1);
    expect(intervals.missing(1000)).toHaveLength(95);
    expect(intervals.missing(1000, 2)).toEqual([
      { offset: 0, length: 1 },
      { offset: 2, length: 1 },
    ]);
  });

  it('of an empty file are complete', () => {
    expect(new Intervals().complete(0)).toBe(true);
    expect(new Intervals().missing(0)).toEqual([]);
    expect(new Intervals().missing(7)).toEqual([{ offset: 0, length: 7 }]);
  });
});
