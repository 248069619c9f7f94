/**
 * The project's one price table: US dollars of AWS's public lists for us-east-1, and of the hosted services that estimates are
 * put beside. Other regions differ by some tenths. First tiers only, without discounts and taxes. The authors' knowledge of the
 * lists on the day `PRICED`; none of it was seen on a bill. Pure.
 */

/** Day AWS's lists were last gone through. */
export const PRICED = '2026-11-29';

export type Architecture = 'x86_64' | 'arm64';

/**
 * What AWS gives every account each month, for good, whatever else the account runs: `units` that all prices of a `pool` share.
 * What new accounts get for a year, or as credit, is in no pool.
 */
export interface Free {
  readonly pool: string;
  readonly units: number;
}

export interface Price {
  readonly dollars: number;
  /** The unit, as the page names it. */
  readonly per: string;
  /** The page that says it. */
  readonly source: string;
  readonly free?: Free;
}

const LAMBDA = 'aws.amazon.com/lambda/pricing';
const S3 = 'aws.amazon.com/s3/pricing';
const SQS = 'aws.amazon.com/sqs/pricing';
const DYNAMODB = 'aws.amazon.com/dynamodb/pricing/on-demand';
const CLOUDWATCH = 'aws.amazon.com/cloudwatch/pricing';
const CLOUDFRONT = 'aws.amazon.com/cloudfront/pricing';
const FARGATE = 'aws.amazon.com/fargate/pricing';
const VPC = 'aws.amazon.com/vpc/pricing';
const PRIVATELINK = 'aws.amazon.com/privatelink/pricing';
const BALANCER = 'aws.amazon.com/elasticloadbalancing/pricing';

const SQS_REQUESTS = { pool: 'SQS requests', units: 1e6 } as const;
const GB_SECONDS = { pool: 'Lambda GiB-seconds', units: 400_000 } as const;
const LOG_GB = { pool: 'CloudWatch logs, GB', units: 5 } as const;

