import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { sluiceStacks } from '../../../lib/app.ts';
import { grantsOf, stageScope } from './stage.ts';

interface Made {
  Type: string;
  DeletionPolicy?: string;
  DependsOn?: string | string[];
  Properties: Record<string, unknown>;
}

/** Logical id without its hash. */
const bare = (id: string): string => id.replace(/[0-9A-F]{8}$/, '');

describe.each(['retain', 'destroy'])('removal %s', (removal) => {
  const template = Template.fromStack(stageScope({ removal }).stack);
  const buckets = Object.entries(template.findResources('AWS::S3::Bucket') as Record<string, Made>);
  const leaving = buckets.filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Delete').map(([id]) => id);

  it('empties exactly the buckets that are deleted with the stack, and may empty no other', () => {
    expect(leaving.map(bare)).toEqual(
      removal === 'retain' ? ['StorageSite'] : ['StorageSources', 'StorageMedia', 'StorageSite'],
    );
    const emptied = Object.values(template.findResources('Custom::SluiceEmptied') as Record<string, Made>);
    expect(emptied.map(({ Properties }) => (Properties['Bucket'] as { Ref: string }).Ref)).toEqual(leaving);
    const grants = grantsOf(template, 'StorageEmptierRole');
    for (const action of ['s3:ListBucket', 's3:DeleteObject']) {
      const named = grants.get(action)!.map((resource) => /"(Storage\w+)"/.exec(resource)?.[1]);
      expect(named).toEqual(leaving);
    }
  });

  it('lists a whole bucket without a condition, which a listing without a prefix could not meet', () => {
    const policies = JSON.stringify(template.findResources('AWS::IAM::Policy'));
    expect(policies).not.toContain('s3:prefix');
    expect(policies).toContain('s3:ListBucket');
  });

  it('asks CloudFormation about this stack and no other', () => {
    expect(grantsOf(template, 'StorageEmptierRole').get('cloudformation:DescribeStacks')).toEqual([
      '{"Ref":"AWS::StackId"}',
    ]);
  });
});

describe('the whole stack', () => {
  // Only the template is wanted: any folder serves as the layer's.
  process.env['SLUICE_FFMPEG_LAYER'] ??= import.meta.dirname;
  const context = { 'aws:cdk:bundling-stacks': [], env: 'prod', environments: { prod: { removal: 'destroy' } } };
  const { vod } = sluiceStacks(new App({ context }));
  const { Resources: resources } = Template.fromStack(vod).toJSON() as { Resources: Record<string, Made> };
  const namesOf = (type: string) =>
    Object.keys(resources)
      .filter((id) => resources[id]!.Type === type)
      .toSorted();

  it('empties buckets when every other function and its rights are gone: nobody writes behind it', () => {
    const emptied = Object.keys(resources).filter((id) => resources[id]!.Type === 'Custom::SluiceEmptied');
    expect(emptied).toHaveLength(4);
    const functions = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::Lambda::Function');
    expect(functions.length).toBeGreaterThan(10);
    for (const [id, { Properties, DependsOn = [] }] of functions) {
      if (bare(id) === 'StorageEmptier') continue;
      const role = (Properties['Role'] as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0];
      const policies = Object.keys(resources).filter(
        (one) =>
          resources[one]!.Type === 'AWS::IAM::Policy' &&
          JSON.stringify(resources[one]!.Properties['Roles']).includes(`"${role}"`),
      );
      expect([DependsOn].flat(), id).toContain(role);
      for (const one of [role, ...policies])
        expect([resources[one]!.DependsOn ?? []].flat(), one).toEqual(expect.arrayContaining(emptied));
    }
  });

  /**
   * A resource of another name is another resource: empty, while the old one stays outside the stack or, a table with
   * `removal: destroy`, is deleted with all that is in it. Who must rename one writes into CHANGELOG.md how its data moves.
   */
  it('calls what holds data by the names it was deployed with', () => {
    expect(namesOf('AWS::S3::Bucket')).toEqual([
      'InsightRawFiles77207779',
      'StorageMedia9333CB25',
      'StorageSiteDBA682E2',
      'StorageSources1EAA96CF',
    ]);
    expect(namesOf('AWS::DynamoDB::Table')).toEqual([
      'DevicesAlarms4BDD4B09',
      'DevicesFleet8512D792',
      'DevicesPositions4DE6DAF1',
      'DevicesRegistrations84C23A28',
      'InsightHeatmapsC0057193',
      'PresenceRowsA69EEA6B',
      'RevocationRecords964467CE',
      'StorageAudit9012A908',
      'StorageCollections644737B0',
      'StorageEntitlementsC41C103C',
      'StorageKeys12664C02',
      'StorageLinksE227A134',
      'StorageSessionsFCE686BD',
      'StorageUploadsBDC5E374',
      'StorageVideos75D4D269',
      'WebhooksRowsA0D3F2A4',
    ]);
    expect(namesOf('AWS::Cognito::UserPool')).toEqual(['AuthUsersE210B9B0']);
    expect(namesOf('AWS::SecretsManager::Secret')).toEqual(['SigningKeyPrivate37228549']);
  });

  /** CloudFormation refuses an update that gives a custom resource another function. */
  it('calls the functions behind custom resources by the names they were deployed with', () => {
    const tokens = Object.values(resources)
      .filter(({ Type }) => Type.startsWith('Custom::'))
      .map(({ Properties }) => (Properties['ServiceToken'] as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0]);
    expect([...new Set(tokens)].toSorted()).toEqual([
      'ConsolePublisher56C15D10',
      'SigningKeyMaker42927C2D',
      'StorageEmptierA705C6A1',
    ]);
  });
});
