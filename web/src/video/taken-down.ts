/** How far deleted videos are, said in the page's corner until CloudFront's caches are empty of them. */
import type { RemovalState } from '../../../lib/contract/removal.ts';
import { call } from '../api/client.ts';
import { hasCode } from '../api/problem.ts';
import { notices } from '../shared/notify.tsx';
import { wordsOf } from './removal-words.ts';

/** ms between two looks, and in which one is looked for: an invalidation takes a minute or so. */
const EVERY = 3_000;
const LOOKED_FOR = 15 * 60_000;

/** Says it until it is done, or nobody will know any more. */
export async function tellTakenDown(ids: readonly string[]): Promise<void> {
  const notifications = await notices();
  const id = `taken-down-${ids[0]}`;
  const begun = Date.now();
  notifications.show({
    id,
    message: wordsOf(
      ids.map(() => UNKNOWN),
      ids.length,
    ).words,
    loading: true,
    autoClose: false,
  });
  for (;;) {
    const found = await Promise.all(ids.map((one) => stateOf(one)));
    const { words, isDone } = wordsOf(
      found.flatMap((one) => one ?? []),
      ids.length,
    );
    const isOver = isDone || Date.now() - begun > LOOKED_FOR;
    notifications.update({ id, message: words, loading: !isOver, autoClose: isOver ? 10_000 : false });
    if (isOver) return;
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
}

const UNKNOWN: RemovalState = { askedAt: new Date(0).toISOString(), refusedAt: null, removedAt: null, emptiedAt: null };

/** Undefined: nothing of it is, or ever was, at the edge. What cannot be asked now is asked again. */
const stateOf = (id: string): Promise<RemovalState | undefined> =>
  call('GET /api/videos/{id}/removal', { params: { id } }).catch((error: unknown) =>
    hasCode(error, 'not-found') ? undefined : UNKNOWN,
  );
