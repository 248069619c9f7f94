/**
 * What an hour of one viewer costs beside its bytes, which are the same in both designs. US dollars of AWS's public lists,
 * first tiers, without free tiers. Pure.
 */
import { EDGE_PLAN, PRICES } from '../../lib/contract/prices.ts';
import type { Asked } from './viewers.ts';

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
  const compute =
    (first * costs.firstSeconds + (playlists + renewals) * costs.nextSeconds) * CORE_GB * PRICES.gbSecond.arm64.dollars;
  const api =
    calls *
      (PRICES.apiRequest.dollars +
        PRICES.invocation.dollars +
        costs.reads * PRICES.read.dollars +
        costs.writes * PRICES.write.dollars) +
    compute;
  const requests = edge + calls;
  const checks =
    costs.edgeReads > 0 ? edge * (PRICES.edgeFunction.dollars + costs.edgeReads * PRICES.edgeRead.dollars) : 0;
  return {
    payAsYouGo: (api + requests * PRICES.edgeRequest.dollars + checks) / viewerHours,
    // Functions and their store are in the plan.
    flatRate: (api + (requests * EDGE_PLAN.dollars) / EDGE_PLAN.requests) / viewerHours,
  };
}
