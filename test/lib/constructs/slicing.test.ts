import { Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { Slicing } from '../../../lib/constructs/slicing.ts';
import { grantsOf, stageScope } from './stage.ts';

interface State {
  Type: string;
  Next?: string;
  Default?: string;
  Retry?: { ErrorEquals: string[]; JitterStrategy: string; BackoffRate: number; MaxAttempts: number }[];
  Catch?: { ErrorEquals: string[]; Next: string; ResultPath: string }[];
  Choices?: { Variable: string; StringEquals: string; Next: string }[];
  Parameters?: Record<string, unknown>;
  ItemProcessor?: { StartAt: string; States: Record<string, State> };
}

describe('the slicing stage', () => {
  let template: Template;
  let machine: { StartAt: string; States: Record<string, State> };
  beforeAll(() => {
    const { stack, config, storage } = stageScope();
    const ffmpegLayer = new LayerVersion(stack, 'Ffmpeg', { code: Code.fromAsset(import.meta.dirname) });
    new Slicing(stack, 'Slicing', { config, storage, ffmpegLayer });
    // Findings of cdk-nag's AwsSolutions pack throw here.
    template = Template.fromStack(stack);
    const [found] = Object.values(template.findResources('AWS::StepFunctions::StateMachine')) as {
      Properties: { DefinitionString: { 'Fn::Join': [string, unknown[]] } };
    }[];
    const [separator, parts] = found!.Properties.DefinitionString['Fn::Join'];
    machine = JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'ref')).join(separator));
  }, 60_000);

  it('starts a run for what arrives under uploads/ in the source bucket, and keeps undelivered events', () => {
    expect(() =>
      template.hasResourceProperties('AWS::Events::Rule', {
        EventPattern: {
          source: ['aws.s3'],
          'detail-type': ['Object Created'],
          detail: {
            bucket: { name: [{ Ref: Match.stringLikeRegexp('Sources') }] },
            object: { key: [{ prefix: 'uploads/' }] },
          },
        },
        Targets: [
          Match.objectLike({
            Arn: { Ref: Match.stringLikeRegexp('SlicingMachine') },
            DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('SlicingUndelivered'), 'Arn'] } },
          }),
        ],
      }),
    ).not.toThrow();
  });

  it('goes probe → each chunk → assemble, and ends well when there is nothing to slice', () => {
    const { States, StartAt } = machine;
    expect(StartAt).toBe('Probe source');
    expect(States['Probe source']?.Parameters).toEqual({
      'execution.$': '$$.Execution.Name',
      'event.$': '$$.Execution.Input',
    });
    expect(States['Probe source']?.Next).toBe('Planned?');
    expect(States['Planned?']?.Choices).toEqual([
      { Variable: '$.outcome', StringEquals: 'planned', Next: 'Each chunk' },
    ]);
    expect(States['Planned?']?.Default).toBe('Nothing to slice');
    expect(States['Nothing to slice']?.Type).toBe('Succeed');
    expect(States['Each chunk']).toMatchObject({ Type: 'Map', ItemsPath: '$.chunks', Next: 'Assemble renditions' });
    expect(States['Assemble renditions']?.Next).toBe('Done');
  });

  it('retries only what may go away by itself, with backoff and jitter', () => {
    const tasks = [
      ...Object.values(machine.States),
      ...Object.values(machine.States['Each chunk']!.ItemProcessor!.States),
    ].filter(({ Type }) => Type === 'Task');
    expect(tasks).toHaveLength(4);
    for (const { Retry } of tasks) {
      expect(Retry).toHaveLength(1);
      expect(Retry![0]).toMatchObject({ JitterStrategy: 'FULL', BackoffRate: 2, MaxAttempts: 5 });
      expect(Retry![0]!.ErrorEquals).toContain('Lambda.TooManyRequestsException');
      expect(Retry![0]!.ErrorEquals.filter((name) => /^States\.|Refusal/.test(name))).toEqual([]);
    }
  });

  it('marks the video failed whatever breaks, then fails the run', () => {
    for (const name of ['Probe source', 'Each chunk', 'Assemble renditions']) {
      expect(machine.States[name]?.Catch).toEqual([
        { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Mark failed' },
      ]);
    }
    expect(machine.States['Mark failed']?.Next).toBe('Broken');
    expect(machine.States['Broken']?.Type).toBe('Fail');
  });

  it('logs errors without data, and traces', () => {
    expect(() =>
      template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
        LoggingConfiguration: { Level: 'ERROR', IncludeExecutionData: false },
        TracingConfiguration: { Enabled: true },
      }),
    ).not.toThrow();
  });

  const objects: [step: string, action: string, prefixes: string[]][] = [
    ['Probe', 's3:GetObject', ['uploads/*']],
    ['Probe', 's3:DeleteObject', ['uploads/*']],
    ['Probe', 's3:PutObject', []],
    ['Encode', 's3:GetObject', ['uploads/*']],
    ['Encode', 's3:PutObject', ['vod/*', 'work/*']],
    ['Encode', 's3:DeleteObject', ['uploads/*', 'vod/*', 'work/*']],
    ['Assemble', 's3:GetObject', ['work/*', 'vod/*']],
    ['Assemble', 's3:PutObject', ['vod/*']],
    ['Assemble', 's3:DeleteObject', ['work/*', 'vod/*']],
    ['Fail', 's3:GetObject', []],
    ['Fail', 's3:DeleteObject', ['vod/*', 'work/*']],
  ];
  it.each(objects)('%s: %s on %j', (step, action, prefixes) => {
    const resources = grantsOf(template, `Slicing${step}Role`).get(action) ?? [];
    expect(resources.map((resource) => /"\/([a-z]+\/\*)"/.exec(resource)?.[1])).toEqual(prefixes);
  });

  it.each(['Probe', 'Encode', 'Assemble', 'Fail'])('%s has no wildcard action and the least of the tables', (step) => {
    const grants = grantsOf(template, `Slicing${step}Role`);
    expect([...grants.keys()].filter((action) => action.includes('*'))).toEqual([]);
    const tables = [...grants.keys()].filter((action) => action.startsWith('dynamodb:')).sort();
    const own = ['dynamodb:GetItem', 'dynamodb:UpdateItem'];
    expect(tables).toEqual(step === 'Probe' ? ['dynamodb:DeleteItem', ...own] : own);
    expect(grants.get('events:PutEvents')).toHaveLength(1);
  });

  it('gives encode its memory, time and scratch space by configuration', () => {
    expect(() =>
      template.hasResourceProperties('AWS::Lambda::Function', {
        Description: Match.stringLikeRegexp('^Encodes one chunk'),
        MemorySize: 10240,
        Timeout: 900,
        EphemeralStorage: { Size: 10240 },
        Environment: { Variables: Match.objectLike({ PRESET: 'veryfast', EVENT_BUS: 'default' }) },
      }),
    ).not.toThrow();
  });
});
