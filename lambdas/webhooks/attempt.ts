/** One try to deliver a message: signed, within its time, to an address that passes the guard of pulls. */
import { WEBHOOK_MS, type Attempt, type DeliveryRow, type WebhookRow } from '../../lib/contract/webhook.ts';
import { cut } from '../../lib/contract/text.ts';
import { Connector, type ConnectOptions } from '../pull/connect.ts';
import { signedHeaders } from './sign.ts';

/** `gone`: never again, to anything. */
export type Outcome = 'taken' | 'again' | 'gone';

const MOST_WORDS = 300;

/** For tests only: how names are resolved, whose certificates are trusted, and how long an answer may take. */
export const reaching: { options: Partial<ConnectOptions>; milliseconds: number } = {
  options: {},
  milliseconds: WEBHOOK_MS,
};

export async function attemptTo(
  row: WebhookRow,
  { id, payload }: Pick<DeliveryRow, 'id' | 'payload'>,
): Promise<{ readonly attempt: Attempt; readonly outcome: Outcome }> {
  const began = Date.now();
  const of = (more: Partial<Attempt>): Attempt => ({
    at: new Date(began).toISOString(),
    ms: Date.now() - began,
    ...more,
  });
  const allowPrivate = process.env['WEBHOOK_PRIVATE'] === 'yes';
  // A connection that outlived a frozen process would be closed at its other end.
  const connector = new Connector({ allowPrivate, keepAlive: false, ...reaching.options });
  try {
    const answer = await connector.post(row.url, {
      type: 'application/json',
      body: payload,
      headers: signedHeaders(row, id, payload, began),
      signal: AbortSignal.timeout(reaching.milliseconds),
    });
    // What it says besides is nothing to us, and may be endless.
    answer.destroy();
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return { attempt: of({ status }), outcome: 'taken' };
    if (status === 410)
      return { attempt: of({ status, error: 'It is gone, so the webhook is turned off.' }), outcome: 'gone' };
    const error = status >= 300 && status < 400 ? 'It redirects, which is not followed.' : 'It did not answer 2xx.';
    return { attempt: of({ status, error }), outcome: 'again' };
  } catch (error) {
    const { name, message } = error as Error;
    const words = name === 'TimeoutError' ? `It did not answer within ${reaching.milliseconds / 1000} s.` : message;
    return { attempt: of({ error: cut(words, MOST_WORDS) }), outcome: 'again' };
  } finally {
    connector.close();
  }
}
