/** Between the edge's own requests and responses and the event objects of CloudFront Functions. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { EdgeConfig } from './config.ts';
import type { ViewerRequest } from './forward.ts';
import {
  FunctionError,
  type Fields,
  type FunctionEvent,
  type RequestResult,
  type ResponseResult,
} from './functions.ts';
import { parseQuery, parseTarget } from './target.ts';

/** A function may neither change nor remove these (Developer Guide, "Restrictions on edge functions"). */
const READ_ONLY_IN_REQUEST = ['content-length', 'host', 'transfer-encoding', 'via'];
const DISALLOWED =
  /^(connection|expect|keep-alive|proxy-.*|trailer|upgrade|x-accel-.*|x-amz-cf-.*|x-amzn-(auth|cf-.*|errortype|fle-.*|header-count|lambda-.*|requestid)|x-cache|x-edge-.*|x-forwarded-proto|x-real-ip)$/;

export function functionEvent(config: EdgeConfig, request: ViewerRequest): FunctionEvent {
  return {
    version: '1.0',
    context: {
      distributionDomainName: config.domainName,
      distributionId: config.distributionId,
      eventType: 'viewer-request',
      requestId: request.requestId,
    },
    viewer: { ip: request.ip },
    request: requestFields(request),
  };
}

function requestFields(request: ViewerRequest): FunctionEvent['request'] {
  const headers = [...request.headers].filter(([name]) => name !== 'cookie' && !DISALLOWED.test(name));
  return {
    method: request.method,
    uri: request.path,
    querystring: fields(request.query.map(({ raw }) => cut(raw))),
    headers: fields(headers),
    cookies: fields(request.cookies),
  };
}

/** The request a viewer-request function returned. Throws `FunctionError` for changes CloudFront refuses. */
export function changedRequest(request: ViewerRequest, result: RequestResult): ViewerRequest {
  const before = requestFields(request);
  const headers = headersOf(result.headers);
  for (const name of READ_ONLY_IN_REQUEST) {
    if ((result.headers[name]?.value ?? undefined) !== before.headers[name]?.value) {
      throw new FunctionError(`the viewer-request function changed the read-only header ${name}`);
    }
  }
  let path: string;
  try {
    const target = parseTarget(result.uri);
    if (target.query.length > 0) throw new Error('it has a query');
    path = target.path;
  } catch (cause) {
    throw new FunctionError(`the viewer-request function returned a bad uri: ${(cause as Error).message}`, { cause });
  }
  return {
    ...request,
    path,
    // Untouched, it keeps the viewer's own writing and order.
    query: isDeepStrictEqual(result.querystring, before.querystring)
      ? request.query
      : parseQuery(
          pairs(result.querystring)
            .map(([name, value]) => `${name}=${value}`)
            .join('&'),
        ),
    headers,
    cookies: pairs(result.cookies),
  };
}

/** Status, headers and body (if it gave one) of a response that a function returned. */
export function functionResponse(result: ResponseResult): {
  status: number;
  headers: Headers;
  body: Buffer | undefined;
} {
  const headers = headersOf(result.headers);
  for (const [name, cookie] of Object.entries(result.cookies)) {
    for (const { value, attributes } of [cookie, ...(cookie.multiValue?.slice(1) ?? [])]) {
      headers.append('set-cookie', `${name}=${value}${attributes === undefined ? '' : `; ${attributes}`}`);
    }
  }
  const { body } = result;
  if (body === undefined) return { status: result.statusCode, headers, body: undefined };
  const bytes =
    typeof body === 'string'
      ? Buffer.from(body)
      : Buffer.from(body.data, body.encoding === 'base64' ? 'base64' : 'utf8');
  return { status: result.statusCode, headers, body: bytes };
}

function headersOf(from: Fields): Headers {
  const headers = new Headers();
  for (const [name, value] of pairs(from)) {
    if (DISALLOWED.test(name.toLowerCase())) throw new FunctionError(`a function may not set the header ${name}`);
    try {
      headers.append(name, value);
    } catch (cause) {
      throw new FunctionError(`a function set the header ${JSON.stringify(name)} to what no header can be`, { cause });
    }
  }
  return headers;
}

/** `multiValue` repeats the first value. */
const pairs = (from: Fields): [name: string, value: string][] =>
  Object.entries(from).flatMap(([name, field]) =>
    (field.multiValue ?? [field]).map((one): [string, string] => [name, one.value]),
  );

function fields(from: Iterable<readonly [name: string, value: string]>): Fields {
  const out = new Map<string, string[]>();
  for (const [name, value] of from) out.set(name, [...(out.get(name) ?? []), value]);
  return Object.fromEntries(
    [...out].map(([name, values]) => [
      name,
      { value: values[0] ?? '', ...(values.length > 1 && { multiValue: values.map((value) => ({ value })) }) },
    ]),
  );
}

function cut(raw: string): [name: string, value: string] {
  const equals = raw.indexOf('=');
  return equals < 0 ? [raw, ''] : [raw.slice(0, equals), raw.slice(equals + 1)];
}
