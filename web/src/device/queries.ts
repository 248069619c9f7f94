/** What a device's page alone asks the API. */
import { queryOptions } from '@tanstack/react-query';
import { call } from '../api/client.ts';
import { growing } from '../fleet/queries.ts';
import { iso, type Stretch } from '../fleet/stretch.ts';
import { joined } from './recordings.ts';

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
