/** Which of the topics somebody asks for they may listen to, by the decision that the API makes of the same record. */
import { topicOf, type Topic } from '../../lib/contract/socket.ts';
import { isOwnerOrAdmin } from '../catalog/access.ts';
import { isThere } from '../catalog/listing.ts';
import { decide, type Entitlement } from '../shared/entitlement.ts';
import { readWatched } from '../shared/evidence.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import type { Person } from './rows.ts';

/** Questions at a time: each reads one batch or two. */
const SIDE_BY_SIDE = 10;

/** In the order they were asked for, each once. `now` is epoch seconds. */
export async function permitted(who: Person, topics: readonly string[], now: number): Promise<string[]> {
  const asked = [...new Set(topics)];
  const allowed: string[] = [];
  for (let at = 0; at < asked.length; at += SIDE_BY_SIDE) {
    const some = asked.slice(at, at + SIDE_BY_SIDE);
    const answers = await Promise.all(some.map((topic) => mayListen(who, topic, now)));
    allowed.push(...some.filter((_, index) => answers[index]));
  }
  return allowed;
}

async function mayListen(who: Person, topic: string, now: number): Promise<boolean> {
  const asked = topicOf(topic);
  if (asked === undefined) return false;
  const viewer = { subject: who.subject, groups: who.groups };
  if (asked.of === 'sessions') return asked.subject === who.subject;
  // As the API lists who watches a device, to admins alone (lambdas/playback/live/session-routes.ts).
  // All alarms are admins'; who sees some devices alone polls, and is told of those.
  if (asked.of === 'alarms' || (asked.of === 'watching' && asked.what === 'device')) return isAdmin(viewer);
  return await maySeeVideo(asked, viewer, who, now);
}

async function maySeeVideo(
  { of, id }: Exclude<Topic, { of: 'alarms' | 'sessions' }>,
  viewer: Viewer,
  { ip, country }: Person,
  now: number,
): Promise<boolean> {
  const from = { ...(ip !== undefined && { ip }), ...(country !== undefined && { country }) };
  const found = await readWatched(id, viewer, from);
  if (found === undefined || !isThere(found.video, now)) return false;
  const answer = decide({ viewer, video: found.video, from, ...found.evidence, now });
  if (!answer.allowed || isHooks(answer.reason)) return false;
  return of !== 'watching' || isOwnerOrAdmin(viewer, found.video);
}

/** What an entitlement hook has the last word of. It is not asked for this: who is let in by it polls, which asks it. */
const isHooks = (reason: Entitlement['reason']): boolean =>
  process.env['HOOKED'] === 'yes' && (reason === 'grant' || reason === 'device');
