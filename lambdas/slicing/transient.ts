/** Which errors may go away by themselves. Step Functions tries again by these names (lib/constructs/retries.ts). */

import { about } from '../shared/logger.ts';
import { isThrottled, type ServiceError } from '../shared/throttled.ts';
import { subjectOf } from './subject.ts';

/** A service had a bad moment; the same call may work later. */
export class TransientError extends Error {
  override name = 'TransientError';
}

/** AWS said that we ask for too much at a time: slower is what helps, however long it takes. */
export class ThrottledError extends Error {
  override name = 'ThrottledError';
}

const NETWORK = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'TimeoutError']);

/** What AWS's services call their own faults where there is no HTTP status: an entry of a batch that was refused. */
const FAULTS = new Set(['InternalError', 'InternalException', 'InternalFailure', 'ServiceUnavailable']);

/** AWS answered 5xx or throttled, or the network broke. The SDK has tried three times by then. */
export function isTransient(error: unknown): boolean {
  const { name = '', code = '', $metadata, $retryable } = (error ?? {}) as ServiceError;
  const status = $metadata?.httpStatusCode;
  return (
    isThrottled(error) ||
    $retryable !== undefined ||
    (status !== undefined && status >= 500) ||
    FAULTS.has(name) ||
    NETWORK.has(code) ||
    NETWORK.has(name)
  );
}

/**
 * Wraps a step's handler so that what may go away by itself is thrown as ThrottledError or TransientError, and that its log says
 * which video it is about.
 */
export function step<Args extends unknown[], T>(handler: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
  return async (...args) => {
    const { videoId, execution } = subjectOf(args[0]);
    about(videoId, { execution });
    try {
      return await handler(...args);
    } catch (error) {
      if (isThrottled(error)) throw new ThrottledError((error as Error).message, { cause: error });
      if (isTransient(error)) throw new TransientError((error as Error).message, { cause: error });
      throw error;
    }
  };
}
