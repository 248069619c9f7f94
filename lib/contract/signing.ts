/** What the playback secret holds. */
import { z } from 'zod';

/** PEM: PKCS#8, SubjectPublicKeyInfo. ECDSA P-256, for CloudFront's policies and for playback tokens alike. */
const pair = z.object({ privateKey: z.string(), publicKey: z.string() });
export type Pair = z.infer<typeof pair>;

/** Epoch seconds. */
const time = z.int().nonnegative();
const id = z.string().min(1);

const held = pair.extend({
  id,
  /** Of `current`: when it began to sign; of `next`: since when it is known. */
  since: time,
});

/**
 * Keys that take turns. `current` signs. `next` is known wherever signatures are checked, long before it signs, so that it
 * can take over at once. `previous` sign no more, so their private halves are gone; what they signed is good `until` then.
 */
const ring = z.object({
  current: held,
  next: held,
  previous: z.array(z.object({ id, publicKey: z.string(), until: time })),
});
export type Ring = z.infer<typeof ring>;

export const signingSecret = z.object({
  /** Keys of CloudFront's policies. An id is CloudFront's, the `Key-Pair-Id`. */
  media: ring,
  /** ES256 keys of playback tokens. An id is their `kid`: the key's JWK thumbprint (RFC 7638). */
  tokens: ring,
  /** 32 random bytes, base64url: keys of our own are derived from it; until `hs256Until` also the HMAC key of old tokens. */
  tokenKey: z.string(),
  /** Until when tokens of versions before ES256 may still be good. Absent: there never were any. */
  hs256Until: time.optional(),
  /** The first pair of versions before rings, where they look for it: an update that is rolled back goes on with it. */
  privateKey: z.string().optional(),
  publicKey: z.string().optional(),
});
export type SigningSecret = z.infer<typeof signingSecret>;

/** What versions before rings wrote. */
export const firstSecret = pair.extend({ tokenKey: z.string() });
