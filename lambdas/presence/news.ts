/** From a change of a record to what is told of it. Pure. */
import type { News } from '../../lib/contract/presence.ts';
import { videoTopic } from '../../lib/contract/socket.ts';
import { videoStatus } from '../../lib/contract/video.ts';

type Item = Readonly<Record<string, unknown>>;

/** A change of a row, as a stream tells it; without `now`: it is gone. */
export interface Change {
  readonly before?: Item | undefined;
  readonly now?: Item | undefined;
}

/** What moves while a video is made, and is told by itself. Of one that is ready its progress is `ladder`'s, which is not. */
const MOVES: ReadonlySet<string> = new Set(['progress', 'updatedAt', 'chunksDone']);

/** Undefined: nothing that anybody is told. */
export function videoNews({ before, now }: Change): News | undefined {
  const record = now ?? before;
  const status = videoStatus.safeParse(record?.['status']);
  if (record === undefined || !status.success) return undefined;
  const news = {
    topic: videoTopic(String(record['id'])),
    status: now === undefined ? ('deleted' as const) : status.data,
    progress: Number(record['progress']),
    updatedAt: String(record['updatedAt']),
  };
  if (before === undefined || now === undefined) return { ...news, isMore: true };
  const changed = changedNames(before, now);
  if (changed.length === 0) return undefined;
  const isMore =
    changed.some((name) => !MOVES.has(name)) || (status.data === 'ready' && changed.includes('chunksDone'));
  return { ...news, isMore };
}

const changedNames = (before: Item, now: Item): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((name) => text(before[name]) !== text(now[name]));

/** Of attributes of the same row: sets come in any order. */
const text = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, inner: unknown) => (inner instanceof Set ? [...inner].toSorted() : inner));

/** Of each topic one: the last, which says that there is more when any before it did. */
export function together(all: readonly News[]): Map<string, News> {
  const last = new Map<string, News>();
  for (const one of all) last.set(one.topic, { ...one, isMore: one.isMore || last.get(one.topic)?.isMore === true });
  return last;
}
