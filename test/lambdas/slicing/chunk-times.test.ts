/** Where chunks of long films begin: as even as they may be, and what is over in short ones at the end. */
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../lib/config.ts';
import { planFilm } from '../../../bench/slicing/plan-film.ts';
import { film } from '../../../bench/slicing/synthetic.ts';
import { MAX_CHUNKS } from '../../../lambdas/slicing/inspect.ts';
import { chunkTimes } from '../../../lambdas/slicing/segment-table.ts';

/** Lengths one after another, and how many there are of each. */
function runs(times: readonly number[], end: number): [seconds: number, count: number][] {
  const found: [number, number][] = [];
  for (const [i, time] of times.entries()) {
    const length = Math.round(((times[i + 1] ?? end) - time) * 1000) / 1000;
    const last = found.at(-1);
    if (last?.[0] === length) last[1] += 1;
    else found.push([length, 1]);
  }
  return found;
}
/** Of segments of 6 s and chunks of 12. */
const of = (seconds: number, isCopied = false) =>
  runs(chunkTimes(seconds, seconds / 6, Math.round(seconds / 12), MAX_CHUNKS, isCopied), seconds);

describe('chunks', () => {
  it('are as long as wished where that is few enough', () => {
    expect(of(12)).toEqual([[12, 1]]);
    expect(of(600)).toEqual([[12, 50]]);
    expect(of(5760)).toEqual([[12, 480]]);
  });

  it('are of whole segments beyond that, and those over come last, in halves', () => {
    expect(of(7200)).toEqual([
      [12, 480],
      [6, 240],
    ]);
    expect(of(10_800)).toEqual([
      [18, 480],
      [12, 180],
    ]);
    expect(of(86_400)).toEqual([[180, 480]]);
  });

  it('are even where the top is copied: that is watched meanwhile, and fewer tasks cost less', () => {
    expect(of(7200, true)).toEqual([[15, 480]]);
  });

  it.each([
    [5766, 6],
    [7200, 6],
    [8640, 6],
    [34_500, 12],
    [86_400, 12],
  ])('of %d s, of %d s each, fit the input of an execution and cover the film', (seconds, chunkSeconds) => {
    const config = readConfig((key) => (key === 'environments' ? { dev: {} } : undefined), {
      'slicing.chunkSeconds': chunkSeconds,
    });
    const { plan, chunks } = planFilm(film(seconds, { frameRate: 5, keyframeSeconds: 2 }), false, 'upload', config);
    // Step Functions quotas: 256 KiB of a task, state or execution.
    expect(JSON.stringify({ plan, chunks }).length).toBeLessThan(256 * 1024 * 0.8);
    const even = chunks.filter(({ ahead }) => !ahead);
    const ends = even.map(({ start, duration }) => start + duration!);
    for (const [i, { start }] of even.entries()) expect(start).toBeCloseTo(ends[i - 1] ?? 0, 6);
    expect(ends.at(-1)).toBeCloseTo(seconds, 1);
  });
});
