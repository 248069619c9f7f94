import { expect, it } from 'vitest';
import { changeable, readable, type Asked } from '../../../lambdas/catalog/access.ts';
import { grantRow } from '../../../lib/contract/entitlement.ts';
import { problemOf } from '../problem.ts';
import { aRecord } from './record.ts';

const now = 1_800_000_000;
const people = {
  owner: { subject: 'olga', groups: [] },
  admin: { subject: 'ada', groups: ['admin'] },
  stranger: { subject: 'sam', groups: ['uploader'] },
  granted: { subject: 'gus', groups: [] },
};
const grant = grantRow.parse({
  videoId: 'a'.repeat(20),
  subject: 'gus',
  grantedBy: 'olga',
  createdAt: '2026-01-01T00:00:00Z',
});

/** What each person is told when reading and when changing: `ok` or a problem code. */
it.each([
  ['owner', 'private', 'ready', 'ok', 'ok'],
  ['admin', 'private', 'ready', 'ok', 'ok'],
  ['stranger', 'private', 'ready', 'not-found', 'not-found'],
  ['granted', 'private', 'ready', 'not-found', 'not-found'],
  ['owner', 'entitled', 'ready', 'ok', 'ok'],
  ['stranger', 'entitled', 'ready', 'not-found', 'not-found'],
  ['granted', 'entitled', 'ready', 'ok', 'forbidden'],
  ['stranger', 'public', 'ready', 'ok', 'forbidden'],
  ['owner', 'public', 'failed', 'ok', 'ok'],
  ['owner', 'public', 'deleted', 'not-found', 'not-found'],
  ['admin', 'public', 'deleted', 'not-found', 'not-found'],
  ['stranger', 'public', 'deleted', 'not-found', 'not-found'],
] as const)('%s, %s, %s: reads %s, changes %s', async (who, visibility, status, reading, changing) => {
  const record = aRecord({ visibility, status });
  const asked: Asked = {
    viewer: people[who],
    record,
    grants: who === 'granted' ? [grant] : [],
    deviceViewers: undefined,
    from: {},
    now,
  };
  expect(await outcome(() => readable(asked))).toBe(reading);
  expect(await outcome(() => changeable(asked))).toBe(changing);
});

it('no record, or an upload that expired, is not found even by an admin', async () => {
  for (const record of [
    undefined,
    aRecord({ status: 'uploading', expiresAt: now }),
    aRecord({ removeOn: '2027-01-15' }),
  ])
    expect(
      await outcome(() =>
        readable({ viewer: people.admin, record, grants: [], deviceViewers: undefined, from: {}, now }),
      ),
    ).toBe('not-found');
});

async function outcome(call: () => unknown): Promise<string> {
  try {
    call();
    return 'ok';
  } catch (error) {
    return (
      await problemOf(() => {
        throw error;
      })
    ).code;
  }
}
