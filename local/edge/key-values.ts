/** Key value stores as functions see them: copies of what the engine holds, some seconds old at most, as at CloudFront's edges. */
import { DescribeKeyValueStoreCommand, paginateListKeys } from '@aws-sdk/client-cloudfront-keyvaluestore';
import { storeClient } from '../../lambdas/revocation/client.ts';
import { watch, type Watcher } from './watch.ts';

export interface StoreCopy {
  readonly values: ReadonlyMap<string, string>;
  readonly created: Date;
  readonly updated: Date;
}

export interface StoreWatchOptions {
  engineEndpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** ARNs. */
  stores: readonly string[];
  log: (line: string) => void;
  /** Milliseconds between two looks. Default 1000. */
  interval?: number;
}

export interface StoreWatcher extends Watcher {
  /** Resolves when each was looked at once, whatever came of it. */
  readonly ready: Promise<void>;
  /** Undefined until the store was read once. */
  copyOf(arn: string): StoreCopy | undefined;
}

/** Looks at the version of each store, and reads it anew when that is another one. */
export function watchStores({
  engineEndpoint,
  credentials,
  stores,
  log,
  interval = 1000,
}: StoreWatchOptions): StoreWatcher {
  const client = storeClient({ endpoint: engineEndpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  const copies = new Map<string, { readonly etag: string | undefined; readonly copy: StoreCopy }>();
  const readAll = async (abortSignal: AbortSignal): Promise<void> => {
    for (const KvsARN of stores) {
      const { ETag, Created, LastModified } = await client.send(new DescribeKeyValueStoreCommand({ KvsARN }), {
        abortSignal,
      });
      if (ETag !== undefined && copies.get(KvsARN)?.etag === ETag) continue;
      const values = new Map<string, string>();
      for await (const { Items = [] } of paginateListKeys({ client }, { KvsARN, MaxResults: 50 }, { abortSignal }))
        for (const { Key, Value } of Items) values.set(Key!, Value!);
      const created = Created ?? new Date(0);
      copies.set(KvsARN, { etag: ETag, copy: { values, created, updated: LastModified ?? created } });
    }
  };
  const first = Promise.withResolvers<void>();
  const look = (abortSignal: AbortSignal): Promise<void> => readAll(abortSignal).finally(first.resolve);
  const watcher = watch({ look, interval, what: 'key value stores', log });
  return {
    ready: first.promise,
    copyOf: (arn) => copies.get(arn)?.copy,
    stop: async () => {
      await watcher.stop();
      client.destroy();
    },
  };
}
