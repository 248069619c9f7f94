/** What a run costs, before it begins, by the project's price table, for an hour from deploy to destroy. Nothing was measured on AWS. */
import { PRICES } from '../../lib/contract/prices.ts';

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
    dollars: HOURS * (0.5 * PRICES.vcpuHour.x86_64.dollars + PRICES.gibHour.x86_64.dollars),
    how: `$${PRICES.vcpuHour.x86_64.dollars} a vCPU-hour, $${PRICES.gibHour.x86_64.dollars} a GiB-hour`,
    source: PRICES.vcpuHour.x86_64.source,
    hourly: true,
  },
  {
    what: 'network load balancer',
    dollars: HOURS * (PRICES.balancerHour.dollars + PRICES.balancerUnit.dollars),
    how: `$${PRICES.balancerHour.dollars} an hour, and $${PRICES.balancerUnit.dollars} for each capacity unit-hour (one at most)`,
    source: PRICES.balancerHour.source,
    hourly: true,
  },
  {
    what: 'public IPv4 addresses, three',
    dollars: HOURS * 3 * PRICES.addressHour.dollars,
    how: `$${PRICES.addressHour.dollars} an hour each: two of the load balancer, one of the task`,
    source: PRICES.addressHour.source,
    hourly: true,
  },
  {
    what: 'Lambda',
    dollars: 0.02,
    how: 'a minute of 3 GB and some hundred short calls',
    source: PRICES.invocation.source,
  },
  {
    what: 'S3 and DynamoDB',
    dollars: 0.02,
    how: 'some thousand requests, under 0.1 GB',
    source: PRICES.put.source,
  },
  {
    what: 'CloudFront',
    dollars: 0.01,
    how: 'under 0.1 GB and 2,000 requests, most of it free',
    source: PRICES.edgeRequest.source,
  },
  {
    what: 'Secrets Manager, CloudWatch, SQS, ECR and the rest',
    dollars: 0.02,
    how: `a secret is $${PRICES.secret.dollars.toFixed(2)} a month`,
    source: PRICES.secret.source,
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
