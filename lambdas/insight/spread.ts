/**
 * The one fan-out: posts that came meanwhile go to each consumer's queue in bundles, since a message costs by its 64 KiB and not by
 * what is in it. A post that cannot be read fails alone; one that came twice is the consumers' to know.
 */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { json } from '../../lib/contract/env.ts';
import { z } from 'zod';
import { report, type Report } from '../../lib/contract/player-events.ts';
import { about, logger } from '../shared/logger.ts';

const sqs = new SQSClient({});
/** Addresses of the queues, one for each consumer. */
const queues = json('CONSUMER_QUEUES', z.array(z.string().min(1)).min(1));

/** Bytes of a bundle: SQS takes 256 KiB. */
export const BUNDLE_BYTES = 192 * 1024;

export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  about(undefined);
  const failed = new Set<string>();
  const read: { readonly messageId: string; readonly text: string; readonly report: Report }[] = [];
  for (const { messageId, body } of event.Records) {
    try {
      read.push({ messageId, text: body, report: report.parse(JSON.parse(body)) });
    } catch (error) {
      logger.error('a report cannot be read', { messageId, error: error as Error });
      failed.add(messageId);
    }
  }
  // Those of one video together: their consumers go by it.
  const ordered = read.toSorted((a, b) => (a.report.what < b.report.what ? -1 : a.report.what > b.report.what ? 1 : 0));
  for (const messages of bundlesOf(ordered)) {
    const MessageBody = `{"reports":[${messages.map(({ text }) => text).join(',')}]}`;
    try {
      await Promise.all(queues.map((QueueUrl) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))));
    } catch (error) {
      logger.error('a bundle could not be sent', { reports: messages.length, error: error as Error });
      for (const { messageId } of messages) failed.add(messageId);
    }
  }
  return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
}

/** In their order, each as large as may be. Pure. */
export function bundlesOf<T extends { readonly text: string }>(messages: readonly T[]): T[][] {
  const bundles: T[][] = [];
  let room = 0;
  for (const message of messages) {
    const bytes = Buffer.byteLength(message.text) + 1;
    if (bytes > room) {
      bundles.push([]);
      room = BUNDLE_BYTES;
    }
    bundles.at(-1)!.push(message);
    room -= bytes;
  }
  return bundles;
}
