/** Queues of every stack: how long they keep what is sent. */
import { expect, it } from 'vitest';
import { ofType, synthesized } from '../support/app.ts';

const { deployed } = synthesized({
  'live.enabled': true,
  'kafka.brokers': ['b1.kafka.example:9096'],
});
const all = (type: string) => deployed.flatMap((template) => ofType(template, type));

it('keep what is sent for as long as SQS does: what waits for others must not go without a word', () => {
  const queues = all('AWS::SQS::Queue');
  expect(queues.length).toBeGreaterThan(10);
  for (const [id, { Properties }] of queues) expect([id, Properties?.['MessageRetentionPeriod']]).toEqual([id, 1_209_600]);
});
