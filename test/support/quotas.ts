/** How much of each quota (lib/quotas.ts) a template asks for. A quota without a measure here does not compile. */
import { QUOTAS, type Quota, type QuotaName } from '../../lib/quotas.ts';
import type { Resource, TemplateText } from './app.ts';

/** One object and how much it asks for. */
type Measured = readonly [where: string, amount: number];
// oxlint-disable-next-line typescript/no-explicit-any -- properties are looked into by path
type Properties = any;

/** Characters of what only AWS knows, on the long side: names it makes, ARNs of them, and of itself. */
const LENGTHS: Readonly<Record<string, number>> = {
  'AWS::Region': 16,
  'AWS::AccountId': 12,
  'AWS::Partition': 10,
  'AWS::URLSuffix': 16,
};
const NAME = 128;
const ARN = 192;

/** A value with what CloudFormation fills in, as long as it may be. */
function filled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== 'object' || value === null) return value;
  const [[name, argument] = ['', undefined], ...others] = Object.entries(value);
  if (others.length === 0) {
    if (name === 'Ref') return 'x'.repeat(LENGTHS[String(argument)] ?? NAME);
    if (name === 'Fn::GetAtt' || name === 'Fn::ImportValue') return 'x'.repeat(ARN);
    if (name === 'Fn::Sub') return String(argument).replaceAll(/\$\{[^}]+\}/g, 'x'.repeat(16));
    if (name === 'Fn::Join') {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map(filled).join(separator);
    }
    if (name.startsWith('Fn::')) return 'x'.repeat(NAME);
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner)]));
}

const text = (value: unknown): string => {
  const whole = filled(value ?? '');
  return typeof whole === 'string' ? whole : JSON.stringify(whole);
};
const bytes = (value: unknown): number => Buffer.byteLength(text(value));
const count = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

/** A measure of each resource of these types; `undefined` where it does not apply. */
const each =
  (types: string, measure: (properties: Properties, template: TemplateText, id: string) => number | undefined) =>
  (template: TemplateText): Measured[] =>
    Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) => {
      if (!types.split(' ').includes(Type)) return [];
      const amount = measure(Properties ?? {}, template, id);
      return amount === undefined || Number.isNaN(amount) ? [] : [[id, amount] as const];
    });

const resources = ({ Resources }: TemplateText, type: string): [string, Resource & { Properties?: Properties }][] =>
  Object.entries(Resources).filter(([, { Type }]) => Type === type);

const refersTo = (value: unknown, id: string): boolean => JSON.stringify(value ?? '').includes(`"${id}"`);

/** Rules within the group, and those that are resources of their own. */
const rules = (direction: 'Ingress' | 'Egress') => (properties: Properties, template: TemplateText, id: string) =>
  count(properties[`SecurityGroup${direction}`]) +
  resources(template, `AWS::EC2::SecurityGroup${direction}`).filter(([, rule]) =>
    refersTo(rule.Properties?.GroupId, id),
  ).length;

const GROUP = 'AWS::EC2::SecurityGroup';
const FUNCTION = 'AWS::Lambda::Function';
const MAPPING = 'AWS::Lambda::EventSourceMapping';
const LISTENER = 'AWS::ElasticLoadBalancingV2::Listener';
const TASK = 'AWS::ECS::TaskDefinition';
const HEADERS = 'AWS::CloudFront::ResponseHeadersPolicy';
const REQUESTS = 'AWS::CloudFront::OriginRequestPolicy';

const listenerIdle = ({ ListenerAttributes = [] }: Properties): number | undefined => {
  const found = ListenerAttributes.find(({ Key }: { Key: string }) => Key === 'tcp.idle_timeout.seconds');
  return found === undefined ? undefined : Number(found.Value);
};
const groupsOf = (template: TemplateText): Measured[] =>
  Object.entries(template.Resources).flatMap(([id, { Properties }]) => {
    const properties = Properties as Properties;
    const groups =
      properties?.NetworkConfiguration?.AwsvpcConfiguration?.SecurityGroups ??
      properties?.SecurityGroups ??
      properties?.SecurityGroupIds;
    return Array.isArray(groups) ? [[id, groups.length] as const] : [];
  });
const all = (template: TemplateText, type: string): Measured[] => [[type, resources(template, type).length]];
const tasksAtMost = (template: TemplateText): number =>
  Math.max(
    0,
    ...resources(template, 'AWS::ApplicationAutoScaling::ScalableTarget').map(([, r]) => r.Properties.MaxCapacity),
  );
