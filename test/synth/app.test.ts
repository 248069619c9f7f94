/** The app as it goes to AWS: every environment synthesizes without credentials, cdk-nag and cfn-lint object to nothing. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FUNCTION_PACKAGE } from '../../lib/quotas.ts';
import { synth } from '../../local/commands/synth.ts';
import { layerFolder } from '../support/layer.ts';

interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DeletionPolicy?: string;
}

// The app takes the layer's folder as an asset.
await layerFolder();

describe.each(['dev', 'prod'])('%s', (environment) => {
  let folder: string;
  let resources: [string, Resource][];
  const of = (type: string) =>
    resources.filter(([, resource]) => resource.Type === type).map(([, resource]) => resource);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-synth-'));
    const stacks = await synth(environment, folder);
    expect(stacks).toEqual([`sluice-${environment}-vod`]);
    const template = JSON.parse(await readFile(join(folder, `${stacks[0]}.template.json`), 'utf8')) as {
      Resources: Record<string, Resource>;
    };
    resources = Object.entries(template.Resources);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('runs our functions on Node 24 and the architecture of the configuration', () => {
    const ours = of('AWS::Lambda::Function').filter(({ Properties }) =>
      String(Properties['Runtime']).startsWith('nodejs'),
    );
    expect(ours.length).toBeGreaterThan(6);
    for (const { Properties } of ours)
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['x86_64'] });
  });

  it('keeps every bucket private, encrypted and TLS only', () => {
    const all = { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true };
    for (const { Properties } of of('AWS::S3::Bucket')) {
      expect(Properties['PublicAccessBlockConfiguration']).toEqual(all);
      expect(Properties['BucketEncryption']).toBeDefined();
    }
    const denied = JSON.stringify(of('AWS::S3::BucketPolicy')).match(/"aws:SecureTransport":"false"/g) ?? [];
    expect(denied.length).toBe(of('AWS::S3::Bucket').length);
  });

  it(`${environment === 'prod' ? 'keeps' : 'removes'} videos and their records when the stack is deleted`, () => {
    const policies = of('AWS::DynamoDB::GlobalTable')
      .concat(of('AWS::DynamoDB::Table'))
      .map((table) => table.DeletionPolicy);
    expect(policies).toContain(environment === 'prod' ? 'Retain' : 'Delete');
    if (environment === 'prod') expect(policies.filter((policy) => policy !== 'Retain')).toHaveLength(5); // uploads in flight, sessions, revocations, leases of tasks and who is connected only
  });

  it('has functions that Lambda takes: 250 MiB unpacked, layers included', async () => {
    const sizeOf = async (code: { S3Key?: string }) => {
      const hash = code.S3Key!.replace('.zip', '');
      const files = await readdir(join(folder, `asset.${hash}`), { recursive: true, withFileTypes: true });
      const sizes = files.filter((file) => file.isFile()).map((file) => stat(join(file.parentPath, file.name)));
      return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
    };
    const [layer] = of('AWS::Lambda::LayerVersion');
    const layerSize = await sizeOf(layer!.Properties['Content'] as { S3Key: string });
    for (const { Properties } of of('AWS::Lambda::Function')) {
      const size = await sizeOf(Properties['Code'] as { S3Key: string });
      expect(size + (Properties['Layers'] === undefined ? 0 : layerSize)).toBeLessThan(FUNCTION_PACKAGE.max);
    }
  });

  it("grants no wildcard action outside the CDK's own deployment function", () => {
    for (const [name, { Type, Properties }] of resources) {
      if (Type !== 'AWS::IAM::Policy') continue;
      const { Statement } = Properties['PolicyDocument'] as {
        Statement: { Action: string | string[]; Effect: string }[];
      };
      for (const { Action } of Statement)
        expect(
          [Action].flat().filter((action) => action.includes('*')),
          name,
        ).toEqual([]);
    }
  });

  it('signs media with a key group, keeps the private key out of the template, and expires what is unfinished', () => {
    const [distribution] = of('AWS::CloudFront::Distribution');
    const { CacheBehaviors, HttpVersion } = distribution!.Properties['DistributionConfig'] as {
      CacheBehaviors: { PathPattern: string; TrustedKeyGroups?: unknown[] }[];
      HttpVersion: string;
    };
    expect(HttpVersion).toBe('http2and3');
    const media = CacheBehaviors.filter(
      ({ PathPattern }) => PathPattern.startsWith('/vod/') || PathPattern.startsWith('vod/'),
    );
    expect(media.length).toBeGreaterThan(0);
    for (const behaviour of media) expect(behaviour.TrustedKeyGroups).toHaveLength(1);
    expect(JSON.stringify(resources)).not.toContain('PRIVATE KEY');
    expect(JSON.stringify(of('AWS::S3::Bucket'))).toContain('AbortIncompleteMultipartUpload');
    expect(
      of('AWS::DynamoDB::Table').filter(({ Properties }) => Properties['TimeToLiveSpecification'] !== undefined).length,
    ).toBeGreaterThanOrEqual(3);
  });
});

describe('prod with devices', () => {
  let folder: string;
  let stacks: string[];
  const template = async (name: string) =>
    JSON.parse(await readFile(join(folder, `sluice-prod-${name}.template.json`), 'utf8')) as {
      Resources: Record<string, Resource>;
    };
  const of = ({ Resources }: Awaited<ReturnType<typeof template>>, type: string) =>
    Object.values(Resources).filter((resource) => resource.Type === type);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-synth-'));
    stacks = await synth('prod', folder, ['live.enabled=true', 'architecture=arm64']);
    // The first time it builds the other architecture's layer, beside everything else that runs.
  }, 900_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has a second stack, which holds nothing that must outlive it', async () => {
    expect(stacks.toSorted()).toEqual(['sluice-prod-live', 'sluice-prod-vod']);
    const live = await template('live');
    const types = new Set(Object.values(live.Resources).map(({ Type }) => Type));
    for (const type of ['AWS::ECS::Service', 'AWS::ElasticLoadBalancingV2::LoadBalancer', 'AWS::EC2::VPC'])
      expect(types).toContain(type);
    for (const type of ['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::EC2::NatGateway', 'AWS::EC2::EIP'])
      expect(types).not.toContain(type);
    // By name: test/lib/constructs/storage.test.ts.
    expect(of(await template('vod'), 'AWS::DynamoDB::Table').length).toBeGreaterThanOrEqual(10);
  });

  it('listens where devices call, asks for health over HTTP, and lets a task drain for 120 s', async () => {
    const live = await template('live');
    const ports = of(live, 'AWS::ElasticLoadBalancingV2::Listener').map(({ Properties }) => Properties['Port']);
    expect(new Set(ports)).toEqual(new Set([808, 1078, 7611]));
    const groups = of(live, 'AWS::ElasticLoadBalancingV2::TargetGroup');
    expect(groups).toHaveLength(3);
    for (const { Properties } of groups) {
      expect(Properties).toMatchObject({ HealthCheckProtocol: 'HTTP', HealthCheckPath: '/health' });
      expect(Properties['TargetGroupAttributes']).toContainEqual({
        Key: 'deregistration_delay.timeout_seconds',
        Value: '120',
      });
    }
    const [task] = of(live, 'AWS::ECS::TaskDefinition');
    expect(task!.Properties['RuntimePlatform']).toMatchObject({ CpuArchitecture: 'ARM64' });
    const [container] = task!.Properties['ContainerDefinitions'] as Record<string, unknown>[];
    expect(container).toMatchObject({ StopTimeout: 120, ReadonlyRootFilesystem: true, User: '65532:65532' });
  });

  it('grants the task no wildcard action, and nothing of every resource', async () => {
    for (const { Properties } of of(await template('live'), 'AWS::IAM::Policy')) {
      const { Statement } = Properties['PolicyDocument'] as {
        Statement: { Action: string | string[]; Resource: unknown }[];
      };
      for (const { Action, Resource } of Statement) {
        expect([Action].flat().filter((action) => action.includes('*'))).toEqual([]);
        if (Resource === '*') expect(Action).toBe('ecr:GetAuthorizationToken');
      }
    }
  });

  it('bundles the task into an image that needs Docker only when it is deployed', async () => {
    const assets = JSON.parse(await readFile(join(folder, 'sluice-prod-live.assets.json'), 'utf8')) as {
      dockerImages: Record<string, { source: { directory: string; platform?: string } }>;
    };
    const [image] = Object.values(assets.dockerImages);
    expect(image!.source.platform).toBe('linux/arm64');
    const bundle = await readFile(join(folder, image!.source.directory, 'bundle', 'main.mjs'), 'utf8');
    expect(bundle).toContain('INGEST_OPTIONS');
    const dockerfile = await readFile(join(folder, image!.source.directory, 'Dockerfile'), 'utf8');
    expect(dockerfile).toMatch(/^USER 65532:65532$/m);
  });
});
