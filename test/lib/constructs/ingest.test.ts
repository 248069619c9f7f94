/** Devices in the serverless stack, and the stack that costs by the hour: ports, health, draining, rights, scaling. */
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../lib/config.ts';
import { routes } from '../../../lib/contract/api.ts';
import type { Route } from '../../../lib/contract/route.ts';
import { RETENTION_DAYS } from '../../../lib/contract/device.ts';
import { ingestOptions } from '../../../lib/contract/ingest.ts';
import { Api } from '../../../lib/constructs/api.ts';
import { Auth } from '../../../lib/constructs/auth.ts';
import { Devices } from '../../../lib/constructs/devices.ts';
import { mp4s } from '../../../lib/constructs/mp4s.ts';
import { Playback } from '../../../lib/constructs/playback.ts';
import { Presence } from '../../../lib/constructs/presence.ts';
import { Revocation } from '../../../lib/constructs/revocation.ts';
import { SigningKey } from '../../../lib/constructs/signing-key.ts';
import { Storage } from '../../../lib/constructs/storage.ts';
import { LiveStack } from '../../../lib/live-stack.ts';
import { grantsOf } from './stage.ts';

interface Index {
  readonly IndexName: string;
  readonly Projection: { readonly ProjectionType: string };
  readonly KeySchema: readonly { readonly AttributeName: string }[];
}

/** Findings of cdk-nag fail `Template.fromStack`, so every test here is also one of those. */
function synth(overrides: Readonly<Record<string, unknown>> = {}) {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
  const context = { env: 'test', environments: { test: {} } };
  const config = readConfig((key) => context[key as keyof typeof context], { 'live.enabled': true, ...overrides });
  const stack = new Stack(app, 'Vod');
  const storage = new Storage(stack, 'Storage', config);
  const api = new Api(stack, 'Api', { config, auth: new Auth(stack, 'Auth', config), storage });
  const signingKey = new SigningKey(stack, 'SigningKey', config);
  const revocation = new Revocation(stack, 'Revocation', { config, storage });
  const downloads = mp4s(stack, { config, storage });
  const presence = new Presence(stack, 'Presence', { config, storage, api });
  new Playback(stack, 'Playback', { config, storage, api, presence, signingKey, revocation, downloads });
  const devices = new Devices(stack, 'Devices', { config, storage, api, signingKey, revocation });
  const live = new LiveStack(app, 'Live', { config, storage, devices });
  return { vod: Template.fromStack(stack), live: Template.fromStack(live) };
}
const { vod, live } = synth();
const all = (template: Template, type: string) =>
  Object.values(template.findResources(type)).map((resource) => resource['Properties']);
const container = (template: Template) => all(template, 'AWS::ECS::TaskDefinition')[0].ContainerDefinitions[0];

interface Index {
  readonly IndexName: string;
  readonly Projection: { readonly ProjectionType: string };
  readonly KeySchema: readonly { readonly AttributeName: string }[];
}

