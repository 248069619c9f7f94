import { expect, it } from 'vitest';
import { Turnstile } from '../../../local/edge/turnstile.ts';

it('runs at most the limit at once, in order, and goes on after a failure', async () => {
  const turnstile = new Turnstile(2);
  const started: number[] = [];
  let inside = 0;
  let most = 0;
  const task = (n: number) => async () => {
    started.push(n);
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inside -= 1;
    if (n === 1) throw new Error('one fails');
    return n;
  };
  const results = await Promise.allSettled([0, 1, 2, 3, 4, 5].map((n) => turnstile.run(task(n))));
  expect(most).toBe(2);
  expect(started).toEqual([0, 1, 2, 3, 4, 5]);
  expect(results.map((result) => result.status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
});
