/**
 * Webhooks: addresses of others that are told what happens, as the Standard Webhooks specification has it (standardwebhooks.com,
 * 1.0): rows of the webhooks table, and what the API tells of them.
 */
import { z } from 'zod';
import { deviceEvent, videoEvent } from './events.ts';
import { MAX_ADDRESS } from './pull.ts';
import { line, opaque } from './text.ts';

/** There may be so many: each event is held against all of them. */
export const MAX_WEBHOOKS = 20;
/** Days for which what was sent is kept, to be looked at and sent again. */
export const DELIVERY_DAYS = 30;
/**
 * Seconds from one try to the next, as the specification recommends: a whole night and a morning of being away lose nothing.
 * SQS hides a message for twelve hours at most, from when it was received: what is asked for beyond them is refused.
 */
export const WAITS = [5, 300, 1800, 7200, 18_000, 36_000, 42_000] as const;
export const TRIES = WAITS.length + 1;
/** Milliseconds for which nothing gets through until what is to be told to a webhook waits, and one message at a time is tried. */
export const HOLD_AFTER_MS = 60_000;
/** Seconds until the first of them, and from each to the next; the last again and again. SQS delays for a quarter of an hour at most. */
export const PROBES = [30, 60, 120, 300, 600, 900] as const;
/** So many wait for one webhook, which one that was asked for and what was in the queue already may exceed. */
export const MOST_WAITING = 10_000;
/** Milliseconds from the look-up of a name to the whole answer. */
export const WEBHOOK_MS = 15_000;

const VIDEO_TYPES = videoEvent.shape.status.options.map((status) => `video.${status}` as const);
const DEVICE_TYPES = deviceEvent.shape.type.options.map((type) => `device.${type}` as const);
export const WEBHOOK_TYPES = [...VIDEO_TYPES, ...DEVICE_TYPES] as const;
export const webhookType = z.enum(WEBHOOK_TYPES);
export type WebhookType = z.infer<typeof webhookType>;
/** Sent when somebody asks for it, whatever the webhook is told of otherwise. */
export const TEST_TYPE = 'webhook.test';

export const webhookId = z.string().regex(/^[a-z0-9]{12}$/, 'is no id of a webhook');
const url = line(MAX_ADDRESS).meta({
  description: 'An https address, on port 443, of a name whose addresses are all public.',
});
const types = z
  .array(webhookType)
  .min(1)
  .max(WEBHOOK_TYPES.length, { abort: true })
  .meta({ description: 'What it is told of.' });
const about = line(200).meta({ description: 'What it is for, in your words.' });

export const newWebhook = z.object({ url, types, name: about.optional() }).strict();
export const webhookPatch = z
  .object({ url: url.optional(), types: types.optional(), name: about.optional(), enabled: z.boolean().optional() })
  .strict();

export const webhook = z.object({
  id: webhookId,
  url: z.string(),
  types: z.array(z.string()),
  name: z.string().optional(),
  enabled: z.boolean().meta({ description: 'Whether it is told. One that answers 410 is turned off by that.' }),
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
  failing: z.iso
    .datetime()
    .optional()
    .meta({ description: 'Since when nothing got through: each try failed from then on.' }),
  waiting: z.int().nonnegative().optional().meta({
    description: 'Messages that wait until something gets through, while nothing does: one of them at a time is tried.',
  }),
  missed: z
    .int()
    .nonnegative()
    .optional()
    .meta({ description: `Messages that were not kept, since ${MOST_WAITING} waited, when last so many did.` }),
});
export type Webhook = z.infer<typeof webhook>;

/** Partition of the webhooks themselves; a webhook's deliveries are in one of its id. */
export const WEBHOOKS = 'webhooks';

/** `at`: when one of what waits is tried, and what names the task that says so. `tries`: how many were; `last`: the latest of them. */
const held = z.object({ at: z.iso.datetime(), tries: z.int().nonnegative(), last: z.string().optional() });
export type Held = z.infer<typeof held>;

/** Sort key: the webhook's id. */
export const webhookRow = webhook.extend({
  kind: z.literal(WEBHOOKS),
  /** `whsec_` and base64 of 32 bytes. */
  secret: z.string(),
  /** The one before it, which signs beside it until then (epoch seconds). */
  before: z.object({ secret: z.string(), until: z.int() }).optional(),
  /** Nothing gets through: what is to be told waits (lambdas/webhooks/held.ts). */
  held: held.optional(),
  /** No delivery before this one waits without a message in the queue. Absent: none at all. */
  waitsFrom: z.string().optional(),
});
export type WebhookRow = z.infer<typeof webhookRow>;

const attempt = z.object({
  at: z.iso.datetime(),
  ms: z.int().nonnegative().meta({ description: 'Milliseconds it took.' }),
  status: z.int().optional().meta({ description: 'HTTP status of the answer, if there was one.' }),
  error: z.string().max(300).optional().meta({ description: 'Why there was no answer, or none that counts.' }),
});
export type Attempt = z.infer<typeof attempt>;

const deliveryState = z.enum(['waiting', 'delivered', 'failed']);

export const delivery = z.object({
  id: z
    .string()
    .meta({ description: 'Also `webhook-id` of the request: the same at each try, another one when it is replayed.' }),
  type: z.string(),
  at: z.iso.datetime().meta({ description: 'When it happened.' }),
  state: deliveryState,
  attempts: z.array(attempt),
  nextAt: z.iso.datetime().optional().meta({ description: 'When it is tried again, of one that waits.' }),
  payload: z.string().meta({ description: 'The body, as it is sent.' }),
});
export type Delivery = z.infer<typeof delivery>;

/** Partition: the webhook; sort key: when it was made, then the message (`deliveryId`). */
export const deliveryRow = delivery.extend({
  kind: webhookId,
  /** Epoch seconds until which whoever took it for a try may be at it. */
  takenUntil: z.int().optional(),
  /** Epoch seconds; it goes then. */
  expiresAt: z.int(),
});
export type DeliveryRow = z.infer<typeof deliveryRow>;

/** Sorts by time. `event`: what makes it one and the same, whoever tells of it twice. */
export const deliveryId = (at: number, event: string): string => `msg_${String(at).padStart(13, '0')}_${event}`;
const deliveryName = opaque(120);

/** What the queue brings beside events of the bus: one delivery that is due; `asked` for by a person, whatever waits. */
export const deliverTask = z.object({ webhook: webhookId, delivery: z.string(), asked: z.boolean().optional() });
export type DeliverTask = z.infer<typeof deliverTask>;
/** Look after what waits for a webhook: try one, if this is the task that its `held.at` names, or send what may go. */
export const wakeTask = z.object({ webhook: webhookId, wake: z.string() });
export type WakeTask = z.infer<typeof wakeTask>;

export const webhookParam = z.object({ webhook: webhookId });
export const deliveryParam = webhookParam.extend({ delivery: deliveryName });
export const deliveriesQuery = z.object({
  state: deliveryState.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: opaque(2000).optional(),
});
