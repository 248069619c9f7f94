/**
 * The key value store at the edge. It has one version for all its keys: an update names the version it changes, so updates by
 * anybody else are noticed, and made again on top. Each call costs ($1 a 1,000), so the version is remembered between updates.
 */
import { DescribeKeyValueStoreCommand, UpdateKeysCommand } from '@aws-sdk/client-cloudfront-keyvaluestore';
import { required } from '../../lib/contract/env.ts';
import { valueOf } from '../../lib/contract/revocation.ts';
import { storeClient } from './client.ts';
import type { Update } from './plan.ts';

/** Times an update is made anew on top of somebody else's. */
const TRIES = 5;

export class StoreFull extends Error {
  override name = 'StoreFull';
}

export interface StoreState {
  readonly etag: string;
  readonly entries: number;
  readonly bytes: number;
}

const client = storeClient({ maxAttempts: 5 });
let known: StoreState | undefined;

export const storeArn = (): string => required('REVOCATION_STORE');

/** The store as it is; of what this process did last, where `fresh` is not asked for. */
export async function stateOf(fresh = false): Promise<StoreState> {
  if (known === undefined || fresh) {
    const found = await client.send(new DescribeKeyValueStoreCommand({ KvsARN: storeArn() }));
    known = { etag: found.ETag!, entries: found.ItemCount!, bytes: found.TotalSizeInBytes! };
  }
  return known;
}

/** What this process knows of the store may be old: whoever changes it next asks. */
export const forgetState = (): void => {
  known = undefined;
};

/** Makes one update, all of it or nothing. Deleting what is not there is fine. Throws `StoreFull`. */
export async function update({ puts, deletes }: Update): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { etag } = await stateOf(attempt > 1);
    try {
      const done = await client.send(
        new UpdateKeysCommand({
          KvsARN: storeArn(),
          IfMatch: etag,
          Puts: puts.map((one) => ({ Key: one.key, Value: valueOf(one) })),
          Deletes: deletes.map((Key) => ({ Key })),
        }),
      );
      known = { etag: done.ETag!, entries: done.ItemCount!, bytes: done.TotalSizeInBytes! };
      return;
    } catch (error) {
      // What became of the update is not known: the next one asks.
      known = undefined;
      const name = error instanceof Error ? error.name : '';
      if (name === 'ServiceQuotaExceededException') throw new StoreFull('the store is full', { cause: error });
      if (name !== 'ConflictException' || attempt === TRIES) throw error;
    }
  }
}