describe('devices, beside the videos', () => {
  it('answers every route of both stages; players may come with a token of ours', () => {
    const made = new Map(
      all(vod, 'AWS::ApiGatewayV2::Route').map(({ RouteKey, AuthorizationType }) => [RouteKey, AuthorizationType]),
    );
    const wanted = Object.entries<Route>(routes).filter(([, { stage }]) => stage === 'devices' || stage === 'live');
    expect(wanted.length).toBeGreaterThan(15);
    for (const [key, { auth }] of wanted) expect([key, made.get(key)]).toEqual([key, auth === 'user' ? 'JWT' : 'NONE']);
  });

  it('keeps positions and alarms for their time, and devices for ever', () => {
    const tables = Object.entries(vod.findResources('AWS::DynamoDB::Table')).filter(([id]) => id.startsWith('Devices'));
    const facts = Object.fromEntries(
      tables.map(([id, { Properties, DeletionPolicy }]) => [
        id.replace(/^Devices|[0-9A-F]{8}$/g, ''),
        [
          Properties.KeySchema.map(({ AttributeName }: { AttributeName: string }) => AttributeName).join(),
          Properties.TimeToLiveSpecification?.AttributeName,
          DeletionPolicy,
        ],
      ]),
    );
    expect(facts).toEqual({
      Registrations: ['id', undefined, 'Retain'],
      Positions: ['track,start', 'expiresAt', 'Retain'],
      Alarms: ['device,at', 'expiresAt', 'Retain'],
      Fleet: ['kind,id', 'expiresAt', 'Delete'],
    });
  });

  it('takes no write of a state into an index: they hold keys alone', () => {
    const devicesOf = (template: Template) =>
      Object.entries(template.findResources('AWS::DynamoDB::Table'))
        .find(([name]) => name.startsWith('DevicesRegistrations'))![1]
        .Properties.GlobalSecondaryIndexes.map(({ IndexName, Projection, KeySchema }: Index) => [
          IndexName,
          Projection.ProjectionType,
          KeySchema.map(({ AttributeName }) => AttributeName).join(),
        ]);
    const keys = [
      ['names', 'KEYS_ONLY', 'kind,name'],
      ['byMediaKey', 'KEYS_ONLY', 'mediaKey'],
    ];
    expect(devicesOf(vod)).toEqual(expect.arrayContaining(keys));
    expect(devicesOf(vod)).toHaveLength(2);
    // The deploy between: one index more, none less.
    expect(devicesOf(synth({ 'live.oldNameIndex': true }).vod)).toEqual(
      expect.arrayContaining([...keys, ['byName', 'ALL', 'kind,name']]),
    );
  });

  it('lets recordings go by the tag their task put on them', () => {
    const rules = all(vod, 'AWS::S3::Bucket').flatMap(
      ({ LifecycleConfiguration }) => LifecycleConfiguration?.Rules ?? [],
    );
    const recordings = rules.filter(({ Id }: { Id: string }) => Id.startsWith('recordings-'));
    expect(
      recordings.map(({ Prefix, TagFilters, ExpirationInDays, Status }: Record<string, unknown>) => [
        Prefix,
        TagFilters,
        ExpirationInDays,
        Status,
      ]),
    ).toEqual(RETENTION_DAYS.map((days) => ['live/', [{ Key: 'retention', Value: String(days) }], days, 'Enabled']));
  });

  it('serves live media signed only, playlists for less than a segment', () => {
    const [{ DistributionConfig }] = all(vod, 'AWS::CloudFront::Distribution');
    const patterns = DistributionConfig.CacheBehaviors.map(({ PathPattern }: { PathPattern: string }) => PathPattern);
    expect(patterns.slice(-4)).toEqual(['/live/*.m3u8', '/live/*.key', '/live/*', '/downloads/*']);
    const age = (pattern: string) => {
      const behaviour = DistributionConfig.CacheBehaviors.find(
        ({ PathPattern }: { PathPattern: string }) => PathPattern === pattern,
      );
      expect(behaviour.TrustedKeyGroups).toHaveLength(1);
      const policy = vod.findResources('AWS::CloudFront::CachePolicy')[behaviour.CachePolicyId.Ref]!['Properties'];
      expect(
        policy.CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin.QueryStringsConfig.QueryStringBehavior,
      ).toBe('none');
      return policy.CachePolicyConfig.MaxTTL;
    };
    expect([age('/live/*.m3u8'), age('/live/*.key'), age('/live/*')]).toEqual([1, 86_400, 86_400]);
  });

  it('playing reads and asks, and writes signs of life only', () => {
    const grants = grantsOf(vod, 'DevicesLiveRole');
    expect([...grants.keys()].filter((action) => !action.startsWith('logs:')).sort()).toEqual([
      'dynamodb:BatchGetItem',
      'dynamodb:DeleteItem',
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:Query',
      'dynamodb:UpdateItem',
      's3:GetObject',
      's3:ListBucket',
      'secretsmanager:GetSecretValue',
      'sqs:SendMessage',
    ]);
    expect(grants.get('s3:GetObject')!.join()).toMatch(/\/live\/\*/);
    // To the device's task; and what is taken back of a viewer at the edge.
    expect(grants.get('sqs:SendMessage')).toEqual([
      expect.stringContaining('sluice-test-ingest-*'),
      expect.stringContaining('RevocationTasks'),
    ]);
    for (const action of ['dynamodb:PutItem', 'dynamodb:DeleteItem'])
      expect(
        grants.get(action)!.every((resource) => /Fleet|StorageSessions|StorageAudit|RevocationRecords/.test(resource)),
      ).toBe(true);
  });

  it('clips are read from recordings and written where uploads go', () => {
    const grants = grantsOf(vod, 'DevicesClipperRole');
    expect([...grants.keys()]).toContain('events:PutEvents');
    expect(grants.get('s3:GetObject')!.join()).toMatch(/\/live\/\*/);
    const written = grants.get('s3:PutObject')!.map((resource) => /\/(\w+)\/\*/.exec(resource)?.[1]);
    expect(new Set(written)).toEqual(new Set(['tracks', 'uploads']));
  });
});

