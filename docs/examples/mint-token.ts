/**
 * A playback token made by your own backend, with jose (npm install jose) on Node 24.2 or newer; an older one does not run
 * TypeScript (ERR_UNKNOWN_FILE_EXTENSION). Make a key once, and register its public half:
 *
 *   node mint-token.ts key > key.json
 *   node mint-token.ts public < key.json      → `jwk` of POST /api/keys
 *
 * Then, for each viewer, with limits as JSON where there are any:
 *
 *   node mint-token.ts token VIDEO_ID USER_ID '{"maxHeight": 720}' < key.json
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';
import { text } from 'node:stream/consumers';

export async function makeKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return await exportJWK(privateKey);
}

/** What may be known of a key. */
export const publicHalf = ({ kty, crv, x, y }: JWK): object => ({ kty, crv, x, y });

/** Lets `user` begin to watch `video` for `seconds`; `limits` as in the page's table. */
export async function mintToken(
  key: JWK,
  video: string,
  user: string,
  seconds = 300,
  limits: Record<string, unknown> = {},
): Promise<string> {
  const kid = await calculateJwkThumbprint(key);
  return await new SignJWT({ vid: video, ...limits })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setAudience('sluice-play')
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime(`${seconds}s`)
    .sign(await importJWK(key, 'ES256'));
}

if (import.meta.main) {
  const [, , command, video = '', user = '', limits = '{}'] = process.argv;
  const key = async () => JSON.parse(await text(process.stdin)) as JWK;
  if (command === 'key') console.log(JSON.stringify(await makeKey()));
  else if (command === 'public') console.log(JSON.stringify(publicHalf(await key())));
  else if (command === 'token')
    console.log(await mintToken(await key(), video, user, 300, JSON.parse(limits) as Record<string, unknown>));
  else throw new Error('key, public or token');
}
