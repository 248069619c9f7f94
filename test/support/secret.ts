/** The playback secret of a test, and what the edge and readers of tokens make of it. */
import { createPublicKey } from 'node:crypto';
import { makeSecret } from '../../lambdas/playback/key-pair.ts';
import { tokenKeysOf } from '../../lambdas/shared/token-keys.ts';

/** `keyPairId` is CloudFront's id of the key that signs. */
export function playbackSecret(keyPairId = 'KTEST') {
  const made = makeSecret(Math.floor(Date.now() / 1000));
  const media = {
    ...made.media,
    current: { ...made.media.current, id: keyPairId },
    next: { ...made.media.next, id: `${keyPairId}NEXT` },
  };
  const secret = { ...made, media };
  return {
    secret,
    text: JSON.stringify(secret),
    keyPairId,
    /** Key-Pair-Id → public key, as the edge has them. */
    trusted: new Map([[keyPairId, createPublicKey(media.current.publicKey)]]),
    tokens: tokenKeysOf(secret),
  };
}
