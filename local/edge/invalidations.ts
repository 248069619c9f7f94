/** Watches the engine for invalidations that deployed code creates, and applies them to the edge's cache. */
import {
  CloudFrontClient,
  GetInvalidationCommand,
  paginateListInvalidations,
  type InvalidationSummary,
} from '@aws-sdk/client-cloudfront';
import { watch, type Watcher } from './watch.ts';

export interface WatchOptions {
  engineEndpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  distributionId: string;
  invalidate: (paths: readonly string[]) => number;
  log: (line: string) => void;
  /** Milliseconds between two looks. Default 1000. */
  interval?: number;
}

/** Looks at once and then every `interval`. What fails is logged once until it works again; it never throws. */
export function watchInvalidations(options: WatchOptions): Watcher {
  const { engineEndpoint, region, credentials, distributionId, invalidate, log, interval = 1000 } = options;
  const client = new CloudFrontClient({ endpoint: engineEndpoint, region, credentials, maxAttempts: 1 });
  // The cache was empty then, so what is older has nothing to drop. Engines round to whole seconds.
  const startedAt = Date.now() - 2000;
  let applied = new Set<string>();

  const look = async (abortSignal: AbortSignal): Promise<void> => {
    const seen = new Set<string>();
    for (const { Id: id, CreateTime: created } of await list(client, distributionId, abortSignal)) {
      if (id === undefined) continue;
      seen.add(id);
      if (applied.has(id) || (created !== undefined && created.getTime() < startedAt)) continue;
      const command = new GetInvalidationCommand({ DistributionId: distributionId, Id: id });
      const { Invalidation } = await client.send(command, { abortSignal });
      const paths = Invalidation?.InvalidationBatch?.Paths?.Items ?? [];
      log(`invalidation ${id}: ${paths.join(' ')} dropped ${invalidate(paths)} objects`);
      applied.add(id);
    }
    applied = seen;
  };

  const watcher = watch({ look, interval, log, what: 'invalidations' });
  return {
    stop: async () => {
      await watcher.stop();
      client.destroy();
    },
  };
}

async function list(
  client: CloudFrontClient,
  distributionId: string,
  signal: AbortSignal,
): Promise<InvalidationSummary[]> {
  const found: InvalidationSummary[] = [];
  for await (const page of paginateListInvalidations(
    { client },
    { DistributionId: distributionId },
    { abortSignal: signal },
  )) {
    found.push(...(page.InvalidationList?.Items ?? []));
  }
  return found;
}
