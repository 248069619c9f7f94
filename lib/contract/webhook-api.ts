/** Routes of webhooks, all for admins: what they are, their secrets, and what was sent. */
import { z } from 'zod';
import type { Route } from './route.ts';
import {
  deliveriesQuery,
  delivery,
  deliveryParam,
  newWebhook,
  webhook,
  webhookParam,
  webhookPatch,
} from './webhook.ts';

const secret = z.string().meta({ description: 'Told once: with it you check what comes (`whsec_…`).' });

export const webhookRoutes = {
  'GET /api/webhooks': {
    stage: 'webhooks',
    auth: 'user',
    status: 200,
    summary: 'Addresses that are told what happens, for admins.',
    response: z.object({ webhooks: z.array(webhook) }),
  },
  'POST /api/webhooks': {
    stage: 'webhooks',
    auth: 'user',
    status: 201,
    summary: 'Have an address told what happens (admins). Each message is signed with the secret that this answers.',
    body: newWebhook,
    response: webhook.extend({ secret }),
  },
  'PATCH /api/webhooks/{webhook}': {
    stage: 'webhooks',
    auth: 'user',
    status: 200,
    summary: 'Change address, types or name, or turn it off and on (admins).',
    params: webhookParam,
    body: webhookPatch,
    response: webhook,
  },
  'DELETE /api/webhooks/{webhook}': {
    stage: 'webhooks',
    auth: 'user',
    status: 204,
    summary: 'Tell it nothing any more, also of what waits (admins). Safe to repeat.',
    params: webhookParam,
  },
  'POST /api/webhooks/{webhook}/secret': {
    stage: 'webhooks',
    auth: 'user',
    status: 200,
    summary: 'Give it another secret (admins). Messages are signed with both for a day.',
    params: webhookParam,
    response: z.object({ secret }),
  },
  'POST /api/webhooks/{webhook}/test': {
    stage: 'webhooks',
    auth: 'user',
    status: 202,
    summary: 'Send it a message of the type `webhook.test` (admins).',
    params: webhookParam,
    response: z.object({ delivery: z.string() }),
  },
  'GET /api/webhooks/{webhook}/deliveries': {
    stage: 'webhooks',
    auth: 'user',
    status: 200,
    summary: 'What was sent to it and how that went, the newest first, for 30 days (admins).',
    params: webhookParam,
    query: deliveriesQuery,
    response: z.object({ deliveries: z.array(delivery), cursor: z.string().nullable() }),
  },
  'POST /api/webhooks/{webhook}/deliveries/{delivery}/replay': {
    stage: 'webhooks',
    auth: 'user',
    status: 202,
    summary: 'Send it again, as a message of its own (admins).',
    params: deliveryParam,
    response: z.object({ delivery: z.string() }),
  },
} as const satisfies Record<string, Route>;
