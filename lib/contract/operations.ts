/**
 * The one registry of what an operator is woken or written for: CloudWatch alarms (lib/constructs/alarms.ts), dashboards and the
 * runbook (docs/runbook.md) come from it, and tests hold the three together. What is counted is in metrics.ts. Pure data.
 *
 * Every metric here is one that AWS keeps for nothing, one that a metric filter makes of a line of log, or one of the ingest
 * task's. Filters are free, a metric of theirs costs while something is counted, and an alarm costs $0.10 a month however
 * quiet it is: so one is not set on what another one tells.
 */
import type { Flow } from './flows.ts';
import type { Path, Source, StageName, Statistic } from './metrics.ts';

/** `urgent`: people are turned away, or something is lost, now. `soon`: in the next working hours. */
export type Severity = 'urgent' | 'soon';

/**
 * What CloudWatch knows it by. Up to 0.1 it had no `alarm` in it: the alarms stand in a stack of their own since, and
 * CloudFormation makes those there before it removes the others, so they could not have the same names.
 */
export const alarmName = (deployment: string, id: string): string => `${deployment}-alarm-${id}`;

export interface OperationsAlarm {
  /** The end of the alarm's name (`alarmName`). */
  readonly id: string;
  /** Heading of its article in docs/runbook.md. Alarms that are looked into and mended alike share one. */
  readonly article: string;
  readonly severity: Severity;
  /** One sentence: what has happened. */
  readonly what: string;
  readonly source: Source;
  readonly statistic: Statistic;
  /** It rings at this value and above, or below this one, in the metric's own unit. */
  readonly atLeast?: number;
  readonly below?: number;
  /** Minutes that one value is of. */
  readonly minutes: number;
  /** So many of them in a row. */
  readonly times: number;
  /** It rings where there is no value at all. */
  readonly silenceRings?: true;
  /** Why just this threshold. */
  readonly reason: string;
  /** Only where the configuration has it. */
  readonly only?: 'devices' | 'mediaconvert' | 'raw' | 'kafka';
}

/** Every dead-letter queue there is. */
const deadLetters = (
  id: string,
  at: Path,
  what: string,
  severity: Severity,
  only?: OperationsAlarm['only'],
): OperationsAlarm => ({
  id: `dead-letters-${id}`,
  article: 'Dead letters',
  severity,
  what: `${what}, however often it was tried.`,
  source: { of: 'queue', at, name: 'ApproximateNumberOfMessagesVisible' },
  statistic: 'Maximum',
  atLeast: 1,
  minutes: 5,
  times: 1,
  reason:
    'Each message is a piece of work that no further try will do; nobody else looks, and after 14 days it is gone.',
  ...(only && { only }),
});

const errors = (stage: StageName, severity: Severity, atLeast: number, minutes: number, reason: string) =>
  ({
    id: `errors-${stage.toLowerCase()}`,
    article: stage === 'Playback' ? 'Manifests fail' : 'Functions fail',
    severity,
    what: `Functions of the stage ${stage} fail.`,
    source: { of: 'log', name: `${stage}Errors` },
    statistic: 'Sum',
    atLeast,
    minutes,
    times: 1,
    reason,
    ...(stage === 'Devices' && { only: 'devices' as const }),
  }) satisfies OperationsAlarm;

const PEOPLE = 'One call that failed is tried again by who made it; five in a quarter of an hour are not chance.';
const BACKGROUND =
  'What fails is tried again by the queue; three times in a quarter of an hour it is not done by itself.';

const BACKGROUND_FIVE =
  'What fails is tried again by the queue; five times in a quarter of an hour it is not done by itself.';

const throttled = (id: string, at: Path, whom: string, only?: OperationsAlarm['only']): OperationsAlarm => ({
  id: `throttled-${id}`,
  article: 'Functions are throttled',
  severity: 'urgent',
  what: `Lambda has no execution free for ${whom}.`,
  source: { of: 'function', at, name: 'Throttles' },
  statistic: 'Sum',
  atLeast: 5,
  minutes: 5,
  times: 1,
  reason:
    'A call of the API that is throttled is refused, and people wait for it. Slicing is throttled by design, so it is not counted; fewer than five are a burst that is over.',
  ...(only && { only }),
});

