/** From the text somebody gave as a source to an address that may be asked, or the reason why not. Pure. */
import { isIP } from 'node:net';
import { PullFailed } from './failure.ts';
import { notPublic } from './networks.ts';

export type SourceAddress =
  | { readonly kind: 'https'; readonly url: URL }
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string };

export interface AddressRules {
  /** Takes plain http, any port and addresses of this machine's own networks: for a local run only. */
  readonly allowPrivate: boolean;
  /** Buckets that `s3://` may name. */
  readonly buckets: readonly string[];
}

const refused = (reason: string) => new PullFailed('source-address', reason);

/** Characters of a key in S3 are as they stand behind the bucket's name: nothing in them is decoded. */
const S3 = /^s3:\/\/([^/]{1,255})\/(.{1,1024})$/s;

/** Throws PullFailed (`source-address`). What a name resolves to is checked when it is connected to (connect.ts). */
export function sourceAddress(text: string, rules: AddressRules): SourceAddress {
  if (!/^s3:/i.test(text)) return { kind: 'https', url: checkedUrl(text, rules) };
  const [, bucket = '', key = ''] = S3.exec(text) ?? [];
  if (bucket === '' || key === '') throw refused('An address in S3 is written s3://bucket/key.');
  if (!rules.buckets.includes(bucket)) {
    throw refused(
      `This deployment does not pull from the bucket ${bucket}; an administrator can name it in upload.pullBuckets.`,
    );
  }
  return { kind: 's3', bucket, key };
}

/**
 * An address that may be asked, as the URL standard reads it: there `2130706433`, `0x7f.1` and `127.0.0.1` are one. The
 * same for every redirect (`base`: where it came from). Throws PullFailed.
 */
export function checkedUrl(text: string, { allowPrivate }: Pick<AddressRules, 'allowPrivate'>, base?: URL): URL {
  const url = URL.parse(text, base);
  if (url === null) throw refused('That is no address. Give the https address of the file itself.');
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) {
    throw refused(`Only https addresses are reached, not ${url.protocol.slice(0, -1)}.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw refused(
      'An address with a name or a password in it is not taken, since both would be kept. Use a signed one.',
    );
  }
  if (url.port !== '' && !allowPrivate) throw refused(`Only port 443 is asked, not ${url.port}.`);
  const host = literal(url.hostname);
  const reason = isIP(host) === 0 || allowPrivate ? undefined : notPublic(host);
  if (reason !== undefined) throw refused(`Only addresses of the public internet are reached; this one is ${reason}.`);
  url.hash = '';
  return url;
}

/** An IPv6 address stands in brackets in a URL. */
export const literal = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** What the file is called, by its address: the last part of the path, decoded. At most 255 characters. */
export function nameOf(address: SourceAddress): string {
  const path = address.kind === 's3' ? address.key : address.url.pathname;
  const last = path.split('/').findLast((part) => part !== '') ?? '';
  const name = address.kind === 's3' ? last : decoded(last);
  return Array.from(name.toWellFormed()).slice(0, 255).join('') || 'source';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
