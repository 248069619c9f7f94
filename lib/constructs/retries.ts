/**
 * What a slicing run tries again, by the error's name: throttled is slow, not failed. The waits of each kind together
 * (with full jitter, half of what is named) outlast the longest task many times, those for a place a whole backlog, and
 * those of all steps fit the run (`RUN_DAYS`) and Step Functions' 25,000 events a run, three for each try. A test counts
 * them in the template.
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

const NO_FUNCTION = 'Lambda.TooManyRequestsException';
const NO_PLACE = 'NoPlaceError';

/** The counts of one that is tried again another way. */
const IMPATIENT = 10;
const HASTY = 3;

/** Lambda had no execution free, or the run found no place: nothing was done, so to try again costs little. */
const ROOM = {
  // Counted apart: who waits for a place is told now and then that no function is free, too. The waits are long since a
  // thousand runs that ask share the account's functions with those that encode. 25 hours, and eight and a half days.
  first: [retrier([NO_FUNCTION], 5, 120, 1500), retrier([NO_PLACE], 5, 600, 2500)],
  // The place is theirs, unless they waited for a function for longer than its lease. 25 hours, and two and a half days.
  later: [retrier([NO_FUNCTION], 5, 300, 600), retrier([NO_PLACE], 5, 600, 750)],
  // Each has a history of its own, so it asks more often: films share the functions of tasks by who asks when one is free.
  task: [retrier([NO_FUNCTION], 5, 120, 1500), retrier([NO_PLACE], 5, 600, 750)],
  // Of a task among few: one that finds no room is soon done by another way.
  impatient: [retrier([NO_FUNCTION, NO_PLACE], 1, 30, 10)],
  // Of a stretch that probe reads itself, if need be.
  hasty: [retrier([NO_FUNCTION], 1, 8, HASTY)],
  // Needs no place.
  last: [retrier([NO_FUNCTION], 5, 300, 600)],
} as const;

const few = (step: keyof typeof ROOM): number | undefined =>
  step === 'impatient' ? IMPATIENT : step === 'hasty' ? HASTY : undefined;

/**
 * `step`: the one that asks for a place, one that keeps it, a task of many, one of few, or the one that gives the place back. A
 * refused source is in none of them and is no error at all: steps return it.
 */
export const retriesOf = (step: keyof typeof ROOM): readonly RetryProps[] => [
  ...ROOM[step],
  // AWS throttled what the step asked for, and the SDK within it gave up. An hour and a half, and what was done again.
  retrier(['ThrottledError'], 5, 120, few(step) ?? 100),
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
    few(step) ?? 30,
  ),
  // Hung, or gone without a word: steps watch their own time, so this is no long video.
  ...(few(step) !== undefined ? [] : [retrier(['Sandbox.Timedout', 'Lambda.Unknown'], 10, 60, 2)]),
];
