/** Whether a younger task has come with a deploy. */
import { describe, expect, it } from 'vitest';
import { isOutdated } from '../../../../../containers/ingest/src/sessions/commands/task-lease.ts';

const NOW = Date.UTC(2026, 7, 1);
const iso = (at: number) => new Date(at).toISOString();

describe('a deploy', () => {
  const mine = { startedAt: iso(NOW - 60_000), revision: 'ingest:7' };
  const row = { startedAt: iso(NOW), revision: 'ingest:8', leaseUntil: NOW / 1000 + 20, draining: false };
  it.each([
    ['a younger task of another revision', row, true],
    ['one of an older number: it was rolled back', { ...row, revision: 'ingest:6' }, true],
    ['one of the same', { ...row, revision: 'ingest:7' }, false],
    ['one that was there before', { ...row, startedAt: iso(NOW - 90_000) }, false],
    ['one that died', { ...row, leaseUntil: NOW / 1000 - 1 }, false],
    ['one that ends itself', { ...row, draining: true }, false],
    ['one that is not on ECS', { ...row, revision: undefined }, false],
  ])('is told by %s', (_, other, outdated) => {
    const { revision, ...rest } = other;
    expect(isOutdated([{ ...rest, ...(revision && { revision }) }], mine, NOW)).toBe(outdated);
    expect(isOutdated([row], { startedAt: mine.startedAt }, NOW)).toBe(false);
  });
});