const inlineOf = (template: TemplateText, id: string, own: Properties[] = []): number =>
  [
    ...own.map(({ PolicyDocument }) => PolicyDocument),
    ...resources(template, 'AWS::IAM::Policy').flatMap(([, { Properties }]) =>
      refersTo(Properties.Roles, id) ? [Properties.PolicyDocument] : [],
    ),
  ].reduce((sum: number, document) => sum + text(document).replaceAll(/\s/g, '').length, 0);
/** The function that a queue feeds, and the queue. */
const fed = ({ FunctionName, EventSourceArn }: Properties, template: TemplateText) => {
  const named = (value: unknown, type: string) => resources(template, type).find(([id]) => refersTo(value, id))?.[1];
  return [named(FunctionName, FUNCTION)?.Properties, named(EventSourceArn, 'AWS::SQS::Queue')?.Properties] as const;
};
const headersOf = ({ ResponseHeadersPolicyConfig: config }: Properties): string[] => [
  text(config.SecurityHeadersConfig?.ContentSecurityPolicy?.ContentSecurityPolicy),
  ...(config.CustomHeadersConfig?.Items ?? []).map(({ Value }: { Value: unknown }) => text(Value)),
];
const edgeNames = each(
  'AWS::CloudFront::Function AWS::CloudFront::OriginAccessControl',
  ({ Name, OriginAccessControlConfig }) => text(Name ?? OriginAccessControlConfig.Name).length,
);
const policyNames = each(
  `AWS::CloudFront::CachePolicy ${REQUESTS} ${HEADERS}`,
  (properties) => text((Object.values(properties)[0] as { Name: unknown }).Name).length,
);
const comments = each(
  `AWS::CloudFront::CachePolicy ${REQUESTS} ${HEADERS} AWS::CloudFront::Distribution AWS::CloudFront::Function`,
  (properties) => text((properties.FunctionConfig ?? (Object.values(properties)[0] as Properties)).Comment).length,
);
const distribution = (measure: (config: Properties) => number) =>
  each('AWS::CloudFront::Distribution', ({ DistributionConfig }) => measure(DistributionConfig));

const ALARM = 'AWS::CloudWatch::Alarm';
const FILTER = 'AWS::Logs::MetricFilter';

