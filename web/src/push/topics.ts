/** What the screens show now, as topics to listen to, and what is told of one, put where the screens look. */
import type { Query, QueryClient } from '@tanstack/react-query';
import type { Device } from '../../../lib/contract/device.ts';
import type { News, WatchingNews } from '../../../lib/contract/presence.ts';
import {
  ALARMS_TOPIC,
  deviceTopic,
  MOST_TOPICS,
  topicOf,
  topicText,
  videoTopic,
} from '../../../lib/contract/socket.ts';
import type { Video } from '../../../lib/contract/video.ts';
import { INBOX } from '../alarms/count.ts';
import { pollEvery } from '../shared/status.ts';
import { askForList, takeDevice } from './devices.ts';
import { isPlaying, sessionsOver } from './mine.ts';

/** None: nothing is told of it, or nothing of it would be asked for again. */
function topicsOfQuery(query: Query): readonly string[] {
  const { queryKey, state, meta } = query;
  if (queryKey[0] !== 'devices') return [topicOfQuery(query) ?? []].flat();
  const { devices } = (state.data as { readonly devices: readonly Device[] } | undefined) ?? { devices: [] };
  return meta?.['isWatched'] === true ? devices.map(({ id }) => deviceTopic(id)) : [];
}

/** Undefined: there is none. */
function topicOfQuery({ queryKey, state }: Query): string | undefined {
  const [kind, first, second] = queryKey as readonly string[];
  if (state.data === undefined || first === undefined) return undefined;
  if (kind === 'device') return deviceTopic(first);
  // The count alone, which every screen shows, is worth no connection.
  if (kind === INBOX) return first === 'count' ? undefined : ALARMS_TOPIC;
  if (kind === 'video') return pollEvery(state.data as Video, Date.now()) === false ? undefined : videoTopic(first);
  return kind === 'watching' ? watchingTopic(second === undefined ? [first] : [first, second]) : undefined;
}

/** Of a list of who watches, by what stands behind `watching` in its key. */
export function watchingTopic(of: readonly string[]): string {
  const [first = '', id] = of;
  return id === undefined
    ? topicText({ of: 'watching', what: 'video', id: first })
    : topicText({ of: 'watching', what: 'device', id });
}

/** Of what plays and what is on a screen now, sorted, and as many as one connection listens to. `subject`: who is signed in. */
export const wantedTopics = (client: QueryClient, subject: string): string[] => {
  const own = isPlaying() ? [topicText({ of: 'sessions', subject })] : [];
  return [...own, ...shownTopics(client)].slice(0, MOST_TOPICS);
};

const shownTopics = (client: QueryClient): string[] =>
  client
    .getQueryCache()
    .getAll()
    .filter((query) => query.isActive())
    .flatMap((query) => topicsOfQuery(query))
    .filter((topic, index, all) => all.indexOf(topic) === index)
    .toSorted();

/** Undefined: no screen looks there for it. */
function keyOf(text: string): readonly string[] | undefined {
  const topic = topicOf(text);
  if (topic === undefined || topic.of === 'sessions') return undefined;
  if (topic.of === 'alarms') return [INBOX];
  if (topic.of === 'video' || topic.of === 'device') return [topic.of, topic.id];
  return ['watching', ...(topic.what === 'device' ? ['device'] : []), topic.id];
}

/** Asks again for what the topics tell: they begin or cease to be told, and something may have happened in between. */
export function askFor(client: QueryClient, topics: readonly string[]): void {
  for (const topic of topics) {
    const queryKey = keyOf(topic);
    if (queryKey) void client.invalidateQueries({ queryKey, exact: topic !== ALARMS_TOPIC });
  }
  if (topics.some((topic) => topicOf(topic)?.of === 'device')) askForList(client);
}

/** More than is told has changed where it says so: then the API is asked, whose answer is whole. */
export function takeIn(client: QueryClient, news: News): void {
  if (news.of === 'sessions') return sessionsOver(news.over, news.isMore);
  const queryKey = keyOf(news.topic);
  if (queryKey === undefined) return;
  if (news.of === 'device') return takeDevice(client, queryKey[1]!, news);
  if (news.isMore) askFor(client, [news.topic]);
  else if (news.of === 'video') {
    const { status, progress, updatedAt } = news;
    client.setQueryData<Video>(queryKey, (video) => video && { ...video, status, progress, updatedAt });
  } else if (news.of === 'watching')
    client.setQueryData<Sessions>(queryKey, (list) => list && { ...list, sessions: after(list.sessions, news) });
}

interface Sessions {
  readonly sessions: readonly WatchingNews['joined'][number][];
  readonly isWhole: boolean;
}

/** The newest first: a session's name begins with its time. */
function after(sessions: Sessions['sessions'], { joined, left }: WatchingNews): Sessions['sessions'] {
  const gone = new Set([...left, ...joined.map(({ session }) => session)]);
  return [...joined, ...sessions.filter(({ session }) => !gone.has(session))].toSorted((a, b) =>
    a.session < b.session ? 1 : -1,
  );
}
