/** What more than one of the live screens asks the API. */
import { queryOptions, type QueryClient } from '@tanstack/react-query';
import type { Device } from '../../../lib/contract/device.ts';
import { deviceTopic } from '../../../lib/contract/socket.ts';
import { call } from '../api/client.ts';
import { pushed, seldom } from '../push/pushed.ts';
import { iso, type Stretch } from './stretch.ts';

/** Pages of 200 that a screen loads at most; a larger fleet is searched by name. */
const MOST_PAGES = 10;

/** What is waited for is over by the clock, too, which nobody tells. */
const isSettled = ({ streams }: Device): boolean =>
  Object.values(streams).every(({ state }) => state !== 'starting' && state !== 'busy');

/** Whether all that changes of them is told. */
const areTold = (devices: readonly Device[]): boolean =>
  devices.length > 0 && devices.every((device) => isSettled(device) && pushed.has(deviceTopic(device.id)));

/** Every device one may see, by name, asked for again every `seconds`. */
export const devicesQuery = (seconds: number) =>
  queryOptions({
    queryKey: ['devices'],
    queryFn: async ({ signal }) => {
      const devices: Device[] = [];
      let cursor: string | null = null;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const query: { limit: number; cursor?: string } = { limit: 200, ...(cursor !== null && { cursor }) };
        const answer: { devices: Device[]; cursor: string | null } = await call('GET /api/devices', { query, signal });
        devices.push(...answer.devices);
        ({ cursor } = answer);
        if (cursor === null) break;
      }
      return { devices, isWhole: cursor === null };
    },
    staleTime: 2_000,
    refetchInterval: ({ state }) => (areTold(state.data?.devices ?? []) ? seldom(state) : seconds * 1000),
    // As often as it would be asked for if it were told, it need not be.
    meta: { isWatched: seconds < 60 },
  });

/** Whether there is a device that one may see. */
export const anyDeviceQuery = queryOptions({
  queryKey: ['any-device'],
  queryFn: async ({ signal }) => {
    const { devices } = await call('GET /api/devices', { query: { limit: 1 }, signal });
    return devices.length > 0;
  },
  staleTime: Infinity,
});

export const deviceQuery = (id: string) =>
  queryOptions({
    queryKey: ['device', id],
    queryFn: ({ signal }) => call('GET /api/devices/{id}', { params: { id }, signal }),
    staleTime: 2_000,
    refetchInterval: ({ state }) => (state.data !== undefined && areTold([state.data]) ? seldom(state) : 5_000),
  });

/** What a stretch of time holds is asked for again only while it still grows. */
export const growing = (stretch: Stretch) => ({
  staleTime: 20_000,
  refetchInterval: () => (stretch.to > Date.now() ? 20_000 : (false as const)),
});

export const trackQuery = (id: string, stretch: Stretch) =>
  queryOptions({
    queryKey: ['track', id, stretch],
    queryFn: ({ signal }) =>
      call('GET /api/devices/{id}/positions', {
        params: { id },
        query: { ...iso(stretch), points: 10_000 },
        signal,
      }),
    ...growing(stretch),
  });

/** After a change: the new record wherever it is shown. */
export function rememberDevice(client: QueryClient, device: Device): void {
  client.setQueryData(deviceQuery(device.id).queryKey, device);
  void client.invalidateQueries({ queryKey: ['devices'] });
}
