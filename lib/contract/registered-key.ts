/** Keys of others: a customer's backend signs playback tokens with its own key, whose public half an admin has registered. */
import { z } from 'zod';
import { line } from './text.ts';

/** Keys that may be registered at a time: one for each backend, and one more while it changes its own. */
export const MAX_KEYS = 20;

/** RFC 7638: SHA-256 in base64url. */
export const keyId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, "must be the id of a registered key, its JWK's thumbprint")
  .meta({ description: "The key's JWK thumbprint (RFC 7638), which tokens name as `kid`." });

/** 32 bytes in base64url (RFC 7518 6.2.1). */
const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url');

/** Of a JWK, what a public key on P-256 is. What else one says of itself (`alg`, `use`, `kid`) is not needed. */
export const publicJwk = z.object({
  kty: z.literal('EC', { error: 'must be EC: keys for ES256, on the curve P-256' }),
  crv: z.literal('P-256', { error: 'must be P-256: keys for ES256' }),
  x: coordinate,
  y: coordinate,
});
export type PublicJwk = z.infer<typeof publicJwk>;

export const newKey = z
  .object({
    name: line(100).meta({ description: 'What admins know it by, such as the backend that has it.' }),
    jwk: z
      .looseObject(publicJwk.shape)
      .refine((jwk) => !('d' in jwk), 'is a private key, which must go nowhere: make another, and send its public half')
      .meta({ description: 'The public key (RFC 7517): ECDSA P-256.' }),
  })
  .strict();

export const registeredKey = z.object({
  kid: keyId,
  name: z.string(),
  jwk: publicJwk,
  createdAt: z.iso.datetime(),
  createdBy: z.string().meta({ description: 'Subject of the admin who registered it.' }),
});
export type RegisteredKey = z.infer<typeof registeredKey>;
