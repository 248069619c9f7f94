/** What those who watch a video lose when its record changes. Pure. */
import { withParents } from '../../lib/contract/collection.ts';
import type { Taken } from '../../lib/contract/ending.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import type { Entitlement } from '../shared/entitlement.ts';

type Reason = Entitlement['reason'];
/** Reasons by which nobody watches a private video. */
const NOT_PRIVATELY: readonly Reason[] = ['public', 'key', 'hook', 'grant', 'device'];

type Record = Pick<VideoRecord, 'id' | 'owner' | 'visibility' | 'tags' | 'collections'>;

/** The record as it will be; what is `undefined` in `set` stays. Pure. */
export const changedBy = (before: Record, set: Partial<Record>, remove: readonly 'collections'[]): Record => ({
  ...before,
  ...Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined)),
  ...Object.fromEntries(remove.map((name) => [name, undefined])),
});

export function takenOf(before: Record, after: Record): Taken[] {
  const reasons: Reason[] = [];
  if (after.visibility === 'private' && before.visibility !== 'private') reasons.push(...NOT_PRIVATELY);
  if (after.visibility === 'entitled' && before.visibility === 'public') reasons.push('public');
  if (after.owner !== before.owner) reasons.push('owner');
  const from = resourcesOf(before, after);
  return reasons.length + from.length === 0 ? [] : [{ of: 'videos', videos: [before.id], reasons, from }];
}

/** What it has come under: resources on which somebody may be denied it, or granted less than they have. Pure. */
export const joinedBy = (before: Record, after: Record): string[] => resourcesOf(after, before);

const gone = (before: readonly string[], after: readonly string[]): string[] =>
  before.filter((one) => !after.includes(one));

/** Tags and collections, those around them too, of one that the other is not under. */
const resourcesOf = (one: Record, other: Record): string[] => [
  ...gone(one.tags, other.tags).map((tag) => `tag:${tag}`),
  ...gone(withParents(one.collections ?? []), withParents(other.collections ?? [])).map((id) => `collection:${id}`),
];
