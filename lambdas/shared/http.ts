/**
 * From an HTTP API event (payload format 2.0) to a typed handler and back: parses parameters, query and body by the
 * route's schemas, turns errors into problem documents, and logs what was not foreseen.
 */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import {
  routes,
  type BodyOf,
  type ParamsOf,
  type QueryOf,
  type ResponseOf,
  type RouteKey,
  type RoutesOf,
} from '../../lib/contract/api.ts';
import type { Route, Stage } from '../../lib/contract/route.ts';
import { audit, type Note, type Noted } from './audit.ts';
import { verifiedClaims } from './bearer.ts';
import { ApiError, refused, refusedField, toProblem } from './errors.ts';
import { about, logger } from './logger.ts';
import { parseUploadKey } from '../../lib/contract/keys.ts';
import { viewerOf, type Viewer } from './viewer.ts';

export type ApiEvent = APIGatewayProxyEventV2 & {
  requestContext: { authorizer?: { jwt?: { claims?: Record<string, unknown> } } };
};

interface ApiRequest<K extends RouteKey> {
  readonly params: ParamsOf<K>;
  readonly query: QueryOf<K>;
  readonly body: BodyOf<K>;
  /** Of a route that takes bytes; of the others none. */
  readonly bytes: Buffer;
  /** Set on routes whose auth is `user`; undefined on the others. */
  readonly viewer: Routes[K]['auth'] extends 'user' ? Viewer : undefined;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Asked by HEAD, so nobody gets to see the body. */
  readonly isHead: boolean;
  /** For the audit log. */
  readonly note: Note;
}
type Routes = typeof routes;

/** A success that is not plain JSON: a body of text or bytes, cookies, headers. */
export class Reply {
  readonly body: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  /** Undefined: the route's. */
  readonly status: number | undefined;
  constructor(
    body: string | Buffer,
    headers: Readonly<Record<string, string>> = {},
    cookies: readonly string[] = [],
    status?: number,
  ) {
    this.body = body;
    this.headers = headers;
    this.cookies = cookies;
    this.status = status;
  }
}

/** A `Reply` of a route with a response is its JSON, with headers of its own. */
type Result<K extends RouteKey> = Reply | (Routes[K] extends { response: z.ZodType } ? ResponseOf<K> : undefined);
export type Handlers<S extends Stage> = { [K in RoutesOf<S>]: (request: ApiRequest<K>) => Promise<Result<K>> };

/** Bodies are small JSON; a video never comes this way. */
const MAX_BODY_BYTES = 1024 * 1024;

/** The Lambda handler of one stage. `groupsClaim` names the token claim that lists the groups. */
export function serve<S extends Stage>(groupsClaim: string, handlers: Handlers<S>) {
  return async (event: ApiEvent): Promise<APIGatewayProxyStructuredResultV2> => {
    const requestId = event.requestContext?.requestId;
    about(undefined, { requestId });
    try {
      // As GET would, body included: the front end leaves that out and keeps its length.
      const key = event.routeKey?.replace(/^HEAD /, 'GET ');
      const route = routes[key as RouteKey] as Route | undefined;
      const handler = (handlers as unknown as Record<string, (request: unknown) => Promise<unknown>>)[key];
      if (!route || !handler) throw new ApiError('not-found', 'There is no such route; see /api/openapi.json.');
      const request = parseRequest(route, event, groupsClaim);
      about(idOf(request), { requestId });
      const noted = new Map<string | undefined, Noted>();
      const note: Note = (what, of) => void noted.set(of, what);
      const answer = await handler({ ...request, note });
      const { viewer, params, query, body } = request;
      if (viewer !== undefined)
        await audit({ route: key as RouteKey, by: viewer.subject, params, query, body, answer, requestId, noted });
      return unlessKept(success(route, answer), event);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code === 'internal')
        logger.error('request failed', { route: event.routeKey, error: error as Error });
      const body = toProblem(error, requestId);
      return json(body.status, body, 'application/problem+json');
    }
  };
}

