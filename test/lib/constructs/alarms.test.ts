/** The registry of alarms, the alarms of the template, and what they are about: none without the other. */
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { options, readConfig } from '../../../lib/config.ts';
import { DEAD_LETTERS } from '../../../local/redrive.ts';
import { SluiceFunction } from '../../../lib/constructs/function.ts';
import { alarmsOfConfig } from '../../../lib/constructs/alarms.ts';
import { COUNTED_WITH, DEPLOYING, FILTERS, STAGES } from '../../../lib/contract/metrics.ts';
import { ALARMS, alarmsOf as registered, flowOf } from '../../../lib/contract/operations.ts';
import { Metrics } from '../../../containers/ingest/src/common/metrics.ts';
import { ofType, synthesized, type Templates } from '../../support/app.ts';

interface AlarmProperties {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Statistic?: string;
  readonly ExtendedStatistic?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly TreatMissingData: string;
  readonly AlarmActions?: readonly unknown[];
  readonly OKActions?: readonly unknown[];
}
interface FilterProperties {
  readonly FilterPattern: string;
  readonly LogGroupName: { readonly Ref: string };
  readonly MetricTransformations: readonly {
    readonly MetricName: string;
    readonly MetricNamespace: string;
    readonly MetricValue: string;
  }[];
}

const EVERYTHING = {
  'live.enabled': true,
  'slicing.engine': 'auto',
  'kafka.brokers': ['kafka.example:9092'],
  'operations.emails': ['ops@example.com', 'night@example.com'],
};
let whole: Templates;
beforeAll(() => {
  whole = synthesized(EVERYTHING);
});

const alarmsOf = ({ vod }: Templates) =>
  ofType(vod, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties as unknown as AlarmProperties);
const alarm = (id: string) => alarmsOf(whole).find(({ AlarmName }) => AlarmName === `sluice-prod-alarm-${id}`)!;
const filtersOf = (name: string) =>
  ofType(whole.vod, 'AWS::Logs::MetricFilter')
    .map(([, { Properties }]) => Properties as unknown as FilterProperties)
    .filter(({ MetricTransformations: [one] }) => one!.MetricName === name);

