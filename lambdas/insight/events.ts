/** Insight: takes what players report into a queue. It writes no table, so that a burst of viewers is a longer queue and no more. */
import { createHash } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { required } from '../../lib/contract/env.ts';
import type { Report } from '../../lib/contract/player-events.ts';
import { ApiError, refusedField } from '../shared/errors.ts';
import { readEventsToken } from '../shared/events-address.ts';
import { insightKeys } from '../shared/insight-keys.ts';
import { serve } from '../shared/http.ts';
import { reportOf } from './post.ts';

const sqs = new SQSClient({});
const QueueUrl = required('POSTS_QUEUE');
/** Where the deployment sends reports to Kafka: a queue of its own from here on, since bundles of many sessions lose their order. */
const KAFKA_QUEUE = process.env['KAFKA_QUEUE'];

export const handler = serve<'events'>('', {
  'POST /api/events': async ({ query: { to, every }, bytes, headers }) => {
    const receivedAt = Date.now();
    const keys = await insightKeys();
    const address = keys && readEventsToken(keys, to, Math.floor(receivedAt / 1000));
    if (address === undefined)
      throw new ApiError('invalid-token', 'The address for events is wrong or out of date; load the manifest again.');
    const report = reportOf({ address, body: textOf(bytes), headers, receivedAt, every });
    // Whatever fails here is the player's to post again; it counts once all the same.
    if (report !== undefined) await Promise.all([sent(report), KAFKA_QUEUE && sentInOrder(KAFKA_QUEUE, report)]);
    return undefined;
  },
});

const sent = (report: Report): Promise<unknown> =>
  sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(report) }));

/** Behind all that its session has posted before. A post that is sent again within five minutes is the same message. */
async function sentInOrder(queue: string, report: Report): Promise<unknown> {
  const numbers = report.units.map(({ sequence }) => sequence).join(' ');
  return sqs.send(
    new SendMessageCommand({
      QueueUrl: queue,
      MessageBody: JSON.stringify(report),
      MessageGroupId: report.session,
      MessageDeduplicationId: createHash('sha256').update(`${report.session} ${numbers}`).digest('hex'),
    }),
  );
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw refusedField('body', 'is not text in UTF-8', cause);
  }
}
