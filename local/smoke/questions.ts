/**
 * What only AWS can settle. Each is asked in a step that runs in both places; the engine's answer to it says nothing about
 * AWS. `how`: where in the run the answer is found.
 */
export const QUESTIONS = {
  ecdsa: {
    asks: 'CloudFront takes ECDSA P-256 signatures with SHA-256, in addresses and in cookies, and refuses bent ones',
    how: 'playing by address and by cookie',
  },
  cache: {
    asks: 'viewers share one cached copy: a second signed request is answered from the cache',
    how: 'playing by address (X-Cache)',
  },
  order: {
    asks: 'CloudFront checks the signature before its function runs, so that a stranger learns nothing of what the function refuses',
    how: 'playing by address: an unsigned request for what the function refuses; taking back: a revoked address with a bent signature (X-Cache says who answered)',
  },
  revoked: {
    asks: 'what is taken back is refused by the edge within seconds, and nothing of another',
    how: 'taking back: a link and a session are ended, and an address of each asked for until it is 403 (X-Cache)',
  },
  path: {
    asks: 'the function sees a path as the viewer wrote it, so that no path can be written in two ways',
    how: 'taking back: a good address with one letter escaped (X-Cache says who answered)',
  },
  https: {
    asks: 'CloudFront sends plain http to https and offers HTTP/3',
    how: 'playing by address (redirect, Alt-Svc)',
  },
  silent: {
    asks: "the issuer answers `prompt=none` without a page, as the console's new tabs ask (Cognito)",
    how: 'signing in, then asking again silently',
  },
  cors: { asks: 'the source bucket lets a browser PUT parts and read their ETag', how: 'a preflight to a signed part' },
  closed: { asks: 'buckets answer nobody without a signature', how: 'an unsigned GET of the uploaded file' },
  lifecycle: {
    asks: 'lifecycle rules and TTL were taken; that they remove anything is seen days later',
    how: 'reading them back after the deploy',
  },
  lambda: {
    asks: "Lambda's own limits: the layer in /opt, memory, scratch space, cold starts, Step Functions between them",
    how: 'slicing the video',
  },
  nofile: {
    asks: 'Fargate gives the task the open files its definition asks for (`nofile`)',
    how: "the first line of the task's log",
  },
  balancer: {
    asks: 'a device reaches the tasks through the load balancer, and is sent to one of its addresses for media',
    how: 'the device',
  },
  protection: {
    asks: 'a task that protects itself while it streams does not keep the stack from being deleted',
    how: 'destroying while the device streams',
  },
} as const satisfies Record<string, { readonly asks: string; readonly how: string }>;

export type Question = keyof typeof QUESTIONS;

/** What no run settles. */
export const NEVER = [
  "prices: the account's bill, a day later, against docs/smoke.md",
  'what is left of caches and names elsewhere, load beyond one device, a second region',
  'an update from an older release; of one with a single signing key, what the deploy says of its public key (DELETE_FAILED), and that the key goes after its turn',
  'how long a revocation takes to be at all other edges, and a key group to spread, what country CloudFront says, and what its function is handed of a signature: docs/smoke.md says how to look',
] as const;
