import { Template } from 'aws-cdk-lib/assertions';
import { Pass, StateMachine, DefinitionBody } from 'aws-cdk-lib/aws-stepfunctions';
import { beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../../lib/contract/api.ts';
import type { Route } from '../../../lib/contract/route.ts';
import { Catalog } from '../../../lib/constructs/catalog.ts';
import { acknowledge } from '../../../lib/constructs/nag.ts';
import { SigningKey } from '../../../lib/constructs/signing-key.ts';
import { grantsOf, stageScope } from './stage.ts';

function synth(overrides: Readonly<Record<string, unknown>> = {}): Template {
  const { stack, ...props } = stageScope(overrides);
  const signingKey = new SigningKey(stack, 'SigningKey', props.config);
  const stateMachine = new StateMachine(stack, 'Machine', {
    definitionBody: DefinitionBody.fromChainable(new Pass(stack, 'Pass')),
  });
  for (const finding of ['AwsSolutions-SF1', 'AwsSolutions-SF2']) acknowledge(stateMachine, finding, 'a stand-in');
  const catalog = new Catalog(stack, 'Catalog', { ...props, signingKey, slicing: { stateMachine } });
  catalog.invalidates({ distributionId: 'EDFDVBD6EXAMPLE' });
  return Template.fromStack(stack);
}

/** The text that `GET /api/config` is answered from, tokens in it and without backslashes. */
function consoleConfig(template: Template): string {
  const handler = Object.values(template.findResources('AWS::Lambda::Function')).find((fn) =>
    String(fn['Properties'].Description).startsWith('Catalog API'),
  );
  return JSON.stringify(handler?.['Properties'].Environment.Variables.CONSOLE_CONFIG).replaceAll('\\', '');
}

const mappings = (template: Template) => Object.values(template.findResources('AWS::Lambda::EventSourceMapping'));
const isStream = (source: Record<string, unknown>): boolean => JSON.stringify(source).includes('StreamArn');

/** What follows the bucket in ARNs of objects. */
const keysOf = (resources: readonly string[] | undefined) =>
  resources?.map((resource) => /"\/([a-z]+\/[^"]+)"/.exec(resource)?.[1]);

