import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../../lib/contract/api.ts';
import type { Route } from '../../../lib/contract/route.ts';
import { DAY_SECONDS } from '../../../lib/contract/options.ts';
import { ARRIVAL_SECONDS } from '../../../lib/contract/slicing.ts';
import { pullPlacesOf } from '../../../lib/constructs/pulls.ts';
import { limitsOf, Upload } from '../../../lib/constructs/upload.ts';
import { grantsOf, stageScope } from './stage.ts';

describe('the upload stage', () => {
  let template: Template;
  beforeAll(() => {
    const { stack, ...props } = stageScope({
      'upload.maxSizeGiB': 2,
      'upload.urlMinutes': 5,
      'upload.types': ['video/*'],
    });
    new Upload(stack, 'Upload', props);
    template = Template.fromStack(stack);
  }, 60_000);

  it('answers every upload route, each behind the JWT authorizer', () => {
    const made = Object.values(template.findResources('AWS::ApiGatewayV2::Route')) as {
      Properties: { RouteKey: string; AuthorizationType: string };
    }[];
    const wanted = Object.entries<Route>(routes).filter(([, route]) => route.stage === 'upload');
    expect(made.map((route) => route.Properties.RouteKey).toSorted()).toEqual(wanted.map(([key]) => key).toSorted());
    expect(made.every((route) => route.Properties.AuthorizationType === 'JWT')).toBe(true);
  });

  it('may do exactly what it calls, on keys of uploads only', () => {
    const grants = grantsOf(template, 'UploadHandlerRole');
    expect([...grants.keys()].toSorted()).toEqual(
      [
        'dynamodb:DeleteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
        'events:PutEvents',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        's3:AbortMultipartUpload',
        's3:ListBucket',
        's3:ListMultipartUploadParts',
        's3:PutObject',
        's3:PutObjectTagging',
        'sqs:SendMessage',
      ].toSorted(),
    );
    for (const action of ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts']) {
      expect(grants.get(action)).toHaveLength(1);
      expect(grants.get(action)![0]).toMatch(/"\/uploads\/\*"/);
    }
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': 'uploads/*' } } }),
        ]),
      },
    });
  });

  it('lets what pulls write sources and their records, and read no bucket that is not named', () => {
    const grants = grantsOf(template, 'UploadPullerRole');
    expect([...grants.keys()].filter((action) => !action.startsWith('logs:')).toSorted()).toEqual([
      'dynamodb:DeleteItem',
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:Query',
      'dynamodb:UpdateItem',
      'events:PutEvents',
      's3:AbortMultipartUpload',
      's3:ListBucket',
      's3:ListMultipartUploadParts',
      's3:PutObject',
      's3:PutObjectTagging',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:GetQueueUrl',
      'sqs:ReceiveMessage',
      'sqs:SendMessage',
    ]);
    const { stack, ...props } = stageScope({ 'upload.pullBuckets': ['films-of-ours', 'more.films'] });
    new Upload(stack, 'Upload', props);
    const read = grantsOf(Template.fromStack(stack), 'UploadPullerRole').get('s3:GetObject');
    expect(read!.join()).toContain(':s3:::films-of-ours/*');
    expect(read!.join()).toContain(':s3:::more.films/*');
    expect(grantsOf(Template.fromStack(stack), 'UploadHandlerRole').get('s3:GetObject')).toBeUndefined();
  });

  it('pulls from public addresses only, in a third of the places of slicing', () => {
    const puller = Object.entries(template.findResources('AWS::Lambda::Function')).find(([id]) =>
      id.startsWith('UploadPuller'),
    );
    const { Variables } = puller![1]['Properties'].Environment as { Variables: Record<string, string> };
    expect(JSON.parse(Variables['PULL_RULES']!)).toEqual({ allowPrivate: false, buckets: [] });
    expect([Variables['SLICING_PLACES'], Variables['PULL_PLACES']]).toEqual(['3', '1']);
    expect([1, 2, 3, 8, 9, 200].map(pullPlacesOf)).toEqual([1, 1, 1, 2, 3, 66]);
  });

  it('tells the function its limits', () => {
    expect(() =>
      template.hasResourceProperties('AWS::Lambda::Function', {
        Environment: {
          Variables: Match.objectLike({
            GROUPS_CLAIM: 'cognito:groups',
            UPLOAD_LIMITS: JSON.stringify({
              maxBytes: 2 * 1024 ** 3,
              types: ['video/*'],
              maxInFlight: 20,
              urlSeconds: 300,
              expireSeconds: 604_800,
            }),
          }),
        },
      }),
    ).not.toThrow();
  });

  it('removes what nobody accepted by its tag, and no source ever by its age', () => {
    const [sources] = Object.entries(template.findResources('AWS::S3::Bucket')).filter(([id]) =>
      id.includes('Sources'),
    );
    const rules = sources![1]['Properties'].LifecycleConfiguration.Rules as {
      TagFilters?: { Key: string; Value: string }[];
      ExpirationInDays?: number;
    }[];
    const expiring = rules.filter(({ ExpirationInDays }) => ExpirationInDays !== undefined);
    expect(expiring).toMatchObject([
      { Prefix: 'uploads/', Status: 'Enabled', TagFilters: [{ Key: 'state', Value: 'unaccepted' }] },
    ]);
    // After an upload's first part it may take `upload.expireDays`, and then wait for its turn.
    expect(expiring[0]!.ExpirationInDays! * DAY_SECONDS).toBeGreaterThan(7 * DAY_SECONDS + ARRIVAL_SECONDS);
  });

  it('leaves sources in the class they were stored in, unless told after how many days they go to another', () => {
    const rulesOf = (given: Record<string, unknown>) => {
      const [sources] = Object.entries(
        Template.fromStack(stageScope(given).stack).findResources('AWS::S3::Bucket'),
      ).filter(([id]) => id.includes('Sources'));
      const rules = sources![1]['Properties'].LifecycleConfiguration.Rules as { Transitions?: unknown }[];
      return rules.filter(({ Transitions }) => Transitions !== undefined);
    };
    expect(rulesOf({})).toEqual([]);
    expect(rulesOf({ 'videos.infrequentDays': 45 })).toEqual([
      {
        Id: 'infrequent',
        Prefix: 'uploads/',
        Status: 'Enabled',
        Transitions: [{ StorageClass: 'STANDARD_IA', TransitionInDays: 45 }],
      },
    ]);
  });

  it('forgets unfinished uploads: parts by lifecycle rule, places by TTL', () => {
    expect(() =>
      template.hasResourceProperties('AWS::S3::Bucket', {
        LifecycleConfiguration: {
          Rules: Match.arrayWith([
            Match.objectLike({ Prefix: 'uploads/', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }),
          ]),
        },
      }),
    ).not.toThrow();
    expect(() =>
      template.hasResourceProperties('AWS::DynamoDB::Table', {
        KeySchema: [
          { AttributeName: 'owner', KeyType: 'HASH' },
          { AttributeName: 'slot', KeyType: 'RANGE' },
        ],
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      }),
    ).not.toThrow();
  });
});

it('a fraction of a GiB is whole bytes', () => {
  const { config } = stageScope({ 'upload.maxSizeGiB': 0.0011 });
  expect(limitsOf(config).maxBytes).toBe(1_181_116);
});
