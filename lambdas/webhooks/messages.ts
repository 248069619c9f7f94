/** What webhooks are told, made of what the bus brings. Pure. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DEVICE_EVENT_SOURCE, deviceEvent, EVENT_SOURCE, videoEvent } from '../../lib/contract/events.ts';
import { DELIVERY_DAYS, deliveryId, type DeliveryRow, type WebhookType } from '../../lib/contract/webhook.ts';

/** An event as EventBridge hands it on (EventBridge user guide, "Event structure"). */
export const busEvent = z.object({
  source: z.string(),
  time: z.iso.datetime(),
  detail: z.unknown(),
});

export interface Told {
  readonly type: WebhookType;
  readonly at: string;
  /** What makes it one and the same with `at`, whoever tells of it and however often: nothing that the bus gives to each telling. */
  readonly event: string;
  readonly data: unknown;
}

/** Undefined: an event that webhooks are not told of. */
export function toldOf({ source, detail }: z.infer<typeof busEvent>): Told | undefined {
  if (source === EVENT_SOURCE) {
    const { status, at, ...data } = videoEvent.parse(detail);
    // Told by each that may be the first to know, and again by a step that is tried again: of the moment in which it was so.
    return { type: `video.${status}`, at, event: `${status}-${data.videoId}`, data };
  }
  if (source !== DEVICE_EVENT_SOURCE) return undefined;
  const read = deviceEvent.parse(detail);
  const { type, at, task: _, tell, ...data } = read;
  if (tell?.includes('webhook') === false) return undefined;
  // A task that did not hear the bus's answer sends the same once more.
  const digest = createHash('sha256').update(JSON.stringify(read)).digest('hex').slice(0, 32);
  return { type: `device.${type}`, at, event: `${type}-${digest}`, data };
}

/** The row of one message to one webhook. The body is the specification's: type, timestamp, data. */
export function deliveryOf(
  webhook: string,
  told: { readonly type: string; readonly at: string; readonly event: string; readonly data: unknown },
): DeliveryRow {
  const body = JSON.stringify({ type: told.type, timestamp: told.at, data: told.data });
  return rowOf(webhook, told, body, Date.parse(told.at));
}

/** `made`: milliseconds; of an event its own time, so that the bus may bring it twice. */
export function rowOf(
  webhook: string,
  { type, at, event }: { readonly type: string; readonly at: string; readonly event: string },
  payload: string,
  made: number,
): DeliveryRow {
  return {
    kind: webhook,
    id: deliveryId(made, event),
    type,
    at,
    state: 'waiting',
    attempts: [],
    payload,
    expiresAt: Math.floor(made / 1000) + DELIVERY_DAYS * 86_400,
  };
}
