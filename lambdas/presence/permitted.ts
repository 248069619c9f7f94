/** Which of the topics somebody asks for they may listen to, by the decision that the API makes of the same record. */
import { videoOfTopic } from '../../lib/contract/socket.ts';
import { isThere } from '../catalog/listing.ts';
import { decide, type Entitlement } from '../shared/entitlement.ts';
import { readWatched } from '../shared/evidence.ts';
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
  const id = videoOfTopic(topic);
  if (id === undefined) return false;
  const { subject, groups, ip, country } = who;
  const viewer = { subject, groups };
  const from = { ...(ip !== undefined && { ip }), ...(country !== undefined && { country }) };
  const found = await readWatched(id, viewer, from);
  if (found === undefined || !isThere(found.video, now)) return false;
  const answer = decide({ viewer, video: found.video, from, ...found.evidence, now });
  return answer.allowed && !isHooks(answer.reason);
}

/** What an entitlement hook has the last word of. It is not asked for this: who is let in by it polls, which asks it. */
const isHooks = (reason: Entitlement['reason']): boolean =>
  process.env['HOOKED'] === 'yes' && (reason === 'grant' || reason === 'device');
