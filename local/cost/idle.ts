/** The page of `npm run cost -- --idle`: both stacks, line by line, and what is free. */
import { PRICED, PRICES } from '../../lib/contract/prices.ts';
import { contextOf } from '../context.ts';
import { dollars, table, totalsOf, type Line } from './bill.ts';
import { byGroup, standing } from './standing.ts';
import { synthesize } from './templates.ts';

export interface Idle {
  /** The first stack alone, as the environment has it but without devices. */
  readonly without: readonly Line[];
  /** Both, with `live.enabled`: the first one's, too, watches over devices then. */
  readonly with: readonly Line[];
}

/** Throws ConfigError and ContextError. */
export function idleLines(env: string, context: readonly string[]): Idle {
  const of = (live: boolean) => {
    const { config, vod, live: second } = synthesize(contextOf(env, [...context, `live.enabled=${live}`]));
    return byGroup([...standing(vod, config), ...(second === undefined ? [] : standing(second, config))]);
  };
  return { without: of(false), with: of(true) };
}

const dashboards = (lines: readonly Line[]): number =>
  totalsOf(lines.filter(({ price }) => price.per === PRICES.dashboard.per)).list;

/** Lines of text; the last two are the totals. */
export function idle(env: string, context: readonly string[]): string[] {
  const lines = idleLines(env, context);
  const [without, both] = [totalsOf(lines.without), totalsOf(lines.with)];
  return [
    `A month of ${env} in which nobody does anything: list prices of us-east-1 of ${PRICED}, and what is left of them after`,
    'what AWS gives every account each month for good, in an account that runs nothing else (no first-year offer is counted).',
    '',
    'Without the live stack',
    ...table(lines.without),
    '',
    'With it',
    ...table(lines.with),
    '',
    `At list price, nothing free: ${dollars(without.list)} without live, ${dollars(both.list)} with live; of it dashboards`,
    `${dollars(dashboards(lines.without))} and ${dollars(dashboards(lines.with))}, which operations.dashboards=false does not make.`,
    `total without live: ${dollars(without.free)}`,
    `total with live: ${dollars(both.free)}`,
  ];
}
