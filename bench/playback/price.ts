/**
 * What an hour of one viewer costs beside its bytes, which are the same in both designs. US dollars of AWS's public lists,
 * first tiers, without free tiers. Pure.
 */
import { PRICES } from '../../lambdas/slicing/prices.ts';
import type { Asked } from './viewers.ts';

/** Day the lists were gone through. */
export const PRICED = '2026-11-29';

const LIST = {
  /** HTTP API, a request; aws.amazon.com/api-gateway/pricing */
  api: 1e-6,
  /** HTTPS request, United States and Europe's cheapest list; aws.amazon.com/cloudfront/pricing */
  edge: 1e-6,
  /** Running of a function of the edge; the same page */
  edgeFunction: 0.1e-6,
  /** A read of the key value store; the same page */
  edgeRead: 0.03e-6,
  /** A read unit of a table, on demand; aws.amazon.com/dynamodb/pricing/on-demand */
  tableRead: 0.125e-6,
  tableWrite: PRICES.write.dollars,
  invocation: PRICES.invocation.dollars,
  gbSecond: PRICES.gbSecond.arm64.dollars,
} as const;

/** CloudFront's flat-rate plan Business: the cheapest that allows cache policies of one's own. */
const BUSINESS = { dollars: 200, requests: 125_000_000 } as const;

/** Memory, GiB, that comes with one whole core: a smaller function has less of one and takes as much longer. */
const CORE_GB = 1769 / 1024;

export interface Costs {
  /** CPU seconds of a request that begins, and of one that makes a media playlist or renews. */
  readonly firstSeconds: number;
  readonly nextSeconds: number;
  /** Read and written units of tables, by request. */
  readonly reads: number;
  readonly writes: number;
  /** Reads of the edge's store, by request to the edge; 0 without a function there. */
  readonly edgeReads: number;
}

export interface Dollars {
  readonly payAsYouGo: number;
  readonly flatRate: number;
}

/** Of one viewer's hour. */
export function dollarsOf({ first, playlists, renewals, edge }: Asked, viewerHours: number, costs: Costs): Dollars {
  const calls = first + playlists + renewals;
  const compute = (first * costs.firstSeconds + (playlists + renewals) * costs.nextSeconds) * CORE_GB * LIST.gbSecond;
  const api =
    calls * (LIST.api + LIST.invocation + costs.reads * LIST.tableRead + costs.writes * LIST.tableWrite) + compute;
  const requests = edge + calls;
  const checks = costs.edgeReads > 0 ? edge * (LIST.edgeFunction + costs.edgeReads * LIST.edgeRead) : 0;
  return {
    payAsYouGo: (api + requests * LIST.edge + checks) / viewerHours,
    // Functions and their store are in the plan.
    flatRate: (api + (requests * BUSINESS.dollars) / BUSINESS.requests) / viewerHours,
  };
}
