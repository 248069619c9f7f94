/** What a template costs in a month in which nobody does anything: a line for each resource that is billed by being there. Pure. */
import { DECLARED } from '../../containers/ingest/src/common/metrics.ts';
import type { Config } from '../../lib/config.ts';
import { LEASE_SECONDS } from '../../lib/contract/fleet.ts';
import { PRICES, type Price } from '../../lib/contract/prices.ts';
import { HOURS, SECONDS, type Line } from './bill.ts';
import { FREE_TYPES } from './free-types.ts';
import type { Resource, Resources } from './templates.ts';

/**
 * Lambda asks a queue that is empty by this many connections side by side, each for 20 s at most. The Lambda guide ("Configuring
 * scaling behavior for SQS event source mappings") says: by long polling, and five batches at a time. When little comes it "can
 * optimize to as few as 2 … to reduce the Amazon SQS calls", but not where a maximum concurrency is set. So five is what a bill is
 * to be counted with, and three fifths of it may fall away for queues without that setting.
 */
export const POLLERS = 5;
export const POLL_SECONDS = 20;

/** What one run of a scheduled function is counted with: more than any of ours does while nothing is there. */
const A_RUN = { seconds: 2, reads: 50, writes: 4, secretCalls: 2, logGb: 5e-6 } as const;
/** Requests that a run which comes by a queue takes there: sent, received with the pollers' own, deleted. */
const RUN_REQUESTS = 2;

/** GB of a deploy's functions, layer and console in the bucket of the bootstrap; each deploy that changes them adds as much. */
const ASSETS_GB = 0.13;
/** GB of the ingest task's image; each deploy that changes it adds a few MB. */
const IMAGE_GB = 0.1;
/** GB that a task's line a minute (its metrics) is in a month: 2 kB each. */
const TASK_LOG_GB = (2e3 * SECONDS) / 60 / 1e9;
/** GB a month that are logged of what the network refuses at a public address: the internet's usual noise, one line a minute. */
const REFUSED_GB = (150 * SECONDS) / 60 / 1e9;

type Properties = Readonly<Record<string, unknown>>;
type Rule = (properties: Properties, all: Resources, config: Config) => readonly Omit<Line, 'group'>[];

const line = (what: string, amount: number, price: Price) => ({ what, amount, price });

/** What a `Ref`, or the first part of a `GetAtt`, means in the same template. */
function referred(value: unknown, all: Resources): Resource | undefined {
  const { Ref, 'Fn::GetAtt': of } = (value ?? {}) as { Ref?: string; 'Fn::GetAtt'?: readonly string[] };
  return all[Ref ?? of?.[0] ?? ''];
}

const list = (value: unknown): readonly Properties[] => (Array.isArray(value) ? (value as Properties[]) : []);

/** Runs a month of a schedule: `rate(1 hour)`, or a `cron` of one time a day. Throws for another. */
export function runsOf(expression: string): number {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  if (rate !== null) return SECONDS / (Number(rate[1]) * { minute: 60, hour: 3600, day: 86_400 }[rate[2]!]!);
  if (/^cron\(\d+ \d+ \* \* \? \*\)$/.test(expression)) return SECONDS / 86_400;
  throw new Error(`no rule for the schedule ${expression}: add it to local/cost/standing.ts`);
}

/** Functions that a schedule runs: its own targets, and those that are fed by a queue it writes to. */
function scheduled({ ScheduleExpression, Targets }: Properties, all: Resources, { architecture }: Config) {
  if (typeof ScheduleExpression !== 'string') return [];
  const runs = runsOf(ScheduleExpression);
  return list(Targets).flatMap(({ Arn }) => {
    const target = referred(Arn, all);
    const isQueue = target?.Type === 'AWS::SQS::Queue';
    const fn = isQueue ? consumerOf(target, all) : target;
    if (fn?.Type !== 'AWS::Lambda::Function') throw new Error(`a schedule runs ${fn?.Type ?? 'something elsewhere'}`);
    const gib = Number(fn.Properties?.['MemorySize'] ?? 128) / 1024;
    return [
      line('runs by schedule', runs, PRICES.invocation),
      line('runs by schedule, running', runs * A_RUN.seconds * gib, PRICES.gbSecond[architecture]),
      line('runs by schedule, reading', runs * A_RUN.reads, PRICES.read),
      line('runs by schedule, writing', runs * A_RUN.writes, PRICES.write),
      line('runs by schedule, keys', runs * A_RUN.secretCalls, PRICES.secretCall),
      line('runs by schedule, logs', runs * A_RUN.logGb, PRICES.logGb),
      ...(isQueue ? [line('runs by schedule, messages', runs * RUN_REQUESTS, queuePrice(target))] : []),
    ];
  });
}

