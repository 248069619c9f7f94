/** Playback signatures: one CloudFront custom policy covers everything below a path, until a time. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { getSignedCookies, getSignedUrl } from '@aws-sdk/cloudfront-signer';
import { createHmac, hkdfSync } from 'node:crypto';
import { required } from '../../lib/contract/env.ts';
import { signingSecret, type SigningSecret } from '../../lib/contract/signing.ts';

export class SigningError extends Error {
  override name = 'SigningError';
}

interface SignerOptions {
  readonly secret: Pick<SigningSecret, 'privateKey' | 'tokenKey'>;
  /** CloudFront's id of the public key. */
  readonly keyPairId: string;
  /** Scheme and host under which viewers reach the distribution, e.g. `https://d111111abcdef8.cloudfront.net`. */
  readonly publicUrl: string;
}

/**
 * Signs paths of this deployment's own distribution. A path is `/vod/{id}/*` (everything below) or one file; `*` may
 * only stand at its end.
 */
export class Signer {
  readonly #options: SignerOptions;

  constructor(options: SignerOptions) {
    this.#options = options;
  }

  /** HMAC key of playback tokens. */
  get tokenKey(): Uint8Array {
    return Buffer.from(this.#options.secret.tokenKey, 'base64url');
  }

  /** AES-256 key of cursors (cursor.ts): derived from the tokens' key by HKDF, RFC 5869, so that neither is the other. */
  get cursorKey(): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.tokenKey, '', 'sluice cursors of lists', 32));
  }

  /** What stands for a person in tickets (lib/contract/ticket.ts): the same each time, and nobody else can tell whose it is. */
  subjectPart(subject: string): string {
    const key = new Uint8Array(hkdfSync('sha256', this.tokenKey, '', 'sluice subjects in tickets', 32));
    return createHmac('sha256', key).update(subject).digest('base64url').slice(0, 11);
  }

  /** Whether viewers come by https. Only a local edge is plain http. */
  get secure(): boolean {
    return this.#options.publicUrl.startsWith('https:');
  }

  /**
   * Query string `Policy=…&Key-Pair-Id=…&Signature=…&Hash-Algorithm=SHA256`, without `?`. Made of `[A-Za-z0-9%&=._~-]`
   * only, so it can stand in a URL and in an HLS quoted-string alike.
   */
  sign(path: string, expiresAt: Date): string {
    const url = getSignedUrl({ ...this.#key(), policy: this.#policy(path, expiresAt) });
    return url.slice(url.indexOf('?') + 1);
  }

  /** Names and values of the signed cookies: `CloudFront-Policy`, `-Signature`, `-Key-Pair-Id`, `-Hash-Algorithm`. */
  cookies(path: string, expiresAt: Date): Record<string, string> {
    const cookies = getSignedCookies({ ...this.#key(), policy: this.#policy(path, expiresAt) });
    return Object.fromEntries(Object.entries(cookies).map(([name, value]) => [name, String(value)]));
  }

  #key() {
    // CloudFront assumes SHA-1 where Hash-Algorithm is absent; the SDK adds it for SHA256.
    return {
      keyPairId: this.#options.keyPairId,
      privateKey: this.#options.secret.privateKey,
      algorithm: 'SHA256',
    } as const;
  }

  /**
   * Scheme and host are spelled out. A policy's resource is matched against the whole URL, its query included, so a
   * wildcard before the path (`http*://*\/vod/A/*`) would also match `https://host/vod/B/1.m4s?x=/vod/A/` and open every
   * other video. With `*` at the end only, nothing but what follows the path varies.
   */
  #policy(path: string, expiresAt: Date): string {
    if (!/^\/[A-Za-z0-9/._-]+\*?$/.test(path) || path.includes('/../'))
      throw new SigningError(`not a path that can be signed: ${JSON.stringify(path)}`);
    const seconds = Math.floor(expiresAt.getTime() / 1000);
    if (!Number.isSafeInteger(seconds)) throw new SigningError('a signature needs a time at which it expires');
    const Condition = { DateLessThan: { 'AWS:EpochTime': seconds } };
    return JSON.stringify({ Statement: [{ Resource: `${this.#options.publicUrl}${path}`, Condition }] });
  }
}

let loading: Promise<Signer> | undefined;

/** The signer of this process: reads `SIGNING_SECRET` (ARN), `KEY_PAIR_ID` and `PUBLIC_URL` once; a failure is retried. */
export function loadSigner(): Promise<Signer> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<Signer> {
  const keyPairId = required('KEY_PAIR_ID');
  const publicUrl = required('PUBLIC_URL');
  const answer = await new SecretsManagerClient({}).send(
    new GetSecretValueCommand({ SecretId: required('SIGNING_SECRET') }),
  );
  const parsed = signingSecret.safeParse(parseJson(answer.SecretString));
  // Zod's issues name fields, never values; still, nothing of a secret goes into an error.
  if (!parsed.success) throw new SigningError('the playback secret does not hold a key pair');
  return new Signer({ secret: parsed.data, keyPairId, publicUrl });
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
