/** A request target as the edge uses it: one normal form of the path, the query as it came. Pure. */

export class TargetError extends Error {
  override name = 'TargetError';
}

/** Query parameter exactly as written; `name` is percent-decoded for comparing. */
export interface QueryPair {
  name: string;
  raw: string;
}

export interface Target {
  /** Normal form (RFC 3986 6.2.2): dot segments removed, escapes of unreserved characters undone. Starts with `/`. */
  path: string;
  /** The path as sent, when it means the same resource as `path`; else `path`. Signers sign what they wrote. */
  rawPath: string;
  query: readonly QueryPair[];
}

/**
 * Reads the target of a request line: `/path?query` or an absolute `http://host/path?query`.
 * Everything downstream (behaviour, signature, cache key, origin) uses the same normal form, so a path cannot mean one
 * thing to the signature check and another to the origin. Throws `TargetError` for what no well-behaved client sends.
 */
export function parseTarget(target: string): Target {
  const relative = target.replace(/^https?:\/\/[^/?#]*/i, '') || '/';
  if (!relative.startsWith('/')) throw new TargetError('the request target is not a path');
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0020\u007f-\uffff\\#"<>^`{|}]/.test(relative))
    throw new TargetError('the request target has a character that must be escaped');
  const mark = relative.indexOf('?');
  const rawPath = mark < 0 ? relative : relative.slice(0, mark);
  if (/%(?![0-9a-f]{2})/i.test(rawPath)) throw new TargetError('the path has a broken percent-escape');
  if (/%00/.test(rawPath)) throw new TargetError('the path has a null character');
  const decoded = decodeUnreserved(rawPath);
  const path = removeDotSegments(decoded);
  return {
    path,
    rawPath: path === decoded ? rawPath : path,
    query: mark < 0 ? [] : parseQuery(relative.slice(mark + 1)),
  };
}

/** `a=1&b` → pairs, in order, empty pieces dropped. A name with a broken escape stays as it is. */
export function parseQuery(query: string): QueryPair[] {
  return query
    .split('&')
    .filter((raw) => raw !== '')
    .map((raw) => {
      const equals = raw.indexOf('=');
      return { name: decode(equals < 0 ? raw : raw.slice(0, equals)), raw };
    });
}

/** The value of a pair, percent-decoded; undefined when an escape is broken. */
export function valueOf(pair: QueryPair): string | undefined {
  const equals = pair.raw.indexOf('=');
  try {
    return equals < 0 ? '' : decodeURIComponent(pair.raw.slice(equals + 1));
  } catch {
    return undefined;
  }
}

/** `?a=1&b`, or an empty string. */
export const queryText = (pairs: readonly QueryPair[]): string =>
  pairs.length === 0 ? '' : `?${pairs.map((pair) => pair.raw).join('&')}`;

/** Cookies in the order sent; the first of a name is the most specific one (RFC 6265 5.4). */
export function parseCookies(header: string | undefined): (readonly [name: string, value: string])[] {
  return (header ?? '').split(';').flatMap((piece) => {
    const equals = piece.indexOf('=');
    return equals < 0 ? [] : [[piece.slice(0, equals).trim(), piece.slice(equals + 1).trim()] as const];
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** RFC 3986 2.3: ALPHA, DIGIT, `-`, `.`, `_`, `~` mean the same escaped or not. */
function decodeUnreserved(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : escape;
  });
}

/** RFC 3986 5.2.4, for a path that starts with `/`. */
function removeDotSegments(path: string): string {
  const out: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === '..') out.pop();
    if (segment !== '.' && segment !== '..') out.push(segment);
    else if (last) out.push('');
  }
  return `/${out.join('/')}`;
}
