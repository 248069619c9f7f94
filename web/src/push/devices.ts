/** What is told of devices, put where the map, the wall and a device's page look. */
import type { QueryClient } from '@tanstack/react-query';
import type { Device } from '../../../lib/contract/device.ts';
import type { DeviceNews } from '../../../lib/contract/presence.ts';

/** ms between two times that a list is asked for because of what is told: as often as without it, at most. */
const EVERY = 5_000;

interface List {
  readonly devices: readonly Device[];
}

let askedAt = 0;
let due: ReturnType<typeof setTimeout> | undefined;

/** At once, and for what comes in the next seconds once, after them. */
export function askForList(client: QueryClient): void {
  due ??= setTimeout(
    () => {
      due = undefined;
      askedAt = Date.now();
      void client.invalidateQueries({ queryKey: ['devices'], exact: true });
    },
    Math.max(0, askedAt + EVERY - Date.now()),
  );
}

/** Of more than where it is the API is asked, whose answer is whole. */
export function takeDevice(client: QueryClient, id: string, news: DeviceNews): void {
  const queryKey = ['device', id];
  if (news.isMore) {
    void client.invalidateQueries({ queryKey, exact: true });
    return askForList(client);
  }
  const { lastSeenAt, position, alarms } = news;
  const after = (one: Device): Device => ({
    ...one,
    alarms,
    ...(lastSeenAt !== undefined && { lastSeenAt }),
    ...(position !== undefined && { position }),
  });
  put<Device>(client, queryKey, after);
  put<List>(client, ['devices'], (list) => ({
    ...list,
    devices: list.devices.map((one) => (one.id === id ? after(one) : one)),
  }));
}

/** What is told is no answer: when that is due (`seldom`) counts from the last one. */
function put<T>(client: QueryClient, queryKey: readonly string[], after: (before: T) => T): void {
  const { dataUpdatedAt: updatedAt } = client.getQueryState(queryKey) ?? {};
  if (updatedAt === undefined) return;
  client.setQueryData<T>(queryKey, (before) => before && after(before), { updatedAt });
}
