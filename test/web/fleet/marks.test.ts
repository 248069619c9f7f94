import { expect, it } from 'vitest';
import { markColours, marks } from '../../../web/src/fleet/marks.ts';
import { stateLabels } from '../../../web/src/fleet/words.ts';

const states = Object.keys(stateLabels).toSorted();

it('each state has a shape of its own', () => {
  expect(Object.keys(marks).toSorted()).toEqual(states);
  expect(new Set(Object.values(marks)).size).toBe(states.length);
  expect(Object.keys(markColours).toSorted()).toEqual(states);
});
