/** The model of the cloud run: what it must do whatever its parameters are. */
import { describe, expect, it } from 'vitest';
import { committed } from '../../bench/slicing/measured.ts';
import { simulate } from '../../bench/slicing/model.ts';
import { muxSeconds, PARAMETERS } from '../../bench/slicing/parameters.ts';
import { planFilm } from '../../bench/slicing/plan-film.ts';
import { random, runAll } from '../../bench/slicing/pool.ts';
import { film } from '../../bench/slicing/synthetic.ts';
import { readConfig } from '../../lib/config.ts';

const config = readConfig((key) => (key === 'environments' ? { dev: {} } : undefined), { architecture: 'arm64' });
const machine = { config, costs: committed(config.slicing.preset) };

/** No spread, and nobody dies. */
const certain = () => 0.999999;

describe('functions', () => {
  const tasks = (count: number, seconds: number) =>
    Array.from({ length: count }, () => ({ from: 0, seconds, copy: false }));

  it('run at the same time as far as there are some, and in waves beyond that', () => {
    const last = (functions: number) =>
      Math.max(...runAll(tasks(30, 10), functions, certain).map(({ ended }) => ended));
    const one = last(30);
    expect(last(100)).toBeCloseTo(one, 6);
    // A function that goes on is warm.
    const work = 10 * (1 + PARAMETERS.spread.value);
    expect(last(10)).toBeCloseTo(one + 2 * work, 0);
    expect(last(1)).toBeCloseTo(one + 29 * work, 0);
  });

  it('that are reserved for copying are not taken by what is encoded, nor the other way round', () => {
    const both = Array.from({ length: 40 }, (_, i) => ({ from: 0, seconds: 10, copy: i % 2 === 0 }));
    const ended = runAll(both, { copies: 1, chunks: 20 }, certain);
    const last = (copy: boolean) => Math.max(...ended.filter((_, i) => both[i]!.copy === copy).map((one) => one.ended));
    expect(last(true)).toBeGreaterThan(15 * last(false));
  });

  it('come no faster than a thousand every ten seconds', () => {
    const done = runAll(tasks(3000, 1000), 10_000, certain).map(({ ended, billed }) => ended - billed);
    expect(Math.max(...done)).toBeGreaterThan(19);
  });

  it('that die are tried again, and both tries are billed', () => {
    let asked = 0;
    // The second question is whether it dies.
    const once = () => ((asked += 1) === 2 ? 0 : 0.5);
    const [done] = runAll(tasks(1, 10), 1, once);
    expect(done!.tries).toBe(2);
    expect(done!.billed).toBeGreaterThan(10 * 1.5);
    expect(done!.ended).toBeGreaterThan(done!.billed);
  });
});

describe('a video', () => {
  const run = (minutes: number, of: Partial<Parameters<typeof simulate>[0]> = {}) =>
    simulate({ film: film(minutes * 60), copied: true, ladder: 'upload', functions: 500, ...of }, machine, 5);

  it('is simulated the same way twice', () => {
    expect(run(20)).toEqual(run(20));
    const chance = random(7);
    expect([chance(), chance()]).not.toEqual([random(8)(), random(8)()]);
  });

  it('is playable before it is ready, and sooner when it is copied', () => {
    for (const minutes of [1, 20, 120]) {
      const [copied, encoded] = [run(minutes), run(minutes, { copied: false })];
      expect(copied.playable).toBeLessThan(copied.ready);
      expect(copied.playable).toBeLessThan(encoded.playable);
      expect(copied.dollars).toBeLessThan(encoded.dollars);
    }
  });

  it('waits for functions where there are few', () => {
    expect(run(20, { functions: 1 }).ready).toBeGreaterThan(10 * run(20).ready);
    expect(run(20, { functions: 1 }).dollars).toBeLessThanOrEqual(run(20).dollars);
  });

  it('costs less when nobody plays it', () => {
    expect(run(60, { ladder: 'first-play' }).dollars).toBeLessThan(run(60).dollars);
  });

  it('has its longest chunk under a fortieth of the whole, of half an hour', () => {
    const { pieces } = planFilm(film(1800), false, 'upload', config);
    const chunks = pieces.filter(({ ahead }) => ahead !== true).map(({ length }) => length);
    expect(Math.max(...chunks)).toBeLessThanOrEqual(1800 / 40);
  });
});

it('looks up what others publish by length', () => {
  expect([1, 2, 20, 45, 600].map(muxSeconds)).toEqual([1.8, 2.6, 5.5, 26.7, 50.1]);
});
