/** Which billed calls a request to the engine is. Pure. */
import type { IncomingHttpHeaders } from 'node:http';

/** Calls of one action, in the units they are billed in (lib/contract/prices.ts); queue workers and steps are not HTTP requests. */
export interface Calls {
  /** Requests of the HTTP API, each of which runs a function. */
  readonly api: number;
  readonly puts: number;
  readonly gets: number;
  /** Read and write units of tables. */
  readonly reads: number;
  readonly writes: number;
  /** Requests to SQS. */
  readonly messages: number;
  /** Of our own, to an event bus. */
  readonly events: number;
  readonly secretCalls: number;
}

export const NO_CALLS: Calls = {
  api: 0,
  puts: 0,
  gets: 0,
  reads: 0,
  writes: 0,
  messages: 0,
  events: 0,
  secretCalls: 0,
};

export const CALL_NAMES = Object.keys(NO_CALLS) as (keyof Calls)[];

/** Term by term; of what is left out, nothing. */
export const combine = (a: Calls, b: Partial<Calls>, with_: (a: number, b: number) => number): Calls =>
  Object.fromEntries(CALL_NAMES.map((name) => [name, with_(a[name], b[name] ?? 0)])) as unknown as Calls;
export const plus = (a: Calls, b: Partial<Calls>): Calls => combine(a, b, (x, y) => x + y);
export const times = (calls: Calls, by: number): Calls => combine(calls, {}, (x) => x * by);

export interface Request {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Of a call that names its target, else empty. */
  readonly body: string;
}

/** Units that a write to a table takes: one for its row (some kilobytes of a video's record are four), one for each index. */
export type UnitsOf = (table: string) => number;

interface Item {
  readonly TableName?: string;
  readonly [more: string]: unknown;
}

function ofTables(operation: string, text: string, units: UnitsOf): Partial<Calls> {
  const body = JSON.parse(text) as Item & {
    readonly RequestItems?: Readonly<Record<string, { readonly Keys?: readonly unknown[] } & readonly unknown[]>>;
    readonly TransactItems?: readonly Readonly<Record<string, Item>>[];
  };
  const many = Object.entries(body.RequestItems ?? {});
  if (/^(PutItem|UpdateItem|DeleteItem)$/.test(operation)) return { writes: units(body.TableName ?? '') };
  if (operation === 'BatchGetItem') return { reads: sum(many.map(([, { Keys = [] }]) => Keys.length)) };
  if (operation === 'BatchWriteItem') return { writes: sum(many.map(([table, all]) => all.length * units(table))) };
  // A transaction prepares and commits: two units where there was one.
  if (operation === 'TransactWriteItems') {
    const tables = (body.TransactItems ?? []).flatMap((item) => Object.values(item).map((one) => one.TableName ?? ''));
    return { writes: 2 * sum(tables.map(units)) };
  }
  return { reads: 1 };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** What the engine itself is asked, and what AWS charges nothing for. */
const FREE_PATH = /^\/(_(localstack|ministack)|2020-05-31\/|key-value-stores\/)/;

export function callsOf({ method, url, headers, body }: Request, units: UnitsOf): Partial<Calls> {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') {
    const [service = '', operation = ''] = target.split('.');
    if (service.startsWith('DynamoDB_')) return ofTables(operation, body, units);
    if (service === 'AmazonSQS') return { messages: 1 };
    if (service === 'AWSEvents')
      return { events: ((JSON.parse(body) as { Entries?: unknown[] }).Entries ?? []).length };
    if (service === 'secretsmanager') return { secretCalls: 1 };
    return {}; // To start a run is free; its transitions are not.
  }
  if (url.startsWith('/_aws/execute-api/')) return { api: 1 };
  // S3's calls name no target, and no form: those of other old services do.
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  if (FREE_PATH.test(url) || isForm || url === '/') return {};
  if (method === 'PUT' || method === 'POST' || url.includes('list-type=')) return { puts: 1 };
  return method === 'GET' || method === 'HEAD' ? { gets: 1 } : {};
}
