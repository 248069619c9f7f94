import { expect, it } from 'vitest';
import { instant, utcInstant } from '../../../lib/contract/text.ts';

it.each([instant, utcInstant])('times have a longest', (schema) => {
  const time = (digits: number) => `2026-01-02T03:04:05.${'0'.repeat(digits)}Z`;
  expect(schema.safeParse(time(9)).success).toBe(true);
  expect(schema.safeParse('2026-01-02T03:04:05Z').success).toBe(true);
  expect(schema.safeParse(time(1_048_300)).success).toBe(false);
  expect(schema.safeParse('never').error?.issues).toHaveLength(1);
});
