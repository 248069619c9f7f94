/** Playback signatures: one CloudFront custom policy covers everything below a path, until a time. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { getSignedCookies, getSignedUrl } from '@aws-sdk/cloudfront-signer';
import { createHmac, hkdfSync } from 'node:crypto';
import { required } from '../../lib/contract/env.ts';
import { parseTicket } from '../../lib/contract/ticket.ts';
import { signingSecret, type Ring, type SigningSecret } from '../../lib/contract/signing.ts';
import { logger } from './logger.ts';
import { tokenKeysOf, type TokenKeys } from './token-keys.ts';

export class SigningError extends Error {
  override name = 'SigningError';
}

const UNDER_TICKET = /^\/(?:vod\/[a-z0-9]+|live\/[0-9a-f]+\/[0-9]+)\/s\/([^/]+)\/(?:[^*]+\/)?\*$/;

interface SignerOptions {
  readonly secret: SigningSecret;
  /** Scheme and host under which viewers reach the distribution, e.g. `https://d111111abcdef8.cloudfront.net`. */
  readonly publicUrl: string;
}

/**
 * Signs paths of this deployment's own distribution. A path is one file, or everything below a ticket
 * (`/vod/{id}/s/{ticket}/*`): what opens more than a file can be taken back from whom it was given. `*` may only stand at its end.
 */
export class Signer {
  readonly #options: SignerOptions;
  #tokens: TokenKeys | undefined;

  constructor(options: SignerOptions) {
    this.#options = options;
  }

  /** 32 bytes that keys of our own are derived from. */
  get tokenKey(): Uint8Array {
    return Buffer.from(this.#options.secret.tokenKey, 'base64url');
  }

  /** What playback tokens are signed and read by. */
  get tokens(): TokenKeys {
    return (this.#tokens ??= tokenKeysOf(this.#options.secret));
  }

  /** The same keys as the secret has them. */
  get tokenRing(): Ring {
    return this.#options.secret.tokens;
  }

  /** AES-256 key of cursors (cursor.ts): derived by HKDF, RFC 5869, so that none is another's. */
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
    const { id, privateKey } = this.#options.secret.media.current;
    // CloudFront assumes SHA-1 where Hash-Algorithm is absent; the SDK adds it for SHA256.
    return {
      keyPairId: id,
      privateKey,
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
    const ticket = UNDER_TICKET.exec(path)?.[1];
    if (path.endsWith('*') && (ticket === undefined || parseTicket(ticket) === undefined))
      throw new SigningError(`not below a ticket: ${JSON.stringify(path)}`);
    const seconds = Math.floor(expiresAt.getTime() / 1000);
    if (!Number.isSafeInteger(seconds)) throw new SigningError('a signature needs a time at which it expires');
    const Condition = { DateLessThan: { 'AWS:EpochTime': seconds } };
    return JSON.stringify({ Statement: [{ Resource: `${this.#options.publicUrl}${path}`, Condition }] });
  }
}

/** Milliseconds after which the secret is read again: keys take turns, and the last one is good for days after its turn. */
const FRESH = 5 * 60_000;

let held: { readonly signer: Promise<Signer>; readonly until: number } | undefined;

/**
 * The signer of this process: reads `SIGNING_SECRET` (ARN) and `PUBLIC_URL`. A failure is retried, with the
 * keys that were read before, if any.
 */
export function loadSigner(): Promise<Signer> {
  if (held !== undefined && Date.now() < held.until) return held.signer;
  const before = held?.signer;
  const signer = load().catch((error: unknown) => {
    if (before === undefined) {
      held = undefined;
      throw error;
    }
    logger.warn('the playback secret cannot be read again', { error: error as Error });
    return before;
  });
  held = { signer, until: Date.now() + FRESH };
  return signer;
}

async function load(): Promise<Signer> {
  const publicUrl = required('PUBLIC_URL');
  const answer = await new SecretsManagerClient({}).send(
    new GetSecretValueCommand({ SecretId: required('SIGNING_SECRET') }),
  );
  const parsed = signingSecret.safeParse(parseJson(answer.SecretString));
  // Zod's issues name fields, never values; still, nothing of a secret goes into an error.
  if (!parsed.success) throw new SigningError('the playback secret does not hold a key pair');
  return new Signer({ secret: parsed.data, publicUrl });
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
