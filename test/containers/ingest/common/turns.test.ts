import { expect, it } from 'vitest';
import { Turns } from '../../../../containers/ingest/src/common/turns.ts';

it('work on one thing never overlaps, fails alone, and is forgotten when it is done', async () => {
  const turns = new Turns();
  const said: string[] = [];
  const work =
    (name: string, fails = false) =>
    async () => {
      said.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      said.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const all = await Promise.allSettled([
    turns.take('a', work('a1')),
    turns.take('a', work('a2', true)),
    turns.take('b', work('b1')),
    turns.take('a', work('a3')),
  ]);
  expect(all.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'))).toEqual(['a1', 'failed', 'b1', 'a3']);
  expect(said.filter((one) => one.startsWith('a'))).toEqual([
    'a1 begins',
    'a1 ends',
    'a2 begins',
    'a2 ends',
    'a3 begins',
    'a3 ends',
  ]);
  expect(said.indexOf('b1 begins')).toBeLessThan(said.indexOf('a1 ends'));
  expect(turns.size).toBe(0);
});
