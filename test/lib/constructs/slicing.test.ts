import { Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { memoryLimit } from '../../../lambdas/slicing/encoder.ts';
import { MEMORY_BYTES } from '../../../lambdas/slicing/ffprobe.ts';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { Slicing } from '../../../lib/constructs/slicing.ts';
import { machineOf, tasksOf, type Machine } from '../../support/machine.ts';
import { grantsOf, stageScope } from './stage.ts';

describe('the slicing stage', () => {
  let template: Template;
  let machine: Machine;
  beforeAll(() => {
    const { stack, config, storage } = stageScope();
    const ffmpegLayer = new LayerVersion(stack, 'Ffmpeg', { code: Code.fromAsset(import.meta.dirname) });
    new Slicing(stack, 'Slicing', { config, storage, ffmpegLayer });
    // Findings of cdk-nag's AwsSolutions pack throw here.
    template = Template.fromStack(stack);
    machine = machineOf(template);
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

  it('goes probe → each task, or the whole source → assemble, and ends well when there is nothing to slice', () => {
    const { States, StartAt } = machine;
    expect(StartAt).toBe('Probe source');
    expect(States['Probe source']?.Parameters).toEqual({
      'execution.$': '$$.Execution.Name',
      'event.$': '$$.Execution.Input',
      'before.$': '$',
    });
    expect(States['Probe source']?.Next).toBe('Planned?');
    const planned = { Variable: '$.outcome', StringEquals: 'planned' };
    const inParts = { And: [planned, { Variable: '$.plan.timescale', IsNumeric: true }] };
    expect(States['Planned?']?.Choices).toEqual([
      { And: [inParts, { Variable: '$.plan.chunkCount', NumericLessThanEquals: 8 }], Next: 'Each of few tasks' },
      { ...inParts, Next: 'Each task' },
      { ...planned, Next: 'Encode whole' },
      { Variable: '$.outcome', StringEquals: 'stretches', Next: 'Each stretch' },
    ]);
    // What is large and has no index is read in stretches first; what goes wrong there, probe does alone.
    expect(States['Each stretch']).toMatchObject({
      Type: 'Map',
      ItemsPath: '$.stretches',
      ItemSelector: {
        read: {
          'source.$': '$.source',
          'stretch.$': '$$.Map.Item.Value',
          'videoId.$': '$.videoId',
          'revision.$': '$.revision',
        },
      },
      Next: 'Probe source',
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Probe source' }],
    });
    const reading = (States['Each stretch'] as { ItemProcessor?: { States: Record<string, { Resource?: string }> } })
      .ItemProcessor!.States;
    expect(reading['Read stretch']!.Resource).toMatch(/^SlicingChunk/);
    expect(States['Encode whole']).toMatchObject({
      Type: 'Task',
      Parameters: { 'plan.$': '$.plan', 'chunk.$': '$.chunks[0]' },
      Next: 'Assemble renditions',
    });
    expect(States['Planned?']?.Default).toBe('Nothing to slice');
    expect(States['Nothing to slice']?.Type).toBe('Succeed');
    for (const [name, mode] of [
      ['Each of few tasks', 'INLINE'],
      ['Each task', 'DISTRIBUTED'],
    ] as const) {
      const map = States[name]!;
      expect(map).toMatchObject({ Type: 'Map', ItemsPath: '$.chunks', Next: 'Assemble renditions' });
      expect(map.ItemProcessor).toMatchObject({ ProcessorConfig: { Mode: mode } });
      // What is copied goes to the function without ffmpeg.
      const { States: inner, StartAt: first } = map.ItemProcessor!;
      const [choice] = inner[first]!.Choices!;
      expect(choice).toMatchObject({ Variable: '$.chunk.copy', IsPresent: true });
      expect(inner[choice!.Next]!.Resource).toMatch(/^SlicingCopy/);
      expect(inner[inner[first]!.Default!]!.Resource).toMatch(/^SlicingChunk/);
    }
    expect(States['Assemble renditions']?.Next).toBe('Done');
  });

  it('retries only what may go away by itself; how long, throttled.test.ts counts', () => {
    const tasks = tasksOf(machine);
    expect(tasks).toHaveLength(10);
    for (const [, { Retry = [] }] of tasks) {
      const names = Retry.flatMap(({ ErrorEquals }) => ErrorEquals);
      expect(names.filter((name) => /^States\.|Refusal/.test(name))).toEqual([]);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('marks the video failed whatever breaks, then fails the run', () => {
    for (const name of ['Probe source', 'Each task', 'Encode whole', 'Assemble renditions']) {
      expect(machine.States[name]?.Catch).toEqual([
        { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Mark failed' },
      ]);
    }
    // Few tasks that do not get on are left to the way for many, which has more patience.
    expect(machine.States['Each of few tasks']?.Catch).toEqual([
      { ErrorEquals: ['States.ALL'], ResultPath: null, Next: 'Each task' },
    ]);
    const { States: inner } = machine.States['Each task']!.ItemProcessor!;
    for (const name of ['Copy one of many', 'Encode one of many'])
      expect(inner[name]?.Catch).toEqual([
        { ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Mark failed there' },
      ]);
    expect(inner['Mark failed there']).toMatchObject({
      Parameters: { 'execution.$': '$.plan.execution', 'chunk.$': '$.chunk', 'error.$': '$.error' },
      Next: 'Task broken',
    });
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
    ['Probe', 's3:GetObject', ['uploads/*', 'work/*', 'vod/*', 'keys/*']],
    ['Probe', 's3:DeleteObject', ['uploads/*', 'work/*', 'vod/*', 'keys/*']],
    ['Probe', 's3:PutObject', ['uploads/*', 'work/*', 'vod/*', 'keys/*']],
    ['Probe', 's3:DeleteObjectTagging', ['uploads/*']],
    ...['Encode', 'Chunk', 'Copy'].flatMap((step): [string, string, string[]][] => [
      [step, 's3:GetObject', ['uploads/*', 'vod/*', 'keys/*', 'work/*']],
      [step, 's3:PutObject', ['vod/*', 'keys/*', 'work/*']],
      [step, 's3:DeleteObject', ['uploads/*', 'vod/*', 'keys/*', 'work/*']],
    ]),
    ['Assemble', 's3:GetObject', ['work/*', 'vod/*', 'keys/*']],
    ['Assemble', 's3:PutObject', ['vod/*']],
    ['Assemble', 's3:DeleteObject', ['work/*', 'vod/*', 'keys/*']],
    ['Fail', 's3:GetObject', ['work/*']],
    ['Fail', 's3:DeleteObject', ['vod/*', 'keys/*', 'work/*']],
  ];
  it.each(objects)('%s: %s on %j', (step, action, prefixes) => {
    const resources = grantsOf(template, `Slicing${step}Role`).get(action) ?? [];
    expect(resources.map((resource) => /"\/([a-z]+\/\*)"/.exec(resource)?.[1])).toEqual(prefixes);
  });

  it.each(['Probe', 'Copy', 'Encode', 'Chunk', 'Assemble', 'Fail'])(
    '%s has no wildcard action and the least of the tables',
    (step) => {
      const grants = grantsOf(template, `Slicing${step}Role`);
      expect([...grants.keys()].filter((action) => action.includes('*'))).toEqual([]);
      const tables = [...grants.keys()].filter((action) => action.startsWith('dynamodb:')).sort();
      // Of the uploads table: to take a place and give it back; fail only gives it back.
      const places = ['DeleteItem', ...(step === 'Fail' ? [] : ['PutItem']), 'Query'];
      expect(tables).toEqual(['GetItem', 'UpdateItem', ...places].map((action) => `dynamodb:${action}`).sort());
      expect(grants.get('dynamodb:Query')!.every((resource) => resource.includes('Uploads'))).toBe(true);
      expect(grants.get('dynamodb:DeleteItem')!.every((resource) => resource.includes('Uploads'))).toBe(true);
      expect(grants.get('events:PutEvents')).toHaveLength(1);
    },
  );

  it('gives probe clearly more memory than ffprobe may take', () => {
    const found = Object.values(
      template.findResources('AWS::Lambda::Function', {
        Properties: { Description: Match.stringLikeRegexp('^Claims an uploaded source') },
      }),
    ) as { Properties: { MemorySize: number } }[];
    expect(found).toHaveLength(1);
    expect(found[0]!.Properties.MemorySize * 1024 ** 2 - MEMORY_BYTES).toBeGreaterThan(400 * 1024 ** 2);
    const env = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024' };
    expect(memoryLimit(env).memoryBytes).toBe(960 * 1024 ** 2);
    expect(memoryLimit({})).toEqual({});
  });

  it('gives encode its memory, time and scratch space by configuration', () => {
    expect(() =>
      template.hasResourceProperties('AWS::Lambda::Function', {
        Description: Match.stringLikeRegexp('^Encodes one chunk'),
        MemorySize: 2304,
        Timeout: 900,
        EphemeralStorage: { Size: 4096 },
      }),
    ).not.toThrow();
    expect(() =>
      template.hasResourceProperties('AWS::Lambda::Function', {
        Description: Match.stringLikeRegexp('^Encodes a source that has no index'),
        MemorySize: 10240,
        Timeout: 900,
        EphemeralStorage: { Size: 10240 },
        Environment: { Variables: Match.objectLike({ PRESET: 'veryfast', EVENT_BUS: 'default' }) },
      }),
    ).not.toThrow();
  });
});
