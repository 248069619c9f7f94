/** What of MediaConvert the local engine cannot prove: rights, role, rule and the branch of the machine, by the template. */
import { Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { Slicing } from '../../../lib/constructs/slicing.ts';
import { machineOf, tasksOf, waitsOf, type Machine } from '../../support/machine.ts';
import { grantsOf, stageScope } from './stage.ts';

function slicing(engine: string, more: Record<string, string> = {}) {
  const { stack, config, storage } = stageScope({ 'slicing.engine': engine, ...more });
  const ffmpegLayer = new LayerVersion(stack, 'Ffmpeg', { code: Code.fromAsset(import.meta.dirname) });
  new Slicing(stack, 'Slicing', { config, storage, ffmpegLayer });
  // Findings of cdk-nag's AwsSolutions pack throw here.
  return Template.fromStack(stack);
}

describe('a deployment that uses MediaConvert', () => {
  let template: Template;
  let machine: Machine;
  beforeAll(() => {
    template = slicing('auto');
    machine = machineOf(template);
  }, 300_000);

  it('waits for its job by a token, then looks at what was made and goes on as always', () => {
    const planned = { Variable: '$.outcome', StringEquals: 'planned' };
    expect(machine.States['Planned?']?.Choices?.[0]).toEqual({
      And: [planned, { Variable: '$.plan.engine', StringEquals: 'mediaconvert' }],
      Next: 'Await MediaConvert',
    });
    const convert = machine.States['Await MediaConvert'] as unknown as Record<string, unknown>;
    expect(convert).toMatchObject({
      Type: 'Task',
      Parameters: { Payload: { 'plan.$': '$.plan', 'token.$': '$$.Task.Token' } },
      TimeoutSeconds: 3 * 3600,
      ResultPath: null,
      Next: 'Collect renditions',
    });
    expect(JSON.stringify(template.findResources('AWS::StepFunctions::StateMachine'))).toContain(
      ':states:::lambda:invoke.waitForTaskToken',
    );
    expect(machine.States['Collect renditions']).toMatchObject({
      Parameters: { 'plan.$': '$.plan' },
      Next: 'Assemble renditions',
    });
  });

  it('looks after a job whose event was lost for three days, and fails with what MediaConvert said', () => {
    const { Retry = [], Catch } = machine.States['Await MediaConvert']!;
    expect(Retry.at(-1)).toMatchObject({ ErrorEquals: ['States.Timeout'], MaxAttempts: 24 });
    for (const name of ['Await MediaConvert', 'Collect renditions']) {
      expect(machine.States[name]?.Catch ?? Catch).toEqual([
        { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Mark failed' },
      ]);
    }
  });

  it('keeps to the 25,000 events of a run however often its steps are tried again', () => {
    const way = ['Probe source', 'Await MediaConvert', 'Collect renditions', 'Assemble renditions', 'Mark failed'];
    const tries = tasksOf(machine)
      .filter(([name]) => way.includes(name))
      .flatMap(([name, { Retry = [] }]) =>
        Retry.map(({ MaxAttempts }) => MaxAttempts * (name === 'Await MediaConvert' ? 4 : 3)),
      );
    expect(tries.reduce((sum, events) => sum + events, 100)).toBeLessThan(25_000);
    expect(waitsOf(machine.States['Await MediaConvert']!.Retry![0]!).average).toBeGreaterThan(24 * 3600);
  });

  it('hears only of jobs of its own, and keeps what it could not be told', () => {
    expect(() =>
      template.hasResourceProperties('AWS::Events::Rule', {
        EventPattern: {
          source: ['aws.mediaconvert'],
          'detail-type': ['MediaConvert Job State Change'],
          detail: { status: ['COMPLETE', 'ERROR', 'CANCELED'], userMetadata: { deployment: ['Test'] } },
        },
        Targets: [
          Match.objectLike({
            Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('SlicingConvertFinished'), 'Arn'] },
            DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('SlicingConvertUndelivered'), 'Arn'] } },
            RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 },
          }),
        ],
      }),
    ).not.toThrow();
  });

  it('gives MediaConvert the sources to read and the renditions to write, for jobs of this account, and nothing else', () => {
    const roles = template.findResources('AWS::IAM::Role', {
      Properties: { Description: Match.stringLikeRegexp('^MediaConvert') },
    });
    const [{ Properties }] = Object.values(roles) as [
      {
        Properties: {
          AssumeRolePolicyDocument: { Statement: unknown };
          Policies: { PolicyDocument: { Statement: { Action: string; Resource: unknown }[] } }[];
        };
      },
    ];
    expect(Properties.AssumeRolePolicyDocument.Statement).toEqual([
      {
        Action: 'sts:AssumeRole',
        Effect: 'Allow',
        Principal: { Service: 'mediaconvert.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
    const statements = Properties.Policies[0]!.PolicyDocument.Statement;
    expect(statements.map(({ Action }) => Action)).toEqual(['s3:GetObject', 's3:PutObject']);
    expect(JSON.stringify(statements[0]!.Resource)).toMatch(/Sources.*\/uploads\/\*/);
    expect(JSON.stringify(statements[1]!.Resource)).toMatch(/Media.*\/vod\/\*/);
    expect(
      template.findResources('AWS::IAM::Policy', { Properties: { Roles: [{ Ref: Object.keys(roles)[0] }] } }),
    ).toEqual({});
  });

  it('lets its functions ask for jobs, pass that one role to that one service, and answer who waits', () => {
    const submit = grantsOf(template, 'SlicingConvertSubmitRole');
    expect([...submit.keys()].filter((action) => action.includes('*'))).toEqual([]);
    expect(submit.get('mediaconvert:CreateJob')!.join()).toContain(':queues/Default');
    expect(submit.get('mediaconvert:GetJob')!.join()).toContain(':jobs/*');
    expect(submit.get('iam:PassRole')).toEqual([expect.stringMatching(/SlicingConvertRole.*Arn/)]);
    expect(() =>
      template.hasResourceProperties('AWS::IAM::Policy', {
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Action: 'iam:PassRole',
              Condition: { StringEquals: { 'iam:PassedToService': 'mediaconvert.amazonaws.com' } },
            }),
          ]),
        },
      }),
    ).not.toThrow();
    for (const role of ['SlicingConvertSubmitRole', 'SlicingConvertFinishedRole']) {
      const grants = grantsOf(template, role);
      // Service Authorization Reference: these know no resource, so a policy must name all.
      expect(grants.get('states:SendTaskSuccess')).toEqual(['"*"']);
      expect(grants.get('states:SendTaskFailure')).toEqual(['"*"']);
    }
    const collect = grantsOf(template, 'SlicingConvertCollectRole');
    expect([...collect.keys()].filter((action) => action.startsWith('s3:')).toSorted()).toEqual([
      's3:DeleteObject',
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
    ]);
  });
});

