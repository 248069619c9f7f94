/** CloudFront's one wildcard language: `*` is any run of characters, `?` exactly one; everything else is itself. */

/**
 * Whether `text` matches `pattern` as a whole. Case-sensitive. At worst pattern length × text length steps,
 * whatever a stranger writes: no regular expression is built.
 */
export function globMatch(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** A behaviour's path pattern; the leading `/` is optional in it. */
export function pathPatternMatches(pattern: string, path: string): boolean {
  return globMatch(pattern.startsWith('/') || pattern.startsWith('*') ? pattern : `/${pattern}`, path);
}

/**
 * An invalidation path: only a `*` at the very end is a wildcard, the leading `/` is optional, and a query string
 * counts when there is one (CloudFront Developer Guide, "What you need to know when invalidating files").
 */
export function invalidationMatches(pattern: string, pathAndQuery: string): boolean {
  const path = pattern.startsWith('/') ? pattern : `/${pattern}`;
  return path.endsWith('*') ? pathAndQuery.startsWith(path.slice(0, -1)) : pathAndQuery === path;
}
