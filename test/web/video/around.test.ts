import { expect, it } from 'vitest';
import { around } from '../../../web/src/video/around.ts';

it('finds the collections a video is in, and those around them', () => {
  const all = [
    { id: 'a', videoIds: [] },
    { id: 'a-b', parent: 'a', videoIds: ['v', 'w'] },
    { id: 'a-c', parent: 'a', videoIds: ['w'] },
    { id: 'd', videoIds: ['v'] },
    { id: 'e', videoIds: ['w'] },
    // Inside one that is not among them.
    { id: 'x-f', parent: 'x', videoIds: ['v'] },
  ];
  expect(around('v', all).map(({ id }) => id)).toEqual(['a', 'a-b', 'd', 'x-f']);
  expect(around('u', all)).toEqual([]);
});
