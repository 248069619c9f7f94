/** The API of webhooks: made, changed and looked into by admins. */
import { randomBytes, randomInt } from 'node:crypto';
import { required } from '../../lib/contract/env.ts';
import {
  MAX_WEBHOOKS,
  TEST_TYPE,
  WEBHOOKS,
  webhook as webhookSchema,
  delivery as deliverySchema,
  deliveryParam,
  type DeliveryRow,
  type Webhook,
  type WebhookRow,
} from '../../lib/contract/webhook.ts';
import { checkedUrl } from '../pull/address.ts';
import { PullFailed } from '../pull/failure.ts';
import { ApiError, refusedField } from '../shared/errors.ts';
import { serve } from '../shared/http.ts';
import { openCursor, readOpenCursor } from '../shared/open-cursor.ts';
import { takePage } from '../shared/page.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import { letGo } from './held.ts';
import { deliveryOf, rowOf } from './messages.ts';
import { sendTask } from './queue.ts';
import {
  allWebhooks,
  changeWebhook,
  deleteWebhook,
  deliveriesOf,
  putDelivery,
  putWebhook,
  readDelivery,
  readWebhook,
} from './rows.ts';
import { newSecret } from './sign.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const newId = (): string => Array.from({ length: 12 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
/** Seconds for which the secret before signs, too. */
const DAY = 86_400;
/** Rows that one call looks through for those of a state. */
const LIST_BUDGET = 1000;

function onlyAdmins(viewer: Viewer): void {
  if (!isAdmin(viewer)) throw new ApiError('forbidden', 'Only admins keep webhooks.');
}

async function existing(viewer: Viewer, id: string): Promise<WebhookRow> {
  onlyAdmins(viewer);
  return (await readWebhook(id)) ?? missing();
}

function missing(): never {
  throw new ApiError('not-found', 'There is no such webhook.');
}

/** What names a private address is found out at each try; what says it itself is refused here. */
function checkUrl(url: string | undefined): void {
  if (url === undefined) return;
  try {
    checkedUrl(url, { allowPrivate: process.env['WEBHOOK_PRIVATE'] === 'yes' });
  } catch (cause) {
    if (!(cause instanceof PullFailed)) throw cause;
    throw refusedField(
      'body.url',
      'must be an https address of the public internet, on port 443, without a name or password in it',
      cause,
    );
  }
}

/** Without its secrets. */
const show = (row: WebhookRow): Webhook => webhookSchema.parse(row);

async function send(row: DeliveryRow): Promise<{ delivery: string }> {
  await putDelivery(row);
  await sendTask({ webhook: row.kind, delivery: row.id, asked: true });
  return { delivery: row.id };
}

export const handler = serve<'webhooks'>(required('GROUPS_CLAIM'), {
  'GET /api/webhooks': async ({ viewer }) => {
    onlyAdmins(viewer);
    return { webhooks: (await allWebhooks()).map(show) };
  },

  'POST /api/webhooks': async ({ viewer, body }) => {
    onlyAdmins(viewer);
    checkUrl(body.url);
    if ((await allWebhooks()).length >= MAX_WEBHOOKS)
      throw new ApiError(
        'conflict',
        `There are ${MAX_WEBHOOKS} webhooks, which is as many as there may be. Delete one first.`,
        {
          limit: { name: 'webhooks', value: MAX_WEBHOOKS },
        },
      );
    const row: WebhookRow = {
      kind: WEBHOOKS,
      id: newId(),
      ...body,
      types: [...new Set(body.types)],
      enabled: true,
      createdAt: new Date().toISOString(),
      createdBy: viewer.subject,
      secret: newSecret(),
    };
    await putWebhook(row);
    return { ...show(row), secret: row.secret };
  },

  'PATCH /api/webhooks/{webhook}': async ({ viewer, params, body }) => {
    await existing(viewer, params.webhook);
    checkUrl(body.url);
    // Another address, or another try at the same: what was wrong before says nothing.
    const isAnew = body.url !== undefined || body.enabled === true;
    // Of one that is turned off what waits fails.
    const row =
      isAnew || body.enabled === false
        ? await letGo(params.webhook, body, isAnew ? ['failing', 'missed'] : [])
        : await changeWebhook(params.webhook, body);
    return show(row ?? missing());
  },

  'DELETE /api/webhooks/{webhook}': async ({ viewer, params }) => {
    onlyAdmins(viewer);
    await deleteWebhook(params.webhook);
    return undefined;
  },

  'POST /api/webhooks/{webhook}/secret': async ({ viewer, params }) => {
    const { secret: before } = await existing(viewer, params.webhook);
    const secret = newSecret();
    const until = Math.floor(Date.now() / 1000) + DAY;
    await changeWebhook(params.webhook, { secret, before: { secret: before, until } });
    return { secret };
  },

  'POST /api/webhooks/{webhook}/test': async ({ viewer, params }) => {
    const row = await existing(viewer, params.webhook);
    if (!row.enabled) throw new ApiError('conflict', 'The webhook is turned off. Turn it on first.');
    const event = randomBytes(12).toString('hex');
    const data = { webhook: row.id, by: viewer.subject };
    return await send(deliveryOf(row.id, { type: TEST_TYPE, at: new Date().toISOString(), event, data }));
  },

  'GET /api/webhooks/{webhook}/deliveries': async ({ viewer, params, query }) => {
    await existing(viewer, params.webhook);
    const { state, limit } = query;
    const asked = { route: 'GET /api/webhooks/{webhook}/deliveries', viewer, params, query } as const;
    const before = readOpenCursor(asked, deliveryParam.shape.delivery);
    const wanted = (row: DeliveryRow) => state === undefined || row.state === state;
    const { records, last } = await takePage(deliveriesOf(params.webhook, before), wanted, limit, LIST_BUDGET);
    return { deliveries: records.map((row) => deliverySchema.parse(row)), cursor: openCursor(asked, last?.id) };
  },

  'POST /api/webhooks/{webhook}/deliveries/{delivery}/replay': async ({ viewer, params }) => {
    const row = await existing(viewer, params.webhook);
    if (!row.enabled) throw new ApiError('conflict', 'The webhook is turned off. Turn it on first.');
    const delivery = await readDelivery(params.webhook, params.delivery);
    if (delivery === undefined)
      throw new ApiError('not-found', 'There is no such delivery; they are kept for 30 days.');
    const event = randomBytes(12).toString('hex');
    return await send(rowOf(params.webhook, { ...delivery, event }, delivery.payload, Date.now()));
  },
});
