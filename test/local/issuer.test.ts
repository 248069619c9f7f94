/** The local issuer: one person's way from the sign-in page to tokens, without a word on the console. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../local/engine.ts';
import { memoryStore } from '../../local/issuer-store.ts';
import { CLIENT_ID, RESOURCE, startIssuer, type Issuer } from '../../local/issuer.ts';

const CONSOLE = 'http://127.0.0.1:8740';
const VERIFIER = 'a-verifier-of-forty-three-characters-or-more';

let folder: string;
let issuer: Issuer;
const said: unknown[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-issuer-'));
  vi.stubEnv('SLUICE_CACHE', folder);
  for (const name of ['log', 'info', 'warn', 'error'] as const)
    vi.spyOn(console, name).mockImplementation((...words) => void said.push(words));
  issuer = await startIssuer(await freePort(), CONSOLE);
});
afterAll(async () => {
  await issuer.close();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** A browser that keeps cookies and follows redirects as long as they stay with the issuer. */
function browser() {
  const cookies = new Map<string, string>();
  return async (address: string, form?: Record<string, string>): Promise<Response & { at: URL }> => {
    let at = new URL(address, issuer.url);
    let body = form && new URLSearchParams(form);
    for (;;) {
      const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
      const init = body ? { method: 'POST', body } : {};
      const answer = await fetch(at, { redirect: 'manual', headers: { cookie }, ...init });
      for (const line of answer.headers.getSetCookie()) {
        const [name, value] = line.split(';')[0]!.split('=') as [string, string];
        if (value === '') cookies.delete(name);
        else cookies.set(name, value);
      }
      const next = answer.headers.get('location');
      if (next === null) return Object.assign(answer, { at });
      at = new URL(next, at);
      body = undefined;
      if (at.origin === CONSOLE) return Object.assign(answer, { at });
    }
  };
}

const authorization = new URLSearchParams({
  client_id: CLIENT_ID,
  response_type: 'code',
  redirect_uri: `${CONSOLE}/`,
  scope: 'openid profile',
  code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
  code_challenge_method: 'S256',
}).toString();

const token = (fields: Record<string, string>) =>
  fetch(`${issuer.url}/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: CLIENT_ID, resource: RESOURCE, ...fields }),
  });

describe('signing in', () => {
  it('leads from the page to tokens, with a code that is good once', async () => {
    const visit = browser();
    const page = await visit(`/auth?${authorization}`);
    expect(await page.text()).toContain('choose who to be');
    expect((await visit(page.at.href, { login: 'nobody' })).status).toBe(400);
    const back = await visit(page.at.href, { login: 'uma' });
    expect(back.at.origin).toBe(CONSOLE);
    const code = back.at.searchParams.get('code')!;
    const exchange = { grant_type: 'authorization_code', code, redirect_uri: `${CONSOLE}/`, code_verifier: VERIFIER };
    const first = await token(exchange);
    expect(first.status).toBe(200);
    const { access_token, id_token } = (await first.json()) as Record<string, string>;
    const keys = createRemoteJWKSet(new URL(`${issuer.url}/jwks`));
    const { payload } = await jwtVerify(access_token!, keys, { issuer: issuer.url, audience: RESOURCE });
    expect(payload).toMatchObject({ sub: 'uma', groups: ['uploader'], client_id: CLIENT_ID });
    expect((await jwtVerify(id_token!, keys, { audience: CLIENT_ID })).payload.sub).toBe('uma');
    expect((await token(exchange)).status).toBe(400);
    // The browser is known now: no page, a code at once.
    const again = await visit(`/auth?${authorization}`);
    expect(again.at.searchParams.get('code')).toBeTruthy();
  });

  it('says nothing: what npm start prints is its own', () => expect(said).toEqual([]));

  it('hands scripts the same kind of token', async () => {
    const keys = createRemoteJWKSet(new URL(`${issuer.url}/jwks`));
    const made = await issuer.token({ name: 'ada', groups: ['admin'] });
    expect((await jwtVerify(made, keys, { audience: RESOURCE })).payload).toMatchObject({
      sub: 'ada',
      groups: ['admin'],
    });
  });
});

describe("the issuer's store", () => {
  let now = 1_000_000;
  const store = memoryStore(() => now);

  it('forgets what has expired', async () => {
    const codes = store('AuthorizationCode');
    await codes.upsert('a', { jti: 'a' }, 60);
    await codes.upsert('b', { jti: 'b' });
    now += 60_000;
    expect(await codes.find('a')).toBeUndefined();
    expect(await codes.find('b')).toEqual({ jti: 'b' });
  });

  it('keeps kinds apart, finds sessions by their uid, and what was used is marked', async () => {
    await store('Session').upsert('s', { uid: 'u' }, 60);
    await store('Interaction').upsert('i', { uid: 'u' }, 60);
    expect(await store('Session').findByUid('u')).toEqual({ uid: 'u' });
    expect(await store('AuthorizationCode').find('s')).toBeUndefined();
    await store('Session').consume('s');
    expect(await store('Session').find('s')).toEqual({ uid: 'u', consumed: now / 1000 });
    await store('Session').destroy('s');
    expect(await store('Session').findByUid('u')).toBeUndefined();
  });

  it('takes back what came of a grant, of that kind', async () => {
    for (const kind of ['RefreshToken', 'Interaction']) await store(kind).upsert('x', { grantId: 'g' }, 60);
    await store('RefreshToken').upsert('y', { grantId: 'h' }, 60);
    await store('RefreshToken').revokeByGrantId('g');
    expect(await store('RefreshToken').find('x')).toBeUndefined();
    expect(await store('RefreshToken').find('y')).toBeDefined();
    expect(await store('Interaction').find('x')).toBeDefined();
  });

  it('is bounded: the oldest goes', async () => {
    const many = memoryStore()('AccessToken');
    for (let i = 0; i <= 10_000; i += 1) await many.upsert(String(i), {}, 60);
    expect(await many.find('0')).toBeUndefined();
    expect(await many.find('1')).toBeDefined();
    expect(await many.find('10000')).toBeDefined();
  });
});
