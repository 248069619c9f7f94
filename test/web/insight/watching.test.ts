import { expect, it } from 'vitest';
import { watchingCell, watchingNow } from '../../../web/src/insight/watching.ts';

const asked = (sure: number, unsure: number, isWhole = true) => ({
  sessions: [
    ...Array.from({ length: sure }, () => ({ renews: true })),
    ...Array.from({ length: unsure }, () => ({ renews: false })),
  ],
  isWhole,
});

it('says of nobody that they watch who may have left hours ago', () => {
  expect(watchingNow(asked(0, 0))).toBe('0 viewers now');
  expect(watchingNow(asked(1, 0))).toBe('1 viewer now');
  expect(watchingNow(asked(1, 9))).toBe('1 viewer now, 9 more may be');
  expect(watchingNow(asked(500, 0, false))).toBe('500+ viewers now');
  expect([asked(0, 9), asked(2, 0), asked(2, 0, false), asked(0, 0)].map(watchingCell)).toEqual(['0+', '2', '2+', '0']);
});
