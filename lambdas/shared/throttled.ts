/** Whether AWS said that too much was asked of it at a time: slower is what helps, and nothing is broken. */

/** What AWS's services call it (the list of @smithy/service-error-classification). */
const THROTTLED = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
]);

/** What is read of an error of the SDK. */
export interface ServiceError {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $retryable?: { readonly throttling?: boolean };
}

export function isThrottled(error: unknown): boolean {
  const { name = '', $metadata, $retryable } = (error ?? {}) as ServiceError;
  return $retryable?.throttling === true || $metadata?.httpStatusCode === 429 || THROTTLED.has(name);
}
