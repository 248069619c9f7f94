/**
 * What AWS takes at most of what the templates ask for, each with where it is said. The configuration is bounded by these
 * (config-limits.ts), and the tests hold every template at every option's bounds against all of them
 * (test/lib/quotas.test.ts). Where AWS raises a quota on request, or has raised it lately, this is the lower number: a new
 * account has that one.
 */
export interface Quota {
  readonly max?: number;
  readonly min?: number;
  /** With its unit. */
  readonly what: string;
  /** A page of the AWS documentation. */
  readonly source: string;
}

const DOCS = 'https://docs.aws.amazon.com/';
const CLOUDFORMATION = `${DOCS}AWSCloudFormation/latest/UserGuide/cloudformation-limits.html`;
const VPC = `${DOCS}vpc/latest/userguide/amazon-vpc-limits.html`;
const NLB = `${DOCS}elasticloadbalancing/latest/network/load-balancer-limits.html`;
const NLB_ATTRIBUTES = `${DOCS}elasticloadbalancing/latest/network/network-load-balancers.html`;
const ECS = `${DOCS}AmazonECS/latest/developerguide/service-quotas.html`;
const ECS_TASK = `${DOCS}AmazonECS/latest/developerguide/task_definition_parameters.html`;
const LAMBDA = `${DOCS}lambda/latest/dg/gettingstarted-limits.html`;
const LAMBDA_SQS = `${DOCS}lambda/latest/dg/services-sqs-scaling.html`;
const IAM = `${DOCS}IAM/latest/UserGuide/reference_iam-quotas.html`;
const S3 = `${DOCS}AmazonS3/latest/userguide/BucketRestrictions.html`;
const SQS = `${DOCS}AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html`;
const HTTP_API = `${DOCS}apigateway/latest/developerguide/http-api-quotas.html`;
const CLOUDFRONT = `${DOCS}AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html`;
const COGNITO = `${DOCS}cognito/latest/developerguide/limits.html`;
const ALARM = `${DOCS}AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html`;
const EVENTS = `${DOCS}eventbridge/latest/userguide/eb-quota.html`;

