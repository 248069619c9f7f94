/** Memory of a process over time. Pure. */

export interface Sample {
  /** Since the run began. */
  readonly minutes: number;
  /** Bytes. */
  readonly rss: number;
  readonly heapUsed: number;
  readonly arrayBuffers: number;
  /** Taken after garbage was collected. */
  readonly settled: boolean;
}

/** Growth by least squares: units of `value` a minute. NaN of fewer than two moments. */
export function slope(points: readonly { readonly minutes: number; readonly value: number }[]): number {
  const mean = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(({ minutes }) => minutes), mean(({ value }) => value)];
  const along = mean(({ minutes, value }) => (minutes - x) * (value - y));
  return along / mean(({ minutes }) => (minutes - x) ** 2);
}

/** Of the second half of a run of so many minutes. */
export const secondHalf = (samples: readonly Sample[], minutes: number): Sample[] =>
  samples.filter((sample) => sample.minutes >= minutes / 2);
