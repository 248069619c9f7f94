/** A session as it is shown to who may end it. Pure. */
import { LIVE_PREFIX } from '../../lib/contract/live-keys.ts';
import type { SessionRow, Watching } from '../../lib/contract/session.ts';

/** A row as the owner of the video, or an admin, sees it. */
export const shown = ({ session, subject, link, startedAt, seenAt, expiresAt, player }: SessionRow): Watching => ({
  session,
  subject: subject ?? null,
  link: link ?? null,
  startedAt,
  seenAt,
  until: new Date(expiresAt * 1000).toISOString(),
  renews: player !== undefined,
});

/** Of `live/{device}/{channel}`; undefined: it is no device's. */
export function channelOf(what: string): { readonly device: string; readonly channel: number } | undefined {
  if (!what.startsWith(LIVE_PREFIX)) return undefined;
  const [device = '', channel = ''] = what.slice(LIVE_PREFIX.length).split('/');
  return { device, channel: Number(channel) };
}
