/** The registry of alarms as docs/runbook.md shows it: one Markdown row an alarm. */
import { ALARMS, anchorOf, type OperationsAlarm } from '../../lib/contract/operations.ts';

const UNITS: Readonly<Record<string, string>> = {
  Duration: 'ms',
  IteratorAge: 'ms',
  SegmentLag: 'ms',
  DisconnectedPercent: '%',
  ApproximateAgeOfOldestMessage: 's',
};

const WHERE = {
  devices: '`live.enabled`',
  mediaconvert: 'MediaConvert',
  raw: '`insight.keepRawDays`',
  kafka: '`kafka.brokers`',
};

export const everyAlarmRow = (): string[] => ALARMS.map(row);

function row(alarm: OperationsAlarm): string {
  const { id, severity, only, what, reason } = alarm;
  const where = only === undefined ? '' : `, with ${WHERE[only]}`;
  return `| [\`${id}\`](#${anchorOf(alarm)}) | ${severity}${where} | ${what} | ${when(alarm)} | ${reason} |`;
}

function when({ source, statistic, atLeast, below, minutes, times }: OperationsAlarm): string {
  const unit = UNITS[source.name] ?? '';
  const amount = `${below === undefined ? `${atLeast}` : `less than ${below}`}${unit === '' ? '' : ` ${unit}`}`;
  const how = {
    Sum: 'in',
    Average: 'on average in',
    Maximum: 'at most in',
    SampleCount: 'values in',
    p90: 'at the 90th percentile in',
  }[statistic];
  const often = times === 1 ? '' : `, ${times} times in a row`;
  return `${amount} ${how} ${minutes} min${often}`;
}
