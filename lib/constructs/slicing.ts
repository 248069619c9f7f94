/**
 * Slicing: a source that has arrived starts a run of probe → encode (per chunk) → assemble; whatever breaks ends in fail. The
 * functions are in slicing-steps.ts, the run's states in slicing-flow.ts.
 */
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import { Policy, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { concurrency } from '../config.ts';
import { SOURCE_PREFIX } from '../contract/keys.ts';
import { RUN_DAYS } from '../contract/slicing.ts';
import type { SluiceFunction } from './function.ts';
import { MediaConvert } from './media-convert.ts';
import { acknowledge, acknowledgeWildcards } from './nag.ts';
import { deadLetterQueue } from './queue.ts';
import { removalOf } from './removal.ts';
import { slicingFlow } from './slicing-flow.ts';
import { slicingSteps, type SlicingProps } from './slicing-steps.ts';

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

export class Slicing extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: SlicingProps) {
    super(scope, id);
    const { config } = props;
    const logGroup = new LogGroup(this, 'Runs', {
      retention: config.logRetentionDays,
      removalPolicy: removalOf(config),
    });
    const steps = slicingSteps(this, props);
    const convert = config.slicing.engine === 'encode' ? undefined : new MediaConvert(this, 'Convert', props);
    const role = this.#role([...Object.values(steps), ...(convert ? [convert.submit, convert.collect] : [])]);
    this.stateMachine = new StateMachine(this, 'Machine', {
      definitionBody: DefinitionBody.fromChainable(
        slicingFlow(this, { steps, convert, concurrency: concurrency(config) }),
      ),
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