const consumerOf = (queue: Resource, all: Resources): Resource | undefined =>
  Object.values(all)
    .filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping')
    .filter(({ Properties }) => referred(Properties?.['EventSourceArn'], all) === queue)
    .map(({ Properties }) => referred(Properties?.['FunctionName'], all))[0];

const queuePrice = ({ Properties }: Resource) =>
  Properties?.['FifoQueue'] === true ? PRICES.fifoRequest : PRICES.queueRequest;

function polled({ EventSourceArn }: Properties, all: Resources) {
  const source = referred(EventSourceArn, all);
  if (source?.Type === 'AWS::DynamoDB::Table') return []; // Lambda reads a table's stream for nothing.
  if (source?.Type !== 'AWS::SQS::Queue') throw new Error(`no rule for an event source that is ${source?.Type}`);
  const requests = (POLLERS * SECONDS) / POLL_SECONDS;
  return [line('queues that Lambda asks for messages', requests, queuePrice(source))];
}

/** Metrics that an alarm looks at: its own, or each that an expression is made of. */
function alarm({ Period, Metrics }: Properties) {
  const looked = list(Metrics).filter(({ MetricStat }) => MetricStat !== undefined).length || 1;
  if (typeof Period === 'number' && Period < 60) throw new Error('no rule for an alarm of high resolution');
  return [line('alarms', looked, PRICES.alarm)];
}

/** Three are free, of at most 50 metrics each. */
const FREE_METRICS = 50;