describe('the template', () => {
  it('has each alarm of the registry, and no other', () => {
    expect(
      alarmsOf(whole)
        .map(({ AlarmName }) => AlarmName)
        .toSorted(),
    ).toEqual(ALARMS.map(({ id }) => `sluice-prod-alarm-${id}`).toSorted());
    expect(new Set(ALARMS.map(({ id }) => id)).size).toBe(ALARMS.length);
    for (const { AlarmDescription } of alarmsOf(whole))
      expect(AlarmDescription).toMatch(/(Urgent|Soon): docs\/runbook\.md#[a-z0-9-]+\. /);
  });

  it('has of a deployment without devices, MediaConvert and Kafka only what is about the rest, and no alarm where none are wanted', () => {
    const plain = synthesized();
    expect(alarmsOf(plain)).toHaveLength(alarmsOfConfig(plain.stacks.config).length);
    expect(alarmsOf(plain)).toHaveLength(32);
    expect(JSON.stringify(alarmsOf(plain))).not.toMatch(/Sluice\/Ingest|Convert|kafka/);
    expect(ofType(plain.vod, 'AWS::SNS::Topic')).toEqual([]);
    expect(ofType(plain.vod, 'AWS::KMS::Key')).toEqual([]);
    for (const { AlarmActions } of alarmsOf(plain)) expect(AlarmActions).toBeUndefined();
    const none = synthesized({
      'operations.alarms': false,
      'operations.emails': ['ops@example.com'],
      'operations.budgetDollars': 200,
    });
    for (const type of [
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::Dashboard',
      'AWS::Logs::MetricFilter',
      'AWS::SNS::Topic',
    ])
      expect(ofType(none.vod, type)).toEqual([]);
    isBudget(none);
  }, 180_000);

  it('looks into every dead-letter queue', () => {
    const dead = ofType(whole.vod, 'AWS::SQS::Queue')
      .map(([id]) => id)
      .filter((id) => /Dead|Undelivered/.test(id));
    const fed = ofType(whole.vod, 'AWS::SQS::Queue').flatMap(([, { Properties }]) => {
      const { RedrivePolicy } = Properties as { RedrivePolicy?: { deadLetterTargetArn: { 'Fn::GetAtt': [string] } } };
      return RedrivePolicy ? [RedrivePolicy.deadLetterTargetArn['Fn::GetAtt'][0]] : [];
    });
    expect(dead).toEqual(expect.arrayContaining(fed));
    // `npm run redrive` finds both by their names.
    const bare = (id: string) => id.replace(/[0-9A-F]{8}$/, '');
    expect([...DEAD_LETTERS.values()].toSorted()).toEqual(dead.map(bare).toSorted());
    const all = ofType(whole.vod, 'AWS::SQS::Queue').map(([id]) => bare(id));
    expect(all).toEqual(expect.arrayContaining(fed.map((id) => bare(id).replace('Dead', ''))));
    const watched = alarmsOf(whole)
      .filter(({ MetricName }) => MetricName === 'ApproximateNumberOfMessagesVisible')
      .map(({ Dimensions }) => (Dimensions![0]!.Value as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0]);
    expect(watched.toSorted()).toEqual(dead.toSorted());
    expect(alarm('dead-letters-removals')).toMatchObject({
      Namespace: 'AWS/SQS',
      Statistic: 'Maximum',
      Threshold: 1,
      Period: 300,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    });
  });

  it("counts the errors of every function, by its stage, but of those that run at a deploy's alone", () => {
    const stages = new Set(
      whole.stacks.vod.node
        .findAll()
        .filter((one) => one instanceof SluiceFunction)
        .map(({ node }) => node.path.split('/')[1]!),
    );
    expect([...stages].toSorted()).toEqual([...STAGES, ...Object.keys(COUNTED_WITH), ...DEPLOYING].toSorted());
    const counted = STAGES.flatMap((stage) => filtersOf(`${stage}Errors`)).map(({ LogGroupName }) => LogGroupName.Ref);
    const groups = ofType(whole.vod, 'AWS::Lambda::Function')
      .filter(([id]) => !DEPLOYING.some((stage) => id.startsWith(stage)))
      .map(([, { Properties }]) => (Properties!['LoggingConfig'] as { LogGroup: { Ref: string } }).LogGroup.Ref);
    expect(counted.toSorted()).toEqual(groups.toSorted());
    expect(alarm('errors-playback')).toMatchObject({ Namespace: 'Sluice/sluice-prod', MetricName: 'PlaybackErrors' });
    expect(filtersOf('PlaybackErrors').map(({ FilterPattern }) => FilterPattern)).toEqual([
      FILTERS.PlaybackErrors.pattern,
    ]);
    // What slicing throws is tried again: it counts what was ended.
    for (const { FilterPattern } of filtersOf('SlicingErrors')) expect(FilterPattern).not.toContain('ERROR');
  });

  it('counts what functions say, by the line they say it in', () => {
    expect(filtersOf('FailedVideos')).toMatchObject([
      { FilterPattern: '{ $.message = "slicing failed" }', MetricTransformations: [{ MetricValue: '1' }] },
    ]);
    expect(filtersOf('StuckVideos')).toMatchObject([{ MetricTransformations: [{ MetricValue: '$.stuck' }] }]);
    // Whoever was handed objects has a client of S3.
    expect(filtersOf('StoreErrors').length).toBeGreaterThan(12);
  });

  it('rings where no task says anything, and of tasks by metrics that they write', () => {
    expect(alarm('ingest-down')).toMatchObject({
      Statistic: 'SampleCount',
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
      Dimensions: [{ Name: 'Service', Value: 'sluice-prod' }],
    });
    const metrics = new Metrics();
    metrics.lag(1);
    const gauges = { streams: 0, devices: 0, losing: 0, control: 0, media: 0, attachments: 0 };
    const { _aws } = JSON.parse(metrics.document('x', gauges, 60)) as {
      _aws: { CloudWatchMetrics: { Metrics: { Name: string }[] }[] };
    };
    const written = _aws.CloudWatchMetrics[0]!.Metrics.map(({ Name }) => Name);
    const asked = ALARMS.flatMap(({ source }) => (source.of === 'task' ? [source.name] : []));
    expect(written).toEqual(expect.arrayContaining(asked));
  });

  it('tells the addresses, over an encrypted topic that takes it from CloudWatch alone and over TLS', () => {
    const { vod } = whole;
    const [[topic, { Properties }]] = ofType(vod, 'AWS::SNS::Topic') as unknown as [[string, { Properties: object }]];
    const [[key, made]] = ofType(vod, 'AWS::KMS::Key') as unknown as [
      [string, { Properties: Record<string, unknown> }],
    ];
    expect(Properties).toMatchObject({ KmsMasterKeyId: { 'Fn::GetAtt': [key, 'Arn'] } });
    expect(made.Properties['EnableKeyRotation']).toBe(true);
    for (const { AlarmActions, OKActions } of alarmsOf(whole))
      expect([AlarmActions, OKActions]).toEqual([[{ Ref: topic }], [{ Ref: topic }]]);
    expect(
      ofType(vod, 'AWS::SNS::Subscription').map(([, { Properties: one }]) => [one!['Protocol'], one!['Endpoint']]),
    ).toEqual(EVERYTHING['operations.emails'].map((email) => ['email', email]));
    const [[, policy]] = ofType(vod, 'AWS::SNS::TopicPolicy') as unknown as [
      [string, { Properties: { PolicyDocument: { Statement: Record<string, unknown>[] } } }],
    ];
    const allowed = policy.Properties.PolicyDocument.Statement.filter(({ Effect }) => Effect === 'Allow');
    expect(allowed).toMatchObject([
      {
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
    expect(JSON.stringify(policy)).toContain('"aws:SecureTransport":"false"');
  });

  it('says when the index of words is behind the videos, by how old the change is that it is written for', () => {
    expect(alarm('search-late')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'IteratorAge',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: expect.stringMatching(/^CatalogExpiry/) as string } }],
      Statistic: 'Maximum',
      Threshold: 900_000,
    });
  });

  it('draws each alarm on the dashboard of its flow, with the line from which on it rings', () => {
    const bodies = ofType(whole.vod, 'AWS::CloudWatch::Dashboard').map(([, { Properties }]) => ({
      name: Properties!['DashboardName'],
      text: JSON.stringify(Properties!['DashboardBody']),
    }));
    expect(bodies.map(({ name }) => name)).toEqual(['sluice-prod-flow-videos', 'sluice-prod-flow-devices']);
    for (const alarm of ALARMS) {
      const { text } = bodies[flowOf(alarm) === 'videos' ? 0 : 1]!;
      expect(text).toContain(`\\"label\\":\\"${alarm.id}\\"`);
      expect(text).toContain(`\\"value\\":${alarm.atLeast ?? alarm.below}`);
    }
    // An account's first three dashboards are free up to 50 metrics each.
    for (const { text } of bodies) expect(text.match(/\\"label\\"/g)!.length).toBeLessThanOrEqual(50);
  });

  it('has a budget where one is asked for only, and where somebody can be told', () => {
    expect(ofType(whole.vod, 'AWS::Budgets::Budget')).toEqual([]);
    const context = { env: 'test', environments: { test: {} } };
    const read = (options: object) => readConfig((key) => context[key as keyof typeof context], { ...options });
    expect(() => read({ 'operations.budgetDollars': 200 })).toThrow('operations.budgetDollars: needs');
  });

  it('has an option that says how many alarms there are', () => {
    const said = z.toJSONSchema(options.get('operations.alarms')!).description;
    expect(said).toContain(`: ${alarmsOfRegistry(false)}, with \`live.enabled\` ${alarmsOfRegistry(true)}.`);
  });
});

const alarmsOfRegistry = (devices: boolean) =>
  registered({ devices, mediaconvert: false, raw: true, kafka: false }).length;

/** Of the account, told to who is told of alarms. */
function isBudget({ vod }: Templates): void {
  const [[, { Properties }]] = ofType(vod, 'AWS::Budgets::Budget') as unknown as [[string, { Properties: object }]];
  expect(Properties).toMatchObject({
    Budget: { BudgetType: 'COST', TimeUnit: 'MONTHLY', BudgetLimit: { Amount: 200, Unit: 'USD' } },
  });
  const { NotificationsWithSubscribers } = Properties as {
    NotificationsWithSubscribers: { Notification: object; Subscribers: object[] }[];
  };
  expect(NotificationsWithSubscribers.map(({ Notification }) => Notification)).toMatchObject([
    { NotificationType: 'ACTUAL', Threshold: 80 },
    { NotificationType: 'ACTUAL', Threshold: 100 },
    { NotificationType: 'FORECASTED', Threshold: 100 },
  ]);
  for (const { Subscribers } of NotificationsWithSubscribers)
    expect(Subscribers).toEqual([{ SubscriptionType: 'EMAIL', Address: 'ops@example.com' }]);
}
