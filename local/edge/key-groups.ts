/** Key groups as CloudFront has them: what deployed code changes in one takes effect here. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { CloudFrontClient, GetKeyGroupCommand, GetPublicKeyCommand } from '@aws-sdk/client-cloudfront';
import { watch, type Watcher } from './watch.ts';

export interface KeyGroupOptions {
  engineEndpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  groupId: string;
  log: (line: string) => void;
  /** Milliseconds between two looks. Default 1000. */
  interval?: number;
}

export interface WatchedKeys extends Watcher {
  /** Key-Pair-Id → public key: one map, whose contents are the group's. */
  readonly keys: ReadonlyMap<string, KeyObject>;
}

/** Resolves when the group has been read; looks again every `interval`. */
export async function watchKeyGroup(options: KeyGroupOptions): Promise<WatchedKeys> {
  const { engineEndpoint: endpoint, region, credentials, groupId, log, interval = 1000 } = options;
  const client = new CloudFrontClient({ endpoint, region, credentials, maxAttempts: 2 });
  const keys = new Map<string, KeyObject>();
  const look = async (abortSignal: AbortSignal): Promise<void> => {
    const { KeyGroup } = await client.send(new GetKeyGroupCommand({ Id: groupId }), { abortSignal });
    const items = KeyGroup?.KeyGroupConfig?.Items ?? [];
    const added = items.filter((id) => !keys.has(id));
    // A public key never changes, so each is read once; all of the new ones, before any change is seen.
    const read = await Promise.all(
      added.map(async (Id) => {
        const { PublicKey } = await client.send(new GetPublicKeyCommand({ Id }), { abortSignal });
        return [Id, publicKeyOf(PublicKey?.PublicKeyConfig?.EncodedKey ?? '')] as const;
      }),
    );
    const gone = [...keys.keys()].filter((id) => !items.includes(id));
    for (const [id, key] of read) keys.set(id, key);
    for (const id of gone) keys.delete(id);
    if (read.length > 0 || gone.length > 0) log(`key group ${groupId}: ${items.join(' ')}`);
  };
  await look(AbortSignal.timeout(30_000));
  const watcher = watch({ look, interval, log, what: `key group ${groupId}` });
  return {
    keys,
    stop: async () => {
      await watcher.stop();
      client.destroy();
    },
  };
}

/** CloudFront takes RSA 2048 and ECDSA P-256 keys and no others. */
export function publicKeyOf(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new TypeError('a trusted public key is not a PEM public key', { cause });
  }
  const details = key.asymmetricKeyDetails;
  const fits =
    (key.asymmetricKeyType === 'rsa' && details?.modulusLength === 2048) ||
    (key.asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1');
  if (!fits)
    throw new TypeError(`CloudFront takes RSA 2048 and ECDSA P-256 keys, not ${key.asymmetricKeyType ?? 'this one'}`);
  return key;
}
