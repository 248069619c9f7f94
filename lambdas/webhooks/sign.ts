/** Secrets of webhooks, and what a message is signed with (Standard Webhooks 1.0, "Signature scheme"). Pure but for chance. */
import { createHmac, randomBytes } from 'node:crypto';
import type { WebhookRow } from '../../lib/contract/webhook.ts';

const PREFIX = 'whsec_';
/** Bytes; the specification asks for 24 to 64. */
const BYTES = 32;

export const newSecret = (): string => PREFIX + randomBytes(BYTES).toString('base64');

/** Headers of a message. `now`: milliseconds; receivers refuse what is five minutes off. */
export function signedHeaders(
  row: Pick<WebhookRow, 'secret' | 'before'>,
  id: string,
  body: string,
  now: number,
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const secrets = [
    row.secret,
    ...(row.before !== undefined && row.before.until * 1000 > now ? [row.before.secret] : []),
  ];
  const sign = (secret: string) =>
    createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64'))
      .update(`${id}.${timestamp}.${body}`)
      .digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map((secret) => `v1,${sign(secret)}`).join(' '),
  };
}
