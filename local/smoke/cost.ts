/**
 * What a run costs, before it begins: AWS's public list prices of us-east-1 as the authors knew them in November 2026 (the
 * pages named), for an hour from deploy to destroy. Other regions differ by some tenths; nothing was measured on AWS.
 */
interface Item {
  readonly what: string;
  /** US dollars for one run of an hour. */
  readonly dollars: number;
  readonly how: string;
  readonly source: string;
  /** Goes on until it is destroyed. */
  readonly hourly?: boolean;
}

const HOURS = 1;

export const COSTS: readonly Item[] = [
  {
    what: 'Fargate, one task of 0.5 vCPU and 1 GiB',
    dollars: HOURS * (0.5 * 0.04048 + 1 * 0.004445),
    how: '$0.04048 a vCPU-hour, $0.004445 a GiB-hour',
    source: 'aws.amazon.com/fargate/pricing',
    hourly: true,
  },
  {
    what: 'network load balancer',
    dollars: HOURS * (0.0225 + 0.006),
    how: '$0.0225 an hour, and $0.006 for each capacity unit-hour (one at most)',
    source: 'aws.amazon.com/elasticloadbalancing/pricing',
    hourly: true,
  },
  {
    what: 'public IPv4 addresses, three',
    dollars: HOURS * 3 * 0.005,
    how: '$0.005 an hour each: two of the load balancer, one of the task',
    source: 'aws.amazon.com/vpc/pricing',
    hourly: true,
  },
  {
    what: 'Lambda',
    dollars: 0.02,
    how: 'a minute of 3 GB and some hundred short calls, $0.0000166667 a GB-second',
    source: 'aws.amazon.com/lambda/pricing',
  },
  {
    what: 'S3 and DynamoDB',
    dollars: 0.02,
    how: 'some thousand requests, under 0.1 GB',
    source: 'aws.amazon.com/s3/pricing',
  },
  {
    what: 'CloudFront',
    dollars: 0.01,
    how: 'under 0.1 GB and 2,000 requests, most of it free',
    source: 'aws.amazon.com/cloudfront/pricing',
  },
  {
    what: 'Secrets Manager, CloudWatch, SQS, ECR and the rest',
    dollars: 0.02,
    how: 'a secret is $0.40 a month',
    source: 'aws.amazon.com/secrets-manager/pricing',
    hourly: true,
  },
];

/** Lines for a person who is about to pay it. */
export function costLines(): string[] {
  const sum = (items: readonly Item[]) => items.reduce((total, { dollars }) => total + dollars, 0);
  const rows = COSTS.map(({ what, dollars, how }) => `  $${dollars.toFixed(3)}  ${what}: ${how}`);
  const hourly = sum(COSTS.filter((item) => item.hourly));
  return [
    'What it costs (list prices of us-east-1, an hour from deploy to destroy; docs/smoke.md has the sources):',
    ...rows,
    `  $${sum(COSTS).toFixed(2)} together, some $${hourly.toFixed(2)} of it for every hour until it is destroyed ($${(hourly * 24).toFixed(2)} a day)`,
  ];
}
