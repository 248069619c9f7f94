/** What the inbox says of alarms, and where they lead. Pure. */
import type { Alarm } from '../../../lib/contract/device.ts';
import type { InboxAlarm } from '../../../lib/contract/inbox.ts';

export const keyOf = ({ device, time, id }: Pick<InboxAlarm, 'device' | 'time' | 'id'>): string =>
  `${device} ${time} ${id}`;

/** Its device's page at that moment, with the channel it says. */
export function momentOf({
  device,
  time,
  channel,
  channels,
}: Pick<InboxAlarm, 'device' | 'time' | 'channel' | 'channels'>) {
  const query = new URLSearchParams({ at: String(Date.parse(time)) });
  if (channel !== undefined && channels.includes(channel)) query.set('channel', String(channel));
  return `/d/${device}?${query}`;
}

/** Channels of one alarm that are shown at once. */
const MOST_CHANNELS = 4;

/** A wall of its device, or of the channel it says; undefined where nothing of it may be watched. */
export function liveOf({
  device,
  channel,
  channels,
}: Pick<InboxAlarm, 'device' | 'channel' | 'channels'>): string | undefined {
  const shown = channel !== undefined && channels.includes(channel) ? [channel] : channels.slice(0, MOST_CHANNELS);
  return shown.length === 0 ? undefined : `/live?show=${shown.map((number) => `${device}.${number}`).join('_')}`;
}

/** `31.23040, 121.47370`: a metre or so. */
export const placeOf = ({ lat, lon }: NonNullable<Alarm['position']>): string => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;

/** ms for which an alarm is news to who watches a wall. */
const NEWS = 30 * 60_000;

/** The one a wall speaks of: of the vehicles on it first, then the latest; and how many others there are. */
export function newsOf(
  alarms: readonly InboxAlarm[],
  onWall: ReadonlySet<string>,
  now: number,
): { readonly alarm: InboxAlarm; readonly others: number } | undefined {
  const news = alarms.filter(({ time }) => Date.parse(time) > now - NEWS);
  const alarm = news.find(({ device }) => onWall.has(device)) ?? news[0];
  return alarm && { alarm, others: news.length - 1 };
}
