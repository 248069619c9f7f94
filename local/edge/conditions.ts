/** Ranges and conditions on a whole object that is at hand (RFC 9110 13 and 14). Pure. */

export type RangeAnswer =
  | { kind: 'whole' }
  | { kind: 'unsatisfiable' }
  /** Both ends count. */
  | { kind: 'part'; start: number; end: number };

/**
 * What a Range header asks of an object of `size` bytes. Several ranges, and what is not a byte range, are answered
 * with the whole object, as RFC 9110 14.2 allows.
 */
export function parseRange(header: string | null, size: number): RangeAnswer {
  const match = /^bytes=\s*([0-9]*)-([0-9]*)\s*$/i.exec(header ?? '');
  if (!match) return { kind: 'whole' };
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return { kind: 'whole' };
    const length = Math.min(Number(last), size);
    return length === 0 ? { kind: 'unsatisfiable' } : { kind: 'part', start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return { kind: 'whole' };
  return start >= size ? { kind: 'unsatisfiable' } : { kind: 'part', start, end };
}

/** RFC 9110 13.1.5: strong comparison of the entity tag, or the exact Last-Modified date. No header: the range holds. */
export function ifRangeHolds(ifRange: string | null, object: Headers): boolean {
  if (ifRange === null) return true;
  // A weak tag starts with W/ and so matches neither.
  return ifRange.startsWith('"') ? ifRange === object.get('etag') : ifRange === object.get('last-modified');
}

/** RFC 9110 13.2.2: If-None-Match decides when there is one, else If-Modified-Since. */
export function notModified(request: Headers, object: Headers): boolean {
  const ifNoneMatch = request.get('if-none-match');
  if (ifNoneMatch !== null) {
    const etag = object.get('etag');
    if (ifNoneMatch.trim() === '*') return true;
    return etag !== null && ifNoneMatch.split(',').some((tag) => weak(tag) === weak(etag));
  }
  const since = Date.parse(request.get('if-modified-since') ?? '');
  const modified = Date.parse(object.get('last-modified') ?? '');
  return !Number.isNaN(since) && !Number.isNaN(modified) && modified <= since;
}

const weak = (tag: string): string => tag.trim().replace(/^W\//, '');
