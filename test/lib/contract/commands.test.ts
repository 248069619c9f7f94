import { expect, it } from 'vitest';
import { command } from '../../../lib/contract/commands.ts';

it('a command says what it is for and is taken apart only when all of it is there', () => {
  const base = { requestId: 'abcdefgh', device: '139', requestedAt: '2026-11-04T12:00:00.000Z' };
  const start = { ...base, type: 'start', channel: 1, stream: 'main' };
  expect(command.parse(start)).toEqual(start);
  for (const name of Object.keys(start)) {
    const { [name as 'type']: _, ...rest } = start;
    expect(command.safeParse(rest).success, name).toBe(false);
  }
  expect(command.safeParse({ ...base, type: 'format-disk' }).success).toBe(false);
});
