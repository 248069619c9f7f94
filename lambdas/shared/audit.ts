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
}

/** Of no field of these names is more said than that it was set: what opens something is in no log. */
const SECRET = /password|secret|token|authcode|jwk|address|url$/i;

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
  const { videos: _, ...body } = done.body as BulkChange;
  const changed = (done.answer as BulkAnswer).videos.filter(({ refused }) => refused === undefined);
  return changed.map(({ id }, index) => ({
    ...rowOf({ ...done, params: { id }, body }, now, days),
    id: auditId(now, `${done.requestId}.${index}`),
  }));
}

/** Pure. */
export function rowOf(done: Done, now: number, days: number): AuditRow {
  const at = new Date(now).toISOString();
  const about = aboutOf(done);
  const said = saidOf(done);
  return {
    day: at.slice(0, 10),
    id: auditId(now, done.requestId),
    at,
    by: done.by,
    route: done.route,
    ...(about !== undefined && { about }),
    ...(said && { said }),
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
function saidOf({ params, body }: Done): AuditRow['said'] {
  const said: Record<string, string | number | boolean> = {};
  const { id: _, collection: __, grant, kid: ___, webhook: ____, ...rest } = (params ?? {}) as Fields;
  const subject = textOf(grant) === undefined ? {} : { subject: grantNamed(grant as string).subject };
  for (const [name, value] of Object.entries({ ...rest, ...subject, ...((body ?? {}) as Fields) })) {
    if (value === undefined) continue;
    said[name] = SECRET.test(name) ? 'set' : spoken(value);
  }
  return Object.keys(said).length === 0 ? undefined : said;
}

function spoken(value: unknown): string | number | boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return cut(value, MOST_SAID);
  if (Array.isArray(value)) return `${value.length} of them`;
  return value === null ? 'none' : `${Object.keys(value as object).length} fields`;
}
