/** Messages of a queue, one handler for each: those that failed are named, and come again. */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { about, logger } from './logger.ts';

const processor = new BatchProcessor(EventType.SQS);

/**
 * A handler that gives `work` the parsed body of each message. `failed`: what its log says when one fails, which is also
 * what a body that `parse` refuses does.
 *
 * One after another: a message of either queue is work that already runs as wide as is good (pages of deletions, 16
 * segments at once), and two at a time would hold twice the memory. A batch that failed whole is no failed invocation,
 * so that the function's errors count what is broken and not what is tried again.
 */
export const eachMessage =
  <T>(failed: string, parse: (body: unknown) => T, work: (message: T) => Promise<void>) =>
  (event: SQSEvent): Promise<SQSBatchResponse> =>
    processPartialResponse(
      event,
      async ({ messageId, body }: SQSRecord) => {
        about(undefined, { messageId });
        try {
          const message = parse(JSON.parse(body));
          about((message as { videoId?: string }).videoId, { messageId });
          await work(message);
        } catch (error) {
          logger.error(failed, { error: error as Error });
          throw error;
        }
      },
      processor,
      { processInParallel: false, throwOnFullBatchFailure: false },
    );