it('a deployment that does not has nothing of it', { timeout: 300_000 }, () => {
  expect(JSON.stringify(slicing('encode').toJSON())).not.toMatch(/mediaconvert/i);
});

describe('a deployment with a DRM provider', () => {
  const provider = (keyServer: string) =>
    slicing('auto', {
      'drm.keyServer': keyServer,
      'drm.widevine': 'https://w.example/',
      'drm.playready': 'https://p.example/',
    });
  const mayInvoke = (template: Template) =>
    JSON.stringify(template.findResources('AWS::IAM::Role')).match(/execute-api:Invoke[^}]*?"Resource":(.*?)\}\]/g) ??
    [];

  it('has MediaConvert asked by it, and lets its role call that one API of a key server behind API Gateway', () => {
    const template = provider('https://abc123.execute-api.eu-west-1.amazonaws.com/EkeStage/copyProtection');
    template.hasResourceProperties('AWS::Lambda::Function', {
      Description: 'Hands a whole video to MediaConvert',
      Environment: {
        Variables: Match.objectLike({
          DRM: JSON.stringify({
            keyServer: 'https://abc123.execute-api.eu-west-1.amazonaws.com/EkeStage/copyProtection',
            keys: 'kinds',
            systems: ['widevine', 'playready'],
          }),
        }),
      },
    });
    const [found, ...others] = mayInvoke(template);
    expect(others).toEqual([]);
    expect(found).toContain(':execute-api:eu-west-1:*:abc123/*');
  });

  it('gives that right to nobody where the key server is elsewhere', () => {
    expect(mayInvoke(provider('https://keys.example/speke'))).toEqual([]);
    expect(mayInvoke(provider('https://evil.example/abc.execute-api.eu-west-1.amazonaws.com/'))).toEqual([]);
  });
});
