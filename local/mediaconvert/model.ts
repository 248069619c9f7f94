/** Holds what MediaConvert is asked for against the API's own model, which botocore ships. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** One shape of the model, as far as it is checked. */
interface Shape {
  readonly type:
    | 'structure'
    | 'list'
    | 'map'
    | 'string'
    | 'integer'
    | 'long'
    | 'double'
    | 'float'
    | 'boolean'
    | 'timestamp';
  readonly members?: Readonly<Record<string, { readonly shape: string; readonly locationName?: string }>>;
  readonly required?: readonly string[];
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
}
export type Model = Readonly<Record<string, Shape>>;

const unzip = promisify(gunzip);

/** The shapes of the model in the virtual environment `python` (local/python.ts) that holds botocore. */
export async function readModel(python: string): Promise<Model> {
  const lib = join(python, 'lib');
  const [version] = (await readdir(lib)).filter((name) => name.startsWith('python'));
  const folder = join(lib, version ?? '', 'site-packages', 'botocore', 'data', 'mediaconvert', '2017-08-29');
  const text = await unzip(await readFile(join(folder, 'service-2.json.gz')));
  return (JSON.parse(text.toString()) as { shapes: Model }).shapes;
}

/** What is wrong with `value` as this shape, each with where; nothing when it is as the model says. */
export function faults(model: Model, shapeName: string, value: unknown, path = ''): string[] {
  const shape = model[shapeName];
  if (shape === undefined) throw new Error(`the model has no shape ${shapeName}`);
  const at = path === '' ? 'the request' : path;
  const length = { string: String(value).length, list: Array.isArray(value) ? value.length : 0 };
  const within = (measure: number, what: string): string[] =>
    measure < (shape.min ?? -Infinity) || measure > (shape.max ?? Infinity)
      ? [`${at}: ${what} ${measure} is not within ${shape.min ?? '…'} and ${shape.max ?? '…'}`]
      : [];
  switch (shape.type) {
    case 'structure': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at}: is no structure`];
      return faultsOfStructure(model, shape, value as Record<string, unknown>, path);
    }
    case 'list':
      if (!Array.isArray(value)) return [`${at}: is no list`];
      return [
        ...within(length.list, 'length'),
        ...value.flatMap((item, index) => faults(model, shape.member!.shape, item, `${path}[${index}]`)),
      ];
    case 'map':
      if (typeof value !== 'object' || value === null) return [`${at}: is no map`];
      return Object.entries(value).flatMap(([key, item]) => faults(model, shape.value!.shape, item, `${path}/${key}`));
    case 'string':
      if (typeof value !== 'string') return [`${at}: is no text`];
      if (shape.enum && !shape.enum.includes(value)) return [`${at}: ${value} is none of ${shape.enum.join(', ')}`];
      return [...within(length.string, 'length'), ...unlike(shape.pattern, value, at)];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${at}: is neither true nor false`];
    case 'integer':
    case 'long':
      return Number.isSafeInteger(value) ? within(value as number, 'value') : [`${at}: is no whole number`];
    case 'double':
    case 'float':
      return typeof value === 'number' && Number.isFinite(value) ? within(value, 'value') : [`${at}: is no number`];
    default:
      // A time; none of ours is asked for.
      return [];
  }
}

function faultsOfStructure(model: Model, shape: Shape, value: Record<string, unknown>, path: string): string[] {
  const members = Object.entries(shape.members ?? {});
  const byWire = new Map(members.map(([name, member]) => [member.locationName ?? name, member.shape]));
  const missing = (shape.required ?? [])
    .map((name) => shape.members?.[name]?.locationName ?? name)
    .filter((wire) => value[wire] === undefined);
  return [
    ...missing.map((wire) => `${path}/${wire}: is missing`),
    ...Object.entries(value).flatMap(([wire, inner]) => {
      const name = byWire.get(wire);
      return name === undefined ? [`${path}/${wire}: is no setting`] : faults(model, name, inner, `${path}/${wire}`);
    }),
  ];
}

/** Those of the model's patterns that jobs of ours meet, as expressions: none is made of text at run time. */
const PATTERNS: Readonly<Record<string, RegExp>> = {
  '^s3:\\/\\/.*$': /^s3:\/\/.*$/,
  '^https:\\/\\/[^:@\\/]*(:\\d*)?(\\/.*)?$': /^https:\/\/[^:@/]*(:\d*)?(\/.*)?$/,
  '^[\\w-]+$': /^[\w-]+$/,
  '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$':
    /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/,
  '^s3://([^\\/]+\\/+)+((([^\\/]*)))|^https?://[^\\/].*[^&]$': /^s3:\/\/([^/]+\/+)+([^/]*)|^https?:\/\/[^/].*[^&]$/,
};

function unlike(pattern: string | undefined, value: string, at: string): string[] {
  if (pattern === undefined) return [];
  const expression = PATTERNS[pattern];
  if (expression === undefined) return [`${at}: the stand-in does not know the pattern ${pattern}`];
  return expression.test(value) ? [] : [`${at}: ${JSON.stringify(value)} is not like ${pattern}`];
}
