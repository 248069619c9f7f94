/** What stands still costs: every resource type has its price, each line by hand, and the bar. */
import { describe, expect, it } from 'vitest';
import { PRICES } from '../../../lib/contract/prices.ts';
import { contextOf } from '../../../local/context.ts';
import { totalsOf } from '../../../local/cost/bill.ts';
import { idleLines } from '../../../local/cost/idle.ts';
import { POLLERS, runsOf, standing, unknownTypes } from '../../../local/cost/standing.ts';
import { synthesize, type Resources } from '../../../local/cost/templates.ts';

/** Options that bring resources of other types, or other numbers of them. */
const VARIANTS: readonly (readonly string[])[] = [
  [],
  ['live.enabled=true'],
  ['live.enabled=true', 'live.privateSubnets=true'],
  ['operations.emails=["a@example.com"]', 'operations.budgetDollars=100'],
  ['slicing.engine=mediaconvert'],
  ['kafka.brokers=["kafka.example:9092"]'],
  ['auth.issuer=https://id.example.com', 'auth.audience=sluice', 'auth.clientId=console'],
];
const variants = VARIANTS.map(
  (options) => [options.join(' ') || 'defaults', synthesize(contextOf('prod', options))] as const,
);
const [[, plain], [, live], [, closed], [, told], , [, kafka]] = variants as [
  (typeof variants)[0],
  (typeof variants)[0],
  (typeof variants)[0],
  (typeof variants)[0],
  (typeof variants)[0],
  (typeof variants)[0],
];

/** Units of a price in a template. */
const amount = (all: Resources, price: object, { config } = plain): number =>
  standing(all, config)
    .filter((line) => line.price === price)
    .reduce((sum, line) => sum + line.amount, 0);
const many = (all: Resources, type: string) => Object.values(all).filter(({ Type }) => Type === type).length;

describe('every resource type of the templates', () => {
  it.each(variants)('has a standing price or is known to be free: %s', (_, { vod, live: second = {} }) => {
    // A type that is named here is new: say what it costs while idle in local/cost/standing.ts, or why nothing in free-types.ts.
    expect(unknownTypes({ ...vod, ...second })).toEqual([]);
  });

  it('is asked for: a type that nobody has priced stops the sum', () => {
    const rented = { Warehouse: { Type: 'AWS::Redshift::Cluster' } };
    expect(() => standing({ ...plain.vod, ...rented }, plain.config)).toThrow('AWS::Redshift::Cluster');
    const table = { Table: { Type: 'AWS::DynamoDB::Table', Properties: { BillingMode: 'PROVISIONED' } } };
    expect(() => standing(table, plain.config)).toThrow('provisioned capacity');
  });
});

describe('a line', () => {
  it('for each alarm, dashboard, secret and key', () => {
    expect(amount(plain.vod, PRICES.alarm)).toBe(many(plain.vod, 'AWS::CloudWatch::Alarm'));
    expect(amount(plain.vod, PRICES.dashboard)).toBe(1);
    expect(amount(live.vod, PRICES.dashboard)).toBe(2);
    expect(amount(plain.vod, PRICES.secret)).toBe(1);
    expect([amount(plain.vod, PRICES.key), amount(told.vod, PRICES.key)]).toEqual([0, 1]);
  });

  it('for each queue that Lambda asks, five connections that ask every 20 s, and what comes by schedule', () => {
    // 730 hours: 2,628,000 s / 20 s × 5.
    const sources = many(plain.vod, 'AWS::Lambda::EventSourceMapping');
    const streams = JSON.stringify(plain.vod).match(/"EventSourceArn":\{"Fn::GetAtt":\["\w+","StreamArn"\]/g)!.length;
    // Lambda reads streams for nothing.
    expect([POLLERS, streams]).toEqual([5, 5]);
    expect(amount(plain.vod, PRICES.queueRequest)).toBe((sources - streams - 1) * 657_000);
    // The queue of revocations is FIFO; its sweep comes once an hour.
    expect(amount(plain.vod, PRICES.fifoRequest)).toBe(657_000 + 2 * 730);
    // So is that of Kafka, which has one alarm more.
    expect(amount(kafka.vod, PRICES.fifoRequest)).toBe(2 * 657_000 + 2 * 730);
    expect(amount(kafka.vod, PRICES.queueRequest)).toBe(amount(plain.vod, PRICES.queueRequest));
    expect(amount(kafka.vod, PRICES.alarm)).toBe(amount(plain.vod, PRICES.alarm) + 1);
  });

  it('for each run of a schedule', () => {
    expect(
      ['rate(1 hour)', 'rate(1 day)', 'rate(5 minutes)', 'cron(10 0 * * ? *)'].map((one) => Math.round(runsOf(one))),
    ).toEqual([730, 30, 8760, 30]);
    expect(() => runsOf('cron(0/5 * * * ? *)')).toThrow('no rule');
  });

  it('for tasks, their addresses and the load balancer’s, their metrics and their own calls', () => {
    const all = live.live!;
    // Two tasks of one vCPU and 4 GiB, two zones.
    expect(amount(all, PRICES.vcpuHour.x86_64)).toBe(2 * 730);
    expect(amount(all, PRICES.gibHour.x86_64)).toBe(2 * 4 * 730);
    expect(amount(all, PRICES.addressHour)).toBe((2 + 2) * 730);
    expect(amount(all, PRICES.balancerHour)).toBe(730);
    expect(amount(all, PRICES.metric)).toBe(10);
    // Every ten seconds a lease, every 20 a look for commands.
    expect(amount(all, PRICES.write)).toBe(2 * 262_800);
    expect(amount(all, PRICES.queueRequest)).toBe(2 * 131_400);
    // Each of two policies of scaling makes two alarms.
    expect(amount(all, PRICES.alarm)).toBe(4);
    const arm = synthesize(contextOf('prod', ['live.enabled=true', 'architecture=arm64', 'live.minTasks=3']));
    expect(amount(arm.live!, PRICES.vcpuHour.arm64, arm)).toBe(3 * 730);
  });

  it('for each zone of each endpoint, where tasks have no addresses', () => {
    const interfaces = Object.values(closed.live!).filter(
      ({ Properties }) => Properties?.['VpcEndpointType'] === 'Interface',
    );
    expect(amount(closed.live!, PRICES.endpointHour)).toBe(interfaces.length * 2 * 730);
    expect(amount(closed.live!, PRICES.addressHour)).toBe(2 * 730);
    expect(amount(closed.live!, PRICES.gatewayHour)).toBe(0);
  });
});

describe('prod as it is in cdk.json', () => {
  const { without, with: both } = idleLines('prod', []);

  it('is under five dollars a month without the live stack', () => {
    expect(totalsOf(without).free).toBeLessThan(5);
  });

  it('costs by the hour with it', () => {
    const [vod, all] = [totalsOf(without), totalsOf(both)];
    // By hand: two tasks 2 × 730 × (0.04048 + 4 × 0.004445), the balancer 730 × 0.0225, four addresses 4 × 730 × 0.005.
    const byHand = 2 * 730 * (0.04048 + 4 * 0.004445) + 730 * 0.0225 + 4 * 730 * 0.005;
    expect(all.free - vod.free).toBeGreaterThan(byHand);
    expect(all.free - vod.free).toBeLessThan(byHand + 3);
  });
});
