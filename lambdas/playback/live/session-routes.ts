/** Who watches what a device sends, live or recorded, and ending it: for those who manage devices. */
import { channelPrefix } from '../../../lib/contract/live-keys.ts';
import type { SessionRow } from '../../../lib/contract/session.ts';
import { readDevice, visible } from '../../shared/devices.ts';
import { ApiError } from '../../shared/errors.ts';
import type { Handlers } from '../../shared/http.ts';
import { loadSigner } from '../../shared/signing.ts';
import { isAdmin, type Viewer } from '../../shared/viewer.ts';
import { channelOf, shown } from '../../shared/watching.ts';
import { endAll, personWatching, watchingNow } from '../watching-now.ts';

interface Found {
  readonly rows: readonly SessionRow[];
  readonly isWhole: boolean;
}

interface Wanted {
  /** One session alone. */
  readonly session?: string;
  /** Of one person alone. */
  readonly subject?: string | undefined;
}

/** Sessions of all its channels, the newest first. Throws `not-found` or `forbidden`. */
async function of(id: string, viewer: Viewer, now: number, { subject, ...wanted }: Wanted = {}): Promise<Found> {
  const { channels } = visible(await readDevice(id), viewer);
  if (!isAdmin(viewer)) throw new ApiError('forbidden', 'Only administrators see who watches a device, and end it.');
  const whats = channels.map(({ number }) => channelPrefix(id, number).slice(0, -1));
  if (subject !== undefined) return await personWatching((await loadSigner()).subjectPart(subject), whats, now);
  const found = await Promise.all(whats.map((what) => watchingNow(what, now, wanted)));
  // A session's name begins with its time.
  const rows = found.flatMap((one) => one.rows).toSorted((a, b) => (a.session < b.session ? 1 : -1));
  return { rows, isWhole: found.every((one) => one.isWhole) };
}

export const deviceSessionRoutes: Pick<
  Handlers<'live'>,
  'GET /api/devices/{id}/sessions' | 'DELETE /api/devices/{id}/sessions' | 'DELETE /api/devices/{id}/sessions/{session}'
> = {
  'GET /api/devices/{id}/sessions': async ({ params: { id }, viewer }) => {
    const { rows, isWhole } = await of(id, viewer, Date.now());
    return {
      sessions: rows.map((row) => ({ ...shown(row), channel: channelOf(row.what ?? '')?.channel ?? 0 })),
      isWhole,
    };
  },

  'DELETE /api/devices/{id}/sessions': async ({ params: { id }, query: { subject }, viewer }) => {
    const now = Date.now();
    const { rows, isWhole } = await of(id, viewer, now, { subject });
    await endAll(rows, 'admin', now);
    return { ended: rows.length, isWhole };
  },

  'DELETE /api/devices/{id}/sessions/{session}': async ({ params: { id, session }, viewer }) => {
    const now = Date.now();
    await endAll((await of(id, viewer, now, { session })).rows, 'admin', now);
    return undefined;
  },
};
