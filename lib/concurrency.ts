/**
 * How much of the account's Lambda concurrency each consumer may take: the one place where it is divided. What runs in the
 * background has a bound each. The API has none and needs none: the sum of theirs stays below what the account may run.
 */
export interface Concurrency {
  /** Executions of the worker that removes videos. */
  readonly removals: number;
  /** Executions of the worker that puts clips together. */
  readonly clips: number;
  /** Videos sliced at a time, over all runs (lambdas/slicing/place.ts). */
  readonly videos: number;
  /** Tasks of one video at a time, where it is alone. */
  readonly chunks: number;
  /**
   * Executions that are reserved for tasks of all videos together. Where there are, AWS holds the bound, so that one video alone
   * may have all of them. Undefined: the account is too small to reserve any; then `videos` times `chunks` is slicing's share.
   */
  readonly reserved: { readonly copies: number; readonly chunks: number } | undefined;
  /** What is left for the API, and for the moments in which waiting runs ask for a place. */
  readonly api: number;
}

export interface Account {
  /** Executions at a time that the account may run in the region. */
  readonly account: number;
  /** Executions reserved for each function that answers the API. */
  readonly reserved?: number | undefined;
}

/** The least SQS lets an event source be bound to. */
const QUEUE_LEAST = 2;
/** Removing and cutting go as wide as is good for S3; more executions are no faster. */
const QUEUE_MOST = 5;
const API_LEAST = 3;
const API_SHARE = 0.3;
/** No video has more (lambdas/slicing/inspect.ts). */
const CHUNKS_MOST = 500;
/** Of slicing's share, where it can be reserved: chunks, and groups that are copied. The rest probes, assembles and pulls. */
const CHUNKS_SHARE = 0.75;
const COPIES_SHARE = 0.125;
/** Executions that one distributed Map may have under way (Step Functions quotas). */
const MAP_MOST = 10_000;
/** `slicingPlaces` of the contract. */
const VIDEOS_MOST = 200;

/** Upload, catalog and playback, devices and live playback. */
const API_FUNCTIONS = 5;

/** AWS leaves an account at least so many executions that no function has reserved (Lambda quotas). */
const UNRESERVED_LEAST = 100;

/** `videos` below 1: the account is too small. */
export function concurrencyOf({ account, reserved = 0 }: Account): Concurrency {
  const shared = account - reserved * API_FUNCTIONS;
  const queue = Math.min(QUEUE_MOST, Math.max(QUEUE_LEAST, Math.floor(shared / 50)));
  const [removals, clips] = [queue, queue];
  const api = Math.max(API_LEAST, Math.ceil(shared * API_SHARE));
  const share = shared - api - removals - clips;
  const common = { removals, clips };
  const bounds = { copies: Math.floor(share * COPIES_SHARE), chunks: Math.floor(share * CHUNKS_SHARE) };
  const tasks = bounds.copies + bounds.chunks;
  if (bounds.copies > 0 && shared - tasks >= UNRESERVED_LEAST) {
    const videos = Math.min(VIDEOS_MOST, share - tasks);
    const left = shared - tasks - videos - removals - clips;
    return { ...common, videos, chunks: Math.min(MAP_MOST, tasks), reserved: bounds, api: left };
  }
  // A long video must not keep short ones waiting, nor be alone with one function: as many of the one as of the other.
  const chunks = Math.max(1, Math.min(CHUNKS_MOST, Math.floor(Math.sqrt(Math.max(0, share)))));
  const videos = Math.min(VIDEOS_MOST, Math.floor(share / chunks));
  return { ...common, videos, chunks, reserved: undefined, api: shared - videos * chunks - removals - clips };
}

/** Why an account cannot be divided so, or undefined. */
export function tooSmall({ account, reserved }: Account): string | undefined {
  const { videos } = concurrencyOf({ account });
  if (videos < 1) {
    return `concurrency.account: ${account} leaves nothing for slicing; at least ${account + 1 - videos} are needed`;
  }
  const unreserved = account - (reserved ?? 0) * API_FUNCTIONS;
  if (reserved === undefined || unreserved >= UNRESERVED_LEAST) return undefined;
  return `concurrency.reservedForApi: ${reserved} for each of ${API_FUNCTIONS} functions leave ${unreserved} of concurrency.account (${account}); AWS wants ${UNRESERVED_LEAST} that nobody has reserved`;
}
