/** What is counted of a running deployment, and where: what AWS keeps, what lines of log say, what the ingest task tells. Pure data. */

/** Of metrics that are made of lines of log; below it the deployment's name. */
export const METRICS = 'Sluice';

/** A construct by its path in the stack, e.g. `Upload/Handler`. */
export type Path = string;

export type Source =
  | { readonly of: 'queue'; readonly at: Path; readonly name: QueueMetric }
  | {
      readonly of: 'function';
      readonly at: Path;
      readonly name: 'Duration' | 'Invocations' | 'IteratorAge' | 'Throttles';
    }
  | { readonly of: 'machine'; readonly at: Path; readonly name: `Executions${'Failed' | 'Started' | 'Succeeded'}` }
  | { readonly of: 'api'; readonly at: Path; readonly name: '5xx' | '4xx' | 'Count' }
  /** A filter of `FILTERS`. */
  | { readonly of: 'log'; readonly name: FilterName }
  /** Of the ingest task (containers/ingest/src/common/metrics.ts). */
  | { readonly of: 'task'; readonly name: string };

type QueueMetric = 'ApproximateNumberOfMessagesVisible' | 'ApproximateAgeOfOldestMessage';
export type Statistic = 'Sum' | 'Average' | 'Maximum' | 'SampleCount' | 'p90';

/** What is counted in lines of log: of which functions, and by which pattern (CloudWatch Logs, "Filter pattern syntax"). */
interface Filter {
  readonly pattern: string;
  /** Field whose number is the value; without it each line counts as one. */
  readonly value?: string;
  /** Paths of functions, or of stages with all their functions. */
  readonly of: readonly Path[];
}

/**
 * A function that said that something is wrong, or that AWS ended. Alternatives of words, since what Lambda's runtime says
 * itself is text. The level is that of a log line (lambdas/shared/logger.ts), `ERROR` also the runtime's own for what was thrown.
 */
const ERRORS = '?ERROR ?"Task timed out" ?"Runtime exited"';
/** Slicing's steps throw to be tried again (lib/constructs/retries.ts), so what they throw says nothing. What kills them does. */
const ENDED = '?"Task timed out" ?"Runtime exited" ?"Runtime.OutOfMemory"';

/** Messages of log lines that are counted. The tests hold that a function says them. */
export const SLICING_FAILED = 'slicing failed';
export const VIDEOS_STUCK = 'videos are stuck';
export const STORE_ERROR = 'S3 answered with an error of its own';

const said = (message: string) => `{ $.message = "${message}" }`;

/** Stages whose functions have an alarm of their errors: the constructs of lib/vod-stack.ts. */
export const STAGES = [
  'Upload',
  'Slicing',
  'Catalog',
  'Sharing',
  'Stills',
  'Playback',
  'Devices',
  'Revocation',
  'SigningKey',
  'Insight',
  'Operations',
  'Webhooks',
] as const;
export type StageName = (typeof STAGES)[number];

/** Stages whose errors another one's alarm is about, too: nobody waits for what fails there, and an alarm of their own costs as much. */
export const COUNTED_WITH = { Presence: 'Insight' } as const;

/** Stages whose functions run at a deploy or a teardown alone, which says itself what went wrong. */
export const DEPLOYING = ['Console', 'Storage'] as const;

export type FilterName = `${StageName}Errors` | 'FailedVideos' | 'StuckVideos' | 'StoreErrors';

const errorsOf = (stage: StageName): Filter => ({ pattern: stage === 'Slicing' ? ENDED : ERRORS, of: [stage] });

export const FILTERS: Readonly<Record<FilterName, Filter>> = {
  UploadErrors: errorsOf('Upload'),
  SlicingErrors: errorsOf('Slicing'),
  CatalogErrors: errorsOf('Catalog'),
  SharingErrors: errorsOf('Sharing'),
  StillsErrors: errorsOf('Stills'),
  PlaybackErrors: errorsOf('Playback'),
  DevicesErrors: errorsOf('Devices'),
  RevocationErrors: errorsOf('Revocation'),
  SigningKeyErrors: errorsOf('SigningKey'),
  InsightErrors: { pattern: ERRORS, of: ['Insight', 'Presence'] },
  OperationsErrors: errorsOf('Operations'),
  WebhooksErrors: errorsOf('Webhooks'),
  FailedVideos: { pattern: said(SLICING_FAILED), of: ['Slicing/Fail'] },
  StuckVideos: { pattern: said(VIDEOS_STUCK), value: 'stuck', of: ['Operations/Watch'] },
  // Of all functions that have a client of S3: lib/constructs/alarms.ts knows them.
  StoreErrors: { pattern: said(STORE_ERROR), of: [] },
};