function parseRequest(route: Route, event: ApiEvent, groupsClaim: string) {
  const viewer = route.auth === 'user' ? callerOf(event, groupsClaim) : undefined;
  return {
    params: part('path', route.params, event.pathParameters ?? {}),
    query: part('query', route.query, event.queryStringParameters ?? {}),
    body: route.body === undefined ? undefined : part('body', route.body, bodyOf(event, route.maxBodyBytes)),
    bytes: route.maxBytes === undefined ? Buffer.alloc(0) : bytesOf(event, route.maxBytes),
    viewer,
    headers: event.headers ?? {},
    isHead: (event.routeKey ?? '').startsWith('HEAD '),
  };
}

/** Of the video or device that a call names, as its parameters were checked; of one that it makes, whoever makes it says it. */
function idOf({ params, query }: { params: unknown; query: unknown }): string | undefined {
  const { id } = (params ?? {}) as { id?: string };
  const { key } = (query ?? {}) as { key?: string };
  return id ?? (key === undefined ? undefined : parseUploadKey(key)?.videoId);
}

/** Throws `unauthorized`. */
function callerOf({ headers, requestContext }: ApiEvent, groupsClaim: string): Viewer {
  const claims = verifiedClaims(requestContext.authorizer?.jwt?.claims, headers?.['authorization']);
  const viewer = claims && viewerOf(claims, groupsClaim);
  if (!viewer) throw new ApiError('unauthorized', 'Send one token of a signed-in person, as `Authorization: Bearer`.');
  return viewer;
}

function part(where: string, schema: z.ZodType | undefined, value: unknown): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refused(where, parsed.error);
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The body as it was sent. What calls itself text comes as such, all else in base64. */
function bytesOf({ body = '', isBase64Encoded }: ApiEvent, most: number): Buffer {
  const encoding = isBase64Encoded ? 'base64' : 'utf8';
  if (Buffer.byteLength(body, encoding) > most) {
    throw new ApiError('too-large', 'The request body is too large.', {
      limit: { name: 'body', value: most, unit: 'bytes' },
    });
  }
  return Buffer.from(body, encoding);
}

function bodyOf(event: ApiEvent, most = MAX_BODY_BYTES): unknown {
  const bytes = bytesOf(event, most);
  try {
    // What is no UTF-8 would be read as U+FFFD, and stored as what nobody sent.
    const text = event.isBase64Encoded ? UTF8.decode(bytes) : (event.body ?? '');
    return text === '' ? {} : JSON.parse(text);
  } catch (cause) {
    throw refusedField('body', 'is not JSON in UTF-8', cause);
  }
}

function success(route: Route, result: unknown): APIGatewayProxyStructuredResultV2 {
  if (result instanceof Reply) {
    return {
      statusCode: result.status ?? route.status,
      headers: {
        'content-type': route.contentType ?? 'text/plain; charset=utf-8',
        'cache-control': 'no-store',
        ...result.headers,
      },
      ...(typeof result.body === 'string'
        ? { body: result.body }
        : { body: result.body.toString('base64'), isBase64Encoded: true }),
      ...(result.cookies.length > 0 && { cookies: [...result.cookies] }),
    };
  }
  if (result === undefined) return { statusCode: route.status, headers: { 'cache-control': 'no-store' }, body: '' };
  return json(route.status, result, route.contentType ?? 'application/json');
}

/**
 * An `ETag` (RFC 9110 8.8.3) of what an answer follows from. Weak: the same tag means the same to a caller, not byte for byte. Never
 * of an answer that begins something, since who asks again with it is to get another one.
 */
export const weakTag = (...parts: readonly string[]): string =>
  `W/"${createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 27)}"`;

/**
 * 304 to who has the answer already (RFC 9110 13.1.2). All of the handler has run by then: who lost a right is told that, whatever
 * they have kept.
 */
function unlessKept(
  answer: APIGatewayProxyStructuredResultV2,
  { headers }: ApiEvent,
): APIGatewayProxyStructuredResultV2 {
  const [etag, kept] = [answer.headers?.['etag'], headers?.['if-none-match']];
  if (answer.statusCode !== 200 || etag === undefined || kept === undefined) return answer;
  if (kept.trim() !== '*' && !kept.split(',').some((one) => one.trim().replace(/^W\//, '') === String(etag).slice(2)))
    return answer;
  const { 'content-type': _, ...others } = answer.headers ?? {};
  return { ...answer, statusCode: 304, headers: others, body: '' };
}

function json(statusCode: number, body: unknown, contentType: string): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode,
    headers: { 'content-type': contentType, 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}
