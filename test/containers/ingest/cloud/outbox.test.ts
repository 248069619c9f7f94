/** What waits for a table. */
import { describe, expect, it } from 'vitest';
import { Outbox } from '../../../../containers/ingest/src/cloud/outbox.ts';
import { until } from '../task/cloud.ts';

describe('what waits', () => {
  it('for a table is the latest of each key, in order, and bounded', async () => {
    const done: string[] = [];
    let dropped = 0;
    const gates: (() => void)[] = [];
    const outbox = new Outbox({
      parallel: 1,
      waiting: 2,
      failed: () => done.push('failed'),
      dropped: () => (dropped += 1),
      pauses: { first: 1, last: 1 },
    });
    const write = (name: string) => () =>
      new Promise<void>((resolve) => gates.push(() => resolve(void done.push(name))));
    outbox.put('a', write('a1'));
    outbox.put('a', write('a2'));
    outbox.put('a', write('a3'));
    let no = 0;
    outbox.put('b', () => (no++ === 0 ? Promise.reject(new Error('no')) : write('b')()));
    outbox.put('c', write('c'));
    expect(dropped).toBe(1);
    while (outbox.size > 0) {
      gates.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await outbox.drained();
    // a1 was under way, a2 was overtaken, a3 was the oldest when too many waited, b failed once.
    expect(done).toEqual(['a1', 'failed', 'c', 'b']);
  });

  it('is tried again until it is written, or a later one takes its place; what can never be is not', async () => {
    const done: string[] = [];
    const failed: string[] = [];
    const outbox = new Outbox({
      parallel: 4,
      waiting: 10,
      failed: (error) => failed.push(String(error)),
      dropped: () => failed.push('dropped'),
      pauses: { first: 1, last: 4 },
    });
    let down = true;
    const write = (name: string) => async () => {
      if (down) throw new Error(name);
      done.push(name);
    };
    outbox.put('a', write('a1'));
    outbox.put('b', write('b1'));
    outbox.put('defect', () => Promise.reject(new TypeError('ours')));
    await until(
      'several attempts',
      () => failed,
      (all) => all.filter((one) => one === 'Error: b1').length > 5,
    );
    outbox.put('a', write('a2'));
    expect([outbox.has('a'), outbox.has('b'), outbox.has('defect')]).toEqual([true, true, false]);
    down = false;
    await outbox.drained();
    expect(done.toSorted()).toEqual(['a2', 'b1']);
    expect(failed.filter((one) => one === 'TypeError: ours')).toHaveLength(1);
  });

  it('is given up when its task ends', async () => {
    const outbox = new Outbox({ parallel: 1, waiting: 10, failed: () => {}, dropped: () => {} });
    outbox.put('a', () => Promise.reject(new Error('no')));
    await new Promise((resolve) => setImmediate(resolve));
    const drained = outbox.drained();
    outbox.close();
    await drained;
    expect(outbox.has('a')).toBe(false);
  });
});
