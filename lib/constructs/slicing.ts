/** Slicing: a source that has arrived starts a run of probe → encode (per chunk) → assemble; whatever breaks ends in fail. */
import { Duration, Size } from 'aws-cdk-lib';
import { EventBus, Match, Rule } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  Choice,
  Condition,
  DefinitionBody,
  Fail,
  JsonPath,
  LogLevel,
  Map,
  StateMachine,
  Succeed,
  TaskInput,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { concurrency, type Config } from '../config.ts';
import { SOURCE_PREFIX, VOD_PREFIX, WORK_PREFIX } from '../contract/keys.ts';
import { RUN_DAYS, slicingOptions, type SlicingOptions } from '../contract/slicing.ts';
import { SluiceFunction, type SluiceFunctionProps } from './function.ts';
import { acknowledge, acknowledgeWildcards } from './nag.ts';
import { deadLetterQueue } from './queue.ts';
import type { Storage } from './storage.ts';
import { removalOf } from './removal.ts';
import { retriesOf } from './retries.ts';

export interface SlicingProps {
  readonly config: Config;
  readonly storage: Storage;
  readonly ffmpegLayer: ILayerVersion;
}

/** To take a place, keep it and give it back (lambdas/slicing/place.ts). */
const HOLD_PLACE = ['Query', 'PutItem', 'DeleteItem'];

/** What Step Functions itself calls to trace and log a run. */
const OBSERVING = [
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
  'xray:GetSamplingRules',
  'xray:GetSamplingTargets',
  'logs:CreateLogDelivery',
  'logs:GetLogDelivery',
  'logs:UpdateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:DescribeResourcePolicies',
  'logs:DescribeLogGroups',
];

type Steps = Record<'probe' | 'encode' | 'assemble' | 'fail', SluiceFunction>;

export class Slicing extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: SlicingProps) {
    super(scope, id);
    const { config } = props;
    const logGroup = new LogGroup(this, 'Runs', {
      retention: config.logRetentionDays,
      removalPolicy: removalOf(config),
    });
    const steps = this.#steps(props);
    this.stateMachine = new StateMachine(this, 'Machine', {
      definitionBody: DefinitionBody.fromChainable(this.#flow(steps, concurrency(config).chunks)),
      role: this.#role(Object.values(steps)),
      // Longer than all its waits: a run that timed out would leave its video in progress for ever.
      timeout: Duration.days(RUN_DAYS),
      tracingEnabled: true,
      // Errors, without what was handed from step to step.
      logs: { destination: logGroup, level: LogLevel.ERROR, includeExecutionData: false },
    });
    acknowledge(
      this.stateMachine,
      'AwsSolutions-SF1',
      'ALL would record every state of every run; what goes wrong is in the error level, the rest in the execution history',
    );
    this.#rule(props);
  }

