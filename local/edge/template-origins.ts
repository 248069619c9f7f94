/** Origins as they stand in a template: buckets of the same template, and the HTTP API. */
import type { BucketGrant, Origin } from './config.ts';
import { logicalIdOf, type Resolve } from './resolve.ts';
import * as schema from './schema.ts';
import { TemplateError } from './schema.ts';

/** CloudFront's default (AWS::CloudFront::Distribution CustomOriginConfig, OriginReadTimeout). */
const DEFAULT_READ_TIMEOUT = 30;

/** With the id that behaviours call it by. */
export function readOrigin(given: unknown, template: schema.Template, resolve: Resolve): [id: string, Origin] {
  const origin = schema.read(schema.origin, given, `origin ${(given as { Id?: string } | null)?.Id ?? ''}`);
  const where = `origin ${origin.Id}`;
  const custom = origin.CustomOriginConfig;
  const readTimeout = custom?.OriginReadTimeout ?? DEFAULT_READ_TIMEOUT;
  if (!custom) {
    const bucketId = idOf(origin.DomainName, 'AWS::S3::Bucket', template);
    if (bucketId === undefined) throw new TemplateError(`${where}: buckets outside this template: not played`);
    const controlId = idOf(origin.OriginAccessControlId, 'AWS::CloudFront::OriginAccessControl', template);
    if (controlId === undefined)
      throw new TemplateError(`${where}: a bucket without origin access control: not played`);
    schema.read(schema.accessControl, template.Resources[controlId]?.Properties, `${where}: ${controlId}`);
    // The bucket's own name needs no GetAtt, which a local engine may answer with another domain.
    const bucket = resolve({ Ref: bucketId });
    const statements = (effect: string) => statementsOf(effect, bucketId, bucket, template, resolve);
    return [origin.Id, { kind: 's3', bucket, grants: statements('Allow'), denials: statements('Deny'), readTimeout }];
  }
  const domain = resolve(origin.DomainName);
  const apiId = /^([a-z0-9]+)\.execute-api\./.exec(domain)?.[1];
  if (apiId === undefined) throw new TemplateError(`${where}: HTTP origins but API Gateway's: not played (${domain})`);
  return [origin.Id, { kind: 'api', apiId, readTimeout }];
}

function idOf(ref: unknown, type: string, template: schema.Template): string | undefined {
  const id = logicalIdOf(ref);
  return id !== undefined && template.Resources[id]?.Type === type ? id : undefined;
}

/** What the bucket policies in the template allow or deny CloudFront by name; an empty list when there is nothing. */
function statementsOf(
  effect: string,
  bucketId: string,
  bucket: string,
  template: schema.Template,
  resolve: Resolve,
): BucketGrant[] {
  return Object.entries(template.Resources)
    .filter(([, r]) => r.Type === 'AWS::S3::BucketPolicy' && logicalIdOf(r.Properties['Bucket']) === bucketId)
    .flatMap(([id, r]) => schema.read(schema.bucketPolicy, r.Properties, id).PolicyDocument.Statement)
    .filter((s) => s.Effect === effect && JSON.stringify(s.Principal).includes('cloudfront'))
    .map((s) => ({
      actions: (s.Action ?? []).map(resolve),
      resources: (s.Resource ?? []).map((one) => resolve(withArn(one, bucketId, `arn:aws:s3:::${bucket}`))),
    }));
}

/** Bucket ARNs are made from the bucket's name, so that the caller need not know its attributes. */
function withArn(value: unknown, bucketId: string, arn: string): unknown {
  if (Array.isArray(value)) return value.map((one) => withArn(one, bucketId, arn));
  if (typeof value !== 'object' || value === null) return value;
  const args = (value as Record<string, unknown>)['Fn::GetAtt'];
  if (Array.isArray(args) && args[0] === bucketId && args[1] === 'Arn') return arn;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withArn(inner, bucketId, arn)]));
}
