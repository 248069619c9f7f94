/** The keys of playback tokens, ready for use: which one signs, and which ones are read by. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { SigningSecret } from '../../lib/contract/signing.ts';

export interface TokenKeys {
  readonly current: { readonly kid: string; readonly key: KeyObject };
  /** `kid` → public key. The next one, too: another process may sign by it already. */
  readonly known: ReadonlyMap<string, KeyObject>;
  /** HMAC key of versions before; `until` is in epoch seconds. */
  readonly hs256: { readonly key: Uint8Array; readonly until: number } | undefined;
}

export function tokenKeysOf({
  tokens: { current, next, previous },
  tokenKey,
  hs256Until,
}: Pick<SigningSecret, 'tokens' | 'tokenKey' | 'hs256Until'>): TokenKeys {
  return {
    current: { kid: current.id, key: createPrivateKey(current.privateKey) },
    known: new Map([current, next, ...previous].map(({ id, publicKey }) => [id, createPublicKey(publicKey)])),
    hs256: hs256Until === undefined ? undefined : { key: Buffer.from(tokenKey, 'base64url'), until: hs256Until },
  };
}
