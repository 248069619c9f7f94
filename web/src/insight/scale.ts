/** Where things stand on a plot. Pure. */

/** Round values from 0 to at least `max`, `most` steps at most; none is finer than `least`: of counts there are no halves. */
export function ticksTo(max: number, least: number, most = 3): number[] {
  const rough = Math.max(max, least) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const round = [1, 2, 5, 10].map((times) => times * power).find((value) => value >= rough * 0.999_999) ?? 10 * power;
  const step = Math.max(round, least);
  const steps = Math.max(1, Math.ceil(max / step - 0.000_001));
  // By multiplying, and not by adding: ten times 0.1 is 1.
  return Array.from({ length: steps + 1 }, (_, at) => Number((at * step).toPrecision(12)));
}

/** What a clock's face is divided by, seconds. */
const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200] as const;

/** Seconds of a video of `length` that its axis names, `most` steps at most. */
export function timesTo(length: number, most = 6): number[] {
  const step = CLOCK.find((seconds) => length / seconds <= most) ?? Math.ceil(length / most / 86_400) * 86_400;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, at) => at * step);
}

/** Of so many columns those that their axis names: evenly, the last one among them. */
export function someOf(columns: number, most = 6): number[] {
  const step = Math.max(1, Math.ceil(columns / most));
  return Array.from({ length: Math.ceil(columns / step) }, (_, at) => columns - 1 - at * step).toReversed();
}

/** SVG path of the line over `values`, each one unit wide, in a field `top` values high and 100 units; closed: the area below it. */
export function outline(values: readonly number[], top: number, isClosed: boolean): string {
  if (values.length === 0) return '';
  const y = (value: number) => Number((100 - (100 * value) / top).toFixed(2));
  const [first, last] = [values[0]!, values.at(-1)!];
  const between = values.map((value, at) => `L${at + 0.5} ${y(value)}`).join('');
  const line = `${between}L${values.length} ${y(last)}`;
  return isClosed ? `M0 100L0 ${y(first)}${line}L${values.length} 100Z` : `M0 ${y(first)}${line}`;
}
