/** What every benchmark prints at its end. */
import { cpus, loadavg, totalmem } from 'node:os';

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly bar: number;
  readonly holds: boolean;
  /** The value must be at least that; else at most. */
  readonly least?: boolean;
}

export const round = (value: number, digits = 0): number => Math.round(value * 10 ** digits) / 10 ** digits;

export const atLeast = (name: string, value: number, unit: string, bar: number): Bar => ({
  name,
  value: round(value, 5),
  unit,
  bar,
  holds: value >= bar,
  least: true,
});

export const atMost = (name: string, value: number, unit: string, bar: number): Bar => ({
  name,
  value: round(value, 5),
  unit,
  bar,
  holds: value <= bar,
});

/** The machine, with its load now. */
export const machine = () => ({
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  memoryGiB: round(totalmem() / 1024 ** 3, 1),
  node: process.version,
  load: round(loadavg()[0]!, 2),
});

/** Lines of cells, each column as wide as its widest; the first to the left, the others to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => String(row[column] ?? '').length)));
  const cell = (value: string | number, column: number) =>
    column === 0 ? String(value).padEnd(widths[column]!) : String(value).padStart(widths[column]!);
  return rows.map((row) => row.map(cell).join('  ')).join('\n');
}

export const sayBars = (bars: readonly Bar[]): string =>
  bars
    .map(
      ({ holds, name, value, unit, bar, least = false }) =>
        `${holds ? 'holds        ' : 'DOES NOT HOLD'} ${name}: ${value} ${unit} (at ${least ? 'least' : 'most'} ${bar})`,
    )
    .join('\n');
