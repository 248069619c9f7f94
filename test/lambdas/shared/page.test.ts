import { describe, expect, it } from 'vitest';
import { takePage } from '../../../lambdas/shared/page.ts';

describe('filling a page', () => {
  let read = 0;
  async function* rows(count: number, from = 0): AsyncGenerator<number> {
    for (let n = from; n < count; n++) {
      read++;
      yield n;
    }
  }
  const every = (step: number) => (row: number) => row % step === 0;

  it.each([
    ['none', 0, 10, 0, false],
    ['fewer than a page', 9, 10, 9, false],
    ['exactly a page: no cursor to an empty one', 10, 10, 10, false],
    ['one more', 11, 10, 10, true],
  ])('%s', async (_, count, limit, taken, more) => {
    const page = await takePage(rows(count), () => true, limit, 1000);
    expect([page.records.length, page.last !== undefined]).toEqual([taken, more]);
  });

  it('is full even when most rows are not wanted', async () => {
    const page = await takePage(rows(1000), every(30), 10, 1000);
    expect(page.records).toEqual(Array.from({ length: 10 }, (_, n) => n * 30));
    expect(page.last).toBe(270);
  });

  it('looks at a bounded number of rows, and the next call goes on behind them', async () => {
    read = 0;
    const first = await takePage(rows(500), every(400), 10, 100);
    expect([first.records.length, read, first.last]).toEqual([1, 100, 99]);
  });

  it.each([1, 3, 7, 100])('page after page of %i shows each wanted row once, in order', async (limit) => {
    const seen: number[] = [];
    for (let start = 0, turn = 0; turn < 1000; turn++) {
      const page = await takePage(rows(250, start), every(4), limit, 50);
      seen.push(...page.records);
      if (page.last === undefined) break;
      start = page.last + 1;
    }
    expect(seen).toEqual(Array.from({ length: 63 }, (_, n) => n * 4));
  });
});
