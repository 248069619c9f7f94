import { expect, it } from 'vitest';
import { fileHeaders } from '../../../lambdas/console/headers.ts';

it.each([
  ['index.html', 'text/html; charset=utf-8', 'public, max-age=60'],
  ['assets/index-a1b2.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
  ['assets/a.css', 'text/css; charset=utf-8', 'public, max-age=31536000, immutable'],
  ['icon.svg', 'image/svg+xml', 'public, max-age=60'],
  ['no-ending', 'application/octet-stream', 'public, max-age=60'],
])('serves %s as %s, %s', (key, ContentType, CacheControl) => {
  expect(fileHeaders(key)).toEqual({ ContentType, CacheControl });
});