function dashboard({ DashboardBody }: Properties) {
  const metrics = (JSON.stringify(DashboardBody).match(/\\"(?:AWS|Sluice)\//g) ?? []).length;
  const { free: _, ...notFree } = PRICES.dashboard;
  return [line('dashboards', 1, metrics > FREE_METRICS ? notFree : PRICES.dashboard)];
}

/** With a default a metric has a value in every hour; without, only while something is counted. */
const filter = ({ MetricTransformations }: Properties) =>
  list(MetricTransformations)
    .filter(({ DefaultValue }) => DefaultValue !== undefined)
    .map(() => line('metrics of log filters', 1, PRICES.metric));

function tasks(service: Properties, all: Resources, { architecture }: Config) {
  const definition = referred(service['TaskDefinition'], all)?.Properties ?? {};
  const scaled = Object.values(all).find(({ Type }) => Type === 'AWS::ApplicationAutoScaling::ScalableTarget');
  const count = Number(scaled?.Properties?.['MinCapacity'] ?? service['DesiredCount'] ?? 1);
  const { AwsvpcConfiguration = {} } = (service['NetworkConfiguration'] ?? {}) as { AwsvpcConfiguration?: Properties };
  const addresses = AwsvpcConfiguration['AssignPublicIp'] === 'ENABLED' ? count : 0;
  const renewals = SECONDS / (LEASE_SECONDS / 3);
  return [
    line(
      `tasks (${count}): processors`,
      (count * HOURS * Number(definition['Cpu'])) / 1024,
      PRICES.vcpuHour[architecture],
    ),
    line(
      `tasks (${count}): memory`,
      (count * HOURS * Number(definition['Memory'])) / 1024,
      PRICES.gibHour[architecture],
    ),
    line('public addresses', addresses * HOURS, PRICES.addressHour),
    line('metrics of tasks', DECLARED.length, PRICES.metric),
    line('tasks: leases, written', count * renewals, PRICES.write),
    line('tasks: leases, read', count * renewals, PRICES.read),
    line('tasks: commands, asked for', (count * SECONDS) / POLL_SECONDS, PRICES.queueRequest),
    line('tasks: a line a minute', count * TASK_LOG_GB, PRICES.logGb),
    line('image', IMAGE_GB, PRICES.imageGbMonth),
  ];
}

function balancer({ Type, Scheme, Subnets }: Properties) {
  if (Type !== 'network') throw new Error(`no rule for a load balancer that is ${String(Type)}`);
  const zones = Array.isArray(Subnets) ? Subnets.length : 0;
  return [
    // Capacity units follow from what goes through it: nothing, here.
    line('load balancer', HOURS, PRICES.balancerHour),
    line('public addresses', Scheme === 'internet-facing' ? zones * HOURS : 0, PRICES.addressHour),
  ];
}

function endpoint({ VpcEndpointType, SubnetIds }: Properties) {
  if (VpcEndpointType !== 'Interface') return []; // Those of S3 and DynamoDB are free.
  return [line('endpoints', HOURS * (Array.isArray(SubnetIds) ? SubnetIds.length : 1), PRICES.endpointHour)];
}

function cluster({ ClusterSettings }: Properties) {
  const insights = list(ClusterSettings).find(({ Name }) => Name === 'containerInsights');
  if (insights?.['Value'] !== 'disabled')
    throw new Error('no rule for Container Insights, which are metrics of our own');
  return [];
}

function databaseTable({ BillingMode }: Properties) {
  if (BillingMode !== 'PAY_PER_REQUEST') throw new Error('no rule for a table with provisioned capacity');
  return [];
}

const RULES: Readonly<Record<string, Rule>> = {
  'AWS::ApplicationAutoScaling::ScalingPolicy': () => [line('alarms of scaling', 2, PRICES.alarm)], // one up, one down
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::CloudWatch::CompositeAlarm': () => [line('composite alarms', 1, PRICES.compositeAlarm)],
  'AWS::CloudWatch::Dashboard': dashboard,
  'AWS::DynamoDB::Table': databaseTable,
  'AWS::EC2::EIP': () => [line('public addresses', HOURS, PRICES.addressHour)],
  'AWS::EC2::FlowLog': () => [line('log of what the network refuses', REFUSED_GB, PRICES.logGb)],
  'AWS::EC2::NatGateway': () => [line('NAT gateways', HOURS, PRICES.gatewayHour)],
  'AWS::EC2::VPCEndpoint': endpoint,
  'AWS::ECS::Cluster': cluster,
  'AWS::ECS::Service': tasks,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': balancer,
  'AWS::Events::Rule': scheduled,
  'AWS::KMS::Key': () => [line('keys of our own', 1, PRICES.key)],
  'AWS::Lambda::EventSourceMapping': polled,
  'AWS::Logs::MetricFilter': filter,
  'AWS::Route53::HostedZone': () => [line('hosted zone', 1, PRICES.zone)],
  'AWS::SecretsManager::Secret': () => [line('secrets', 1, PRICES.secret)],
};

/** Where a line of the bill stands: the service that AWS names on it. */
const GROUPS: readonly (readonly [RegExp, string])[] = [
  [/^alarms|dashboard|metrics|logs?\b|a line a minute/, 'CloudWatch'],
  [/secrets|keys of our own/, 'Keys'],
  [/queues|messages|commands/, 'SQS'],
  [/^tasks \(|image/, 'Fargate'],
  [/load balancer|addresses|endpoints|NAT|zone/, 'Network'],
];
const groupOf = (what: string): string =>
  GROUPS.find(([pattern]) => pattern.test(what))?.[1] ?? 'Functions, tables, S3';

/** Types that are in neither table, each once. */
export const unknownTypes = (all: Resources): string[] => [
  ...new Set(
    Object.values(all)
      .map(({ Type }) => Type)
      .filter((type) => !(type in RULES) && !(type in FREE_TYPES)),
  ),
];

/** Throws for a type that nobody has said the price of, since a sum without it would be too low. */
export function standing(all: Resources, config: Config): Line[] {
  const unknown = unknownTypes(all);
  if (unknown.length > 0)
    throw new Error(`nobody has said what these cost while idle (local/cost/standing.ts): ${unknown.join(', ')}`);
  const lines = Object.values(all).flatMap(({ Type, Properties = {} }) => RULES[Type]?.(Properties, all, config) ?? []);
  const assets = Object.values(all).some(({ Type }) => Type === 'AWS::Lambda::Function')
    ? [line('programs of the functions and the console', ASSETS_GB, PRICES.storedGbMonth)]
    : [];
  return [...lines, ...assets].map((one) => ({ group: groupOf(one.what), ...one }));
}

/** Services in the order of `GROUPS`: what two templates have of one stands together. */
export const byGroup = (lines: readonly Line[]): Line[] => lines.toSorted((a, b) => order(a) - order(b));

const order = ({ group }: Line): number => {
  const at = GROUPS.findIndex(([, name]) => name === group);
  return at < 0 ? GROUPS.length : at;
};
