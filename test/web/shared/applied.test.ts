import { expect, it } from 'vitest';
import { applied } from '../../../web/src/shared/applied.ts';

it.each([
  ['adds', ['a'], ['a', 'b'], ['a'], ['a', 'b']],
  ['adds to what somebody else added', ['a'], ['a', 'b'], ['a', 'c'], ['a', 'c', 'b']],
  ['adds once what somebody else added, too', ['a'], ['a', 'b'], ['b', 'a'], ['b', 'a']],
  ['takes off, and leaves what somebody else added', ['a', 'b'], ['b'], ['a', 'b', 'c'], ['b', 'c']],
  ['leaves away what somebody else took off', ['a', 'b'], ['a', 'b', 'c'], ['b'], ['b', 'c']],
  ['takes off what is gone already', ['a', 'b'], ['a'], ['a'], ['a']],
  ['replaces', ['a'], ['b'], ['a', 'c'], ['c', 'b']],
])('%s', (_, before, after, newest, expected) => {
  expect(applied(before, after, newest)).toEqual(expected);
});

it('changes of what has a key its newest version, and puts back what was changed here and taken away there', () => {
  const [one, two, three] = [1, 2, 3].map((n) => ({ n, name: `old ${n}` })) as [Item, Item, Item];
  const changed = { ...two, name: 'new' };
  const theirs = { ...one, name: 'theirs' };
  const byNumber = ({ n }: Item) => n;
  expect(applied([one, two], [one, changed], [theirs, two, three], byNumber)).toEqual([theirs, changed, three]);
  expect(applied([one, two], [one, changed], [theirs], byNumber)).toEqual([theirs, changed]);
});

interface Item {
  readonly n: number;
  readonly name: string;
}
