/** The app as it goes to AWS: every environment synthesizes without credentials, cdk-nag and cfn-lint object to nothing. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { synth } from '../../local/synth.ts';

interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DeletionPolicy?: string;
}

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
    if (environment === 'prod') expect(policies.filter((policy) => policy !== 'Retain')).toHaveLength(1); // uploads in flight only
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
