/** What each function and the ingest task may do on AWS, read from the synthesized stacks: rows of a table in docs/security.md. */
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { sluiceStacks } from '../../lib/app.ts';

interface Statement {
  Action: string | string[];
  Resource: unknown;
  Condition?: { StringLike?: { 's3:prefix'?: string } };
}
interface Resources {
  [logicalId: string]: { Type: string; Properties: Record<string, unknown> };
}

/** Logical id of a function without its hash → its file. A function that is not here stops the test. */
const FILES: Record<string, string> = {
  UploadHandler: 'upload/handler.ts',
  UploadPuller: 'pull/worker.ts',
  SlicingProbe: 'slicing/probe.ts',
  SlicingCopy: 'slicing/copy-group.ts',
  SlicingEncode: 'slicing/encode.ts, a whole source',
  SlicingChunk: 'slicing/encode.ts, a chunk',
  SlicingAssemble: 'slicing/assemble.ts',
  SlicingFail: 'slicing/fail.ts',
  SlicingConvertSubmit: 'slicing/mediaconvert/submit.ts',
  SlicingConvertCollect: 'slicing/mediaconvert/collect.ts',
  SlicingConvertFinished: 'slicing/mediaconvert/finished.ts',
  RevocationWriter: 'revocation/write.ts',
  RevocationEnder: 'revocation/end.ts',
  CatalogHandler: 'catalog/handler.ts',
  SharingHandler: 'sharing/handler.ts',
  CatalogMp4Maker: 'download/worker.ts',
  CatalogRemover: 'catalog/remove.ts',
  CatalogExpiry: 'catalog/expire.ts',
  StillsPoster: 'stills/handler.ts',
  PresenceHandler: 'presence/handler.ts',
  PlaybackManifest: 'playback/handler.ts',
  SigningKeyMaker: 'playback/signing-key.ts',
  ConsolePublisher: 'console/publish.ts',
  StorageEmptier: 'storage/empty.ts',
  WebhooksDeliver: 'webhooks/deliver.ts',
  WebhooksHandler: 'webhooks/handler.ts',
  DevicesHandler: 'devices/handler.ts',
  DevicesLive: 'playback/live/handler.ts',
  DevicesClipper: 'devices/clip.ts',
  InsightEvents: 'insight/events.ts',
  InsightSpread: 'insight/spread.ts',
  InsightCount: 'insight/count.ts',
  InsightRawWriter: 'insight/raw.ts',
  InsightKafka: 'insight/kafka/handler.ts',
  InsightHandler: 'insight/handler.ts',
  OperationsHealth: 'operations/handler.ts',
  OperationsWatch: 'operations/watch.ts',
};

/** Resources as the page calls them. */
const NAMES: Record<string, string> = {
  StorageVideos: 'videos',
  StorageUploads: 'uploads',
  StorageEntitlements: 'entitlements',
  StorageCollections: 'collections',
  StorageKeys: 'keys',
  StorageLinks: 'links',
  StorageSessions: 'sessions',
  StorageAudit: 'audit log',
  StorageSources: 'sources',
  StorageMedia: 'media',
  StorageSite: 'site',
  SigningKeyPrivate: 'secret',
  UploadPulls: 'pulls',
  CatalogRemovals: 'removals',
  RevocationTasks: 'revocations waiting',
  RevocationEndings: 'endings',
  RevocationRecords: 'revocations',
  RevocationStore: 'the store at the edge',
  CatalogDownloads: 'downloads',
  PlaybackDistribution: 'distribution',
  SlicingMachine: 'state machine',
  SlicingConvertRole: 'the role of MediaConvert',
  DevicesRegistrations: 'devices',
  DevicesPositions: 'positions',
  DevicesAlarms: 'alarms',
  DevicesFleet: 'fleet',
  DevicesClips: 'clips',
  WebhooksRows: 'webhooks',
  WebhooksMessages: 'messages of webhooks',
  WebhooksDeadMessages: 'of webhooks',
  InsightHeatmaps: 'heatmaps',
  PresenceRows: 'presence',
  PresenceSockets: 'connections',
  InsightPosts: 'posts',
  InsightCounts: 'counts',
  InsightRawFiles: 'raw events',
  InsightRawQueue: 'raw events waiting',
  InsightOrdered: 'posts in order',
  IngestCluster: 'tasks of the cluster',
  UploadDeadPulls: 'dead letters of pulls',
  SlicingUndelivered: 'of sources',
  SlicingConvertUndelivered: 'of jobs',
  CatalogDeadRemovals: 'of removals',
  CatalogDeadDownloads: 'of downloads',
  DevicesDeadClips: 'of clips',
  RevocationDeadTasks: 'of revocations',
  RevocationDeadEndings: 'of endings',
  InsightDeadPosts: 'of posts',
  InsightDeadCounts: 'of counts',
  InsightRawDeadQueue: 'of raw events',
  InsightDeadOrdered: 'dead letters of posts in order',
};

/** The stacks of an environment without options of its own, as prod is, but with devices; nothing is bundled. */
function prod(more: Readonly<Record<string, unknown>> = {}) {
  // Only the template is wanted: any folder serves as the layer's.
  process.env['SLUICE_FFMPEG_LAYER'] ??= import.meta.dirname;
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  for (const [key, value] of Object.entries({
    env: 'prod',
    environments: { prod: {} },
    'live.enabled': true,
    'slicing.engine': 'auto',
    ...more,
  }))
    app.node.setContext(key, value);
  const { vod, live } = sluiceStacks(app);
  const resourcesOf = (stack: Stack) => (Template.fromStack(stack).toJSON() as { Resources: Resources }).Resources;
  return { vod: resourcesOf(vod), live: resourcesOf(live!) };
}

