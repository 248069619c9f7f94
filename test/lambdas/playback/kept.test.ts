import { expect, it } from 'vitest';
import { Kept } from '../../../lambdas/playback/kept.ts';

it('keeps what was asked for lately, and no more than fits', () => {
  const kept = new Kept(10);
  kept.set('a', 'aaaa');
  kept.set('b', 'bbbb');
  expect(kept.get('a')).toBe('aaaa');
  kept.set('c', 'cccc');
  expect(['a', 'b', 'c'].map((key) => kept.get(key))).toEqual(['aaaa', undefined, 'cccc']);
  kept.set('c', 'c');
  kept.set('d', 'ddddd');
  expect(['a', 'c', 'd'].map((key) => kept.get(key))).toEqual(['aaaa', 'c', 'ddddd']);
  kept.set('e', 'eeeeeeeeeee');
  expect(['a', 'c', 'd', 'e'].map((key) => kept.get(key))).toEqual(['aaaa', 'c', 'ddddd', undefined]);
  kept.clear();
  kept.set('f', 'ffffffffff');
  expect(['a', 'f'].map((key) => kept.get(key))).toEqual([undefined, 'ffffffffff']);
});
