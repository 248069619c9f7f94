/** The registry of alarms (lib/contract/operations.ts) as CloudWatch's: filters that count lines of log, and the alarms. */
import { Duration, Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnMetricFilter } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct, type IConstruct } from 'constructs';
import type { Config } from '../config.ts';
import { METRIC_NAMESPACE } from '../contract/ingest.ts';
import { FILTERS, METRICS, type FilterName, type Source } from '../contract/metrics.ts';
import { alarmName, alarmsOf, anchorOf, type OperationsAlarm } from '../contract/operations.ts';
import { SluiceFunction } from './function.ts';

export interface AlarmsProps {
  readonly config: Config;
  /** Who is told; undefined: the alarms are seen in CloudWatch and on no other way. */
  readonly topic: ITopic | undefined;
}

/** The deployment, as metrics and alarms are called after it. */
export const deploymentOf = ({ name, environment }: Pick<Config, 'name' | 'environment'>): string =>
  `${name}-${environment}`;

/** What a deployment has of what alarms are about. */
export const alarmsOfConfig = ({
  live,
  slicing,
  insight,
  kafka,
}: Pick<Config, 'live' | 'slicing' | 'insight' | 'kafka'>): OperationsAlarm[] =>
  alarmsOf({
    devices: live.enabled,
    mediaconvert: slicing.engine !== 'encode',
    raw: insight.keepRawDays > 0,
    kafka: kafka.brokers.length > 0,
  });

export class Alarms extends Construct {
  /** By their ids in the registry. */
  readonly made = new Map<string, Alarm>();

  constructor(scope: Construct, id: string, { config, topic }: AlarmsProps) {
    super(scope, id);
    const alarms = alarmsOfConfig(config);
    const counted = new Set(alarms.flatMap(({ source }) => (source.of === 'log' ? [source.name] : [])));
    for (const name of counted) this.#filters(name, config);
    for (const alarm of alarms) this.#alarm(alarm, config, topic);
  }

  /** One of each function it is about: they add to the same metric. */
  #filters(name: FilterName, config: Config): void {
    const { pattern, value, of } = FILTERS[name];
    const functions =
      name === 'StoreErrors'
        ? functionsOf(deployed(this)).filter(({ usesObjects }) => usesObjects)
        : of.flatMap((path) => functionsOf(at(this, path)));
    for (const fn of functions) {
      new CfnMetricFilter(this, `${name}Of${fn.node.path.split('/').slice(1).join('')}`, {
        logGroupName: fn.logs.logGroupName,
        filterPattern: pattern,
        metricTransformations: [
          {
            metricNamespace: namespaceOf(config),
            metricName: name,
            metricValue: value === undefined ? '1' : `$.${value}`,
          },
        ],
      });
    }
  }

  #alarm(alarm: OperationsAlarm, config: Config, topic: ITopic | undefined): void {
    const { id, severity, what, reason, atLeast, below, times, silenceRings } = alarm;
    const made = new Alarm(this, id, {
      alarmName: alarmName(deploymentOf(config), id),
      alarmDescription: `${what} ${severity === 'urgent' ? 'Urgent' : 'Soon'}: docs/runbook.md#${anchorOf(alarm)}. ${reason}`,
      metric: metricOf(this, alarm, config),
      threshold: (atLeast ?? below)!,
      comparisonOperator:
        atLeast === undefined
          ? ComparisonOperator.LESS_THAN_THRESHOLD
          : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: times,
      treatMissingData: silenceRings === true ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    this.made.set(id, made);
    if (topic === undefined) return;
    const action = new SnsAction(topic);
    made.addAlarmAction(action);
    // Who is told that something is wrong is told that it is over.
    made.addOkAction(action);
  }
}

const namespaceOf = (config: Config): string => `${METRICS}/${deploymentOf(config)}`;

/** What the registry's entry is about, as CloudWatch names it. */
export function metricOf(
  scope: Construct,
  { source, statistic, minutes }: Pick<OperationsAlarm, 'source' | 'statistic' | 'minutes'>,
  config: Config,
): Metric {
  return new Metric({ ...namedOf(scope, source, config), statistic, period: Duration.minutes(minutes) });
}

function namedOf(scope: Construct, source: Source, config: Config) {
  const { name: metricName } = source;
  switch (source.of) {
    case 'queue': {
      const { queueName: QueueName } = at(scope, source.at) as Queue;
      return { namespace: 'AWS/SQS', metricName, dimensionsMap: { QueueName } };
    }
    case 'function': {
      const { functionName: FunctionName } = at(scope, source.at) as LambdaFunction;
      return { namespace: 'AWS/Lambda', metricName, dimensionsMap: { FunctionName } };
    }
    case 'machine': {
      const { stateMachineArn: StateMachineArn } = at(scope, source.at) as StateMachine;
      return { namespace: 'AWS/States', metricName, dimensionsMap: { StateMachineArn } };
    }
    case 'api': {
      const { apiId: ApiId } = at(scope, source.at) as HttpApi;
      return { namespace: 'AWS/ApiGateway', metricName, dimensionsMap: { ApiId } };
    }
    case 'log':
      return { namespace: namespaceOf(config), metricName };
    case 'task':
    default:
      return { namespace: METRIC_NAMESPACE, metricName, dimensionsMap: { Service: deploymentOf(config) } };
  }
}

/** The stack that people deploy: what is nested in it is about what stands there. */
const deployed = (scope: Construct): Stack => Stack.of(scope).nestedStackParent ?? Stack.of(scope);

/** By its path in the stack. Throws with the path where there is nothing. */
export function at(scope: Construct, path: string): IConstruct {
  let found: IConstruct | undefined = deployed(scope);
  for (const id of path.split('/')) found = found?.node.tryFindChild(id);
  if (found === undefined) throw new Error(`the registry of alarms names ${path}, and there is none`);
  return found;
}

const functionsOf = (scope: IConstruct): SluiceFunction[] =>
  scope.node.findAll().filter((one) => one instanceof SluiceFunction);
