/** A client typed by the contract's route table. Types only: no schema library reaches the browser. */
import type { z } from 'zod';
import type { ResponseOf, RouteKey, Routes } from '../../../lib/contract/api.ts';
import { reach } from '../shared/reach.ts';
import { problemOf, unreachable } from './problem.ts';

type Input<K extends RouteKey, Part extends string> = Routes[K] extends { [P in Part]: infer T extends z.ZodType }
  ? { [P in Part]: z.input<T> }
  : { [P in Part]?: never };
/** A query may be left out when nothing in it is required. */
type Query<K extends RouteKey> = Routes[K] extends { query: infer T extends z.ZodType }
  ? object extends z.input<T>
    ? { query?: Partial<Record<keyof z.input<T>, string | number | undefined>> }
    : { query: Partial<Record<keyof z.input<T>, string | number | undefined>> }
  : { query?: never };

type Call<K extends RouteKey> = Input<K, 'params'> & Query<K> & Input<K, 'body'> & { signal?: AbortSignal };

/** The path of a route on this host, parameters and query filled in. */
export function pathOf(
  route: RouteKey,
  params: Readonly<Record<string, string | number | undefined>> = {},
  query: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const path = route.slice(route.indexOf(' ') + 1).replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`${route} needs ${name}`);
    return encodeURIComponent(String(value));
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  return search.size > 0 ? `${path}?${search}` : path;
}

/** Calls a route. Throws ApiProblem for every answer but a success; the bearer token is added by token-fetch.ts. */
export async function call<K extends RouteKey>(route: K, options: Call<K>): Promise<ResponseOf<K>> {
  const { params, query, body, signal } = options as {
    params?: Record<string, string | number>;
    query?: Record<string, string | number | undefined>;
    body?: unknown;
    signal?: AbortSignal;
  };
  let answer: Response;
  try {
    answer = await fetch(pathOf(route, params, query), {
      method: route.slice(0, route.indexOf(' ')),
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    reach.failed();
    throw unreachable(error, reach.now === 'offline');
  }
  reach.answered();
  if (!answer.ok) throw problemOf(answer.status, await answer.text());
  const text = await answer.text();
  return (text === '' ? undefined : JSON.parse(text)) as ResponseOf<K>;
}
