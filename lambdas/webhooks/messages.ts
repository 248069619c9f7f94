/** What webhooks are told, made of what the bus brings. Pure. */
import { z } from 'zod';
import {
  DEVICE_EVENT_SOURCE,
  deviceEvent,
  EVENT_SOURCE,
  trashEventType,
  videoEvent,
} from '../../lib/contract/events.ts';
import { DELIVERY_DAYS, deliveryId, type DeliveryRow, type WebhookType } from '../../lib/contract/webhook.ts';

/** An event as EventBridge hands it on (EventBridge user guide, "Event structure"). */
export const busEvent = z.object({
  id: z.string().regex(/^[\w-]{1,60}$/),
  source: z.string(),
  time: z.iso.datetime(),
  detail: z.unknown(),
});

export interface Told {
  readonly type: WebhookType;
  readonly at: string;
  /** What makes it one and the same. */
  readonly event: string;
  readonly data: unknown;
}

const isOfTrash = (status: string): boolean => trashEventType.safeParse(status).success;

/** Undefined: an event that webhooks are not told of. */
export function toldOf({ id, source, detail }: z.infer<typeof busEvent>): Told | undefined {
  if (source === EVENT_SOURCE) {
    const { status, at, ...data } = videoEvent.parse(detail);
    // A call that is made again has this told again, of the same moment.
    const event = isOfTrash(status) ? `${status}-${data.videoId}` : id;
    return { type: `video.${status}`, at, event, data };
  }
  if (source !== DEVICE_EVENT_SOURCE) return undefined;
  const { type, at, task: _, tell, ...data } = deviceEvent.parse(detail);
  if (tell?.includes('webhook') === false) return undefined;
  return { type: `device.${type}`, at, event: id, data };
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
