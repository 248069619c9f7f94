/** Slicing: a source that has arrived starts a run of probe → encode (per chunk) → assemble; whatever breaks ends in fail. */
import { ArnFormat, Duration, Size, Stack } from 'aws-cdk-lib';
import { EventBus, Match, Rule } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import { Policy, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  Choice,
  Condition,
  DefinitionBody,
  DistributedMap,
  Fail,
  IntegrationPattern,
  JsonPath,
  LogLevel,
  Map as InlineMap,
  StateMachine,
  StateMachineType,
  Succeed,
  TaskInput,
  Timeout,
  type CatchProps,
  type IChainable,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { concurrency, type Config } from '../config.ts';
import { SOURCE_PREFIX, VOD_PREFIX, WORK_PREFIX } from '../contract/keys.ts';
import { costOptions, type CostOptions } from '../contract/cost.ts';
import { RUN_DAYS, slicingOptions, type SlicingOptions } from '../contract/slicing.ts';
import { SluiceFunction, type SluiceFunctionProps } from './function.ts';
import { MediaConvert } from './media-convert.ts';
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

/** The month's dollars, which lie in the same table (lambdas/slicing/budget.ts). */
const COUNT_DOLLARS = ['GetItem', 'UpdateItem'];

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

type Settings = Omit<SluiceFunctionProps, 'config' | 'entry'> & Partial<Pick<SluiceFunctionProps, 'entry'>>;

/** A chunk's bytes of the source; the segments leave while it is encoded. */
const CHUNK_SCRATCH = Size.gibibytes(4);

/** A job whose event was lost is looked after so often, and for three days in all. */
const JOB_TIMEOUT = Duration.hours(3);
const JOB_LOOKS = 24;

const PLAN = TaskInput.fromObject({ plan: JsonPath.objectAt('$.plan') });

/** Tasks that go into the run's own history. */
const FEW = 8;

type Steps = Record<'probe' | 'copy' | 'encode' | 'chunk' | 'assemble' | 'fail', SluiceFunction>;

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
    const convert = config.slicing.engine === 'encode' ? undefined : new MediaConvert(this, 'Convert', props);
    const role = this.#role([...Object.values(steps), ...(convert ? [convert.submit, convert.collect] : [])]);
    this.stateMachine = new StateMachine(this, 'Machine', {
      definitionBody: DefinitionBody.fromChainable(this.#flow(steps, concurrency(config).chunks, convert)),
      role: role.withoutPolicyUpdates(),
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
    this.#allowChunks(role);
    convert?.answers(this.stateMachine);
    this.#rule(props);
  }

  /** The function may start runs. The bucket's event does, too, for what its call did not get done. */
  startedBy(fn: SluiceFunction): void {
    const { stateMachineArn } = this.stateMachine;
    fn.addEnvironment('STATE_MACHINE_ARN', stateMachineArn);
    fn.allow(['states:StartExecution'], [stateMachineArn]);
  }

  /**
   * A distributed Map starts its items as executions of the same machine, and looks after them (Step Functions guide, "IAM
   * policies for Distributed Map"). The CDK's own policy would take every version and redriving, too.
   */
  #allowChunks(role: Role): void {
    this.stateMachine.node.tryRemoveChild('DistributedMapPolicy');
    const { stateMachineArn, stateMachineName } = this.stateMachine;
    const executions = Stack.of(this).formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${stateMachineName}/*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const policy = new Policy(this, 'Chunks', {
      roles: [role],
      statements: [
        new PolicyStatement({ actions: ['states:StartExecution'], resources: [stateMachineArn] }),
        new PolicyStatement({ actions: ['states:DescribeExecution', 'states:StopExecution'], resources: [executions] }),
      ],
    });
    acknowledgeWildcards(
      policy,
      [executions],
      'Executions of this one state machine; their names are not known before they run',
    );
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
    return role;
  }

  #steps({ config, storage, ffmpegLayer }: SlicingProps): Steps {
    const bus = EventBus.fromEventBusName(this, 'Bus', 'default');
    const options = optionsOf(config);
    const step = (
      id: string,
      { entry = `slicing/${id.toLowerCase()}.ts`, ...settings }: Settings,
      actions: readonly string[],
    ) =>
      new SluiceFunction(this, id, { config, entry, ...settings })
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
        // A long source without an index is read and written once from beginning to end.
        timeout: Duration.minutes(15),
        ephemeralStorageSize: scratch,
        environment: {
          SLICING_OPTIONS: JSON.stringify(options),
          SLICING_COST: JSON.stringify(costOptionsOf(config)),
          ...places,
        },
      },
      ['GetItem', 'UpdateItem'],
    )
      .useTable('UPLOADS_TABLE', storage.uploads, [...HOLD_PLACE, ...COUNT_DOLLARS])
      // Makes what was posted the source, and removes what is refused or no record knows.
      .useObjects(
        'SOURCE_BUCKET',
        storage.sources,
        ['GetObject', 'PutObject', 'DeleteObject', 'DeleteObjectTagging'],
        SOURCE_PREFIX,
      )
      .useObjects(
        'MEDIA_BUCKET',
        storage.media,
        ['GetObject', 'PutObject', 'AbortMultipartUpload', 'DeleteObject'],
        WORK_PREFIX,
      )
      // Copies the beginning of what is copied, and publishes that.
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject', 'DeleteObject'], VOD_PREFIX);

    /** What every task of a run may: keep its place, be counted, and publish what is there. */
    const worker = (fn: SluiceFunction) =>
      fn
        .useTable('UPLOADS_TABLE', storage.uploads, HOLD_PLACE)
        .useObjects('SOURCE_BUCKET', storage.sources, ['GetObject', 'DeleteObject'], SOURCE_PREFIX)
        .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject', 'DeleteObject'], VOD_PREFIX)
        .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject', 'DeleteObject'], WORK_PREFIX);

    const copy = worker(
      step(
        'Copy',
        {
          description: 'Copies some segments out of a source whose packets players take as they are',
          entry: 'slicing/copy-group.ts',
          // One vCPU: what it does is wait for S3, and its share of the network grows with its memory.
          memorySize: 1769,
          timeout: Duration.minutes(5),
          environment: places,
        },
        ['GetItem', 'UpdateItem'],
      ),
    );

    const encoder = (id: string, description: string, settings: Partial<SluiceFunctionProps>) =>
      worker(
        step(
          id,
          {
            description,
            entry: 'slicing/encode.ts',
            layers: [ffmpegLayer],
            timeout: Duration.seconds(config.slicing.timeoutSeconds),
            environment: { PRESET: config.slicing.preset, ...places },
            ...settings,
          },
          ['GetItem', 'UpdateItem'],
        ),
      );
    const encode = encoder('Encode', 'Encodes a source that has no index, whole, into segments of every rendition', {
      memorySize: config.slicing.memoryMiB,
      ephemeralStorageSize: scratch,
    });
    const chunk = encoder('Chunk', 'Encodes one chunk of a source into segments of every rendition', {
      memorySize: config.slicing.chunkMemoryMiB,
      ephemeralStorageSize: CHUNK_SCRATCH,
    });

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
      .useTable('UPLOADS_TABLE', storage.uploads, [...HOLD_PLACE, ...COUNT_DOLLARS])
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

    return { probe, copy, encode, chunk, assemble, fail };
  }

  #flow({ probe, copy, encode, chunk, assemble, fail }: Steps, chunks: number, convert: MediaConvert | undefined) {
    /** Without a payload the step gets the state's own input. */
    const invoke = (
      id: string,
      lambdaFunction: SluiceFunction,
      step: Parameters<typeof retriesOf>[0],
      payload?: TaskInput,
      resultPath?: string,
    ) => {
      const task = new LambdaInvoke(this, id, {
        lambdaFunction,
        ...(payload && { payload }),
        ...(resultPath !== undefined && { resultPath }),
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

    const probing = invoke(
      'Probe source',
      probe,
      'first',
      // What it said before, when it is asked again; else what started the run.
      TaskInput.fromObject({ ...whatStartedIt, before: JsonPath.objectAt('$') }),
    );
    // What has no index and is large is read in stretches first; what goes wrong there, probe does alone.
    const stretch = {
      ...{ source: JsonPath.objectAt('$.source'), stretch: JsonPath.objectAt('$$.Map.Item.Value') },
      ...{ videoId: JsonPath.stringAt('$.videoId'), revision: JsonPath.numberAt('$.revision') },
    };
    const reading = new InlineMap(this, 'Each stretch', {
      itemsPath: '$.stretches',
      itemSelector: { ...whatStartedIt, read: stretch },
      maxConcurrency: chunks,
      resultPath: JsonPath.DISCARD,
    }).itemProcessor(invoke('Read stretch', probe, 'hasty'));
    const whole = invoke(
      'Encode whole',
      encode,
      'later',
      TaskInput.fromObject({ plan: JsonPath.objectAt('$.plan'), chunk: JsonPath.objectAt('$.chunks[0]') }),
      JsonPath.DISCARD,
    );
    /** Takes a task to the function that does it. */
    const task = (name: string, retried: Parameters<typeof retriesOf>[0], broken?: IChainable) => {
      const copying = invoke(`Copy ${name}`, copy, retried);
      const encoding = invoke(`Encode ${name}`, chunk, retried);
      if (broken) for (const one of [copying, encoding]) one.addCatch(broken, otherwise);
      return new Choice(this, `Is ${name} copied?`)
        .when(Condition.isPresent('$.chunk.copy'), copying)
        .otherwise(encoding);
    };
    const each = {
      itemsPath: '$.chunks',
      itemSelector: { plan: JsonPath.objectAt('$.plan'), chunk: JsonPath.objectAt('$$.Map.Item.Value') },
      maxConcurrency: chunks,
      resultPath: JsonPath.DISCARD,
    };
    const brokenTask = invoke(
      'Mark failed there',
      fail,
      'last',
      TaskInput.fromObject({
        execution: JsonPath.stringAt('$.plan.execution'),
        event: {
          detail: {
            bucket: { name: JsonPath.stringAt('$.plan.source.bucket') },
            object: { key: JsonPath.stringAt('$.plan.source.key') },
          },
        },
        error: JsonPath.objectAt('$.error'),
        chunk: JsonPath.objectAt('$.chunk'),
      }),
    ).next(new Fail(this, 'Task broken', { error: 'TaskFailed', cause: 'The video says what of it was to be made.' }));
    // Distributed: each task is an execution of its own, with a history of its own for all that is tried again.
    const many = new DistributedMap(this, 'Each task', {
      ...each,
      mapExecutionType: StateMachineType.STANDARD,
    }).itemProcessor(task('one of many', 'later', brokenTask));
    // Begins and ends at once, with little patience: whatever goes wrong there, the other takes up what is left.
    const few = new InlineMap(this, 'Each of few tasks', each).itemProcessor(task('one of few', 'impatient'));
    const assembling = invoke('Assemble renditions', assemble, 'later');

    probing.addCatch(failed, otherwise);
    reading.addCatch(probing, { errors: ['States.ALL'], resultPath: JsonPath.DISCARD });
    whole.addCatch(failed, otherwise);
    many.addCatch(failed, otherwise);
    few.addCatch(many, { errors: ['States.ALL'], resultPath: JsonPath.DISCARD });
    assembling.addCatch(failed, otherwise);
    const planned = Condition.stringEquals('$.outcome', 'planned');
    const choice = new Choice(this, 'Planned?');
    if (convert) {
      const converting = this.#convert(
        convert,
        otherwise,
        failed,
        invoke('Collect renditions', convert.collect, 'last', PLAN, JsonPath.DISCARD),
      );
      choice.when(
        Condition.and(planned, Condition.stringEquals('$.plan.engine', 'mediaconvert')),
        converting.next(assembling),
      );
    }
    const inParts = Condition.and(planned, Condition.isNumeric('$.plan.timescale'));
    many.next(assembling).next(new Succeed(this, 'Done'));
    return probing.next(
      choice
        .when(Condition.and(inParts, Condition.numberLessThanEquals('$.plan.chunkCount', FEW)), few.next(assembling))
        .when(inParts, many)
        .when(planned, whole.next(assembling))
        .when(Condition.stringEquals('$.outcome', 'stretches'), reading.next(probing))
        // A duplicate, a refused source, or none of ours: nothing went wrong.
        .otherwise(new Succeed(this, 'Nothing to slice')),
    );
  }

  /** Submits the job, waits until somebody answers with the task's token, and looks at what was made. */
  #convert({ submit }: MediaConvert, otherwise: CatchProps, failed: IChainable, collecting: LambdaInvoke) {
    const waiting = new LambdaInvoke(this, 'Await MediaConvert', {
      lambdaFunction: submit,
      integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
      payload: TaskInput.fromObject({ plan: JsonPath.objectAt('$.plan'), token: JsonPath.taskToken }),
      resultPath: JsonPath.DISCARD,
      taskTimeout: Timeout.duration(JOB_TIMEOUT),
      retryOnServiceExceptions: false,
    });
    // Neither this nor looking at what was made needs a place: MediaConvert works meanwhile.
    for (const retry of retriesOf('last')) waiting.addRetry(retry);
    // Asked again, it looks how its job is.
    waiting.addRetry({
      errors: ['States.Timeout'],
      interval: Duration.seconds(1),
      backoffRate: 1,
      maxAttempts: JOB_LOOKS,
    });
    waiting.addCatch(failed, otherwise);
    collecting.addCatch(failed, otherwise);
    return waiting.next(collecting);
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

/** What of the configuration prices follow from, and their ceilings. */
export const costOptionsOf = ({ slicing }: Pick<Config, 'slicing'>): CostOptions => costOptions.parse(slicing);

/** What of the configuration probing plans by. */
export const optionsOf = ({ slicing }: Pick<Config, 'slicing'>): SlicingOptions => slicingOptions.parse(slicing);
