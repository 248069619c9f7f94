/**
 * An entitlement hook of your own, with jose (npm install jose) on Node 24.2 or newer, behind whatever gives it an https address on
 * port 443:
 *
 *   node hook-server.ts https://video.example.com 8080
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { createRemoteJWKSet, jwtVerify, type JWTPayload } from 'jose';

/** Claims of the question, as the page's table has them. */
export interface Question extends JWTPayload {
  readonly groups: readonly string[];
  readonly video: {
    readonly id?: string;
    readonly owner?: string;
    readonly visibility: string;
    readonly tags: readonly string[];
    readonly collections: readonly string[];
    readonly device?: string;
  };
  readonly from: { readonly ip?: string; readonly country?: string; readonly site?: string };
  /** What the platform would answer by itself, limits and all: an answer as it is. */
  readonly decision: Answer & { readonly reason: string };
}

export interface Answer {
  readonly allowed: boolean;
  /** For whoever reads along. */
  readonly reason?: string;
  readonly maxHeight?: number;
  readonly maxSessions?: number;
  readonly ip?: string;
  readonly countries?: { readonly only: readonly string[] } | { readonly except: readonly string[] };
  readonly sites?: readonly string[];
  readonly cacheSeconds?: number;
}

/** `platform`: scheme and host of the deployment that asks. */
export function hook(platform: string, decide: (question: Question) => Answer | Promise<Answer>): RequestListener {
  const keys = createRemoteJWKSet(new URL('/api/jwks.json', platform));
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const checks = { issuer: platform, audience: 'sluice-hook', algorithms: ['ES256'], requiredClaims: ['exp'] };
    try {
      const { payload } = await jwtVerify<Question>(await text(request), keys, checks);
      const said = JSON.stringify(await decide(payload));
      response.writeHead(200, { 'content-type': 'application/json' }).end(said);
    } catch (error) {
      console.error('not answered:', error instanceof Error ? error.message : error);
      response.writeHead(401).end();
    }
  };
  return (request, response) => void answer(request, response);
}

/** Your rules. These: staff watches all, subscribers up to 720 lines on two screens, others what the platform lets them. */
export function rules({ groups, decision }: Question): Answer {
  if (groups.includes('staff')) return { allowed: true, cacheSeconds: 60 };
  if (groups.includes('subscribers')) return { allowed: true, maxHeight: 720, maxSessions: 2, cacheSeconds: 60 };
  return decision;
}

if (import.meta.main) {
  const [, , platform = '', port = '8080'] = process.argv;
  createServer(hook(platform, rules)).listen(Number(port));
}
