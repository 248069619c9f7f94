/** The flow of a run: probe → each task, or the whole source → assemble; whatever breaks ends in fail. */
import { Duration } from 'aws-cdk-lib';
import {
  Choice,
  Condition,
  DistributedMap,
  Fail,
  IntegrationPattern,
  JsonPath,
  Map as InlineMap,
  StateMachineType,
  Succeed,
  TaskInput,
  Timeout,
  type CatchProps,
  type IChainable,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import type { Concurrency } from '../concurrency.ts';
import type { SluiceFunction } from './function.ts';
import type { MediaConvert } from './media-convert.ts';
import { retriesOf } from './retries.ts';
import type { Steps } from './slicing-steps.ts';

/** A job whose event was lost is looked after so often, and for three days in all. */
const JOB_TIMEOUT = Duration.hours(3);
const JOB_LOOKS = 24;

const PLAN = TaskInput.fromObject({ plan: JsonPath.objectAt('$.plan') });

/** Tasks that go into the run's own history. */
const FEW = 8;

export interface FlowProps {
  readonly steps: Steps;
  readonly convert: MediaConvert | undefined;
  readonly concurrency: Pick<Concurrency, 'chunks' | 'reserved'>;
}

/** The first state of the run; the others follow. They stand in `scope`. */
export function slicingFlow(scope: Construct, { steps, convert, concurrency }: FlowProps): IChainable {
  const { probe, copy, encode, chunk, assemble, fail } = steps;
  /** Without a payload the step gets the state's own input. */
  const invoke = (
    id: string,
    lambdaFunction: SluiceFunction,
    step: Parameters<typeof retriesOf>[0],
    payload?: TaskInput,
    resultPath?: string,
  ) => {
    const task = new LambdaInvoke(scope, id, {
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
  ).next(new Fail(scope, 'Broken', { error: 'SlicingFailed', cause: 'A step failed; see its error before this one.' }));
  const otherwise = { errors: ['States.ALL'], resultPath: '$.error' };

  const probing = invoke(
    'Probe source',
    probe,
    'first',
    // What it said before, when it is asked again; else what started the run.
    TaskInput.fromObject({ ...whatStartedIt, before: JsonPath.objectAt('$') }),
  );
  // What has no index and is large is read in stretches first; what goes wrong there, probe does alone. The function of chunks
  // reads them: it takes its share of the account, and no more.
  const stretch = {
    source: JsonPath.objectAt('$.source'),
    videoId: JsonPath.stringAt('$.videoId'),
    revision: JsonPath.numberAt('$.revision'),
    stretch: JsonPath.objectAt('$$.Map.Item.Value'),
  };
  const reading = new InlineMap(scope, 'Each stretch', {
    itemsPath: '$.stretches',
    itemSelector: { read: stretch },
    maxConcurrency: concurrency.reserved?.chunks ?? concurrency.chunks,
    resultPath: JsonPath.DISCARD,
  }).itemProcessor(invoke('Read stretch', chunk, 'hasty'));
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
    return new Choice(scope, `Is ${name} copied?`)
      .when(Condition.isPresent('$.chunk.copy'), copying)
      .otherwise(encoding);
  };
  const each = {
    itemsPath: '$.chunks',
    itemSelector: { plan: JsonPath.objectAt('$.plan'), chunk: JsonPath.objectAt('$$.Map.Item.Value') },
    // Where functions are reserved, each run is told how many (lambdas/slicing/share.ts).
    ...(concurrency.reserved ? { maxConcurrencyPath: '$.atATime' } : { maxConcurrency: concurrency.chunks }),
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
  ).next(new Fail(scope, 'Task broken', { error: 'TaskFailed', cause: 'The video says what of it was to be made.' }));
  // Distributed: each task is an execution of its own, with a history of its own for all that is tried again.
  const many = new DistributedMap(scope, 'Each task', {
    ...each,
    mapExecutionType: StateMachineType.STANDARD,
  }).itemProcessor(task('one of many', 'task', brokenTask));
  // Begins and ends at once, with little patience: whatever goes wrong there, the other takes up what is left.
  const few = new InlineMap(scope, 'Each of few tasks', each).itemProcessor(task('one of few', 'impatient'));
  const assembling = invoke('Assemble renditions', assemble, 'later');

  probing.addCatch(failed, otherwise);
  reading.addCatch(probing, { errors: ['States.ALL'], resultPath: JsonPath.DISCARD });
  whole.addCatch(failed, otherwise);
  many.addCatch(failed, otherwise);
  few.addCatch(many, { errors: ['States.ALL'], resultPath: JsonPath.DISCARD });
  assembling.addCatch(failed, otherwise);
  const planned = Condition.stringEquals('$.outcome', 'planned');
  const choice = new Choice(scope, 'Planned?');
  if (convert) {
    const converting = convertFlow(
      scope,
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
  many.next(assembling).next(new Succeed(scope, 'Done'));
  return probing.next(
    choice
      .when(Condition.and(inParts, Condition.numberLessThanEquals('$.plan.chunkCount', FEW)), few.next(assembling))
      .when(inParts, many)
      .when(planned, whole.next(assembling))
      .when(Condition.stringEquals('$.outcome', 'stretches'), reading.next(probing))
      // A duplicate, a refused source, or none of ours: nothing went wrong.
      .otherwise(new Succeed(scope, 'Nothing to slice')),
  );
}

/** Submits the job, waits until somebody answers with the task's token, and looks at what was made. */
function convertFlow(
  scope: Construct,
  { submit }: MediaConvert,
  otherwise: CatchProps,
  failed: IChainable,
  collecting: LambdaInvoke,
) {
  const waiting = new LambdaInvoke(scope, 'Await MediaConvert', {
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
