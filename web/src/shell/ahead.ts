import type { QueryClient } from '@tanstack/react-query';
import { VIDEO_ID } from '../../../lib/contract/keys.ts';
import { DEVICE_ID } from '../../../lib/contract/live-keys.ts';
import { videoQuery } from '../api/queries.ts';
import { deviceQuery } from '../fleet/queries.ts';

/**
 * The code behind an address, asked for while the console still learns who is signed in and what there is: a page made of
 * parts, each of which waits for the one before, would be at rest only after all their ways there and back.
 */
export const pages = {
  signIn: () => import('../auth/SignIn.tsx'),
  video: () => import('../video/VideoPage.tsx'),
  live: () => import('../live/LivePage.tsx'),
  map: () => import('../map/MapPage.tsx'),
  alarms: () => import('../alarms/AlarmsPage.tsx'),
  device: () => import('../device/DevicePage.tsx'),
  health: () => import('../health/HealthPage.tsx'),
  insight: () => import('../insight/InsightPage.tsx'),
  changes: () => import('../changes/ChangesPage.tsx'),
  webhooks: () => import('../webhooks/WebhooksPage.tsx'),
  storage: () => import('../storage/StoragePage.tsx'),
  collections: () => import('../collections/CollectionsPage.tsx'),
  collection: () => import('../collections/CollectionPage.tsx'),
  publicVideo: () => import('../video/PublicVideo.tsx'),
} as const;

/** By how a path begins. What plays a video or a recording comes when somebody is about to watch. */
const NEEDS: Readonly<Record<string, readonly (() => Promise<unknown>)[]>> = {
  v: [pages.video],
  live: [pages.live, () => import('hls.js')],
  map: [pages.map, () => import('../map/FleetMap.tsx')],
  alarms: [pages.alarms],
  health: [pages.health],
  insight: [pages.insight],
  changes: [pages.changes],
  webhooks: [pages.webhooks],
  d: [pages.device, () => import('../device/DeviceMap.tsx')],
};

const parts = (path: string): readonly [name: string, id: string] => {
  const [, name = '', id = ''] = path.split('/');
  return [name, id];
};

/** What does not come is asked for again by the screen that needs it, which says so. */
export function codeAhead(path: string): void {
  for (const load of NEEDS[parts(path)[0]] ?? []) load().catch(() => {});
}

/** The record that a screen is about, for who is signed in. */
export function recordAhead(client: QueryClient, path: string): void {
  const [name, id] = parts(path);
  if (name === 'v' && VIDEO_ID.test(id)) void client.prefetchQuery(videoQuery(id));
  if (name === 'd' && DEVICE_ID.test(id)) void client.prefetchQuery(deviceQuery(id));
}
