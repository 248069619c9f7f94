/** Origins as they stand in a template. */
import type { BucketGrant, Origin } from './config.ts';
import { logicalIdOf, type Resolve } from './resolve.ts';
import { bucketPolicy, type OriginProperties, type Template } from './schema.ts';

export class OriginError extends Error {
  override name = 'OriginError';
}

const DEFAULT_READ_TIMEOUT = 30;

export function readOrigin(origin: OriginProperties, template: Template, resolve: Resolve): Origin {
  const custom = origin.CustomOriginConfig;
  const common = {
    path: origin.OriginPath === undefined ? '' : resolve(origin.OriginPath).replace(/\/+$/, ''),
    headers: origin.OriginCustomHeaders.map((h) => [h.HeaderName.toLowerCase(), resolve(h.HeaderValue)] as const),
    readTimeout: custom?.OriginReadTimeout ?? DEFAULT_READ_TIMEOUT,
  };
  if (!custom) return { ...common, kind: 's3', ...bucketOf(origin, template, resolve) };
  const domain = resolve(origin.DomainName);
  const plain = custom.OriginProtocolPolicy === 'http-only';
  const port = plain ? (custom.HTTPPort ?? 80) : (custom.HTTPSPort ?? 443);
  const base = new URL(`${plain ? 'http' : 'https'}://${domain}:${port}`).origin;
  return { ...common, kind: 'http', domain, base };
}

function bucketOf(origin: OriginProperties, template: Template, resolve: Resolve) {
  const id = logicalIdOf(origin.DomainName);
  const inTemplate = id !== undefined && template.Resources[id]?.Type === 'AWS::S3::Bucket';
  if (inTemplate) {
    // The bucket's own name needs no GetAtt, which a local engine may answer with another domain.
    const bucket = resolve({ Ref: id });
    return { bucket, grants: grantsOf(id, template, resolve) };
  }
  const domain = resolve(origin.DomainName);
  const bucket = /^(.+)\.s3[.-]/.exec(domain)?.[1];
  if (bucket === undefined) throw new OriginError(`origin ${origin.Id}: ${domain} is not an S3 bucket's domain`);
  return { bucket, grants: undefined };
}

/** What the bucket policies in the template allow CloudFront; an empty list when there is a bucket and no such policy. */
function grantsOf(bucketId: string, template: Template, resolve: Resolve): BucketGrant[] {
  const statements = Object.values(template.Resources)
    .filter((r) => r.Type === 'AWS::S3::BucketPolicy' && logicalIdOf(r.Properties['Bucket']) === bucketId)
    .flatMap((r) => bucketPolicy.parse(r.Properties).PolicyDocument.Statement);
  return statements
    .filter((s) => s.Effect === 'Allow' && JSON.stringify(s.Principal).includes('cloudfront'))
    .map((s) => ({
      actions: strings(s.Action, resolve),
      resources: resources(s.Resource, bucketId, resolve),
    }));
}

const strings = (values: readonly unknown[] | undefined, resolve: Resolve): string[] => (values ?? []).map(resolve);

/** Bucket ARNs are made from the bucket's name, so that the caller need not know its attributes. */
function resources(values: readonly unknown[] | undefined, bucketId: string, resolve: Resolve): string[] {
  const arn = `arn:aws:s3:::${resolve({ Ref: bucketId })}`;
  const withArn = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(withArn);
    if (typeof value !== 'object' || value === null) return value;
    const args = (value as Record<string, unknown>)['Fn::GetAtt'];
    if (Array.isArray(args) && args[0] === bucketId && args[1] === 'Arn') return arn;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withArn(inner)]));
  };
  return (values ?? []).map((value) => resolve(withArn(value)));
}
