/** What a route of the API is. The routes themselves: api.ts, device-api.ts. */
import type { z } from 'zod';

export type Stage =
  | 'upload'
  | 'catalog'
  | 'sharing'
  | 'stills'
  | 'playback'
  | 'devices'
  | 'live'
  | 'operations'
  | 'webhooks'
  | 'events'
  | 'insight'
  | 'presence';

/**
 * `user`: a valid JWT, checked by the HTTP API's authorizer before the Lambda runs.
 * `optional`: the Lambda looks for a JWT or a playback token itself; anonymous callers reach it.
 * `none`: the same answer for everyone.
 */
export type RouteAuth = 'user' | 'optional' | 'none';

export interface Route {
  readonly stage: Stage;
  readonly auth: RouteAuth;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Bytes that are no JSON may be its body, so many at most. Not beside `body`. */
  readonly maxBytes?: number;
  /** Of a body that is larger than others may be. Lambda takes 6 MB with all around it. */
  readonly maxBodyBytes?: number;
  readonly status: number;
  /** JSON body of the success answer; absent when there is none, or when it is no JSON. */
  readonly response?: z.ZodType;
  /** Default: `application/json` with a `response`. */
  readonly contentType?: string;
}

const MANIFEST_TYPES: readonly (string | undefined)[] = [
  'application/vnd.apple.mpegurl',
  'application/dash+xml',
  'text/vtt',
  'text/html; charset=utf-8',
];

/** Whether HEAD is answered as GET would be: players and link checkers ask for manifests, lists of pictures for scrubbing and pages so. */
export const answersHead = (key: string, { contentType }: Pick<Route, 'contentType'>): boolean =>
  key.startsWith('GET ') && MANIFEST_TYPES.includes(contentType);