export const ALARMS: readonly OperationsAlarm[] = [
  {
    id: 'api-5xx',
    article: 'The API answers 5xx',
    severity: 'urgent',
    what: 'The API answers with errors of ours.',
    source: { of: 'api', at: 'Api/Http', name: '5xx' },
    statistic: 'Sum',
    atLeast: 10,
    minutes: 5,
    times: 1,
    reason:
      'Whoever asks tries again, so a few are not noticed; ten in five minutes are seen by people, whatever the load.',
  },
  errors(
    'Playback',
    'urgent',
    5,
    5,
    'A manifest that fails is a viewer who sees nothing; five in five minutes are not chance.',
  ),
  {
    id: 'manifests-slow',
    article: 'Manifests are slow',
    severity: 'soon',
    what: 'One manifest in ten takes two seconds or longer.',
    source: { of: 'function', at: 'Playback/Manifest', name: 'Duration' },
    statistic: 'p90',
    atLeast: 2000,
    minutes: 5,
    times: 3,
    reason:
      'Milliseconds. A warm call takes some 20, the first of a new execution below 1,000: more is neither, and three times in a row it is no single one.',
  },
  throttled('playback', 'Playback/Manifest', 'manifests'),
  throttled('catalog', 'Catalog/Handler', 'the library'),
  throttled('live', 'Devices/Live', 'live playback', 'devices'),
  {
    id: 'videos-failed',
    article: 'Videos fail',
    severity: 'soon',
    what: 'Slicing of a video broke, and it was not the source.',
    source: { of: 'log', name: 'FailedVideos' },
    statistic: 'Sum',
    atLeast: 1,
    minutes: 15,
    times: 1,
    reason:
      'Sources that cannot be sliced are refused with a reason and not counted: each one here is a fault of ours.',
  },
  {
    id: 'runs-failed',
    article: 'Videos fail',
    severity: 'soon',
    what: 'A slicing run ended as failed.',
    source: { of: 'machine', at: 'Slicing/Machine', name: 'ExecutionsFailed' },
    statistic: 'Sum',
    atLeast: 1,
    minutes: 15,
    times: 1,
    reason: 'A run ends so only when its own last step has run, or when not even that could: then no video says so.',
  },
  {
    id: 'videos-stuck',
    article: 'Videos are stuck',
    severity: 'soon',
    what: 'A video has made no progress for longer than operations.stuckMinutes.',
    source: { of: 'log', name: 'StuckVideos' },
    statistic: 'Maximum',
    atLeast: 1,
    minutes: 60,
    times: 1,
    reason: 'Looked at once an hour. A video that is worked on says so every few seconds.',
  },
  {
    id: 'search-late',
    article: 'Search is late',
    severity: 'soon',
    what: 'What changed of videos is not in the index of words yet.',
    source: { of: 'function', at: 'Catalog/Expiry', name: 'IteratorAge' },
    statistic: 'Maximum',
    atLeast: 900_000,
    minutes: 5,
    times: 3,
    reason:
      'Milliseconds. Written within seconds as a rule, by a batch of large changes within a minute or two: a quarter of an hour later it fails, or somebody changes more than is written. After a day it is lost.',
  },
  deadLetters('pulls', 'Upload/DeadPulls', 'A source could not be pulled from its address', 'soon'),
  deadLetters('sources', 'Slicing/Undelivered', 'That a source has arrived could not be told to slicing', 'soon'),
  deadLetters(
    'jobs',
    'Slicing/Convert/Undelivered',
    'That a job of MediaConvert has ended reached no run',
    'soon',
    'mediaconvert',
  ),
  deadLetters('removals', 'Catalog/DeadRemovals', 'A video could not be removed', 'urgent'),
  deadLetters('downloads', 'Catalog/DeadDownloads', 'An MP4 for download could not be made', 'soon'),
  deadLetters('clips', 'Devices/DeadClips', 'A clip could not be put together', 'soon'),
  deadLetters('webhooks', 'Webhooks/DeadMessages', 'What happened could not be told to webhooks', 'soon'),
  deadLetters('revocations', 'Revocation/DeadTasks', 'What was revoked could not be written to the edge', 'urgent'),
  deadLetters(
    'endings',
    'Revocation/DeadEndings',
    'What plays by a right that was taken back could not be ended',
    'urgent',
  ),
  deadLetters('posts', 'Insight/DeadPosts', 'What a player reported could not be handed on', 'soon'),
  deadLetters('counts', 'Insight/DeadCounts', 'What players reported could not be counted', 'soon'),
  deadLetters('raw', 'Insight/Raw/DeadQueue', 'What players reported could not be kept as files', 'soon', 'raw'),
  deadLetters('kafka', 'Insight/DeadOrdered', 'What a player reported could not be sent to Kafka', 'soon', 'kafka'),
  {
    id: 'revocations-late',
    article: 'Revocations are late',
    severity: 'urgent',
    what: 'What was revoked waits to be written to the edge.',
    source: { of: 'queue', at: 'Revocation/Tasks', name: 'ApproximateAgeOfOldestMessage' },
    statistic: 'Maximum',
    atLeast: 300,
    minutes: 5,
    times: 1,
    reason:
      'Seconds. Written within seconds as a rule, and tried again after three minutes: older than five, the second try has failed as well, and who was shut out still watches.',
  },
  errors('Upload', 'soon', 5, 15, PEOPLE),
  errors(
    'Slicing',
    'soon',
    5,
    60,
    'A task that AWS ended is made again elsewhere; five in an hour are tasks that no function can hold.',
  ),
  errors('Catalog', 'soon', 5, 15, PEOPLE),
  errors('Sharing', 'soon', 5, 15, PEOPLE),
  errors('Stills', 'soon', 5, 15, PEOPLE),
  errors('Devices', 'soon', 5, 15, PEOPLE),
  errors('Revocation', 'urgent', 3, 15, BACKGROUND),
  errors('SigningKey', 'soon', 1, 60, 'It runs once a day: there is no second try before tomorrow.'),
  errors('Webhooks', 'soon', 5, 15, BACKGROUND_FIVE),
  errors('Insight', 'soon', 5, 15, BACKGROUND_FIVE),
  errors('Operations', 'soon', 1, 60, 'It runs once an hour, and without it nobody is told of videos that are stuck.'),
  {
    id: 'store-errors',
    article: 'S3 answers with errors',
    severity: 'soon',
    what: 'S3 answers our functions with 5xx.',
    source: { of: 'log', name: 'StoreErrors' },
    statistic: 'Sum',
    atLeast: 50,
    minutes: 5,
    times: 2,
    reason:
      "Each answer is counted where it arrives, before the SDK tries again. S3 says 503 to a burst until it has made room; for ten minutes it is no burst. S3's own request metrics would cost more than all else here.",
  },
  {
    id: 'ingest-down',
    article: 'No ingest task runs',
    severity: 'urgent',
    what: 'No ingest task has said how it is.',
    source: { of: 'task', name: 'Streams' },
    statistic: 'SampleCount',
    below: 1,
    minutes: 5,
    times: 1,
    silenceRings: true,
    reason: 'Each task writes a line a minute, busy or not: five minutes without one are no task, or none that works.',
    only: 'devices',
  },
  {
    id: 'devices-lost',
    article: 'Devices disconnect',
    severity: 'urgent',
    what: 'A fifth of the devices or more lose their connection within a minute.',
    source: { of: 'task', name: 'DisconnectedPercent' },
    statistic: 'Maximum',
    atLeast: 20,
    minutes: 1,
    times: 2,
    reason:
      'Percent of those connected to a task. Vehicles come and go, a few a minute; five at least must go, so that a small fleet at the end of its day is no storm.',
    only: 'devices',
  },
  {
    id: 'network-loss',
    article: 'Networks lose packets',
    severity: 'soon',
    what: 'Packets of three devices or more get lost on their way.',
    source: { of: 'task', name: 'LosingDevices' },
    statistic: 'Maximum',
    atLeast: 3,
    minutes: 5,
    times: 3,
    reason:
      'Devices of one task that lose 2 % of a minute or more, which viewers see. One or two are bad reception, and stand on the health page; three for a quarter of an hour have something in common.',
    only: 'devices',
  },
  {
    id: 'segments-late',
    article: 'Live segments are late',
    severity: 'soon',
    what: 'One live segment in ten is published three seconds or later after its last byte.',
    source: { of: 'task', name: 'SegmentLag' },
    statistic: 'p90',
    atLeast: 3000,
    minutes: 5,
    times: 2,
    reason: 'Milliseconds. Some 100 as a rule; from about the length of a segment on, players run dry.',
    only: 'devices',
  },
  {
    id: 'segments-dropped',
    article: 'Live segments are late',
    severity: 'urgent',
    what: 'Live segments are lost, since S3 does not take them in time.',
    source: { of: 'task', name: 'DroppedSegments' },
    statistic: 'Sum',
    atLeast: 10,
    minutes: 5,
    times: 1,
    reason: 'Each is a gap in a recording that nothing mends. One stream of a broken device can lose a few.',
    only: 'devices',
  },
];

/** Of the two flows that a deployment has, the one that an alarm is about. */
export const flowOf = ({ id, only }: OperationsAlarm): Flow =>
  only === 'devices' || id === 'dead-letters-clips' ? 'devices' : 'videos';

/** The heading as a link names it, as GitHub makes them. */
export const anchorOf = ({ article }: Pick<OperationsAlarm, 'article'>): string =>
  article.toLowerCase().replaceAll(' ', '-');

/** Those that a deployment has. */
export const alarmsOf = (has: Readonly<Record<NonNullable<OperationsAlarm['only']>, boolean>>): OperationsAlarm[] =>
  ALARMS.filter(({ only }) => only === undefined || has[only]);
