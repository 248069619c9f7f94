/** Which errors may go away by themselves. Step Functions retries those, by this one name. */

/** A service had a bad moment; the same call may work later. */
export class TransientError extends Error {
  override name = 'TransientError';
}

const NETWORK = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'TimeoutError']);

/** AWS answered 5xx or throttled, or the network broke. The SDK has tried three times by then. */
export function isTransient(error: unknown): boolean {
  const { name, code, $metadata, $retryable } = (error ?? {}) as {
    name?: string;
    code?: string;
    $metadata?: { httpStatusCode?: number };
    $retryable?: unknown;
  };
  const status = $metadata?.httpStatusCode;
  return (
    $retryable !== undefined ||
    (status !== undefined && (status >= 500 || status === 429)) ||
    NETWORK.has(code ?? '') ||
    NETWORK.has(name ?? '')
  );
}

/** Wraps a step's handler so that what may go away by itself is thrown as TransientError. */
export function step<Args extends unknown[], T>(handler: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
  return async (...args) => {
    try {
      return await handler(...args);
    } catch (error) {
      if (isTransient(error)) throw new TransientError((error as Error).message, { cause: error });
      throw error;
    }
  };
}
