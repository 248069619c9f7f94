/**
 * Requests that a route takes, made from its schemas alone, and each of their fields: a route or field that joins the table
 * is in the test by that. Where a value must be of something that is there, it comes by its name.
 */
import type { z } from 'zod';
import type { Route } from '../../../lib/contract/route.ts';

export interface Request {
  params: Record<string, unknown>;
  query: Record<string, unknown>;
  body: unknown;
}

/** Values to try for a field of this name, or else any; the first that its schema takes is used. */
export type Known = Readonly<Record<string, readonly unknown[]>>;

interface Def {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly shape?: Readonly<Record<string, z.ZodType>>;
}
const defOf = (schema: z.ZodType): Def => schema.def;

const GENERIC = [
  'a name',
  '2026-01-02T03:04:05.000Z',
  '1',
  'abcdefghij0123456789',
  'a.m3u8',
  'video/mp4',
  1,
  60,
  true,
  {},
];

/** Every combination of alternatives that a schema takes, with all its fields. Throws when it cannot think of a value. */
function samples(schema: z.ZodType, name: string, known: Known): unknown[] {
  const def = defOf(schema);
  if (known[name]?.includes(undefined)) return [undefined];
  const first = [...(known[name] ?? []), ...GENERIC].find((value) => schema.safeParse(value).success);
  switch (def.type) {
    case 'object': {
      let made: Record<string, unknown>[] = [{}];
      for (const [field, inner] of Object.entries(def.shape!))
        made = made.flatMap((one) => samples(inner, field, known).map((value) => ({ ...one, [field]: value })));
      return made;
    }
    case 'union':
      return def.options!.some((option) => defOf(option).type === 'object')
        ? def.options!.flatMap((option) => samples(option, name, known))
        : [samples(def.options![0]!, name, known)[0]];
    case 'array':
      return first === undefined || (Array.isArray(first) && first.length === 0) || !Array.isArray(first)
        ? [[samples(def.element!, name, known)[0]]]
        : [first];
    case 'enum':
    case 'literal':
      return [
        (schema as unknown as { values?: Set<unknown>; options?: unknown[] }).options?.[0] ??
          [...(schema as unknown as { values: Set<unknown> }).values][0],
      ];
    case 'optional':
    case 'default':
    case 'prefault':
    case 'nullable':
      return samples(def.innerType!, name, known);
    case 'pipe':
      if (first === undefined) return samples(def.in!, name, known);
      return [first];
    default:
      if (first === undefined) throw new Error(`give the generator a value for ${name} (${def.type})`);
      return [first];
  }
}

/** Requests that the route's schemas take. */
export function requestsOf(route: Route, known: Known): Request[] {
  const [params] = route.params ? samples(route.params, 'params', known) : [{}];
  const [query] = route.query ? samples(route.query, 'query', known) : [{}];
  const bodies = route.body ? samples(route.body, 'body', known) : [undefined];
  const full = bodies.map((body) => ({ params, query, body }) as Request);
  // Once more with what the query must have only: what else it may have can lead another way.
  const needed = Object.entries(route.query?.shape ?? {}).filter(([, field]) => !field.safeParse(undefined).success);
  const bare = Object.fromEntries(needed.map(([name]) => [name, (query as Request['query'])[name]]));
  return needed.length === Object.keys(route.query?.shape ?? {}).length
    ? full
    : [...full, { ...full[0]!, query: bare }];
}

type Path = readonly string[];

/** The path of each field in it, those of lists and objects within included. */
export function fieldsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  const inner = Object.entries(value).flatMap(([name, one]) => fieldsOf(one, [...at, name]));
  return at.length === 0 ? inner : [at, ...inner];
}

/** A copy with the field set, or taken out when `value` is undefined. */
export function withField<T>(request: T, [name, ...rest]: Path, value: unknown): T {
  const copy = (Array.isArray(request) ? [...request] : { ...request }) as Record<string, unknown>;
  if (rest.length > 0) copy[name!] = withField(copy[name!], rest, value);
  else if (value === undefined) delete copy[name!];
  else copy[name!] = value;
  return copy as T;
}