describe('the load balancer', () => {
  const listeners = (template: Template) =>
    all(template, 'AWS::ElasticLoadBalancingV2::Listener')
      .map(({ Port, Protocol }) => `${Protocol} ${Port}`)
      .sort();

  it('listens for control, media and attachments, and keeps silent connections a minute longer than the task', () => {
    expect(listeners(live)).toEqual(['TCP 1078', 'TCP 7611', 'TCP 808']);
    for (const { ListenerAttributes } of all(live, 'AWS::ElasticLoadBalancingV2::Listener'))
      expect(ListenerAttributes).toEqual([{ Key: 'tcp.idle_timeout.seconds', Value: '360' }]);
    live.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
      Type: 'network',
      Scheme: 'internet-facing',
      LoadBalancerAttributes: Match.arrayWith([
        // Two nodes with one source port of a NAT must not meet at one task: it would take both for one connection.
        { Key: 'load_balancing.cross_zone.enabled', Value: 'false' },
      ]),
    });
    for (const { TargetGroupAttributes } of all(live, 'AWS::ElasticLoadBalancingV2::TargetGroup')) {
      const keys = TargetGroupAttributes.map(({ Key }: { Key: string }) => Key);
      // Left to the load balancer's own setting.
      expect(keys).not.toContain('load_balancing.cross_zone.enabled');
    }
  });

  it('has nodes and tasks in the same two zones, and a task for each', () => {
    const [{ Subnets }] = all(live, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    const [{ NetworkConfiguration }] = all(live, 'AWS::ECS::Service');
    const zones = (subnets: { Ref: string }[]) =>
      subnets.map(({ Ref }) =>
        JSON.stringify(live.findResources('AWS::EC2::Subnet')[Ref]!['Properties'].AvailabilityZone),
      );
    expect(new Set(zones(Subnets)).size).toBe(2);
    expect(zones(NetworkConfiguration.AwsvpcConfiguration.Subnets).toSorted()).toEqual(zones(Subnets).toSorted());
    const [{ MinCapacity }] = all(live, 'AWS::ApplicationAutoScaling::ScalableTarget');
    expect(MinCapacity).toBeGreaterThanOrEqual(2);
  });

  it.each([
    [{}, 'false'],
    [{ removal: 'destroy' }, 'false'],
    [{ removal: 'retain', 'live.deletionProtection': true }, 'true'],
    [{ removal: 'destroy', 'live.deletionProtection': true }, 'true'],
  ])('%j: may be deleted unless the option of its own says no', (options, protection) => {
    const [balancer] = all(synth(options).live, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    expect(balancer.LoadBalancerAttributes).toContainEqual({ Key: 'deletion_protection.enabled', Value: protection });
  });

  it("asks each task how it is, keeps the devices' addresses, and gives a draining task 120 s", () => {
    const groups = all(live, 'AWS::ElasticLoadBalancingV2::TargetGroup');
    expect(groups.map(({ Port }) => Port).sort((a, b) => a - b)).toEqual([10_808, 11_078, 17_611]);
    for (const group of groups) {
      expect(group).toMatchObject({
        Protocol: 'TCP',
        TargetType: 'ip',
        HealthCheckProtocol: 'HTTP',
        HealthCheckPort: '8080',
        HealthCheckPath: '/health',
        HealthCheckIntervalSeconds: 10,
        UnhealthyThresholdCount: 2,
      });
      const attributes = Object.fromEntries(
        group.TargetGroupAttributes.map(({ Key, Value }: { Key: string; Value: string }) => [Key, Value]),
      );
      expect(attributes).toMatchObject({
        'preserve_client_ip.enabled': 'true',
        'deregistration_delay.timeout_seconds': '120',
        // Either would cut every device at once, before the task can hand one over.
        'deregistration_delay.connection_termination.enabled': 'false',
        'target_health_state.unhealthy.connection_termination.enabled': 'false',
      });
    }
    expect(container(live).StopTimeout).toBe(120);
    expect(JSON.parse(optionsOf(live)).drainSeconds).toBeLessThan(120);
  });

  it('takes media and attachments at one port, and TLS beside, where the configuration says so', () => {
    const shared = synth({
      'live.sharedPort': true,
      'live.tlsCertificateArn': 'arn:aws:acm:eu-west-1:123456789012:certificate/x',
      'live.announceTls': true,
    }).live;
    expect(listeners(shared)).toEqual(['TCP 1078', 'TCP 808', 'TLS 10808', 'TLS 11078']);
    expect(all(shared, 'AWS::ElasticLoadBalancingV2::TargetGroup')).toHaveLength(2);
    // Beside the plain ones, to the same tasks, with the certificate and no old protocol.
    const made = all(shared, 'AWS::ElasticLoadBalancingV2::Listener');
    const target = (port: number) => made.find(({ Port }) => Port === port).DefaultActions;
    expect([target(10_808), target(11_078)]).toEqual([target(808), target(1078)]);
    for (const { SslPolicy, Certificates } of made.filter(({ Protocol }) => Protocol === 'TLS')) {
      expect(SslPolicy).toMatch(/TLS13-1-2/);
      expect(Certificates).toEqual([{ CertificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/x' }]);
    }
    expect(JSON.parse(optionsOf(shared))).toMatchObject({
      sharedPort: true,
      announce: { media: 11_078, attachments: 11_078 },
    });
  });

  it('reaches tasks at their own ports and nobody else does', () => {
    const ingress = all(live, 'AWS::EC2::SecurityGroupIngress').map(({ FromPort, SourceSecurityGroupId }) => [
      FromPort,
      JSON.stringify(SourceSecurityGroupId).includes('BalancerGroup'),
    ]);
    expect(ingress.sort(([a], [b]) => a - b)).toEqual([
      [8080, true],
      [10_808, true],
      [11_078, true],
      [17_611, true],
    ]);
    const groups = all(live, 'AWS::EC2::SecurityGroup');
    const open = groups.flatMap(({ SecurityGroupIngress = [] }) => SecurityGroupIngress);
    expect(
      open.map(({ CidrIp, FromPort }: { CidrIp: string; FromPort: number }) => `${CidrIp} ${FromPort}`).sort(),
    ).toEqual(['0.0.0.0/0 1078', '0.0.0.0/0 7611', '0.0.0.0/0 808']);
    const tasks = groups.find(({ GroupDescription }) => GroupDescription === 'What the load balancer may connect to');
    expect(tasks.SecurityGroupEgress).toEqual([
      expect.objectContaining({ CidrIp: '0.0.0.0/0', IpProtocol: 'tcp', FromPort: 443, ToPort: 443 }),
    ]);
    const narrow = synth({ 'live.allowedCidrs': ['203.0.113.0/24'] }).live;
    expect(JSON.stringify(all(narrow, 'AWS::EC2::SecurityGroup'))).not.toContain('"0.0.0.0/0","Description":"Devices"');
  });
});

const optionsOf = (template: Template): string =>
  container(template).Environment.find(({ Name }: { Name: string }) => Name === 'INGEST_OPTIONS').Value as string;

describe('the service', () => {
  it('runs as nobody on a file system it cannot write, with no way in', () => {
    expect(container(live)).toMatchObject({
      User: '65532:65532',
      ReadonlyRootFilesystem: true,
      MountPoints: [{ ContainerPath: '/tmp', ReadOnly: false }],
      LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
      Ulimits: [{ Name: 'nofile', SoftLimit: 65_536 }],
    });
    expect(container(live)).not.toHaveProperty('Privileged');
    live.hasResourceProperties('AWS::ECS::Service', {
      EnableExecuteCommand: false,
      LaunchType: 'FARGATE',
      AvailabilityZoneRebalancing: 'DISABLED',
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'ENABLED' } },
    });
  });

  it('rolls a bad deploy back and never takes tasks away first', () => {
    const [service] = all(live, 'AWS::ECS::Service');
    // How many there are is for scaling to say: a deploy must not take tasks away.
    expect(service).not.toHaveProperty('DesiredCount');
    expect(service).toMatchObject({
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
      },
      LoadBalancers: [{ ContainerPort: 10_808 }, { ContainerPort: 11_078 }, { ContainerPort: 17_611 }],
    });
  });

  it('runs on the architecture of the configuration', () => {
    for (const [architecture, wanted] of [
      ['arm64', 'ARM64'],
      ['x86_64', 'X86_64'],
    ]) {
      const task = all(synth({ architecture }).live, 'AWS::ECS::TaskDefinition')[0];
      expect(task.RuntimePlatform).toEqual({ CpuArchitecture: wanted, OperatingSystemFamily: 'LINUX' });
    }
  });

  it('scales by streams a task and by CPU', () => {
    live.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MinCapacity: 2, MaxCapacity: 10 });
    const policies = all(live, 'AWS::ApplicationAutoScaling::ScalingPolicy').map(
      (policy) => policy.TargetTrackingScalingPolicyConfiguration,
    );
    expect(policies).toEqual([
      expect.objectContaining({
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
        TargetValue: 60,
      }),
      expect.objectContaining({
        CustomizedMetricSpecification: {
          Namespace: 'Sluice/Ingest',
          MetricName: 'Streams',
          Dimensions: [{ Name: 'Service', Value: 'sluice-test' }],
          Statistic: 'Average',
        },
        // 60 % of 800: of three tasks the one alone in its zone has half as much again, which is still less than it takes.
        TargetValue: 480,
      }),
    ]);
  });

  it('is told all that it reads, and what it reads parses', () => {
    const names = container(live).Environment.map(({ Name }: { Name: string }) => Name);
    expect(names.sort()).toEqual(
      [
        'ALARMS_TABLE',
        'COMMAND_QUEUE_PREFIX',
        'DEVICES_TABLE',
        'EVENT_BUS',
        'FLEET_TABLE',
        'INGEST_OPTIONS',
        'MEDIA_BUCKET',
        'POSITIONS_TABLE',
        'PUBLIC_HOST',
        'SERVICE_NAME',
        'SOURCE_BUCKET',
        'VIDEOS_TABLE',
      ].sort(),
    );
    expect(ingestOptions.parse(JSON.parse(optionsOf(live)))).toMatchObject({
      segmentSeconds: 2,
      limits: { streams: 800, frameBytes: 2_097_152 },
    });
  });

  it('may write where its own things go, and take no table or bucket beyond', () => {
    const grants = grantsOf(live, 'IngestTaskTaskRole');
    expect([...grants.keys()].sort()).toEqual([
      'dynamodb:BatchWriteItem',
      'dynamodb:DeleteItem',
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:Query',
      'dynamodb:UpdateItem',
      'ecs:UpdateTaskProtection',
      'events:PutEvents',
      's3:AbortMultipartUpload',
      's3:GetObject',
      's3:PutObject',
      's3:PutObjectTagging',
      'sqs:CreateQueue',
      'sqs:DeleteMessage',
      'sqs:DeleteQueue',
      'sqs:ReceiveMessage',
    ]);
    expect(grants.get('s3:GetObject')!.join()).toMatch(/StorageMedia.*\/live\/\*/);
    // Files come in parts where they are large, and are called off when their device goes.
    for (const action of ['s3:PutObject', 's3:AbortMultipartUpload']) {
      const folders = grants.get(action)!.map((resource) => /\/(\w+)\/\*/.exec(resource)?.[1]);
      expect(folders).toEqual(['live', 'uploads']);
    }
    for (const action of ['sqs:CreateQueue', 'sqs:DeleteQueue', 'sqs:ReceiveMessage'])
      expect(grants.get(action)).toEqual([expect.stringContaining(':sluice-test-ingest-*')]);
    expect(grants.get('ecs:UpdateTaskProtection')![0]).toMatch(/:task\/.*IngestCluster.*\/\*/);
    // Only what it calls: a record it made is removed by nobody here, and points go in batches.
    for (const action of ['UpdateItem', 'DeleteItem'])
      expect(grants.get(`dynamodb:${action}`)!.join()).not.toMatch(/StorageVideos/);
    expect(grants.get('dynamodb:PutItem')!.join()).not.toMatch(/DevicesPositions/);
    expect([...grants.values()].flat()).not.toContain('"*"');
  });
});

describe('the network', () => {
  it('has no NAT gateway, and reaches S3 and DynamoDB by gateways', () => {
    live.resourceCountIs('AWS::EC2::NatGateway', 0);
    expect(all(live, 'AWS::EC2::VPCEndpoint').map(({ VpcEndpointType }) => VpcEndpointType)).toEqual([
      'Gateway',
      'Gateway',
    ]);
    expect(all(live, 'AWS::EC2::FlowLog')[0].TrafficType).toBe('REJECT');
  });

  it('private tasks have no address outside, and an endpoint for all they ask', () => {
    const hidden = synth({ 'live.privateSubnets': true }).live;
    hidden.resourceCountIs('AWS::EC2::NatGateway', 0);
    hidden.hasResourceProperties('AWS::ECS::Service', {
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
    });
    const services = all(hidden, 'AWS::EC2::VPCEndpoint')
      .filter(({ VpcEndpointType }) => VpcEndpointType === 'Interface')
      .map(({ ServiceName }) => /\.([a-z.]+)"\]\]\}$/.exec(JSON.stringify(ServiceName))?.[1]);
    expect(new Set(services)).toEqual(new Set(['ecr.api', 'ecr.dkr', 'events', 'logs', 'sqs']));
  });
});
