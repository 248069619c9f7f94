import { expect, it } from 'vitest';
import { unturned } from '../../../web/src/shared/unturned.ts';

it('leaves of a name all but what would turn the words beside it', () => {
  expect(unturned('\u202Etsuj 9\u2067\u2069')).toBe('tsuj 9');
  for (const name of ['Bus 12', 'حافلة 12', 'אוטובוס', '🚌\u200D🚏']) expect(unturned(name)).toBe(name);
});
