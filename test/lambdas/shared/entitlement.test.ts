import { describe, expect, it } from 'vitest';
import { decide, type Entitlement } from '../../../lambdas/shared/entitlement.ts';
import type { Viewer } from '../../../lambdas/shared/viewer.ts';
import { videoStatus, visibility, type Grant } from '../../../lib/contract/video.ts';

const now = 1_800_000_000;
const grantFor = (subject: string, expiresAt?: number): Grant => ({
  videoId: 'a'.repeat(20),
  subject,
  grantedBy: 'olga',
  createdAt: '2026-01-01T00:00:00.000Z',
  ...(expiresAt !== undefined && { expiresAt }),
});

const viewers: Record<string, Viewer | undefined> = {
  nobody: undefined,
  owner: { subject: 'olga', groups: [] },
  stranger: { subject: 'sam', groups: [] },
  uploader: { subject: 'sam', groups: ['uploader'] },
  admin: { subject: 'ada', groups: ['admin'] },
};
const grants: Record<string, Grant | undefined> = {
  none: undefined,
  forever: grantFor('sam'),
  live: grantFor('sam', now + 1),
  atItsEnd: grantFor('sam', now),
  over: grantFor('sam', now - 1),
  ofSomebodyElse: grantFor('eve'),
};
const counts = new Set(['forever', 'live']);
const signedInStrangers = new Set(['stranger', 'uploader']);

/** The same rules, told as a table: viewer by visibility by grant. Anything not listed is denied. */
function expected(viewer: string, seen: string, grant: string): Entitlement['reason'] {
  if (viewer === 'owner' || viewer === 'admin') return viewer;
  if (seen === 'public') return 'public';
  return seen === 'entitled' && signedInStrangers.has(viewer) && counts.has(grant) ? 'grant' : 'denied';
}

const cases = Object.keys(viewers).flatMap((viewer) =>
  visibility.options.flatMap((seen) =>
    videoStatus.options.flatMap((status) => Object.keys(grants).map((grant) => ({ viewer, seen, status, grant }))),
  ),
);

describe('who may watch', () => {
  it.each(cases)('$viewer, $seen, $status, grant $grant', ({ viewer, seen, status, grant }) => {
    const reason = status === 'deleted' ? 'denied' : expected(viewer, seen, grant);
    const video = { owner: 'olga', visibility: seen, status };
    expect(decide({ viewer: viewers[viewer], video, grant: grants[grant], now })).toEqual({
      allowed: reason !== 'denied',
      reason,
    });
  });

  it('covers every combination', () => {
    expect(cases).toHaveLength(5 * 3 * 7 * 6);
  });
});
