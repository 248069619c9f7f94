/**
 * The one rule for what the local engine takes otherwise than AWS: how the synthesized template is written again before it is
 * deployed there. Left out of it is what `UNKNOWN` names, and nothing else. The edge keeps reading the original.
 */
import { SOCKET } from '../lib/contract/socket.ts';

interface Resource {
  Type: string;
  Properties?: Record<string, unknown>;
  DependsOn?: string | string[];
  [key: string]: unknown;
}
export interface Template {
  Resources: Record<string, Resource>;
  Outputs?: Record<string, unknown>;
  [key: string]: unknown;
}

/** Types that the engine does not know and nothing else needs: held by the tests of the template (test/lib/constructs/raw-events.test.ts). */
const UNKNOWN = ['AWS::Athena::NamedQuery'];

export interface Places {
  /** Address of the stand-in for MediaConvert, where there is one. */
  readonly mediaConvert?: string | undefined;
  /** The engine's own; without it functions find no WebSocket API. */
  readonly endpoint?: string | undefined;
}

/** The template the engine gets. The argument is left as it is. */
export function forEngine(template: Template, ffmpegFolder: string, { mediaConvert, endpoint }: Places = {}): Template {
  const copy = structuredClone(template);
  for (const [id, { Type }] of Object.entries(copy.Resources)) if (UNKNOWN.includes(Type)) delete copy.Resources[id];
  // Engines that run functions as plain processes do not unpack layers into /opt.
  for (const resource of Object.values(copy.Resources))
    if (resource.Type === 'AWS::Lambda::Function') nameFfmpeg(resource, ffmpegFolder);
  if (mediaConvert !== undefined) nameMediaConvert(copy, mediaConvert);
  if (endpoint !== undefined) nameSockets(copy, endpoint);
  widen(copy);
  const secrets = Object.keys(copy.Resources).filter(
    (id) => copy.Resources[id]?.Type === 'AWS::SecretsManager::Secret',
  );
  return withProviderUrls(withSecretArns(copy, new Set(secrets))) as Template;
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

/** What the engine judges as if it were about all there are: alarms, whatever is named, and key value stores. */
const ABOUT_ALL = [
  'cloudwatch:DescribeAlarms',
  'cloudfront-keyvaluestore:DescribeKeyValueStore',
  'cloudfront-keyvaluestore:UpdateKeys',
];

function widen({ Resources }: Template): void {
  for (const { Type, Properties } of Object.values(Resources)) {
    if (Type !== 'AWS::IAM::Policy') continue;
    const document = Properties?.['PolicyDocument'] as { Statement?: { Action?: unknown; Resource?: unknown }[] };
    for (const statement of document.Statement ?? [])
      if ([statement.Action].flat().every((action) => ABOUT_ALL.includes(String(action)))) statement.Resource = '*';
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

const SOCKETS = 'AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI';

/** On AWS each API has a host of its own; on the engine all are paths of one. */
function nameSockets({ Resources }: Template, endpoint: string): void {
  const [id] =
    Object.entries(Resources).find(
      ([, { Type, Properties }]) => Type === 'AWS::ApiGatewayV2::Api' && Properties?.['ProtocolType'] === 'WEBSOCKET',
    ) ?? [];
  for (const { Type, Properties } of Object.values(Resources)) {
    const { Variables } = (Properties?.['Environment'] ?? {}) as { Variables?: Record<string, unknown> };
    if (id === undefined || Type !== 'AWS::Lambda::Function' || Variables?.[SOCKETS] === undefined) continue;
    Variables[SOCKETS] = { 'Fn::Join': ['', [`${endpoint}/_aws/execute-api/`, { Ref: id }, `/${SOCKET}`]] };
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