describe('the catalog stage', () => {
  let template: Template;
  beforeAll(() => {
    template = synth();
  }, 60_000);

  it('answers every catalog route; only the public ones without a token', () => {
    const made = Object.values(template.findResources('AWS::ApiGatewayV2::Route')) as {
      Properties: { RouteKey: string; AuthorizationType: string };
    }[];
    const authorizers = new Map(
      made.map(({ Properties: { RouteKey, AuthorizationType } }) => [RouteKey, AuthorizationType]),
    );
    const wanted = Object.entries<Route>(routes).filter(([, route]) => route.stage === 'catalog');
    expect(authorizers).toEqual(new Map(wanted.map(([key, route]) => [key, route.auth === 'user' ? 'JWT' : 'NONE'])));
  });

  it('the API reads, changes and queues, and deletes nothing but grants and captions', () => {
    const grants = grantsOf(template, 'CatalogHandlerRole');
    expect(new Set(grants.keys())).toEqual(
      new Set([
        'dynamodb:BatchGetItem',
        'dynamodb:GetItem',
        'dynamodb:UpdateItem',
        'dynamodb:Query',
        'dynamodb:PutItem',
        'dynamodb:DeleteItem',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        's3:GetObject',
        's3:PutObject',
        's3:DeleteObject',
        'secretsmanager:GetSecretValue',
        'sqs:SendMessage',
      ]),
    );
    for (const action of ['dynamodb:PutItem', 'dynamodb:DeleteItem'])
      expect(grants.get(action)?.every((resource) => /Entitlements|StorageUploads|StorageAudit/.test(resource))).toBe(
        true,
      );
    expect(grants.get('dynamodb:DeleteItem')?.join()).not.toMatch(/StorageUploads|StorageAudit/);
    // What it reads an address that it signs gives out, too: the original, and MP4s that were made.
    expect(keysOf(grants.get('s3:GetObject'))).toEqual([
      'tracks/*',
      'vod/*/positions.geojson',
      'uploads/*',
      'downloads/*',
    ]);
    for (const action of ['s3:PutObject', 's3:DeleteObject'])
      expect(keysOf(grants.get(action))).toEqual(['vod/*/text/*']);
  });

  it('the worker deletes under the prefixes of videos, in one distribution and one state machine', () => {
    const grants = grantsOf(template, 'CatalogRemoverRole');
    expect(keysOf(grants.get('s3:DeleteObject'))).toEqual([
      'uploads/*',
      'vod/*',
      'keys/*',
      'work/*',
      'tracks/*',
      'downloads/*',
    ]);
    expect(grants.get('cloudfront:CreateInvalidation')).toHaveLength(1);
    expect(grants.get('cloudfront:CreateInvalidation')?.[0]).toContain(':distribution/EDFDVBD6EXAMPLE');
    expect(grants.get('states:StopExecution')).toHaveLength(1);
    expect(grants.get('states:StopExecution')?.[0]).toMatch(/:execution:.*Machine/);
    expect([...grants.keys()].filter((action) => action.includes('*'))).toEqual([]);
  });

  it('may read what tasks measured before it removes that, and remove sources daily only where the options say so', () => {
    expect(keysOf(grantsOf(template, 'CatalogRemoverRole').get('s3:GetObject'))).toEqual(['work/*']);
    const expiry = (of: Template) =>
      Object.values(of.findResources('AWS::Lambda::Function')).find(
        (fn) => fn['Properties'].Environment?.Variables.SOURCES_GO !== undefined,
      )!['Properties'].Environment.Variables.SOURCES_GO;
    expect(expiry(template)).toBe('no');
    expect(grantsOf(template, 'CatalogExpiryRole').get('s3:DeleteObject')).toBeUndefined();
    const going = synth({ 'slicing.keepSourceDays': 30 });
    expect(expiry(going)).toBe('yes');
    expect(keysOf(grantsOf(going, 'CatalogExpiryRole').get('s3:DeleteObject'))).toEqual(['uploads/*']);
  });

  it('looks every day for what was kept long enough, marks it and hands it over, no more', () => {
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'cron(10 0 * * ? *)' });
    const grants = grantsOf(template, 'CatalogExpiryRole');
    expect(grants.get('dynamodb:Scan')?.join()).toMatch(/StorageVideos.*\/index\/byRemoval/);
    expect(grants.get('dynamodb:Query')?.join()).toMatch(/StorageVideos.*\/index\/byTime/);
    expect(keysOf(grants.get('s3:DeleteObjectTagging'))).toEqual(['uploads/*']);
    expect(new Set(grants.keys())).toEqual(
      new Set([
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:BatchWriteItem',
        'dynamodb:DescribeStream',
        'dynamodb:GetRecords',
        'dynamodb:GetShardIterator',
        'dynamodb:ListStreams',
        'dynamodb:Scan',
        'dynamodb:Query',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        's3:DeleteObjectTagging',
        'sqs:SendMessage',
      ]),
    );
  });

  it('has the index of words follow videos by their stream, for a day, and not the rows that it writes', () => {
    const streams = mappings(template).filter(isStream);
    expect(streams).toHaveLength(1);
    expect(streams[0]!['Properties']).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      MaximumRecordAgeInSeconds: 86_400,
      BisectBatchOnFunctionError: true,
    });
    expect(streams[0]!['Properties'].FunctionName).toEqual({ Ref: expect.stringMatching(/^CatalogExpiry/) });
    const patterns = streams[0]!['Properties'].FilterCriteria.Filters.map(
      ({ Pattern }: { Pattern: string }) => JSON.parse(Pattern) as unknown,
    );
    expect(patterns).toEqual(
      ['NewImage', 'OldImage'].map((image) => ({ dynamodb: { [image]: { kind: { S: ['video'] } } } })),
    );
  });

  it('removals wait in an encrypted queue that refuses plain http and keeps what fails', () => {
    const queues = Object.values(template.findResources('AWS::SQS::Queue')).map((queue) => queue['Properties']);
    // Those of removals, downloads, revocations and endings, and the dead letters of each.
    expect(queues).toHaveLength(8);
    expect(queues.every((queue) => queue.SqsManagedSseEnabled === true)).toBe(true);
    const work = queues.find((queue) => queue.RedrivePolicy?.maxReceiveCount === 100);
    const remover = Object.values(template.findResources('AWS::Lambda::Function')).find((fn) =>
      String(fn['Properties'].Description).startsWith('Removes'),
    );
    expect(work.VisibilityTimeout).toBeGreaterThan(remover?.['Properties'].Timeout);
    const policies = JSON.stringify(template.findResources('AWS::SQS::QueuePolicy'));
    expect(policies.match(/"aws:SecureTransport":"false"/g)).toHaveLength(8);
    const sources = mappings(template).filter((source) => !isStream(source));
    expect(sources).toHaveLength(4);
    for (const source of sources)
      expect(source['Properties'].FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
  });

  it('the console is told the issuer, the limits and nothing else', () => {
    const text = consoleConfig(template);
    for (const name of [
      'issuer',
      'clientId',
      'scope',
      'groupsClaim',
      'maxBytes',
      'partBytes',
      'types',
      'maxInFlight',
      'live',
    ])
      expect(text).toContain(`"${name}":`);
    expect(text).toContain('"partBytes":16777216');
    expect(text).not.toContain('"map":');
  });

  it('the console is told of map tiles where there are some, though no device is taken in now', () => {
    const tiles = {
      'live.mapTilesUrl': 'https://tiles.example/{z}/{x}/{y}.png',
      'live.mapAttribution': '© Tiles',
      'live.mapAttributionUrl': 'https://tiles.example/licence',
    };
    expect(consoleConfig(synth(tiles))).toContain(
      '"map":{"tiles":"https://tiles.example/{z}/{x}/{y}.png","attribution":"© Tiles","attributionUrl":"https://tiles.example/licence"}',
    );
  });
});
