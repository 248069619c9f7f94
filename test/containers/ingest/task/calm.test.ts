import { describe, expect, it } from 'vitest';
import { CalmCollection } from '../../../../containers/ingest/src/task/calm.ts';

const MIB = 1024 * 1024;

/** A process whose collection leaves `needed` bytes. */
function process(start: number) {
  const state = { rss: start, needed: start, utilization: 0, collections: 0 };
  const calm = new CalmCollection({
    collect: () => {
      state.collections += 1;
      state.rss = state.needed;
    },
    rss: () => state.rss,
    utilization: () => state.utilization,
  });
  let now = 0;
  const pass = (seconds: number) => {
    for (let i = 0; i < seconds; i += 1) calm.tick((now += 1000));
    return state.collections;
  };
  return { state, pass };
}

describe('collecting garbage in calm moments', () => {
  it('waits until the work is done, and collects once', () => {
    const { state, pass } = process(100 * MIB);
    Object.assign(state, { rss: 500 * MIB, needed: 300 * MIB, utilization: 0.6 });
    expect(pass(60)).toBe(0);
    state.utilization = 0.1;
    expect(pass(5)).toBe(1);
    expect(state.rss).toBe(300 * MIB);
    expect(pass(600)).toBe(1);
  });

  it('leaves a process alone that has not grown by much', () => {
    const { state, pass } = process(100 * MIB);
    state.rss += 60 * MIB;
    expect(pass(600)).toBe(0);
    state.rss += 5 * MIB;
    expect(pass(5)).toBe(1);
  });

  it('does not pause again and again while memory grows', () => {
    const { state, pass } = process(100 * MIB);
    for (let i = 0; i < 60; i += 1) {
      state.rss += 70 * MIB;
      state.needed = state.rss;
      pass(1);
    }
    expect(state.collections).toBe(2);
  });

  it('does nothing where the collector cannot be called', () => {
    const calm = new CalmCollection({ collect: undefined, rss: () => 0, utilization: () => 0 });
    expect(() => calm.tick(5000)).not.toThrow();
  });
});
