/** Memory for all, and each one's share. */
import { expect, it } from 'vitest';
import { Shares } from '../../../../containers/ingest/src/common/memory.ts';

it('memory is shared by who is there', () => {
  const shares = new Shares(1000);
  expect(shares.each).toBe(1000);
  for (let n = 0; n < 3; n += 1) shares.enter();
  expect(shares.each).toBe(333);
  shares.leave();
  expect(shares.each).toBe(500);
});
