/** What S3 answers with 5xx, said once an answer: a metric filter counts these lines (lib/contract/operations.ts). */
import type { S3Client } from '@aws-sdk/client-s3';
import { STORE_ERROR } from '../../lib/contract/metrics.ts';
import { logger } from './logger.ts';

/** As the SDK throws what was answered; the answer itself is beside it where it had no body. */
interface Answered {
  readonly name?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

/** Beneath the SDK's own retries, so each try counts. Where the last of them fails, whoever asked gets the error as ever. */
export function tellStoreErrors(client: Pick<S3Client, 'middlewareStack'>): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        try {
          return await next(args);
        } catch (error) {
          const { name, $metadata, $response } = (error ?? {}) as Answered;
          const status = $metadata?.httpStatusCode ?? $response?.statusCode ?? 0;
          // No key: it may name what somebody uploads.
          if (status >= 500) logger.warn(STORE_ERROR, { command: commandName, status, code: name });
          throw error;
        }
      },
    { name: 'storeErrors', step: 'deserialize', priority: 'high' },
  );
}
