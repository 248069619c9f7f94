/** Raw events in the template: what Athena is told, which the local engine does not hold; and that nothing is kept where none are wanted. */
import { beforeAll, describe, expect, it } from 'vitest';
import { readyQueries } from '../../../lib/contract/raw-queries.ts';
import { GLUE_TYPES, RAW_COLUMNS } from '../../../lib/contract/raw-events.ts';
import { ofType, synthesized, type TemplateText } from '../../support/app.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- properties are looked into by path
type Properties = any;
const one = (template: TemplateText, type: string): Properties => {
  const found = ofType(template, type);
  expect(found).toHaveLength(1);
  return found[0]![1].Properties;
};

let template: TemplateText;
let bucket: string;
beforeAll(() => {
  template = synthesized({ 'insight.keepRawDays': 30 }).vod;
  [[bucket]] = ofType(template, 'AWS::S3::Bucket').filter(([id]) => id.startsWith('InsightRawFiles')) as [
    [string, object],
  ];
});
const url = (prefix: string) => ({ 'Fn::Join': ['', ['s3://', { Ref: bucket }, `/${prefix}`]] });

describe('raw events', () => {
  it('are a table whose partitions are computed of day and hour, with the columns of the files', () => {
    expect(one(template, 'AWS::Glue::Database').DatabaseInput.Name).toBe('sluice_prod');
    const { DatabaseName, TableInput } = one(template, 'AWS::Glue::Table');
    expect([DatabaseName, TableInput.Name, TableInput.TableType]).toEqual(['sluice_prod', 'events', 'EXTERNAL_TABLE']);
    expect(TableInput.PartitionKeys).toEqual([
      { Name: 'day', Type: 'string' },
      { Name: 'hour', Type: 'int' },
    ]);
    expect(TableInput.Parameters).toMatchObject({
      'projection.enabled': 'true',
      'projection.day.type': 'date',
      'projection.day.format': 'yyyy-MM-dd',
      'projection.hour.type': 'integer',
      'projection.hour.range': '0,23',
      'projection.hour.digits': '2',
      'storage.location.template': url('events/day=${day}/hour=${hour}'),
    });
    expect(TableInput.StorageDescriptor.Location).toEqual(url('events/'));
    expect(
      TableInput.StorageDescriptor.Columns.map(({ Name, Type }: { Name: string; Type: string }) => [Name, Type]),
    ).toEqual(RAW_COLUMNS.map(({ name, type }) => [name, GLUE_TYPES[type]]));
  });

  it('have a workgroup that bounds what a query reads, encrypts what it answers, and has the ready queries', () => {
    const { Name, RecursiveDeleteOption, WorkGroupConfiguration } = one(template, 'AWS::Athena::WorkGroup');
    expect([Name, RecursiveDeleteOption]).toEqual(['sluice-prod', true]);
    expect(WorkGroupConfiguration).toMatchObject({
      EnforceWorkGroupConfiguration: true,
      BytesScannedCutoffPerQuery: 10_000_000_000,
      ResultConfiguration: {
        OutputLocation: url('answers/'),
        EncryptionConfiguration: { EncryptionOption: 'SSE_S3' },
      },
    });
    const [[workGroup]] = ofType(template, 'AWS::Athena::WorkGroup') as [[string, object]];
    expect(ofType(template, 'AWS::Athena::NamedQuery').map(([, { Properties }]) => Properties)).toEqual(
      readyQueries('sluice_prod').map(({ name, description, sql }) => ({
        Name: name,
        Description: description,
        Database: 'sluice_prod',
        QueryString: sql,
        WorkGroup: { Ref: workGroup },
      })),
    );
  });

  it('go after the days of the configuration, answers after seven, and nobody but the writer may write them', () => {
    const { LifecycleConfiguration } = ofType(template, 'AWS::S3::Bucket').find(([id]) => id === bucket)![1]
      .Properties as Properties;
    expect(
      LifecycleConfiguration.Rules.map(({ Id, Prefix, ExpirationInDays }: Properties) => [
        Id,
        Prefix,
        ExpirationInDays,
      ]),
    ).toEqual([
      ['events', 'events/', 30],
      ['answers', 'answers/', 7],
      ['unfinished-uploads', undefined, undefined],
    ]);
    const writers = ofType(template, 'AWS::IAM::Policy')
      .filter(([, policy]) => JSON.stringify(policy).includes(`"${bucket}"`))
      .map(([id]) => id.replace(/DefaultPolicy.*/, ''));
    expect(writers).toEqual(['InsightRawWriterRole']);
  });

  it('are not kept where none are wanted: no queue, no function, no alarm, and what is there goes in a day', () => {
    const { vod } = synthesized({ 'insight.keepRawDays': 0 });
    expect(Object.keys(vod.Resources).filter((id) => id.startsWith('InsightRaw'))).toEqual([
      expect.stringMatching(/^InsightRawFiles[0-9A-F]{8}$/),
      expect.stringMatching(/^InsightRawFilesPolicy/),
    ]);
    for (const type of ['AWS::Glue::Table', 'AWS::Athena::WorkGroup', 'AWS::Athena::NamedQuery'])
      expect(ofType(vod, type)).toEqual([]);
    expect(JSON.stringify(ofType(vod, 'AWS::CloudWatch::Alarm'))).not.toContain('dead-letters-raw');
    const { LifecycleConfiguration } = ofType(vod, 'AWS::S3::Bucket').find(([id]) =>
      id.startsWith('InsightRawFiles'),
    )![1].Properties as Properties;
    expect(LifecycleConfiguration.Rules[0]).toMatchObject({ Prefix: 'events/', ExpirationInDays: 1 });
  });
});
