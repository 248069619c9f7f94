/** Writing the audit log: one row for each thing that a signed-in person's call changed, after it did. */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { RouteKey } from '../../lib/contract/api.ts';
import type { BulkAnswer, BulkChange } from '../../lib/contract/bulk.ts';
import { auditId, MOST_SAID, type AuditRow } from '../../lib/contract/audit.ts';
import { AUDITED } from '../../lib/contract/audited.ts';
import { number, required } from '../../lib/contract/env.ts';
import { parseUploadKey } from '../../lib/contract/keys.ts';
import { operationsBounds } from '../../lib/contract/options.ts';
import { cut } from '../../lib/contract/text.ts';
import { dynamo } from './clients.ts';
import { grantNamed } from './grant-id.ts';
import { logger } from './logger.ts';

/** What was asked, as it was parsed, by whom, and what was answered. */
export interface Done {
  readonly route: RouteKey;
  readonly by: string;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly answer: unknown;
  readonly requestId: string;
  /** What the handler noted, of each video of many by its id. */
  readonly noted?: ReadonlyMap<string | undefined, Noted>;
}

/** What whoever does it knows besides: what a thing was called that is gone now, and whether anything changed. */
export type Noted = Pick<AuditRow, 'said' | 'unchanged'>;
/** `of`: which of many; left out: what the call is about. */
export type Note = (noted: Noted, of?: string) => void;

/** Of no field of these names is more said than that it was set: what opens something is in no log. */
const SECRET = /password|secret|token|authcode|authori[sz]ation|credential|cookie|signature|jwk|address|url$|key$/i;
/** Of what a client sends with an upload these are said. It may send anything besides, and of that nobody knows what it opens. */
const OF_METADATA = new Set(['title', 'name', 'description', 'tags', 'visibility', 'encryption', 'size']);
/** Things within things whose parts are said. What lies deeper is counted: a body may be as deep as it is long. */
const DEEPEST = 3;

/**
 * The change is made by then, so a row that cannot be written does not undo it or tell a client to try again: the log of the
 * function has it instead, as an error.
 */
export async function audit(done: Done): Promise<void> {
  if (AUDITED[done.route] === undefined) return;
  const { route, by, requestId } = done;
  try {
    const rows = rowsOf(done, Date.now(), number('AUDIT_DAYS', operationsBounds.auditDays));
    const TableName = required('AUDIT_TABLE');
    await Promise.all(rows.map((Item) => dynamo.send(new PutCommand({ TableName, Item }))));
  } catch (error) {
    logger.error('not in the audit log', { route, by, requestId, error: error as Error });
  }
}

/** One, but of many videos one for each that was changed, so that it is found by any of them. Pure. */
export function rowsOf(done: Done, now: number, days: number): AuditRow[] {
  if (done.route !== 'POST /api/videos/bulk') return [rowOf(done, now, days)];
  // Whether for good is noted of each.
  const { videos: _, now: __, ...body } = done.body as Extract<BulkChange, { action: 'delete' }>;
  const changed = (done.answer as BulkAnswer).videos.filter(({ refused }) => refused === undefined);
  return changed.map(({ id }, index) => ({
    ...rowOf({ ...done, params: { id }, body }, now, days, id),
    id: auditId(now, `${done.requestId}.${index}`),
  }));
}

/** `of`: the one of many that it is about. Pure. */
export function rowOf(done: Done, now: number, days: number, of?: string): AuditRow {
  const at = new Date(now).toISOString();
  const about = aboutOf(done);
  const noted = done.noted?.get(of);
  const said = { ...saidOf(done), ...saying(noted?.said ?? {}) };
  return {
    day: at.slice(0, 10),
    id: auditId(now, done.requestId),
    at,
    by: done.by,
    route: done.route,
    ...(about !== undefined && { about }),
    ...(Object.keys(said).length > 0 && { said }),
    ...(noted?.unchanged === true && { unchanged: true }),
    requestId: done.requestId,
    expiresAt: Math.floor(now / 1000) + days * 86_400,
  };
}

