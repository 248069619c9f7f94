/** What a million viewer-hours of reports cost, from what was measured. US dollars of the one price table. Pure. */
import { PRICES } from '../../lib/contract/prices.ts';

/** Memory, MiB, that comes with one whole core: a smaller function has less of one and takes as much longer. */
const CORE_MIB = 1769;
/** Milliseconds in which the function waits for the queue, or for one write: within a region, by AWS's own figures. */
const QUEUE_MS = 10;
const WRITE_MS = 5;
/** Bytes of log of one call: the API's line and what CloudWatch counts beside it. Lambda's own are off (lib/constructs/insight.ts). */
const LOG_BYTES = 300;
/** Of a message, what Lambda receives and deletes at a time. */
const AT_A_TIME = 10;

export interface Used {
  /** Of a post: CPU seconds of the function that takes it, of the fan-out, and of counting it. */
  readonly takeSeconds: number;
  readonly spreadSeconds: number;
  readonly countSeconds: number;
  /** Of a post, in the table. */
  readonly writeUnits: number;
  readonly readUnits: number;
  /** Events of a post. */
  readonly events: number;
  /** Messages of a consumer's queue, of a post. */
  readonly bundles: number;
}

export interface Dollars {
  /** What both designs ask of CloudFront, API and log. */
  readonly requests: number;
  /** All that comes behind. */
  readonly handling: number;
}

const seconds = (memoryMiB: number, cpuSeconds: number, waitMs: number): number =>
  (memoryMiB / 1024) *
  (cpuSeconds * Math.max(1, CORE_MIB / memoryMiB) + waitMs / 1000) *
  PRICES.gbSecond.x86_64.dollars;
const request = PRICES.edgeRequest.dollars + PRICES.apiRequest.dollars + (LOG_BYTES / 1e9) * PRICES.logGb.dollars;
const queued = (messages: number) => messages * (1 + 2 / AT_A_TIME) * PRICES.queueRequest.dollars;

/** Of `posts` that are counted together. */
export const oursOf = (used: Used, posts: number): Dollars => ({
  requests: posts * request,
  handling:
    posts *
    (PRICES.invocation.dollars +
      seconds(256, used.takeSeconds, QUEUE_MS) +
      queued(1) +
      seconds(512, used.spreadSeconds, 0) +
      queued(used.bundles) +
      seconds(CORE_MIB, used.countSeconds, 0) +
      used.writeUnits * PRICES.write.dollars +
      used.readUnits * PRICES.read.dollars),
});

/** Of as many posts, each event of which is a write when it comes. */
export const eachOf = (used: Pick<Used, 'events' | 'takeSeconds'>, posts: number): Dollars => ({
  requests: posts * request,
  handling:
    posts *
    (PRICES.invocation.dollars +
      seconds(256, used.takeSeconds, used.events * WRITE_MS) +
      used.events * PRICES.write.dollars),
});
