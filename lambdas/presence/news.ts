/** From a change of a record to what is told of it. Pure. */
import { device } from '../../lib/contract/device.ts';
import { VOD_PREFIX } from '../../lib/contract/keys.ts';
import type { DeviceNews, News, SessionsNews, WatchingNews } from '../../lib/contract/presence.ts';
import { sessionRow, type SessionRow } from '../../lib/contract/session.ts';
import { ALARMS_TOPIC, deviceTopic, topicText, videoTopic } from '../../lib/contract/socket.ts';
import { videoStatus } from '../../lib/contract/video.ts';
import { channelOf, shown } from '../shared/watching.ts';

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
    of: 'video' as const,
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

/** What moves while a device is connected, and is told by itself. */
const STATE = device.pick({ id: true, lastSeenAt: true, position: true, alarms: true }).extend({
  alarms: device.shape.alarms.default([]),
});
const STATES: ReadonlySet<string> = new Set(Object.keys(STATE.shape));
/** What no answer of the API shows. */
const UNSHOWN: ReadonlySet<string> = new Set([
  'watched',
  'network',
  'session',
  'reportedAt',
  'authCode',
  'codeUsedAt',
  'mediaKey',
]);

/** Of the devices table. Undefined: what the API answers of it is as it was. */
export function deviceNews({ before, now }: Change): DeviceNews | undefined {
  const state = STATE.safeParse(now ?? before).data;
  if (state === undefined) return undefined;
  const { id, ...rest } = state;
  const news = { of: 'device' as const, topic: deviceTopic(id), ...rest };
  if (before === undefined || now === undefined) return { ...news, isMore: true };
  const changed = changedNames(before, now).filter((name) => !UNSHOWN.has(name));
  return changed.length === 0 ? undefined : { ...news, isMore: changed.some((name) => !STATES.has(name)) };
}

/** Of the sessions table. Undefined: nobody came or went; who goes on is no news. */
export function watchingNews({ before, now }: Change): WatchingNews | undefined {
  const [was, is] = [watched(before), watched(now)];
  const topic = topicOfWatched((is ?? was)?.what ?? '');
  if (topic === undefined || was?.session === is?.session) return undefined;
  const channel = is && channelOf(is.what)?.channel;
  const joined = is === undefined ? [] : [{ ...shown(is), ...(channel !== undefined && { channel }) }];
  return { of: 'watching', topic, joined, left: was === undefined ? [] : [was.session], isMore: false };
}

/** Of the sessions table, to the person themself. Undefined: none of somebody who signed in is over. */
export function sessionsNews({ before, now }: Change): SessionsNews | undefined {
  const [was, is] = [watched(before), watched(now)];
  if (was?.subject === undefined || was.session === is?.session) return undefined;
  const topic = topicText({ of: 'sessions', subject: was.subject });
  return { of: 'sessions', topic, over: [was.session], isMore: false };
}

/** A session that goes on: one that was ended is of nothing any more. */
function watched(item: Item | undefined): (SessionRow & { readonly what: string }) | undefined {
  const row = sessionRow.safeParse(item).data;
  return row?.what === undefined ? undefined : { ...row, what: row.what };
}

function topicOfWatched(what: string): string | undefined {
  if (what.startsWith(VOD_PREFIX))
    return topicText({ of: 'watching', what: 'video', id: what.slice(VOD_PREFIX.length) });
  const id = channelOf(what)?.device;
  return id === undefined ? undefined : topicText({ of: 'watching', what: 'device', id });
}

/** Of the table of alarms. Undefined: the inbox is as it was, or what came into it is pushed to nobody. */
export const alarmsNews = ({ before, now }: Change): News | undefined =>
  before?.['inbox'] === now?.['inbox'] || (before === undefined && now?.['quiet'] === true)
    ? undefined
    : { of: 'alarms', topic: ALARMS_TOPIC, isMore: true };

/** Sessions that are told one by one: of a crowd it is said that there is more, and the list is asked for once. */
const MOST_SESSIONS = 50;

/** Of each topic one, which says what all of them say. */
export function together(all: readonly News[]): Map<string, News> {
  const last = new Map<string, News>();
  for (const one of all) last.set(one.topic, added(last.get(one.topic), one));
  return last;
}

function added(before: News | undefined, one: News): News {
  const isMore = one.isMore || before?.isMore === true;
  if (one.of === 'sessions' && before?.of === 'sessions') {
    const over = [...before.over, ...one.over];
    return over.length > MOST_SESSIONS ? { ...one, over: [], isMore: true } : { ...one, over, isMore };
  }
  if (one.of !== 'watching' || before?.of !== 'watching') return { ...one, isMore };
  const gone = new Set(one.left);
  const came = new Set(one.joined.map(({ session }) => session));
  const joined = [...before.joined.filter(({ session }) => !gone.has(session) && !came.has(session)), ...one.joined];
  const left = [...before.left.filter((session) => !came.has(session)), ...one.left];
  return joined.length + left.length > MOST_SESSIONS
    ? { ...one, joined: [], left: [], isMore: true }
    : { ...one, joined, left, isMore };
}