type Fields = Readonly<Record<string, unknown>>;
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function aboutOf({ route, params, query, body, answer }: Done): string | undefined {
  const [named, sent, made] = [params, body, answer].map((value) => (value ?? {}) as Fields) as [
    Fields,
    Fields,
    Fields,
  ];
  const path = route.slice(route.indexOf(' ') + 1);
  const key =
    textOf((query as Fields | undefined)?.['key']) ??
    textOf(made['key']) ??
    textOf((made['fields'] as Fields)?.['key']);
  const as = (kind: string, value: unknown) => (textOf(value) === undefined ? undefined : `${kind}:${value as string}`);
  if (path.startsWith('/api/s3/')) return key === undefined ? undefined : as('video', parseUploadKey(key)?.videoId);
  if (path.startsWith('/api/videos')) return as('video', named['id'] ?? made['id']);
  if (path.startsWith('/api/devices')) return as('device', named['id'] ?? made['id']);
  if (path.startsWith('/api/alarms')) return as('device', onlyOne(sent['alarms']));
  if (path.startsWith('/api/collections')) return as('collection', named['collection'] ?? made['id']);
  if (path.startsWith('/api/keys')) return as('key', named['kid'] ?? made['kid']);
  if (path.startsWith('/api/webhooks')) return as('webhook', named['webhook'] ?? made['id']);
  if (path.startsWith('/api/entitlements')) {
    const grant = textOf(named['grant']);
    return grant === undefined ? textOf(sent['resource']) : grantNamed(grant).resource;
  }
  return as('person', named['subject']);
}

/** The device that all of these alarms are of, if it is one. */
function onlyOne(alarms: unknown): string | undefined {
  const devices = new Set((alarms as readonly { readonly device: string }[]).map(({ device }) => device));
  return devices.size === 1 ? [...devices][0] : undefined;
}

/** Fields of the body, and what of the path is not what it is about. */
function saidOf({ params, body }: Done): Said {
  const { id: _, collection: __, grant, kid: ___, webhook: ____, ...rest } = (params ?? {}) as Fields;
  const subject = textOf(grant) === undefined ? {} : { subject: grantNamed(grant as string).subject };
  return saying({ ...rest, ...subject, ...((body ?? {}) as Fields) });
}

type Said = NonNullable<AuditRow['said']>;

function saying(fields: Fields, depth = 0): Said {
  const said: Said = {};
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined) said[name] = spokenOf(name, value, depth);
  return said;
}

function spokenOf(name: string, value: unknown, depth: number): Said[string] {
  if (SECRET.test(name)) return 'set';
  return spoken(depth === 0 && name === 'metadata' ? knownOf((value ?? {}) as Fields) : value, depth);
}

function spoken(value: unknown, depth: number): Said[string] {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return cut(value, MOST_SAID);
  const things = Object.keys(value ?? {}).length;
  if (depth === DEEPEST && things > 0) return `${things} of them`;
  if (!Array.isArray(value)) return bounded(partsOf(value, depth + 1));
  const isOfThings = value.some((one) => typeof one === 'object');
  return bounded(value.map((one) => spoken(one, depth + 1)).join(isOfThings ? '; ' : ', '), value.length);
}

const partsOf = (value: unknown, depth: number): string =>
  Object.entries(saying((value ?? {}) as Fields, depth))
    .map(([name, part]) => `${name}: ${part}`)
    .join(', ');

function knownOf(metadata: Fields): Fields {
  const known = Object.entries(metadata).filter(([name]) => OF_METADATA.has(name));
  const others = Object.keys(metadata).length - known.length;
  return { ...Object.fromEntries(known), ...(others > 0 && { others }) };
}

/** Of nothing, that it is none; of what is cut, how many there are, if they are many. */
function bounded(text: string, count?: number): string {
  if (text === '') return 'none';
  if (text.length <= MOST_SAID) return text;
  return `${cut(count === undefined ? text : `${count}: ${text}`, MOST_SAID - 1)}…`;
}
