/** Operations: whether anything is wrong, since when, and what to do; and who changed what. */
import { required } from '../../lib/contract/env.ts';
import { auditPosition } from '../../lib/contract/audit.ts';
import type { Health } from '../../lib/contract/operations-api.ts';
import { ApiError } from '../shared/errors.ts';
import { serve } from '../shared/http.ts';
import { logger } from '../shared/logger.ts';
import { openCursor, readOpenCursor } from '../shared/open-cursor.ts';
import { isAdmin } from '../shared/viewer.ts';
import { entriesOf } from './audit-log.ts';
import { lookUp, remember, seenBefore } from './facts.ts';
import { partsOf, sinceOf, worst } from './parts.ts';

export const handler = serve<'operations'>(required('GROUPS_CLAIM'), {
  'GET /api/health': async ({ viewer }) => {
    if (!isAdmin(viewer)) throw new ApiError('forbidden', 'Only admins see how the platform is.');
    return await healthNow(Date.now());
  },
  'GET /api/audit': async ({ viewer, query }) => {
    if (!isAdmin(viewer)) throw new ApiError('forbidden', 'Only admins see who changed what.');
    const asked = { route: 'GET /api/audit', viewer, query } as const;
    const { entries, next } = await entriesOf(query, readOpenCursor(asked, auditPosition), Date.now());
    return { entries, cursor: openCursor(asked, next) };
  },
});

async function healthNow(now: number): Promise<Health> {
  const at = new Date(now).toISOString();
  const [facts, before] = await Promise.all([lookUp(now), seenBefore()]);
  const { parts, seen } = sinceOf(partsOf(facts), before, at);
  // Without it the next one who asks is told a later time, which is no reason to tell this one nothing.
  if (JSON.stringify(seen) !== JSON.stringify(before))
    await remember(seen).catch((error: unknown) => logger.warn('not remembered', { error: error as Error }));
  return { at, state: worst(parts.map(({ state }) => state)), parts };
}
