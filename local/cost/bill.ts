/** A month's bill: amounts at prices of the table, at list price and with what AWS gives every account for nothing. Pure. */
import type { Price } from '../../lib/contract/prices.ts';

/** Hours of a month, as AWS's own examples count them. */
export const HOURS = 730;
export const SECONDS = HOURS * 3600;

export interface Line {
  /** The service, or the stage: lines of one stand together. */
  readonly group: string;
  readonly what: string;
  /** Units of `price` a month. */
  readonly amount: number;
  readonly price: Price;
}

export interface Totals {
  /** US dollars, nothing free. */
  readonly list: number;
  /** US dollars, with what is free each month for good, in an account that runs nothing else. */
  readonly free: number;
}

/**
 * What of a line is paid where allowances count. A pool serves the cheapest of its prices first, since AWS does not say which:
 * so the sum is never too low.
 */
export function paid(lines: readonly Line[]): Map<Line, number> {
  const left = new Map<string, number>();
  const amounts = new Map<Line, number>();
  for (const line of lines.toSorted((a, b) => a.price.dollars - b.price.dollars)) {
    const { free } = line.price;
    const available = free === undefined ? 0 : (left.get(free.pool) ?? free.units);
    const used = Math.min(available, line.amount);
    if (free !== undefined) left.set(free.pool, available - used);
    amounts.set(line, line.amount - used);
  }
  return amounts;
}

export function totalsOf(lines: readonly Line[]): Totals {
  const amounts = paid(lines);
  return {
    list: lines.reduce((sum, { amount, price }) => sum + amount * price.dollars, 0),
    free: lines.reduce((sum, line) => sum + amounts.get(line)! * line.price.dollars, 0),
  };
}

/** Lines of the same thing as one: 25 alarms, not 25 times one. The order is that of their first. */
export function merged(lines: readonly Line[]): Line[] {
  const found = new Map<string, Line>();
  for (const line of lines) {
    const key = `${line.group}\n${line.what}\n${line.price.per}\n${line.price.source}`;
    const before = found.get(key);
    found.set(key, before === undefined ? line : { ...line, amount: before.amount + line.amount });
  }
  return [...found.values()];
}

/** `$1,234.50`; of less than a dollar a third digit. */
export const dollars = (amount: number): string =>
  `$${amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: amount < 1 ? 3 : 2 })}`;

/** An amount as a person reads it: three digits of what is small, no fractions of what is large. */
export const amountText = (amount: number): string =>
  amount.toLocaleString('en-US', amount >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });

/** A table of lines, each group with its sum. */
export function table(lines: readonly Line[]): string[] {
  const all = merged(lines).filter(({ amount }) => amount > 0);
  const amounts = paid(all);
  const rows = all.map((line) => [
    line.group,
    line.what,
    `${amountText(line.amount)} × ${line.price.per}`,
    dollars(line.amount * line.price.dollars),
    dollars(amounts.get(line)! * line.price.dollars),
  ]);
  const texts = [['', '', 'a month', 'list price', 'after what is free'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...texts.map((row) => row[i]!.length)));
  let group = '';
  return texts.map((row) => {
    const [first, ...others] = row;
    const shown = first === group ? '' : first!;
    group = first!;
    return [shown, ...others]
      .map((text, i) => (i < 3 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  });
}
