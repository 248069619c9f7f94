/** A thread that sends what it is given, and is gone in the middle of it: while Kafka answers, or as soon as it has. */
import { workerData } from 'node:worker_threads';
import type { SQSEvent } from 'aws-lambda';
import { KafkaProducer } from '../../lambdas/insight/kafka/producer.ts';

const { event, answered } = workerData as { readonly event: SQSEvent; readonly answered: boolean };
const { prototype } = KafkaProducer;
const send = Reflect.get(prototype, 'send');
prototype.send = async function (records) {
  const sent = send.call(this, records);
  // Long enough to be connected, and to have some on their way. Where there is no broker just now, that is an answer, too.
  const soon = new Promise((resolve) => setTimeout(resolve, 30 + Math.random() * 60));
  await (answered ? sent : Promise.race([sent, soon])).catch(() => {});
  process.exit(3);
};
const { handler } = await import('../../lambdas/insight/kafka/handler.ts');
await handler(event);
