/**
 * CloudFront's check of signed URLs and signed cookies (CloudFront Developer Guide, "Serve private content with signed
 * URLs and signed cookies"). Pure but for the cryptography: request in, verdict out.
 */
import { verify, type KeyObject } from 'node:crypto';
import { BlockList, isIPv4 } from 'node:net';
import { z } from 'zod';
import { globMatch } from './glob.ts';
import { queryText, valueOf, type QueryPair, type Target } from './target.ts';

/** Query parameters that belong to CloudFront; a URL with any of them is a signed URL and its cookies do not count. */
const PARAMETERS = ['Expires', 'Policy', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm'] as const;
type Parameter = (typeof PARAMETERS)[number];
type Credentials = Partial<Record<Parameter, string>>;

export interface SignedRequest {
  scheme: 'http' | 'https';
  /** `Host` header: with the port when the viewer's URL has one. */
  host: string;
  target: Target;
  cookies: readonly (readonly [name: string, value: string])[];
  /** Viewer's address. */
  ip: string;
  /** Seconds since the epoch, fractions welcome. */
  now: number;
}

/** CloudFront's words for a refusal; always with status 403. */
export interface Refusal {
  code: 'MissingKey' | 'InvalidKey' | 'MalformedPolicy' | 'MalformedSignature' | 'AccessDenied';
  message: string;
}

const refusals = {
  missingKey: {
    code: 'MissingKey',
    message: 'Missing Key-Pair-Id query parameter or cookie value',
  },
  unknownKey: { code: 'InvalidKey', message: 'Unknown Key' },
  malformedPolicy: { code: 'MalformedPolicy', message: 'Malformed Policy' },
  malformedSignature: { code: 'MalformedSignature', message: 'Could not unencode Signature' },
  denied: { code: 'AccessDenied', message: 'Access denied' },
} as const satisfies Record<string, Refusal>;

const epoch = z.strictObject({ 'AWS:EpochTime': z.int().nonnegative() });

/** "You can include only one statement"; anything unknown in a policy is refused rather than overlooked. */
const policySchema = z.strictObject({
  Statement: z.tuple([
    z.strictObject({
      Resource: z.string().optional(),
      Condition: z.strictObject({
        DateLessThan: epoch,
        DateGreaterThan: epoch.optional(),
        IpAddress: z.strictObject({ 'AWS:SourceIp': z.string() }).optional(),
      }),
    }),
  ]),
});

/** The refusal, or undefined when one of `keys` (Key-Pair-Id → public key) signed this request. Never throws. */
export function checkSignature(request: SignedRequest, keys: ReadonlyMap<string, KeyObject>): Refusal | undefined {
  const credentials = credentialsOf(request);
  if (!credentials) return refusals.denied;
  const keyId = credentials['Key-Pair-Id'];
  if (!keyId) return refusals.missingKey;
  const key = keys.get(keyId);
  if (!key) return refusals.unknownKey;
  if (!credentials.Signature) return refusals.denied;
  const signature = decodeBase64(credentials.Signature);
  if (!signature) return refusals.malformedSignature;
  const hash = hashOf(credentials['Hash-Algorithm']);
  if (!hash) return refusals.denied;
  if (credentials.Policy) return checkCustom(request, credentials.Policy, (data) => signed(key, hash, data, signature));
  if (credentials.Expires)
    return checkCanned(request, credentials.Expires, (data) => signed(key, hash, data, signature));
  return refusals.denied;
}

/** The query without CloudFront's own parameters: what the origin, the cache key and the policy's resource see. */
export const withoutCredentials = (query: readonly QueryPair[]): QueryPair[] =>
  query.filter((pair) => !(PARAMETERS as readonly string[]).includes(pair.name));

/** Credentials of the URL if it has any, else of the cookies. Undefined: a parameter given twice or with a broken escape. */
function credentialsOf({ target, cookies }: SignedRequest): Credentials | undefined {
  const found: Credentials = {};
  for (const name of PARAMETERS) {
    const [pair, ...more] = target.query.filter((one) => one.name === name);
    if (!pair) continue;
    const value = valueOf(pair);
    if (more.length > 0 || value === undefined) return undefined;
    found[name] = value;
  }
  if (Object.keys(found).length > 0) return found;
  for (const name of PARAMETERS) {
    const value = cookies.find(([cookie]) => cookie === `CloudFront-${name}`)?.[1];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function checkCustom(
  request: SignedRequest,
  encoded: string,
  isSigned: (data: Buffer) => boolean,
): Refusal | undefined {
  const text = decodeBase64(encoded);
  if (!text) return refusals.malformedPolicy;
  let policy: z.infer<typeof policySchema>;
  try {
    policy = policySchema.parse(JSON.parse(text.toString('utf8')));
  } catch {
    return refusals.malformedPolicy;
  }
  const [{ Resource: resource, Condition: condition }] = policy.Statement;
  if (!isSigned(text)) return refusals.denied;
  // "If you omit the Resource parameter, users can access all of the files associated with any distribution …"
  if (resource !== undefined && !urlsOf(request).some((url) => globMatch(resource, url))) return refusals.denied;
  if (request.now >= condition.DateLessThan['AWS:EpochTime']) return refusals.denied;
  if (condition.DateGreaterThan && request.now <= condition.DateGreaterThan['AWS:EpochTime']) return refusals.denied;
  if (condition.IpAddress && !inRange(request.ip, condition.IpAddress['AWS:SourceIp'])) return refusals.denied;
  return undefined;
}

/** A canned policy is not sent: the edge writes the same text as the signer, from the URL and `Expires`. */
function checkCanned(
  request: SignedRequest,
  expires: string,
  isSigned: (data: Buffer) => boolean,
): Refusal | undefined {
  if (!/^[0-9]{1,15}$/.test(expires)) return refusals.denied;
  const written = (url: string) =>
    Buffer.from(
      `{"Statement":[{"Resource":${JSON.stringify(url)},"Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`,
    );
  if (!urlsOf(request).some((url) => isSigned(written(url)))) return refusals.denied;
  return request.now < Number(expires) ? undefined : refusals.denied;
}

/** The viewer's URL without CloudFront's parameters, in normal form and as it was written. */
function urlsOf({ scheme, host, target }: SignedRequest): string[] {
  const rest = queryText(withoutCredentials(target.query));
  return [...new Set([target.path, target.rawPath])].map((path) => `${scheme}://${host}${path}${rest}`);
}

/** SHA-1 unless the request says otherwise. */
function hashOf(name: string | undefined): 'sha1' | 'sha256' | undefined {
  if (name === undefined || name === 'SHA1') return 'sha1';
  return name === 'SHA256' ? 'sha256' : undefined;
}

function signed(key: KeyObject, hash: 'sha1' | 'sha256', data: Buffer, signature: Buffer): boolean {
  try {
    return verify(hash, data, { key, dsaEncoding: 'der' }, signature);
  } catch {
    return false;
  }
}

/** Base64 with `-`, `_` and `~` in place of `+`, `=` and `/`. Undefined when it is not that, or empty. */
function decodeBase64(text: string): Buffer | undefined {
  if (/[+=/]/.test(text)) return undefined;
  const base64 = text.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/');
  if (base64.length === 0 || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  return Buffer.from(base64, 'base64');
}

/** IPv4 address or CIDR range, as CloudFront takes it. An IPv6 viewer is in none of them but 0.0.0.0/0. */
function inRange(ip: string, range: string): boolean {
  const [network = '', bits = '32', ...more] = range.split('/');
  if (more.length > 0 || !isIPv4(network) || !/^[0-9]{1,2}$/.test(bits) || Number(bits) > 32) return false;
  if (Number(bits) === 0) return true;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), 'ipv4');
  return isIPv4(ip) && list.check(ip, 'ipv4');
}
