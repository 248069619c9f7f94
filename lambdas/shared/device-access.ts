/** From a device's id and a viewer to its record, for who may watch what it sends, live or recorded. */
import type { DeviceRecord } from '../../lib/contract/device.ts';
import { required } from '../../lib/contract/env.ts';
import { readDevice } from './devices.ts';
import { decide, liveOf, type Terms } from './entitlement.ts';
import { ApiError } from './errors.ts';
import { readGrants } from './evidence.ts';
import { fromOf } from './from.ts';
import { heard } from './heard.ts';
import type { Viewer } from './viewer.ts';

export interface Admitted {
  readonly record: DeviceRecord;
  readonly limits: Terms;
}

/**
 * Throws `unauthorized` (nobody signed in) or `not-found`: ids of devices can be guessed, so one that somebody may not watch reads as one
 * that is not there.
 */
export async function admitToDevice(
  viewer: Viewer | undefined,
  id: string,
  headers: Parameters<typeof fromOf>[0],
): Promise<Admitted> {
  const video = liveOf(id);
  const [record, grants] = await Promise.all([readDevice(id), readGrants(video, viewer)]);
  if (record !== undefined) {
    const [from, now] = [fromOf(headers, required('PUBLIC_URL')), Math.floor(Date.now() / 1000)];
    const question = { viewer, video, grants, deviceViewers: record.viewers, from, now };
    const { allowed, ...limits } = decide({ ...question, hook: await heard(question) });
    if (allowed) return { record, limits };
  }
  throw viewer === undefined
    ? new ApiError('unauthorized', 'Sign in, or add a playback token as ?token=, to watch this device.')
    : new ApiError('not-found', 'There is no such device, or you may not see it.');
}
