/** Insight: takes what players report into a queue. It writes no table, so that a burst of viewers is a longer queue and no more. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { required } from '../../lib/contract/env.ts';
import { ApiError, refusedField } from '../shared/errors.ts';
import { readEventsToken } from '../shared/events-address.ts';
import { insightKeys } from '../shared/insight-keys.ts';
import { serve } from '../shared/http.ts';
import { reportOf } from './post.ts';

const sqs = new SQSClient({});
const QueueUrl = required('POSTS_QUEUE');

export const handler = serve<'events'>('', {
  'POST /api/events': async ({ query: { to, every }, bytes, headers }) => {
    const receivedAt = Date.now();
    const keys = await insightKeys();
    const address = keys && readEventsToken(keys, to, Math.floor(receivedAt / 1000));
    if (address === undefined)
      throw new ApiError('invalid-token', 'The address for events is wrong or out of date; load the manifest again.');
    const report = reportOf({ address, body: textOf(bytes), headers, receivedAt, every });
    if (report.units.length > 0)
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(report) }));
    return undefined;
  },
});

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw refusedField('body', 'is not text in UTF-8', cause);
  }
}
