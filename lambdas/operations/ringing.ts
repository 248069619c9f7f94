/** Which alarms of this deployment ring, and since when: one call of CloudWatch's. */
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { z } from 'zod';
import { json, required } from '../../lib/contract/env.ts';
import { alarmName } from '../../lib/contract/operations.ts';

const cloudWatch = new CloudWatchClient({});
/** DescribeAlarms takes so many names at most. */
const NAMES = 100;
const PATIENCE_MS = 5000;

/** By the ids of the registry. Throws when CloudWatch cannot be asked. */
export async function ringing(): Promise<{ id: string; since: string }[]> {
  const [deployment, ids] = [required('DEPLOYMENT'), json('ALARM_IDS', z.array(z.string()).max(NAMES))];
  if (ids.length === 0) return [];
  const { MetricAlarms = [] } = await cloudWatch.send(
    new DescribeAlarmsCommand({
      AlarmNames: ids.map((id) => alarmName(deployment, id)),
      StateValue: 'ALARM',
      MaxRecords: NAMES,
    }),
    { abortSignal: AbortSignal.timeout(PATIENCE_MS) },
  );
  return MetricAlarms.map(({ AlarmName = '', StateUpdatedTimestamp }) => ({
    id: AlarmName.slice(alarmName(deployment, '').length),
    since: StateUpdatedTimestamp!.toISOString(),
  }));
}