export const QUOTAS = {
  stackResources: { max: 500, what: 'resources of a stack', source: CLOUDFORMATION },
  stackParameters: { max: 200, what: 'parameters of a stack', source: CLOUDFORMATION },
  stackOutputs: { max: 200, what: 'outputs of a stack', source: CLOUDFORMATION },
  templateBytes: { max: 1_000_000, what: 'bytes of a template', source: CLOUDFORMATION },
  templateDescription: { max: 1024, what: 'bytes of a template description', source: CLOUDFORMATION },
  resourceTags: {
    max: 50,
    what: 'tags of a resource',
    source: `${DOCS}tag-editor/latest/userguide/best-practices-and-strats.html`,
  },

  rulesIn: { max: 60, what: 'inbound IPv4 rules of a security group', source: VPC },
  rulesOut: { max: 60, what: 'outbound IPv4 rules of a security group', source: VPC },
  rulesPerInterface: { max: 1000, what: 'rules times security groups of an interface', source: VPC },
  groupsPerInterface: { max: 5, what: 'security groups of an interface', source: VPC },
  ruleDescription: {
    max: 255,
    what: 'characters of a rule description',
    source: `${DOCS}AWSEC2/latest/APIReference/API_IpRange.html`,
  },

  listeners: { max: 50, what: 'listeners of a load balancer', source: NLB },
  targetsPerZone: { max: 500, what: 'targets of a load balancer in one zone, if all tasks were there', source: NLB },
  idleSecondsMost: { max: 6000, what: 'seconds of TCP idle time-out of a listener', source: NLB_ATTRIBUTES },
  idleSecondsLeast: { min: 60, what: 'seconds of TCP idle time-out of a listener', source: NLB_ATTRIBUTES },
  serviceTargetGroups: { max: 5, what: 'target groups of an ECS service', source: ECS },
  taskDefinitionBytes: { max: 65_536, what: 'bytes of an ECS task definition', source: ECS },
  stopSeconds: { max: 120, what: 'seconds Fargate waits for a task to end', source: ECS_TASK },
  openFiles: { max: 1_048_576, what: 'open files of a Fargate task', source: ECS_TASK },

  functionEnvironment: { max: 4096, what: 'bytes of a function environment', source: LAMBDA },
  functionSeconds: { max: 900, what: 'seconds of a function', source: LAMBDA },
  functionMemory: { max: 10_240, what: 'MB of memory of a function', source: LAMBDA },
  functionScratch: { max: 10_240, what: 'MB of /tmp of a function', source: LAMBDA },
  functionScratchLeast: { min: 512, what: 'MB of /tmp of a function', source: LAMBDA },
  functionLayers: { max: 5, what: 'layers of a function', source: LAMBDA },
  functionDescription: {
    max: 256,
    what: 'characters of a function description',
    source: `${DOCS}lambda/latest/api/API_CreateFunction.html`,
  },
  queueConcurrencyLeast: { min: 2, what: 'concurrency of a function that a queue feeds', source: LAMBDA_SQS },
  queueConcurrencyMost: { max: 1000, what: 'concurrency of a function that a queue feeds', source: LAMBDA_SQS },
  queueBatch: { max: 10, what: 'messages of a batch without a window', source: LAMBDA_SQS },

  alarmName: { max: 255, what: 'characters of an alarm name', source: ALARM },
  alarmDescription: { max: 1024, what: 'characters of an alarm description', source: ALARM },
  alarmSeconds: { max: 86_400, what: 'seconds an alarm looks at', source: ALARM },
  dashboardWidgets: {
    max: 500,
    what: 'widgets of a dashboard',
    source: `${DOCS}AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html`,
  },
  budgetAddresses: {
    max: 10,
    what: 'addresses a notification of a budget is mailed to',
    source: `${DOCS}cost-management/latest/userguide/management-limits.html`,
  },
  metricFilters: {
    max: 100,
    what: 'metric filters of a log group',
    source: `${DOCS}AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html`,
  },
  filterPattern: {
    max: 1024,
    what: 'characters of a filter pattern',
    source: `${DOCS}AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html`,
  },

  visibilitySeconds: { max: 43_200, what: 'seconds a message stays invisible', source: SQS },
  visibilityPastFunction: {
    min: 0,
    what: 'seconds a message stays invisible after its function has ended',
    source: `${DOCS}lambda/latest/dg/services-sqs-configure.html`,
  },
  queueName: { max: 80, what: 'characters of a queue name', source: SQS },
  queueRetention: { max: 1_209_600, what: 'seconds a queue keeps a message', source: SQS },

  roleInlinePolicies: { max: 10_240, what: 'characters of all inline policies of a role', source: IAM },
  roleTrustPolicy: { max: 2048, what: 'characters of a role trust policy', source: IAM },
  roleManagedPolicies: { max: 10, what: 'managed policies of a role', source: IAM },

  lifecycleRules: {
    max: 1000,
    what: 'lifecycle rules of a bucket',
    source: `${DOCS}AmazonS3/latest/userguide/intro-lifecycle-rules.html`,
  },
  corsRules: {
    max: 100,
    what: 'CORS rules of a bucket',
    source: `${DOCS}AmazonS3/latest/API/API_CORSConfiguration.html`,
  },
  bucketPolicy: { max: 20_480, what: 'bytes of a bucket policy', source: S3 },
  corsBytes: {
    max: 65_536,
    what: 'bytes of a bucket CORS configuration',
    source: `${DOCS}AmazonS3/latest/userguide/ManageCorsUsing.html`,
  },
  tableIndexes: {
    max: 20,
    what: 'global secondary indexes of a table',
    source: `${DOCS}amazondynamodb/latest/developerguide/ServiceQuotas.html`,
  },

  apiRoutes: { max: 300, what: 'routes of an HTTP API', source: HTTP_API },
  apiIntegrations: { max: 300, what: 'integrations of an HTTP API', source: HTTP_API },
  apiAuthorizers: { max: 10, what: 'authorizers of an HTTP API', source: HTTP_API },
  apiAudiences: { max: 50, what: 'audiences of an authorizer', source: HTTP_API },
  apiLogFormat: { max: 3072, what: 'bytes of an access log format', source: HTTP_API },
  apiSeconds: { max: 30, what: 'seconds an HTTP API waits for a function that answers it', source: HTTP_API },

  machineBytes: {
    max: 1_000_000,
    what: 'bytes of a state machine definition',
    source: `${DOCS}step-functions/latest/dg/service-quotas.html`,
  },
  eventPattern: { max: 2048, what: 'characters of an event pattern', source: EVENTS },
  ruleTargets: { max: 5, what: 'targets of an event rule', source: EVENTS },
  eventAge: {
    max: 86_400,
    what: 'seconds an event is kept for its target',
    source: `${DOCS}eventbridge/latest/userguide/eb-rule-retry-policy.html`,
  },

  behaviours: { max: 25, what: 'cache behaviours of a distribution', source: CLOUDFRONT },
  origins: { max: 25, what: 'origins of a distribution', source: CLOUDFRONT },
  aliases: { max: 100, what: 'host names of a distribution', source: CLOUDFRONT },
  cachePolicies: { max: 20, what: 'cache policies of an account', source: CLOUDFRONT },
  requestPolicies: { max: 20, what: 'origin request policies of an account', source: CLOUDFRONT },
  headersPolicies: { max: 20, what: 'response headers policies of an account', source: CLOUDFRONT },
  groupsOfBehaviour: { max: 4, what: 'key groups of a cache behaviour', source: CLOUDFRONT },
  edgeFunctionBytes: { max: 10_240, what: 'bytes of a CloudFront function', source: CLOUDFRONT },
  edgeName: {
    max: 64,
    what: 'characters of a function or origin access control name',
    source: `${DOCS}cloudfront/latest/APIReference/API_OriginAccessControlConfig.html`,
  },
  policyName: {
    max: 128,
    what: 'characters of the name of a policy or key',
    source: `${DOCS}cloudfront/latest/APIReference/API_CachePolicyConfig.html`,
  },
  edgeComment: {
    max: 128,
    what: 'characters of a comment',
    source: `${DOCS}cloudfront/latest/APIReference/API_CachePolicyConfig.html`,
  },
  headerValue: {
    max: 1783,
    what: 'characters of a header value, the content security policy included',
    source: CLOUDFRONT,
  },
  headersOfPolicy: { max: 10, what: 'custom headers of a response headers policy', source: CLOUDFRONT },

  callbacks: { max: 100, what: 'callback and sign-out addresses of an app client', source: COGNITO },
  signInHost: {
    max: 63,
    what: 'characters of the sign-in host prefix',
    source: `${DOCS}cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolDomain.html`,
  },
  secretDescription: {
    max: 2048,
    what: 'characters of a secret description',
    source: `${DOCS}secretsmanager/latest/apireference/API_CreateSecret.html`,
  },
} as const satisfies Record<string, Quota>;

export type QuotaName = keyof typeof QUOTAS;

/** Bytes of a function's files and its layers', unpacked: measured where they are bundled (test/synth). */
export const FUNCTION_PACKAGE = { max: 262_144_000, what: 'bytes of a function and its layers', source: LAMBDA };
