/**
 * Bundles of a consumer's queue. A report that cannot be read is sent again alone, so that it comes to the dead letters alone;
 * work that fails has its whole message come again, which harms nothing: what was done of it is known.
 */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { z } from 'zod';
import { required } from '../../lib/contract/env.ts';
import { report, type Report } from '../../lib/contract/player-events.ts';
import { about, logger } from '../shared/logger.ts';
import { isErased, readErased } from './erased.ts';

const sqs = new SQSClient({});
const loose = z.object({ reports: z.array(z.unknown()).min(1) });

export interface Taken {
  readonly messageId: string;
  readonly report: Report;
}

/** `work` answers the ids of messages that are to come again. `queue`: the variable with the queue's address. */
export const eachBundle =
  (queue: string, work: (taken: readonly Taken[]) => Promise<ReadonlySet<string>>) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> => {
    about(undefined);
    const taken: Taken[] = [];
    const failed = new Set<string>();
    for (const { messageId, body } of event.Records) {
      try {
        const { reports } = loose.parse(JSON.parse(body));
        for (const one of reports) {
          const parsed = report.safeParse(one);
          if (parsed.success) taken.push({ messageId, report: parsed.data });
          else if (reports.length === 1) throw parsed.error;
          else await alone(queue, one);
        }
      } catch (error) {
        logger.error('a bundle of reports cannot be read', { messageId, error: error as Error });
        failed.add(messageId);
      }
    }
    const erased = await readErased();
    const again = await work(
      taken.filter(({ messageId, report: one }) => !failed.has(messageId) && !isErased(erased, one)),
    );
    return { batchItemFailures: [...failed, ...again].map((itemIdentifier) => ({ itemIdentifier })) };
  };

const alone = async (queue: string, one: unknown): Promise<unknown> =>
  sqs.send(new SendMessageCommand({ QueueUrl: required(queue), MessageBody: JSON.stringify({ reports: [one] }) }));
