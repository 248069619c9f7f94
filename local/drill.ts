/**
 * Makes alarms of a local engine ring, and stop: a value that is too much, put by CloudWatch's own API, at the far end of the time
 * that the alarm looks at, and good ones until it has left that time. The engine looks at an alarm whenever a value arrives,
 * by the metric's name alone, and makes no metrics of lines of log.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { awsRequest, type AwsAccess } from './aws-request.ts';

/** What is read of an alarm, as CloudWatch describes it. */
export interface DescribedAlarm {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly ExtendedStatistic?: string | null;
  readonly StateValue: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
}

/** Seconds before the end of an alarm's time at which the bad value is put: until then it rings. */
const AGO = 3;
const MANY = 1_000_000;
const POLL_MS = 500;
/** A slow machine's. */
const PATIENCE_MS = 60_000;

async function cloudWatch(access: AwsAccess, action: string, json: object): Promise<unknown> {
  const text = await awsRequest(access, {
    service: 'monitoring',
    target: `GraniteServiceVersion20100801.${action}`,
    json,
  });
  return text === '' ? {} : JSON.parse(text);
}

/** All whose name begins so, or those of these names. */
export async function alarmsThere(
  access: AwsAccess,
  which: { readonly AlarmNamePrefix: string } | { readonly AlarmNames: readonly string[] },
): Promise<DescribedAlarm[]> {
  const found: DescribedAlarm[] = [];
  let NextToken: string | undefined;
  do {
    const page = (await cloudWatch(access, 'DescribeAlarms', { ...which, MaxRecords: 100, NextToken })) as {
      MetricAlarms: DescribedAlarm[];
      NextToken?: string;
    };
    found.push(...page.MetricAlarms);
    ({ NextToken } = page);
  } while (NextToken);
  return found;
}

const put = (access: AwsAccess, alarm: DescribedAlarm, value: number, secondsAgo: number) =>
  cloudWatch(access, 'PutMetricData', {
    Namespace: alarm.Namespace,
    MetricData: [
      {
        MetricName: alarm.MetricName,
        Dimensions: alarm.Dimensions ?? [],
        // Of a percentile as many as outweigh what functions of a running platform have said themselves.
        ...(alarm.ExtendedStatistic ? { Values: [value], Counts: [MANY] } : { Value: value }),
        Timestamp: Date.now() / 1000 - secondsAgo,
      },
    ],
  });

/** One that rings where nothing is said rings by no value. */
const ringsInSilence = ({ ComparisonOperator }: DescribedAlarm) => ComparisonOperator === 'LessThanThreshold';

const set = (access: AwsAccess, { AlarmName }: DescribedAlarm, StateValue: string) =>
  cloudWatch(access, 'SetAlarmState', { AlarmName, StateValue, StateReason: 'A drill' });

/** Of one that rings, or is over. `byHand`: its state was set, since the engine sees no silence. */
export interface Drilled {
  readonly name: string;
  readonly rang: boolean;
  readonly stopped: boolean;
  readonly byHand: boolean;
}

/** Rings all of them at once, and waits until each has stopped; a minute at most. */
export async function drill(access: AwsAccess, alarms: readonly DescribedAlarm[]): Promise<Drilled[]> {
  const AlarmNames = alarms.map(({ AlarmName }) => AlarmName);
  for (const alarm of alarms) {
    if (ringsInSilence(alarm)) await set(access, alarm, 'ALARM');
    else await put(access, alarm, alarm.Threshold, alarm.Period * alarm.EvaluationPeriods - AGO);
  }
  const rang = new Set(
    (await alarmsThere(access, { AlarmNames })).flatMap(({ AlarmName, StateValue }) =>
      StateValue === 'ALARM' ? [AlarmName] : [],
    ),
  );
  const until = Date.now() + PATIENCE_MS;
  let ringing: readonly DescribedAlarm[] = alarms;
  do {
    await sleep(POLL_MS);
    for (const alarm of ringing) {
      if (ringsInSilence(alarm)) await set(access, alarm, 'OK');
      else await put(access, alarm, 0, 0);
    }
    ringing = (await alarmsThere(access, { AlarmNames })).filter(({ StateValue }) => StateValue === 'ALARM');
  } while (ringing.length > 0 && Date.now() < until);
  const still = new Set(ringing.map(({ AlarmName }) => AlarmName));
  return alarms.map((alarm) => ({
    name: alarm.AlarmName,
    rang: rang.has(alarm.AlarmName),
    stopped: !still.has(alarm.AlarmName),
    byHand: ringsInSilence(alarm),
  }));
}
