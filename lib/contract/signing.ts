/** What the playback secret holds. */
import { z } from 'zod';

export const signingSecret = z.object({
  /** PEM, PKCS#8, ECDSA P-256: signs CloudFront policies. */
  privateKey: z.string(),
  /** PEM, SubjectPublicKeyInfo: what CloudFront's key group trusts. */
  publicKey: z.string(),
  /** 32 random bytes, base64url: HMAC key of playback tokens (HS256). */
  tokenKey: z.string(),
});
export type SigningSecret = z.infer<typeof signingSecret>;