export const PRICES = {
  gbSecond: {
    x86_64: { dollars: 0.000_016_666_7, per: 'GiB-second', source: LAMBDA, free: GB_SECONDS },
    arm64: { dollars: 0.000_013_333_4, per: 'GiB-second', source: LAMBDA, free: GB_SECONDS },
  },
  invocation: { dollars: 0.2e-6, per: 'request', source: LAMBDA, free: { pool: 'Lambda requests', units: 1e6 } },
  transition: {
    dollars: 25e-6,
    per: 'transition of a standard workflow',
    source: 'aws.amazon.com/step-functions/pricing',
    free: { pool: 'Step Functions transitions', units: 4000 },
  },
  put: { dollars: 5e-6, per: 'PUT, COPY, POST or LIST', source: S3 },
  get: { dollars: 0.4e-6, per: 'GET', source: S3 },
  storedGbMonth: { dollars: 0.023, per: 'GB-month, standard', source: S3 },
  infrequentGbMonth: { dollars: 0.0125, per: 'GB-month, Standard-Infrequent Access', source: S3 },
  toInfrequent: { dollars: 10e-6, per: 'object that goes to Standard-Infrequent Access', source: S3 },
  write: { dollars: 0.625e-6, per: 'write unit, on demand', source: DYNAMODB },
  read: { dollars: 0.125e-6, per: 'read unit, on demand', source: DYNAMODB },
  tableGbMonth: { dollars: 0.25, per: 'GB-month', source: DYNAMODB, free: { pool: 'DynamoDB GB', units: 25 } },
  recoveryGbMonth: { dollars: 0.2, per: 'GB-month of point-in-time recovery', source: DYNAMODB },
  queueRequest: { dollars: 0.4e-6, per: 'request, standard queue', source: SQS, free: SQS_REQUESTS },
  fifoRequest: { dollars: 0.5e-6, per: 'request, FIFO queue', source: SQS, free: SQS_REQUESTS },
  apiRequest: { dollars: 1e-6, per: 'request, HTTP API', source: 'aws.amazon.com/api-gateway/pricing' },
  event: { dollars: 1e-6, per: 'event of our own', source: 'aws.amazon.com/eventbridge/pricing' },
  secret: { dollars: 0.4, per: 'secret and month', source: 'aws.amazon.com/secrets-manager/pricing' },
  secretCall: { dollars: 5e-6, per: 'API call', source: 'aws.amazon.com/secrets-manager/pricing' },
  key: { dollars: 1, per: 'key of our own and month', source: 'aws.amazon.com/kms/pricing' },

  alarm: {
    dollars: 0.1,
    per: 'metric of an alarm and month',
    source: CLOUDWATCH,
    free: { pool: 'CloudWatch alarms', units: 10 },
  },
  compositeAlarm: { dollars: 0.5, per: 'composite alarm and month', source: CLOUDWATCH },
  dashboard: {
    dollars: 3,
    per: 'dashboard and month',
    source: CLOUDWATCH,
    free: { pool: 'CloudWatch dashboards', units: 3 },
  },
  metric: {
    dollars: 0.3,
    per: 'metric of our own and month, by the hours it has values in',
    source: CLOUDWATCH,
    free: { pool: 'CloudWatch metrics', units: 10 },
  },
  logGb: { dollars: 0.5, per: 'GB taken in', source: CLOUDWATCH, free: LOG_GB },

  deliveredGb: {
    dollars: 0.085,
    per: 'GB delivered, United States and Europe',
    source: CLOUDFRONT,
    free: { pool: 'CloudFront GB', units: 1024 },
  },
  edgeRequest: {
    dollars: 1e-6,
    per: 'HTTPS request, United States and Europe',
    source: CLOUDFRONT,
    free: { pool: 'CloudFront requests', units: 10e6 },
  },
  edgeFunction: {
    dollars: 0.1e-6,
    per: 'run of a function of the edge',
    source: CLOUDFRONT,
    free: { pool: 'CloudFront Functions', units: 2e6 },
  },
  edgeRead: {
    dollars: 0.03e-6,
    per: 'read of the key value store',
    source: CLOUDFRONT,
    free: { pool: 'CloudFront KeyValueStore reads', units: 2e6 },
  },
  storeCall: { dollars: 1e-3, per: 'API call of the key value store', source: CLOUDFRONT },

  vcpuHour: {
    x86_64: { dollars: 0.04048, per: 'vCPU-hour', source: FARGATE },
    arm64: { dollars: 0.03238, per: 'vCPU-hour', source: FARGATE },
  },
  gibHour: {
    x86_64: { dollars: 0.004445, per: 'GiB-hour', source: FARGATE },
    arm64: { dollars: 0.00356, per: 'GiB-hour', source: FARGATE },
  },
  balancerHour: { dollars: 0.0225, per: 'hour, network load balancer', source: BALANCER },
  balancerUnit: { dollars: 0.006, per: 'capacity unit-hour', source: BALANCER },
  addressHour: { dollars: 0.005, per: 'hour, public IPv4 address', source: VPC },
  endpointHour: { dollars: 0.01, per: 'hour and zone, interface endpoint', source: PRIVATELINK },
  gatewayHour: { dollars: 0.045, per: 'hour, NAT gateway', source: VPC },
  imageGbMonth: { dollars: 0.1, per: 'GB-month of images', source: 'aws.amazon.com/ecr/pricing' },
  zone: { dollars: 0.5, per: 'hosted zone and month', source: 'aws.amazon.com/route53/pricing' },
  normalizedMinute: {
    dollars: 0.0075,
    per: 'normalized minute, Basic tier',
    source: 'aws.amazon.com/mediaconvert/pricing',
  },
} as const satisfies Record<string, Price | Record<Architecture, Price>>;

/**
 * CloudFront's flat-rate plan Business, the cheapest that allows cache policies of one's own: a month of one distribution, its
 * functions and their store included, up to so much, with a web ACL of AWS WAF, which it wants. A deployment is made without a
 * plan; somebody who delivers much chooses one in CloudFront's console.
 */
export const EDGE_PLAN = {
  name: 'Business',
  dollars: 200,
  gigabytes: 50_000,
  requests: 125_000_000,
  source: 'aws.amazon.com/cloudfront/pricing',
} as const;

export interface HostedService {
  readonly name: string;
  /** US dollars a source minute, once. */
  readonly encodeMinute: number;
  /** A source minute, each month. */
  readonly storeMinute: number;
  /** A minute that somebody watches, of a film or live. */
  readonly deliverMinute: number;
  /** A minute that a camera streams live, watched or not; undefined where the page that was read does not say. */
  readonly liveMinute: number | undefined;
  /** Minutes delivered a month that are free. */
  readonly freeMinutes: number;
  readonly priced: string;
  readonly source: string;
}

/** The same work elsewhere: rates as they were read, through pages that quote them. */
export const HOSTED: readonly HostedService[] = [
  {
    name: 'Mux, basic quality',
    encodeMinute: 0,
    storeMinute: 0.0024,
    deliverMinute: 0.0008,
    liveMinute: undefined,
    freeMinutes: 100_000,
    priced: '2026-05-25',
    source: 'mux.com/pricing/video',
  },
  {
    name: 'Cloudflare Stream',
    encodeMinute: 0,
    storeMinute: 0.005,
    deliverMinute: 0.001,
    liveMinute: 0,
    freeMinutes: 0,
    priced: '2026-07-11',
    source: 'developers.cloudflare.com/stream/pricing',
  },
];
