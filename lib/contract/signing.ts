/** What the playback secret holds. */
import { z } from 'zod';

/** PEM: PKCS#8, SubjectPublicKeyInfo. ECDSA P-256, for CloudFront's policies and for playback tokens alike. */
const pair = z.object({ privateKey: z.string(), publicKey: z.string() });
export type Pair = z.infer<typeof pair>;

/** Epoch seconds. */
const time = z.int().nonnegative();

/**
 * Keys that take turns. `current` signs. `next` is known wherever signatures are checked, long before it signs, so that it
 * can take over at once. `previous` sign no more, so their private halves are gone; what they signed is good `until` then.
 */
const ring = <Id extends z.ZodType>(id: Id) => {
  const held = pair.extend({
    id,
    /** Of `current`: when it began to sign; of `next`: since when it is known. */
    since: time,
  });
  return z.object({
    current: held,
    next: held,
    previous: z.array(z.object({ id, publicKey: z.string(), until: time })),
  });
};

/** An id is the `kid` of playback tokens: the key's JWK thumbprint (RFC 7638). */
export const tokenRing = ring(z.string());
export type TokenRing = z.infer<typeof tokenRing>;

export const signingSecret = pair.extend({
  /** 32 random bytes, base64url: keys of our own are derived from it; until `hs256Until` also the HMAC key of old tokens. */
  tokenKey: z.string(),
  /** ES256 keys of playback tokens. */
  tokens: tokenRing,
  /** Until when tokens of versions before ES256 may still be good. Absent: there never were any. */
  hs256Until: time.optional(),
});
export type SigningSecret = z.infer<typeof signingSecret>;
