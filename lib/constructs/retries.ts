/**
 * What a slicing run tries again, by the error's name: throttled is slow, not failed. The waits of each kind together
 * (with full jitter, half of what is named) outlast the longest task many times, and those of all steps fit the run
 * (`RUN_DAYS`) and Step Functions' 25,000 events a run, three for each try. A test counts them in the template.
 */
import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';

/** Waits double from the first to the longest; seconds. */
const retrier = (errors: readonly string[], first: number, longest: number, maxAttempts: number): RetryProps => ({
  errors: [...errors],
  interval: Duration.seconds(first),
  backoffRate: 2,
  maxAttempts,
  maxDelay: Duration.seconds(longest),
  jitterStrategy: JitterType.FULL,
});

/** A refused source is in none of them and is no error at all: steps return it. */
export const RETRIES: readonly RetryProps[] = [
  // Lambda had no execution free, or the run found no place: nothing was done, so to try again costs nothing. 25 hours.
  retrier(['Lambda.TooManyRequestsException', 'NoPlaceError'], 5, 120, 1500),
  // AWS throttled what the step asked for, and the SDK within it gave up. An hour and a half, and what was done again.
  retrier(['ThrottledError'], 5, 120, 100),
  // A service's own fault, or the network's. A quarter of an hour.
  retrier(
    [
      'Lambda.ServiceException',
      'Lambda.AWSLambdaException',
      'Lambda.SdkClientException',
      'Lambda.ClientExecutionTimeoutException',
      'TransientError',
    ],
    2,
    60,
    30,
  ),
  // Hung, or gone without a word: steps watch their own time, so this is no long video.
  retrier(['Sandbox.Timedout', 'Lambda.Unknown'], 10, 60, 2),
];
