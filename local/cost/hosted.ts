/** The same load at hosted services, by what they publish. Pure. */
import { HOSTED, type HostedService } from '../../lib/contract/prices.ts';
import type { Load } from './load.ts';
import { DAYS } from './model.ts';

/** US dollars a month. */
export interface Hosted {
  readonly service: HostedService;
  readonly encode: number;
  readonly store: number;
  readonly deliver: number;
  /** Of cameras that stream; undefined where nothing was found of what that costs. */
  readonly live: number | undefined;
  /** Without `live` where that is undefined. */
  readonly total: number;
}

/** `retentionDays`: of recordings, which are stored minutes there, too. */
export function hosted(load: Load, retentionDays: number): Hosted[] {
  const uploaded = load.uploads * load.minutes;
  const streamed = load.devices * load['streaming-hours'] * DAYS * 60;
  const stored = uploaded * load['months-kept'] + (streamed / DAYS) * retentionDays;
  const watched = (load.viewers * load.hours + load['live-hours']) * 60;
  return HOSTED.map((service) => {
    const encode = uploaded * service.encodeMinute;
    const store = stored * service.storeMinute;
    const deliver = Math.max(0, watched - service.freeMinutes) * service.deliverMinute;
    const live = service.liveMinute === undefined ? undefined : streamed * service.liveMinute;
    return { service, encode, store, deliver, live, total: encode + store + deliver + (live ?? 0) };
  });
}
