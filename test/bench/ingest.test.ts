/** When a window says nothing of the task, because what made the load was at its end. */
import { describe, expect, it } from 'vitest';
import { limitOfLoad, type Window } from '../../bench/ingest/figures.ts';
import { Sink } from '../../bench/ingest/sink.ts';
import { loadUse, spread } from '../../bench/ingest/loads.ts';
import { cores } from '../../bench/ingest/pinned.ts';

const window: Window = {
  streams: 100,
  seconds: 30,
  cpu: 0.67,
  othersCpu: 0,
  cpuMsPerStreamSecond: 6.7,
  p50: 100,
  p99: 1500,
  max: 1600,
  segments: 1500,
  expectedSegments: 1500,
  faults: 0,
  loadLate: 20,
  loadCpu: [0.5, 0.6],
  boxBusy: 0.8,
};

describe('the load generator is the limit', () => {
  it('not while it is in time and has room', () => {
    expect(limitOfLoad(window)).toBeUndefined();
  });

  it.for([
    ['it is late', { loadLate: 400 }, /400 ms late/],
    ['a process has all of a core', { loadCpu: [0.5, 0.97] }, /one of its processes/],
    ['the cores it shares are full', { boxBusy: 0.98 }, /cores beside/],
  ] as const)('when %s', ([, change, why]) => {
    expect(limitOfLoad({ ...window, ...change })).toMatch(why);
  });

  it('by CPU time of its processes and of all cores but the measured one', () => {
    const others = Math.max(1, cores - 1);
    expect(loadUse([1500, 700], [500, 200], 800 * others, 1)).toEqual({ loadCpu: [1, 0.5], boxBusy: 0.8 });
    expect(loadUse([0], [0], Number.NaN, 1).boxBusy).toBe(0);
  });
});

it('spreads streams evenly', () => {
  expect(spread(10, 4)).toEqual([2, 3, 2, 3]);
  expect(spread(2, 4).reduce((sum, one) => sum + one)).toBe(2);
  expect(spread(7, 1)).toEqual([7]);
});

it('a sink that is stalled takes everything, and answers when it is over', async () => {
  const sink = new Sink();
  const put = { method: 'PUT', path: '/bench/x.m4s', head: `\r\nx-amz-content-sha256: ${'0'.repeat(64)}` };
  sink.stall(0.3);
  const answers = [1, 2].map(async () => sink.reply(put, 10, undefined));
  await new Promise((resolve) => setImmediate(resolve));
  expect(sink.take().segments).toBe(0);
  expect(await Promise.all(answers)).toMatchObject([{ status: 200 }, { status: 200 }]);
  expect(sink.take().segments).toBe(2);
  expect(sink.reply(put, 10, undefined)).toMatchObject({ status: 200 });
});
