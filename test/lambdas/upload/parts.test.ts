import { describe, expect, it } from 'vitest';
import { bareTag, checkParts, type ClaimedPart, type Part } from '../../../lambdas/upload/parts.ts';
import { problemOf } from '../problem.ts';

const MiB = 1024 ** 2;
const part = (PartNumber: number, Size = 5 * MiB, ETag = `"tag${PartNumber}"`): Part => ({ PartNumber, ETag, Size });
const claim = (PartNumber: number, ETag = `tag${PartNumber}`): ClaimedPart => ({ PartNumber, ETag });
const limits = { maxBytes: 100 * MiB };

it('adds up the sizes, with quotes around tags or without, in any order', () => {
  const listed = [part(1), part(2), part(3, 7)];
  expect(checkParts(listed, [claim(3), claim(1, '"tag1"'), claim(2)], limits)).toBe(10 * MiB + 7);
});

it('takes one small part, and exactly the limit', () => {
  expect(checkParts([part(1, 1)], [claim(1)], limits)).toBe(1);
  expect(checkParts([part(1, 50 * MiB), part(2, 50 * MiB)], [claim(1), claim(2)], limits)).toBe(100 * MiB);
});

describe('what is refused', () => {
  const two = [part(1), part(2)];
  it.each([
    ['a part that has not arrived', two, [claim(1), claim(2), claim(3)], 'missing-parts', '3 has not arrived'],
    ['no part has arrived', [], [claim(1)], 'missing-parts', '1 has not arrived'],
    ['a part left out at the end', two, [claim(1)], 'missing-parts', '2 arrived but is not in your list'],
    ['a part left out at the start', two, [claim(2)], 'missing-parts', '1 arrived but is not in your list'],
    ['a gap on both sides', [part(1), part(3)], [claim(1), claim(3)], 'missing-parts', '2 has not arrived'],
    ['another tag', two, [claim(1), claim(2, 'other')], 'missing-parts', '2 is not the one that arrived last'],
    [
      'a part too small',
      [part(1, 5 * MiB - 1), part(2)],
      [claim(1), claim(2)],
      'invalid-request',
      'Part 1 has 5242879 bytes',
    ],
    ['nothing in it', [part(1, 0)], [claim(1)], 'empty-file', 'no bytes'],
    ['too large', [part(1, 60 * MiB), part(2, 60 * MiB)], [claim(1), claim(2)], 'too-large', `at most ${100 * MiB}`],
  ])('%s', async (_, listed, claimed, code, detail) => {
    const problem = await problemOf(() => checkParts(listed, claimed, limits));
    expect(problem.code).toBe(code);
    expect(problem.detail).toContain(detail);
  });

  it('names the first five of many', async () => {
    const claimed = Array.from({ length: 10_000 }, (_, index) => claim(index + 1));
    const { detail } = await problemOf(() => checkParts([], claimed, limits));
    expect(detail).toContain('5 has not arrived, and 9995 more');
    expect(detail).not.toContain('6 has');
  });

  it('says how large a part must be', async () => {
    const problem = await problemOf(() => checkParts([part(1, 5), part(2)], [claim(1), claim(2)], limits));
    expect(problem).toMatchObject({ status: 400, limit: { value: 5 * MiB, unit: 'bytes' } });
  });
});

it('strips quotes only at the ends', () => {
  expect(['"a"', 'a', '"a-2"', 'a"b'].map(bareTag)).toEqual(['a', 'a', 'a-2', 'a"b']);
});