export const prodResources = (): Record<'vod' | 'live', Resources> => prod();

/** Amazon MSK's, in a network of one's own, which wants the most rights there can be. */
const KAFKA = {
  'kafka.brokers': ['kafka.example:9098'],
  'kafka.sasl': 'iam',
  'kafka.clusterArn': 'arn:aws:kafka:eu-west-1:123456789012:cluster/events/0a1b',
  'kafka.secretArn': 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:kafka-AbCdEf',
  'kafka.subnetIds': ['subnet-0123456789abcdef0'],
  'kafka.securityGroupIds': ['sg-0123456789abcdef0'],
};

/** Every function there can be, and the ingest task. */
export function everyRightsRow(): string[] {
  const { vod, live } = prod(KAFKA);
  const [role] = Object.keys(live).filter((id) => bare(id) === 'IngestTaskTaskRole');
  return [...rightsRows(vod), `| the ingest task | ${rightsOf(live, role!)} |`];
}

/** One Markdown row a function, in the order of the data. */
function rightsRows(resources: Resources): string[] {
  const rows = new Map<string, string>();
  for (const [id, { Type, Properties }] of Object.entries(resources)) {
    if (Type !== 'AWS::Lambda::Function') continue;
    const file = FILES[bare(id)];
    if (file === undefined) throw new Error(`${id}: which file is this? Add it to test/docs/rights.ts`);
    const role = (Properties['Role'] as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0];
    rows.set(file, `| \`${file}\` | ${rightsOf(resources, role)} |`);
  }
  return Object.values(FILES).flatMap((file) => rows.get(file) ?? []);
}

function rightsOf(resources: Resources, role: string): string {
  const rights: string[] = [];
  for (const { Type, Properties } of Object.values(resources)) {
    if (Type !== 'AWS::IAM::Policy' || !(Properties['Roles'] as { Ref: string }[]).some(({ Ref }) => Ref === role))
      continue;
    for (const { Action, Resource, Condition } of (Properties['PolicyDocument'] as { Statement: Statement[] })
      .Statement) {
      const actions = [Action].flat();
      // Every function writes to its own log group and to no other.
      if (actions.every((action) => action.startsWith('logs:'))) continue;
      const service = actions[0]!.split(':')[0]!;
      const names = actions.map((action) => action.slice(service.length + 1));
      const prefix = Condition?.StringLike?.['s3:prefix'];
      const below = prefix === undefined || prefix === '*' ? '' : ` below \`${prefix.replace('*', '')}\``;
      rights.push(`${service}: ${names.join(', ')} on ${[Resource].flat().map(name).join(', ')}${below}`);
    }
  }
  return rights.join('<br>');
}

const bare = (logicalId: string): string => logicalId.replace(/[0-9A-F]{8}$/, '');

/** `{Fn::Join: ['', [{Fn::GetAtt: [StorageMedia…, Arn]}, '/vod/*']]}` → "media `/vod/*`". */
function name(resource: unknown): string {
  const text = flatten(resource);
  for (const [, id, rest = ''] of text.matchAll(/<([A-Za-z0-9]+)>([^<]*)/g)) {
    const known = NAMES[bare(id!)];
    if (known !== undefined) return rest === '' ? known : `${known} \`${rest}\``;
  }
  const queues = /:(sluice-prod-ingest-\*)$/.exec(text);
  if (queues !== null) return `queues \`${queues[1]}\``;
  if (/:cloudwatch:.*:alarm:sluice-prod-alarm-\*$/.test(text)) return 'alarms `sluice-prod-alarm-*`';
  if (/:mediaconvert:.*:queues\/Default$/.test(text)) return "MediaConvert's default queue";
  if (/:mediaconvert:.*:jobs\/\*$/.test(text)) return "MediaConvert's jobs";
  if (/:kafka:.*:cluster\//.test(text)) return 'the cluster of `kafka.clusterArn`';
  if (/:kafka:.*:topic\//.test(text)) return 'its topic';
  if (/:secret:kafka-/.test(text)) return 'the secret of `kafka.secretArn`';
  if (text.endsWith(':event-bus/default')) return 'the default bus';
  if (text === '<AWS::StackId>') return 'this stack';
  // Actions that know no resource: docs/security.md says which and why.
  if (text === '*') return '`*`';
  throw new Error(`${text}: what is this? Add it to test/docs/rights.ts`);
}

function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const {
    Ref: ref,
    'Fn::GetAtt': attribute,
    'Fn::Join': join,
    'Fn::ImportValue': from,
  } = value as Record<string, unknown>;
  if (typeof ref === 'string') return `<${ref}>`;
  // `sluice-prod-vod:ExportsOutputFnGetAttStorageMedia9333CB25Arn598500A1`
  if (typeof from === 'string') return `<${/(?:FnGetAtt|Ref)([A-Za-z]+?[0-9A-F]{8})/.exec(from)?.[1] ?? from}>`;
  if (Array.isArray(attribute)) return `<${String(attribute[0])}>`;
  if (Array.isArray(join)) return (join[1] as unknown[]).map(flatten).join(String(join[0]));
  throw new TypeError(`cannot name ${JSON.stringify(value)}`);
}