  /** Invokes these functions and nothing else; CDK's own grant would add every version and alias of each. */
  #role(functions: readonly SluiceFunction[]) {
    const role = new Role(this, 'MachineRole', {
      assumedBy: new ServicePrincipal('states.amazonaws.com'),
      inlinePolicies: {
        steps: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ['lambda:InvokeFunction'],
              resources: functions.map(({ functionArn }) => functionArn),
            }),
            new PolicyStatement({ actions: OBSERVING, resources: ['*'] }),
          ],
        }),
      },
    });
    acknowledgeWildcards(role, ['*'], 'Traces and log deliveries have no resource to name (Step Functions guide)');
    return role.withoutPolicyUpdates();
  }

  #steps({ config, storage, ffmpegLayer }: SlicingProps): Steps {
    const bus = EventBus.fromEventBusName(this, 'Bus', 'default');
    const options = optionsOf(config);
    const step = (id: string, settings: Omit<SluiceFunctionProps, 'config' | 'entry'>, actions: readonly string[]) =>
      new SluiceFunction(this, id, {
        config,
        entry: `slicing/${id.toLowerCase()}.ts`,
        ...settings,
      })
        .useTable('VIDEOS_TABLE', storage.videos, actions)
        .useEvents('EVENT_BUS', bus);
    const places = { SLICING_PLACES: String(concurrency(config).videos) };
    const scratch = Size.mebibytes(config.slicing.storageMiB);

    const probe = step(
      'Probe',
      {
        description: 'Claims an uploaded source, finds out what it is, refuses it or plans its slicing',
        layers: [ffmpegLayer],
        memorySize: 1769,
        timeout: Duration.minutes(10),
        ephemeralStorageSize: scratch,
        environment: { SLICING_OPTIONS: JSON.stringify(options), ...places },
      },
      ['GetItem', 'UpdateItem'],
    )
      .useTable('UPLOADS_TABLE', storage.uploads, HOLD_PLACE)
      // Makes what was posted the source, and removes what is refused or no record knows.
      .useObjects(
        'SOURCE_BUCKET',
        storage.sources,
        ['GetObject', 'PutObject', 'DeleteObject', 'DeleteObjectTagging'],
        SOURCE_PREFIX,
      );

    const encode = step(
      'Encode',
      {
        description: 'Encodes one chunk of a source into segments of every rendition',
        layers: [ffmpegLayer],
        memorySize: config.slicing.memoryMiB,
        timeout: Duration.seconds(config.slicing.timeoutSeconds),
        ephemeralStorageSize: scratch,
        environment: { PRESET: config.slicing.preset, ...places },
      },
      ['GetItem', 'UpdateItem'],
    )
      .useTable('UPLOADS_TABLE', storage.uploads, HOLD_PLACE)
      .useObjects('SOURCE_BUCKET', storage.sources, ['GetObject', 'DeleteObject'], SOURCE_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['PutObject', 'DeleteObject'], VOD_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['PutObject', 'DeleteObject'], WORK_PREFIX);

    const assemble = step(
      'Assemble',
      {
        description: 'Writes playlists and poster, and declares the video playable and ready',
        layers: [ffmpegLayer],
        memorySize: 1769,
        timeout: Duration.minutes(5),
        environment: places,
      },
      ['GetItem', 'UpdateItem'],
    )
      .useTable('UPLOADS_TABLE', storage.uploads, HOLD_PLACE)
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'DeleteObject'], WORK_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject', 'DeleteObject'], VOD_PREFIX);

    const fail = step(
      'Fail',
      {
        description: 'Marks a video whose slicing broke as failed and removes what was written',
        timeout: Duration.minutes(2),
      },
      ['GetItem', 'UpdateItem'],
    )
      .useTable('UPLOADS_TABLE', storage.uploads, ['Query', 'DeleteItem'])
      .useObjects('MEDIA_BUCKET', storage.media, ['DeleteObject'], VOD_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['DeleteObject'], WORK_PREFIX)
      .listObjects(storage.media, VOD_PREFIX)
      .listObjects(storage.media, WORK_PREFIX);

    return { probe, encode, assemble, fail };
  }

  #flow({ probe, encode, assemble, fail }: Steps, chunks: number) {
    /** Without a payload the step gets the state's own input. */
    const invoke = (
      id: string,
      lambdaFunction: SluiceFunction,
      step: Parameters<typeof retriesOf>[0],
      payload?: TaskInput,
    ) => {
      const task = new LambdaInvoke(this, id, {
        lambdaFunction,
        ...(payload && { payload }),
        payloadResponseOnly: true,
        retryOnServiceExceptions: false,
      });
      for (const retry of retriesOf(step)) task.addRetry(retry);
      return task;
    };

    const whatStartedIt = {
      execution: JsonPath.executionName,
      event: JsonPath.objectAt('$$.Execution.Input'),
    };
    const failed = invoke(
      'Mark failed',
      fail,
      'last',
      TaskInput.fromObject({ ...whatStartedIt, error: JsonPath.objectAt('$.error') }),
    ).next(
      new Fail(this, 'Broken', { error: 'SlicingFailed', cause: 'A step failed; see its error before this one.' }),
    );
    const otherwise = { errors: ['States.ALL'], resultPath: '$.error' };

    const probing = invoke('Probe source', probe, 'first', TaskInput.fromObject(whatStartedIt));
    const encoding = new Map(this, 'Each chunk', {
      itemsPath: '$.chunks',
      itemSelector: { plan: JsonPath.objectAt('$.plan'), chunk: JsonPath.objectAt('$$.Map.Item.Value') },
      maxConcurrency: chunks,
      resultPath: JsonPath.DISCARD,
    }).itemProcessor(invoke('Encode chunk', encode, 'later'));
    const assembling = invoke('Assemble renditions', assemble, 'later');

    probing.addCatch(failed, otherwise);
    encoding.addCatch(failed, otherwise);
    assembling.addCatch(failed, otherwise);
    return probing.next(
      new Choice(this, 'Planned?')
        .when(Condition.stringEquals('$.outcome', 'planned'), encoding.next(assembling).next(new Succeed(this, 'Done')))
        // A duplicate, a refused source, or none of ours: nothing went wrong.
        .otherwise(new Succeed(this, 'Nothing to slice')),
    );
  }

  #rule({ config, storage }: SlicingProps): void {
    const undelivered = deadLetterQueue(this, 'Undelivered', config);
    acknowledge(undelivered, 'AwsSolutions-SQS3', 'This is the dead-letter queue itself');
    new Rule(this, 'SourceArrived', {
      description: 'A source is complete in the bucket',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [storage.sources.bucketName] },
          object: { key: Match.prefix(SOURCE_PREFIX) },
        },
      },
      targets: [
        new SfnStateMachine(this.stateMachine, {
          deadLetterQueue: undelivered,
          // As long as EventBridge can.
          retryAttempts: 185,
          maxEventAge: Duration.hours(24),
        }),
      ],
    });
  }
}

/** What of the configuration probing plans by. */
export const optionsOf = ({ slicing }: Pick<Config, 'slicing'>): SlicingOptions => slicingOptions.parse(slicing);
