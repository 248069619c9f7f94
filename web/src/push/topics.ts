/** What the screens show now, as topics to listen to, and what is told of one, put where the screens look. */
import type { Query, QueryClient } from '@tanstack/react-query';
import type { News } from '../../../lib/contract/presence.ts';
import { MOST_TOPICS, videoOfTopic, videoTopic } from '../../../lib/contract/socket.ts';
import type { Video } from '../../../lib/contract/video.ts';
import { pollEvery } from '../shared/status.ts';

/** Undefined: nothing is told of it, or nothing of it would be asked for again. */
function topicOf({ queryKey, state }: Query): string | undefined {
  const [kind, id] = queryKey;
  if (kind !== 'video' || typeof id !== 'string' || state.data === undefined) return undefined;
  return pollEvery(state.data as Video, Date.now()) === false ? undefined : videoTopic(id);
}

/** Of what is on a screen now, sorted, and as many as one connection listens to. */
export const wantedTopics = (client: QueryClient): string[] =>
  client
    .getQueryCache()
    .getAll()
    .filter((query) => query.isActive())
    .flatMap((query) => topicOf(query) ?? [])
    .toSorted()
    .slice(0, MOST_TOPICS);

const keyOf = (topic: string): readonly string[] => ['video', videoOfTopic(topic) ?? ''];

/** Asks again for what the topics tell: they begin or cease to be told, and something may have happened in between. */
export function askFor(client: QueryClient, topics: readonly string[]): void {
  for (const topic of topics) void client.invalidateQueries({ queryKey: keyOf(topic), exact: true });
}

/** More than is told has changed where it says so: then the record is asked for, which is whole. */
export function takeIn(client: QueryClient, { topic, isMore, status, progress, updatedAt }: News): void {
  if (isMore) askFor(client, [topic]);
  else client.setQueryData<Video>(keyOf(topic), (video) => video && { ...video, status, progress, updatedAt });
}
