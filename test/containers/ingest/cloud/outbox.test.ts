/** What waits for a table. */
import { describe, expect, it } from 'vitest';
import { Outbox } from '../../../../containers/ingest/src/cloud/outbox.ts';

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
    });
    const write = (name: string) => () =>
      new Promise<void>((resolve) => gates.push(() => resolve(void done.push(name))));
    outbox.put('a', write('a1'));
    outbox.put('a', write('a2'));
    outbox.put('a', write('a3'));
    outbox.put('b', () => Promise.reject(new Error('no')));
    outbox.put('c', write('c'));
    expect(dropped).toBe(1);
    while (outbox.size > 0) {
      gates.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await outbox.drained();
    // a1 was under way, a2 was overtaken, a3 was the oldest when too many waited.
    expect(done).toEqual(['a1', 'failed', 'c']);
  });
});
