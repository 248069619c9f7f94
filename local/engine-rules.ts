/**
 * The one rule for what the local engine cannot hold: resource types it refuses are replaced in the synthesized
 * template before it is deployed there. Nothing else differs from what goes to AWS. The edge keeps reading the original.
 */

interface Resource {
  Type: string;
  Properties?: Record<string, unknown>;
  DependsOn?: string | string[];
  [key: string]: unknown;
}
interface KeyConfig {
  EncodedKey: unknown;
}
export interface Template {
  Resources: Record<string, Resource>;
  Outputs?: Record<string, unknown>;
  [key: string]: unknown;
}

/** Type → why it is replaced, and by what. A parameter's Ref is its name, which stands in for the id. */
const REPLACED: Record<string, { why: string; by: (id: string, resource: Resource) => Resource }> = {
  'AWS::CloudFront::PublicKey': {
    why: 'the engine has no CloudFront keys; the edge reads the PEM from this parameter',
    by: (id, { Properties }) => parameter(id, (Properties?.['PublicKeyConfig'] as KeyConfig | undefined)?.EncodedKey),
  },
  'AWS::CloudFront::KeyGroup': {
    why: 'the engine has no key groups; the edge reads them from the original template',
    by: (id) => parameter(id, 'see the synthesized template'),
  },
};

export interface Replacement {
  readonly logicalId: string;
  readonly type: string;
  readonly why: string;
}

/** The template the engine gets, and what was replaced in it. The argument is left as it is. */
export function forEngine(
  template: Template,
  ffmpegFolder: string,
  mediaConvert?: string,
): { template: Template; replaced: Replacement[] } {
  const copy = structuredClone(template);
  const replaced: Replacement[] = [];
  for (const [logicalId, resource] of Object.entries(copy.Resources)) {
    const rule = REPLACED[resource.Type];
    if (!rule) continue;
    copy.Resources[logicalId] = {
      ...rule.by(logicalId, resource),
      ...(resource.DependsOn && { DependsOn: resource.DependsOn }),
    };
    replaced.push({ logicalId, type: resource.Type, why: rule.why });
  }
  // A distribution that names key groups by a parameter's name would be refused.
  for (const resource of Object.values(copy.Resources)) {
    if (resource.Type === 'AWS::CloudFront::Distribution') dropTrustedKeyGroups(resource);
  }
  // Engines that run functions as plain processes do not unpack layers into /opt.
  for (const resource of Object.values(copy.Resources))
    if (resource.Type === 'AWS::Lambda::Function') nameFfmpeg(resource, ffmpegFolder);
  if (mediaConvert !== undefined) nameMediaConvert(copy, mediaConvert);
  const secrets = Object.keys(copy.Resources).filter(
    (id) => copy.Resources[id]?.Type === 'AWS::SecretsManager::Secret',
  );
  return { template: withProviderUrls(withSecretArns(copy, new Set(secrets))) as Template, replaced };
}

/** The engine's user pools know the issuer without its scheme only. */
function withProviderUrls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withProviderUrls);
  if (typeof value !== 'object' || value === null) return value;
  const [pool, attribute] = ((value as { 'Fn::GetAtt'?: unknown })['Fn::GetAtt'] ?? []) as string[];
  if (attribute === 'ProviderURL') return { 'Fn::Join': ['', ['https://', { 'Fn::GetAtt': [pool, 'ProviderName'] }]] };
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withProviderUrls(inner)]));
}

/** A secret's Ref is its ARN on AWS and its name on the engine, whose IAM then finds no match; its `Id` is the ARN on both. */
function withSecretArns(value: unknown, secrets: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => withSecretArns(item, secrets));
  if (typeof value !== 'object' || value === null) return value;
  const ref = (value as { Ref?: unknown }).Ref;
  if (typeof ref === 'string' && secrets.has(ref)) return { 'Fn::GetAtt': [ref, 'Id'] };
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withSecretArns(inner, secrets)]));
}

function parameter(logicalId: string, value: unknown): Resource {
  return {
    Type: 'AWS::SSM::Parameter',
    Properties: {
      Name: `K${logicalId
        .replace(/[^A-Za-z0-9]/g, '')
        .slice(-13)
        .toUpperCase()}`,
      Type: 'String',
      Value: value,
    },
  };
}

function dropTrustedKeyGroups(distribution: Resource): void {
  const config = distribution.Properties?.['DistributionConfig'] as {
    DefaultCacheBehavior?: Record<string, unknown>;
    CacheBehaviors?: Record<string, unknown>[];
  };
  for (const behaviour of [config.DefaultCacheBehavior, ...(config.CacheBehaviors ?? [])]) {
    if (behaviour) delete behaviour['TrustedKeyGroups'];
  }
}

/** The engine has no MediaConvert: its clients are sent to the stand-in, by the SDK's own variable. */
function nameMediaConvert({ Resources }: Template, url: string): void {
  for (const { Type, Properties } of Object.values(Resources)) {
    if (Type !== 'AWS::Lambda::Function' || !Properties) continue;
    const { Variables } = (Properties['Environment'] ?? {}) as { Variables?: Record<string, unknown> };
    Properties['Environment'] = { Variables: { ...Variables, AWS_ENDPOINT_URL_MEDIACONVERT: url } };
  }
}

function nameFfmpeg(lambda: Resource, folder: string): void {
  const properties = lambda.Properties ?? {};
  if (properties['Layers'] === undefined) return;
  const { Variables } = (properties['Environment'] ?? {}) as { Variables?: Record<string, unknown> };
  properties['Environment'] = {
    Variables: { ...Variables, FFMPEG_PATH: `${folder}/ffmpeg`, FFPROBE_PATH: `${folder}/ffprobe` },
  };
}
