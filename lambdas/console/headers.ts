/** What a file of the console is served as. */
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  map: 'application/json',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
  // Types of the player, which are to be read.
  ts: 'text/plain; charset=utf-8',
  webmanifest: 'application/manifest+json',
};

/** Files under `assets/` carry a hash of their content in their name, so they never change; others may with a deploy. */
export function fileHeaders(key: string): { ContentType: string; CacheControl: string } {
  return {
    ContentType: TYPES[key.slice(key.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
    CacheControl: key.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'public, max-age=60',
  };
}
