/** Which of the topics somebody asks for they may listen to, by the decision that the API makes of the same record. */
import { z } from 'zod';
import { required } from '../../lib/contract/env.ts';
import { topicOf, type Topic } from '../../lib/contract/socket.ts';
import { isOwnerOrAdmin } from '../catalog/access.ts';
import { isThere } from '../catalog/listing.ts';
import { batchGet } from '../shared/batch-get.ts';
import { maySee } from '../shared/devices.ts';
import { decide, type Entitlement } from '../shared/entitlement.ts';
import { readWatched } from '../shared/evidence.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import type { Person } from './rows.ts';

/** Questions at a time: each reads one batch or two. */
const SIDE_BY_SIDE = 10;

/** In the order they were asked for, each once. `now` is epoch seconds. */
export async function permitted(who: Person, topics: readonly string[], now: number): Promise<string[]> {
  const asked = [...new Set(topics)];
  const seen = await seenDevices(who, asked);
  const allowed: string[] = [];
  for (let at = 0; at < asked.length; at += SIDE_BY_SIDE) {
    const some = asked.slice(at, at + SIDE_BY_SIDE);
    const answers = await Promise.all(some.map((topic) => mayListen(who, topic, seen, now)));
    allowed.push(...some.filter((_, index) => answers[index]));
  }
  return allowed;
}

const deviceRow = z.object({ id: z.string(), viewers: z.array(z.string()) });

/** Of the devices in topics, at most 100, those that somebody may see, as the API shows them (lambdas/devices/handler.ts); by one read. */
async function seenDevices(who: Person, topics: readonly string[]): Promise<ReadonlySet<string>> {
  const ids = topics.map(topicOf).flatMap((topic) => (topic?.of === 'device' ? [topic.id] : []));
  if (ids.length === 0) return new Set();
  const table = required('DEVICES_TABLE');
  const how = { ConsistentRead: true, ProjectionExpression: 'id, viewers' };
  const rows = await batchGet({ [table]: { Keys: ids.map((id) => ({ id })), ...how } });
  const devices = (rows.get(table) ?? []).map((row) => deviceRow.parse(row));
  return new Set(devices.filter((one) => maySee(one, who)).map(({ id }) => id));
}

async function mayListen(who: Person, topic: string, seen: ReadonlySet<string>, now: number): Promise<boolean> {
  const asked = topicOf(topic);
  if (asked === undefined) return false;
  const viewer = { subject: who.subject, groups: who.groups };
  if (asked.of === 'device') return seen.has(asked.id);
  if (asked.of === 'sessions') return asked.subject === who.subject;
  // As the API lists who watches a device, to admins alone (lambdas/playback/live/session-routes.ts).
  // All alarms are admins'; who sees some devices alone polls, and is told of those.
  if (asked.of === 'alarms' || (asked.of === 'watching' && asked.what === 'device')) return isAdmin(viewer);
  return await maySeeVideo(asked, viewer, who, now);
}

async function maySeeVideo(
  { of, id }: Extract<Topic, { of: 'video' | 'watching' }>,
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
