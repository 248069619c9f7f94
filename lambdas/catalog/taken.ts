/** What those who watch a video lose when its record changes. Pure. */
import { withParents } from '../../lib/contract/collection.ts';
import type { Taken } from '../../lib/contract/ending.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import type { Entitlement } from '../shared/entitlement.ts';

type Reason = Entitlement['reason'];
/** Reasons by which nobody watches a private video. */
const NOT_PRIVATELY: readonly Reason[] = ['public', 'key', 'hook', 'grant', 'device'];

type Record = Pick<VideoRecord, 'id' | 'owner' | 'visibility' | 'tags' | 'collections'>;

export function takenOf(before: Record, after: Record): Taken[] {
  const reasons: Reason[] = [];
  if (after.visibility === 'private' && before.visibility !== 'private') reasons.push(...NOT_PRIVATELY);
  if (after.visibility === 'entitled' && before.visibility === 'public') reasons.push('public');
  if (after.owner !== before.owner) reasons.push('owner');
  const from = [
    ...gone(before.tags, after.tags).map((tag) => `tag:${tag}`),
    ...gone(withParents(before.collections ?? []), withParents(after.collections ?? [])).map(
      (id) => `collection:${id}`,
    ),
  ];
  return reasons.length + from.length === 0 ? [] : [{ of: 'videos', videos: [before.id], reasons, from }];
}

const gone = (before: readonly string[], after: readonly string[]): string[] =>
  before.filter((one) => !after.includes(one));
