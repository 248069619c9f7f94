import { expect, it } from 'vitest';
import { openFiles } from '../../../../containers/ingest/src/common/open-files.ts';

const limits = `Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max open files            65536                1048576              files
`;

it('says how many files the process may open, and nothing where the system does not tell', () => {
  expect(openFiles(() => limits)).toEqual({ soft: 65_536, hard: 1_048_576 });
  expect(openFiles(() => 'Max open files            unlimited            unlimited            files')).toBeUndefined();
  expect(
    openFiles(() => {
      throw new Error('ENOENT');
    }),
  ).toBeUndefined();
  // Of this very process.
  expect(openFiles()).toEqual({ soft: expect.any(Number), hard: expect.any(Number) });
});
