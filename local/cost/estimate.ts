/** The page of a load: each stage, the total, and the same at hosted services; and what a setting makes of it. */
import { EDGE_PLAN, HOSTED, PRICED, PRICES } from '../../lib/contract/prices.ts';
import { contextOf } from '../context.ts';
import { dollars, paid, table, totalsOf, type Line, type Totals } from './bill.ts';
import { readCounted, type Counted } from './counted.ts';
import { hosted } from './hosted.ts';
import { LOAD_NAMES, parseLoad, type Load, type LoadName } from './load.ts';
import { loaded } from './model.ts';
import { standing } from './standing.ts';
import { synthesize } from './templates.ts';

export interface Asked {
  readonly env: string;
  readonly context: readonly string[];
  readonly load: Readonly<Record<string, unknown>>;
}

export interface Month {
  readonly load: Load;
  readonly lines: readonly Line[];
  readonly retentionDays: number;
}

/** With the live stack where there are devices. Throws ConfigError, ContextError and LoadError. */
export function month({ env, context, load: given }: Asked, counted: Counted): Month {
  const load = parseLoad(given);
  const live = load.devices > 0 ? ['live.enabled=true'] : [];
  const { config, vod, live: second = {} } = synthesize(contextOf(env, [...context, ...live]));
  const stands = [...standing(vod, config), ...standing(second, config)].map((one) => ({ ...one, group: 'standing' }));
  return { load, lines: [...stands, ...loaded(load, counted, config)], retentionDays: config.live.retentionDays };
}

/** What the edge delivers by the gigabyte and the request, which a flat-rate plan takes the place of. */
const BY_USE: readonly object[] = [PRICES.deliveredGb, PRICES.edgeRequest, PRICES.edgeFunction, PRICES.edgeRead];

/** At list price, with the distribution in a flat-rate plan; undefined where the plan does not hold so much. */
export function withPlan(lines: readonly Line[]): number | undefined {
  const of = (price: object) => lines.filter((one) => one.price === price).reduce((sum, { amount }) => sum + amount, 0);
  if (of(PRICES.deliveredGb) > EDGE_PLAN.gigabytes || of(PRICES.edgeRequest) > EDGE_PLAN.requests) return undefined;
  return totalsOf(lines.filter(({ price }) => !BY_USE.includes(price))).list + EDGE_PLAN.dollars;
}

/** Dollars of each stage, at list price and after what is free. */
export function byStage(lines: readonly Line[]): ReadonlyMap<string, Totals> {
  const amounts = paid(lines);
  const stages = new Map<string, Totals>();
  for (const one of lines) {
    const { list, free } = stages.get(one.group) ?? { list: 0, free: 0 };
    const { dollars: price } = one.price;
    stages.set(one.group, { list: list + one.amount * price, free: free + amounts.get(one)! * price });
  }
  return stages;
}

export function estimate(asked: Asked, details: boolean): string[] {
  const counted = readCounted();
  const { load, lines, retentionDays } = month(asked, counted);
  const totals = totalsOf(lines);
  const rows = [
    ['', 'list price', 'after what is free'],
    ...[...byStage(lines)].map(([stage, { list, free }]) => [stage, dollars(list), dollars(free)]),
    ['together', dollars(totals.list), dollars(totals.free)],
  ];
  const others = hosted(load, retentionDays).map(({ service, encode, store, deliver, live, total }) => [
    `${service.name} (${service.priced})`,
    dollars(encode),
    dollars(store),
    dollars(deliver),
    live === undefined ? 'not found' : dollars(live),
    dollars(total),
  ]);
  const plan = withPlan(lines);
  return [
    `A month of ${asked.env}: calls as counted on ${counted.counted}, list prices of us-east-1 of ${PRICED}.`,
    LOAD_NAMES.map((name) => `${name} ${load[name]}`).join(', '),
    '',
    ...columns(rows),
    ...planText(plan, totals.list),
    ...(details ? ['', ...table(lines)] : []),
    '',
    'The same at hosted services, by their published prices:',
    ...columns([['', 'encoding', 'storing', 'delivery', 'live input', 'together'], ...others]),
    ...HOSTED.map(({ name, source }) => `${name}: ${source}`),
    '',
    `total: ${dollars(totals.list)} at list price, ${dollars(totals.free)} after what AWS gives every account for nothing`,
  ];
}

/** Nothing where the plan is the dearer way. */
function planText(plan: number | undefined, list: number): string[] {
  if (plan !== undefined && plan >= list) return [];
  const text = plan === undefined ? 'more than it holds.' : `${dollars(plan)} at list price.`;
  return [
    '',
    `With the distribution in CloudFront's flat-rate plan ${EDGE_PLAN.name} (${dollars(EDGE_PLAN.dollars)}): ${text}`,
  ];
}

/** `name=a,b,c`: an option of the configuration, or a part of the load. Throws as `month`. */
export function setting(asked: Asked, given: string): string[] {
  const at = given.indexOf('=');
  const name = given.slice(0, Math.max(0, at));
  // A list has commas of its own.
  const values = given.slice(at + 1).split(given.includes('[') ? ';' : ',');
  const counted = readCounted();
  const rows = values.map((value) => {
    const isLoad = LOAD_NAMES.includes(name as LoadName);
    const { lines } = month(
      isLoad
        ? { ...asked, load: { ...asked.load, [name]: value } }
        : { ...asked, context: [...asked.context, `${name}=${value}`] },
      counted,
    );
    const stages = byStage(lines);
    return { value, stages, totals: totalsOf(lines) };
  });
  const names = [...new Set(rows.flatMap(({ stages }) => [...stages.keys()]))];
  return [
    `A month of ${asked.env} at list price, by ${name}: calls as counted on ${counted.counted}, prices of ${PRICED}.`,
    '',
    ...columns([
      [name, ...names, 'together'],
      ...rows.map(({ value, stages, totals }) => [
        value,
        ...names.map((stage) => dollars(stages.get(stage)?.list ?? 0)),
        dollars(totals.list),
      ]),
    ]),
  ];
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}
