import { expect, it } from 'vitest';
import { FREE_TRIES, turnOf } from '../../../lambdas/playback/unlock.ts';

const NOW = 1_800_000_000;

it.each([
  [{}, { tries: 1 }],
  [{ tries: FREE_TRIES - 1, triedAt: NOW }, { tries: FREE_TRIES }],
  [
    { tries: FREE_TRIES, triedAt: NOW },
    { tries: FREE_TRIES + 1, lockedUntil: NOW + 2 },
  ],
  [
    { tries: FREE_TRIES + 3, triedAt: NOW },
    { tries: FREE_TRIES + 4, lockedUntil: NOW + 16 },
  ],
  [
    { tries: 4000, triedAt: NOW },
    { tries: 4001, lockedUntil: NOW + 900 },
  ],
  [{ tries: 11, triedAt: NOW, lockedUntil: NOW + 1 }, { wait: 1 }],
  [
    { tries: 11, triedAt: NOW, lockedUntil: NOW },
    { tries: 12, lockedUntil: NOW + 4 },
  ],
  [{ tries: 4000, triedAt: NOW - 86_400 }, { tries: 1 }],
  [{ tries: -1, triedAt: NOW }, { tries: 1 }],
])('of a link with %j the next try is %j', (row, turn) => expect(turnOf(row, NOW)).toEqual(turn));

it('takes some hundred tries a day of who never stops', () => {
  let row: { tries?: number; triedAt?: number; lockedUntil?: number } = {};
  let looked = 0;
  for (let now = NOW; now < NOW + 86_400; now += 1) {
    const turn = turnOf(row, now);
    if (turn.wait !== undefined) continue;
    looked += 1;
    row = { ...turn, triedAt: now };
  }
  expect(looked).toBeGreaterThan(FREE_TRIES);
  expect(looked).toBeLessThan(130);
});
