import { expect, it } from 'vitest';
import { boundsOf, runsOf } from '../../../web/src/fleet/track.ts';
import { track } from './drive.ts';

const runs = runsOf(track);

it('reads what the API answers, a single point as well', () => {
  expect(runs.map((run) => run.length)).toEqual([3, 1]);
  expect(runs[0]![1]).toEqual({ at: 60_000, lon: 9.1, lat: 48, speedKmh: 36, direction: 90 });
});

it('knows the box of everything', () => {
  expect(boundsOf(runs.flat())).toEqual([9, 48, 10, 50]);
  expect(boundsOf([])).toBeUndefined();
});
