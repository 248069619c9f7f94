/** Which sessions end by what was taken back. Pure. */
import type { Taken } from '../../lib/contract/ending.ts';
import { resourceKey, subjectKey } from '../../lib/contract/entitlement.ts';
import { VOD_PREFIX } from '../../lib/contract/keys.ts';
import { LIVE_PREFIX } from '../../lib/contract/live-keys.ts';
import { resourceIn } from '../../lib/contract/right.ts';
import type { SessionRow } from '../../lib/contract/session.ts';
import { isNearer, liveOf, resourceKeys } from '../shared/entitlement.ts';

/** What is watched, as far as it says which grants are about it. */
export type About = Parameters<typeof resourceKeys>[0];

/** Whom no grant keeps out (the table of docs/playback.md). Who comes by a link is nobody, so only what everyone is denied names them. */
const SPARED = new Set(['owner', 'admin']);

/** `watched`: the records of what is watched, by `what`; only a grant on more than one video asks for them, where it is not said `among` which. */
export function isMeant(
  row: SessionRow,
  taken: Taken,
  now: number,
  watched: ReadonlyMap<string, About> = new Map(),
): boolean {
  const { what, reason = '', right, expiresAt } = row;
  if (what === undefined || expiresAt * 1000 < now) return false;
  switch (taken.of) {
    case 'rights':
      return right !== undefined && taken.rights.includes(right);
    case 'videos': {
      const video = videoIn(what);
      const on = right === undefined ? undefined : resourceIn(right);
      const isOut = taken.reasons.includes(reason) || (on !== undefined && taken.from.includes(on));
      return video !== undefined && taken.videos.includes(video) && isOut;
    }
    default: {
      const grant = { videoId: resourceKey(taken.resource), subject: subjectKey(taken.subject) };
      const isOut =
        taken.of === 'denied' ? reason !== '' && !SPARED.has(reason) : right !== undefined && isNearer(grant, right);
      return isOut && isNamed(row, taken.subject) && isAbout(what, taken, watched.get(what));
    }
  }
}

/** Of a group's members nothing is known here: whoever signed in may be one. */
const isNamed = ({ subject }: Pick<SessionRow, 'subject'>, named: string): boolean =>
  named === 'everyone' || (subject !== undefined && (named.startsWith('group:') || named === `person:${subject}`));

type OfGrant = Pick<Extract<Taken, { readonly resource: string }>, 'resource' | 'among'>;

function isAbout(what: string, { resource, among }: OfGrant, record: About | undefined): boolean {
  if (among !== undefined) return among.some((id) => id === videoIn(what));
  const device = deviceIn(what);
  const watched = device === undefined ? record : liveOf(device);
  if (watched !== undefined) return resourceKeys(watched).includes(resourceKey(resource));
  return resource === `video:${videoIn(what)}`;
}

/** The video of `vod/{id}`. */
export const videoIn = (what: string): string | undefined =>
  what.startsWith(VOD_PREFIX) ? what.slice(VOD_PREFIX.length) : undefined;

/** The device of `live/{device}/{channel}`. */
const deviceIn = (what: string): string | undefined =>
  what.startsWith(LIVE_PREFIX) ? what.slice(LIVE_PREFIX.length).split('/')[0] : undefined;
