/** Lists that several people change at a time. Pure. */

/**
 * `newest` with what was changed of `before` to make `after`: what somebody else added meanwhile stays, and what they took away stays
 * away unless it was changed here. `keyOf`: what makes two items one and the same, of which there may be another version.
 */
export function applied<T>(
  before: readonly T[],
  after: readonly T[],
  newest: readonly T[],
  keyOf: (item: T) => unknown = (item) => item,
): T[] {
  const keysOf = (list: readonly T[]) => new Set(list.map(keyOf));
  const isAs = (a: T) => (b: T) => JSON.stringify(a) === JSON.stringify(b);
  const wanted = keysOf(after);
  const gone = new Set([...keysOf(before)].filter((key) => !wanted.has(key)));
  const changed = new Map(after.filter((item) => !before.some(isAs(item))).map((item) => [keyOf(item), item]));
  const kept = newest.filter((item) => !gone.has(keyOf(item))).map((item) => changed.get(keyOf(item)) ?? item);
  const there = keysOf(kept);
  return [...kept, ...[...changed].filter(([key]) => !there.has(key)).map(([, item]) => item)];
}