const MEASURES: Record<QuotaName, (template: TemplateText) => Measured[]> = {
  alarmName: each(ALARM, ({ AlarmName }) => text(AlarmName).length),
  alarmDescription: each(ALARM, ({ AlarmDescription }) => text(AlarmDescription).length),
  alarmSeconds: each(ALARM, ({ Period, EvaluationPeriods }) => Period * EvaluationPeriods),
  dashboardWidgets: each(
    'AWS::CloudWatch::Dashboard',
    ({ DashboardBody }) => (JSON.parse(text(DashboardBody)) as { widgets: unknown[] }).widgets.length,
  ),
  budgetAddresses: (template) =>
    resources(template, 'AWS::Budgets::Budget').flatMap(([id, { Properties }]) =>
      Properties.NotificationsWithSubscribers.map(({ Subscribers }: Properties) => [id, count(Subscribers)] as const),
    ),
  metricFilters: (template) =>
    Object.entries(
      Object.groupBy(resources(template, FILTER), ([, { Properties }]) => JSON.stringify(Properties.LogGroupName)),
    ).map(([group, filters]) => [group, count(filters)] as const),
  filterPattern: each(FILTER, ({ FilterPattern }) => text(FilterPattern).length),
  stackResources: ({ Resources }) => [['Resources', Object.keys(Resources).length]],
  stackParameters: ({ Parameters = {} }) => [['Parameters', Object.keys(Parameters).length]],
  stackOutputs: ({ Outputs = {} }) => [['Outputs', Object.keys(Outputs).length]],
  templateBytes: (template) => [['template', Buffer.byteLength(JSON.stringify(template, undefined, 1))]],
  templateDescription: (template) => [['Description', bytes((template as { Description?: string }).Description)]],
  resourceTags: ({ Resources }) =>
    Object.entries(Resources).map(([id, { Properties }]) => [id, count((Properties as Properties)?.Tags)] as const),

  rulesIn: each(GROUP, rules('Ingress')),
  rulesOut: each(GROUP, rules('Egress')),
  rulesPerInterface: (template) => {
    const most = Math.max(0, ...each(GROUP, rules('Ingress'))(template).map(([, amount]) => amount));
    return groupsOf(template).map(([id, groups]) => [id, groups * most] as const);
  },
  groupsPerInterface: groupsOf,
  ruleDescription: each(GROUP, ({ GroupDescription, SecurityGroupIngress = [], SecurityGroupEgress = [] }) =>
    Math.max(
      ...[
        GroupDescription,
        ...[...SecurityGroupIngress, ...SecurityGroupEgress].map(({ Description }) => Description),
      ].map((one) => text(one).length),
    ),
  ),

  listeners: (template) => all(template, LISTENER),
  targetsPerZone: (template) => [
    ['targets', tasksAtMost(template) * resources(template, 'AWS::ElasticLoadBalancingV2::TargetGroup').length],
  ],
  idleSecondsMost: each(LISTENER, listenerIdle),
  idleSecondsLeast: each(LISTENER, listenerIdle),
  serviceTargetGroups: each('AWS::ECS::Service', ({ LoadBalancers }) => count(LoadBalancers)),
  taskDefinitionBytes: each(TASK, bytes),
  stopSeconds: each(TASK, ({ ContainerDefinitions: [container] }) => container.StopTimeout),
  openFiles: each(TASK, ({ ContainerDefinitions: [container] }) => container.Ulimits[0].HardLimit),

  functionEnvironment: each(FUNCTION, ({ Environment }) =>
    Object.entries(Environment?.Variables ?? {}).reduce((sum, [name, value]) => sum + bytes(name) + bytes(value), 0),
  ),
  functionSeconds: each(FUNCTION, ({ Timeout }) => Timeout),
  functionMemory: each(FUNCTION, ({ MemorySize }) => MemorySize),
  functionScratch: each(FUNCTION, ({ EphemeralStorage }) => EphemeralStorage?.Size),
  functionScratchLeast: each(FUNCTION, ({ EphemeralStorage }) => EphemeralStorage?.Size),
  functionLayers: each(FUNCTION, ({ Layers }) => count(Layers)),
  functionDescription: each(FUNCTION, ({ Description }) => text(Description).length),
  queueConcurrencyLeast: each(MAPPING, ({ ScalingConfig }) => ScalingConfig?.MaximumConcurrency),
  queueConcurrencyMost: each(MAPPING, ({ ScalingConfig }) => ScalingConfig?.MaximumConcurrency),
  queueBatch: each(MAPPING, ({ BatchSize, MaximumBatchingWindowInSeconds }) =>
    MaximumBatchingWindowInSeconds > 0 ? undefined : BatchSize,
  ),

  visibilitySeconds: each('AWS::SQS::Queue', ({ VisibilityTimeout }) => VisibilityTimeout),
  visibilityPastFunction: each(MAPPING, (properties, template) => {
    const [worker, queue] = fed(properties, template);
    return queue === undefined ? undefined : queue.VisibilityTimeout - worker.Timeout;
  }),
  queueName: (template) => [
    ...each('AWS::SQS::Queue', ({ QueueName }) => (QueueName === undefined ? undefined : text(QueueName).length))(
      template,
    ),
    // Those that tasks make end in the task's id.
    ...each(TASK, ({ ContainerDefinitions: [{ Environment }] }) => {
      const prefix = Environment.find(({ Name }: Properties) => Name === 'COMMAND_QUEUE_PREFIX');
      return text(prefix.Value).length + 32;
    })(template),
  ],
  queueRetention: each('AWS::SQS::Queue', ({ MessageRetentionPeriod }) => MessageRetentionPeriod),

  roleInlinePolicies: each('AWS::IAM::Role', ({ Policies }, template, id) => inlineOf(template, id, Policies)),
  roleTrustPolicy: each('AWS::IAM::Role', ({ AssumeRolePolicyDocument }) => text(AssumeRolePolicyDocument).length),
  roleManagedPolicies: each('AWS::IAM::Role', ({ ManagedPolicyArns }) => count(ManagedPolicyArns)),

  lifecycleRules: each('AWS::S3::Bucket', ({ LifecycleConfiguration }) => count(LifecycleConfiguration?.Rules)),
  corsRules: each('AWS::S3::Bucket', ({ CorsConfiguration }) => count(CorsConfiguration?.CorsRules)),
  bucketPolicy: each('AWS::S3::BucketPolicy', ({ PolicyDocument }) => bytes(PolicyDocument)),
  corsBytes: each('AWS::S3::Bucket', ({ CorsConfiguration }) => bytes(CorsConfiguration)),
  tableIndexes: each('AWS::DynamoDB::Table', ({ GlobalSecondaryIndexes }) => count(GlobalSecondaryIndexes)),

  apiRoutes: (template) => all(template, 'AWS::ApiGatewayV2::Route'),
  apiIntegrations: (template) => all(template, 'AWS::ApiGatewayV2::Integration'),
  apiAuthorizers: (template) => all(template, 'AWS::ApiGatewayV2::Authorizer'),
  apiAudiences: each('AWS::ApiGatewayV2::Authorizer', ({ JwtConfiguration }) => count(JwtConfiguration?.Audience)),
  apiLogFormat: each('AWS::ApiGatewayV2::Stage', ({ AccessLogSettings }) => bytes(AccessLogSettings?.Format)),
  apiSeconds: each(FUNCTION, ({ Timeout }, template, id) =>
    resources(template, 'AWS::ApiGatewayV2::Integration').some(([, { Properties }]) => refersTo(Properties, id))
      ? Timeout
      : undefined,
  ),

  machineBytes: each('AWS::StepFunctions::StateMachine', ({ DefinitionString }) => bytes(DefinitionString)),
  eventPattern: each('AWS::Events::Rule', ({ EventPattern }) => text(EventPattern).length),
  ruleTargets: each('AWS::Events::Rule', ({ Targets }) => count(Targets)),
  eventAge: each('AWS::Events::Rule', ({ Targets }) =>
    Math.max(0, ...Targets.map(({ RetryPolicy }: Properties) => RetryPolicy?.MaximumEventAgeInSeconds ?? 0)),
  ),

  behaviours: distribution(({ CacheBehaviors }) => count(CacheBehaviors) + 1),
  origins: distribution(({ Origins }) => count(Origins)),
  aliases: distribution(({ Aliases }) => count(Aliases)),
  cachePolicies: (template) => all(template, 'AWS::CloudFront::CachePolicy'),
  requestPolicies: (template) => all(template, REQUESTS),
  headersPolicies: (template) => all(template, HEADERS),
  groupsOfBehaviour: distribution(({ CacheBehaviors }) =>
    Math.max(...CacheBehaviors.map(({ TrustedKeyGroups }: Properties) => count(TrustedKeyGroups))),
  ),
  edgeFunctionBytes: each('AWS::CloudFront::Function', ({ FunctionCode }) => bytes(FunctionCode)),
  edgeName: edgeNames,
  policyName: policyNames,
  edgeComment: comments,
  headerValue: each(HEADERS, (properties) => Math.max(...headersOf(properties).map((value) => value.length))),
  headersOfPolicy: each(HEADERS, ({ ResponseHeadersPolicyConfig }) =>
    count(ResponseHeadersPolicyConfig.CustomHeadersConfig?.Items),
  ),

  callbacks: each('AWS::Cognito::UserPoolClient', ({ CallbackURLs, LogoutURLs }) =>
    Math.max(count(CallbackURLs), count(LogoutURLs)),
  ),
  signInHost: each('AWS::Cognito::UserPoolDomain', ({ Domain }) => text(Domain).length),
  secretDescription: each('AWS::SecretsManager::Secret', ({ Description }) => text(Description).length),
};

export interface Finding {
  readonly quota: QuotaName;
  readonly where: string;
  readonly amount: number;
}

/** Every measure taken of a template, and those beyond their quota in words: `where: 61 inbound …, AWS takes 60`. */
export function measured(template: TemplateText): { readonly taken: readonly Finding[]; readonly beyond: string[] } {
  const taken = Object.entries(MEASURES).flatMap(([quota, measure]) =>
    measure(template).map(([where, amount]) => ({ quota: quota as QuotaName, where, amount })),
  );
  const beyond = taken.flatMap(({ quota, where, amount }) => {
    const { max = Infinity, min = -Infinity, what }: Quota = QUOTAS[quota];
    if (amount > max) return [`${where}: ${amount} ${what}, AWS takes ${max}`];
    return amount < min ? [`${where}: ${amount} ${what}, AWS wants ${min}`] : [];
  });
  return { taken, beyond };
}
