/** What the live screens ask the API. */
import { queryOptions, type QueryClient } from '@tanstack/react-query';
import type { Device } from '../../../lib/contract/device.ts';
import { call } from '../api/client.ts';
import { joined, type Stretch } from './recordings.ts';
import type { Track } from './track.ts';

/** Pages of 200 that a screen loads at most; a larger fleet is searched by name. */
const MOST_PAGES = 10;

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
    refetchInterval: seconds * 1000,
  });

export const deviceQuery = (id: string) =>
  queryOptions({
    queryKey: ['device', id],
    queryFn: ({ signal }) => call('GET /api/devices/{id}', { params: { id }, signal }),
    staleTime: 2_000,
    refetchInterval: 5_000,
  });

/** For admins only: others are refused. */
export const unknownQuery = () =>
  queryOptions({
    queryKey: ['unknown-devices'],
    queryFn: ({ signal }) => call('GET /api/devices/unknown', { signal }),
    staleTime: 5_000,
    refetchInterval: 10_000,
  });

const iso = ({ from, to }: Stretch) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });

/** What a stretch of time holds is asked for again only while it still grows. */
const growing = (stretch: Stretch) => ({
  staleTime: 20_000,
  refetchInterval: () => (stretch.to > Date.now() ? 20_000 : (false as const)),
});

export const trackQuery = (id: string, stretch: Stretch) =>
  queryOptions({
    queryKey: ['track', id, stretch],
    // GeoJSON has no schema in the contract; the route's handler and this screen are tested together.
    queryFn: async ({ signal }) =>
      (await call('GET /api/devices/{id}/positions', {
        params: { id },
        query: { ...iso(stretch), points: 10_000 },
        signal,
      })) as unknown as Track,
    ...growing(stretch),
  });

/** Of each channel, by its number. */
export const recordingsQuery = (id: string, channels: readonly number[], stretch: Stretch) =>
  queryOptions({
    queryKey: ['recordings', id, channels, stretch],
    queryFn: async ({ signal }) => {
      const lists = channels.map(async (channel) => {
        const query = { channel: String(channel), ...iso(stretch) };
        const { recordings } = await call('GET /api/devices/{id}/recordings', { params: { id }, query, signal });
        return [
          channel,
          joined(recordings.map(({ from, to }) => ({ from: Date.parse(from), to: Date.parse(to) }))),
        ] as const;
      });
      return new Map(await Promise.all(lists));
    },
    ...growing(stretch),
  });

/** Latest first; a device at odds with its sensors makes thousands, of which the latest 200 are shown. */
export const alarmsQuery = (id: string, stretch: Stretch) =>
  queryOptions({
    queryKey: ['alarms', id, stretch],
    queryFn: ({ signal }) =>
      call('GET /api/devices/{id}/alarms', { params: { id }, query: { ...iso(stretch), limit: 200 }, signal }),
    ...growing(stretch),
  });

/** After a change: the new record wherever it is shown. */
export function rememberDevice(client: QueryClient, device: Device): void {
  client.setQueryData(deviceQuery(device.id).queryKey, device);
  void client.invalidateQueries({ queryKey: ['devices'] });
}
