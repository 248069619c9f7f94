/** A bill by hand: list price, what is free, and that allowances are counted once. */
import { describe, expect, it } from 'vitest';
import { HOSTED, PRICED, PRICES, type Price } from '../../../lib/contract/prices.ts';
import { dollars, merged, paid, table, totalsOf, type Line } from '../../../local/cost/bill.ts';

const line = (what: string, amount: number, price: Price): Line => ({ group: 'all', what, amount, price });

describe('a bill', () => {
  it('is what is used times its price, and less what every account has free', () => {
    const lines = [line('alarms', 25, PRICES.alarm), line('secrets', 2, PRICES.secret)];
    // 25 at 0.10 and two at 0.40; ten alarms are free, no secret is.
    expect(totalsOf(lines).list).toBeCloseTo(3.3, 9);
    expect(totalsOf(lines).free).toBeCloseTo(2.3, 9);
  });

  it('serves prices of one pool once, and the cheapest first', () => {
    const standard = line('standard', 600_000, PRICES.queueRequest);
    const fifo = line('fifo', 700_000, PRICES.fifoRequest);
    // A million requests for both: 600,000 standard ones, and 400,000 of the others.
    expect(paid([fifo, standard])).toEqual(
      new Map([
        [standard, 0],
        [fifo, 300_000],
      ]),
    );
    expect(totalsOf([fifo, standard]).free).toBeCloseTo(0.15, 9);
    expect(totalsOf([fifo, standard]).list).toBeCloseTo(0.24 + 0.35, 9);
  });

  it('counts a line that stands twice as one', () => {
    expect(merged([line('a', 1, PRICES.alarm), line('b', 1, PRICES.alarm), line('a', 2, PRICES.alarm)])).toEqual([
      line('a', 3, PRICES.alarm),
      line('b', 1, PRICES.alarm),
    ]);
    const [, row] = table([line('alarms', 8, PRICES.alarm), line('alarms', 4, PRICES.alarm)]);
    expect(row).toMatch(/^all +alarms +12 × metric of an alarm and month +\$1\.20 +\$0\.20$/);
  });

  it('says small sums with a third digit', () => {
    expect([0, 0.004, 2.5, 1234.5].map(dollars)).toEqual(['$0.00', '$0.004', '$2.50', '$1,234.50']);
  });
});

it('names a page, a unit and a day for every price', () => {
  const prices = Object.values(PRICES).flatMap((one): readonly Price[] =>
    'dollars' in one ? [one] : Object.values(one),
  );
  expect(prices.length).toBeGreaterThan(30);
  for (const { source, dollars: amount, per, free } of prices) {
    expect(source).toMatch(/^aws\.amazon\.com\/.+pricing/);
    expect(amount).toBeGreaterThan(0);
    expect(per).not.toBe('');
    expect(free?.units ?? 1).toBeGreaterThan(0);
  }
  for (const { source } of HOSTED) expect(source).toContain('pricing');
  for (const day of [PRICED, ...HOSTED.map(({ priced }) => priced)]) expect(day).toMatch(/^20\d\d-\d\d-\d\d$/);
});
