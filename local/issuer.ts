/**
 * A local OIDC issuer (oidc-provider) with people to sign in as, so that the real authorizer and the real console run.
 * Anybody who reaches this port may sign in as anybody: it listens on loopback only.
 */
import { exportJWK, generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { Provider, interactionPolicy, type Configuration } from 'oidc-provider';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { randomBytes } from 'node:crypto';
import { cacheFolder } from './cache.ts';
import { memoryStore } from './issuer-store.ts';

export interface LocalUser {
  readonly name: string;
  readonly groups: readonly string[];
}

export const USERS: readonly LocalUser[] = [
  { name: 'ada', groups: ['admin'] },
  { name: 'uma', groups: ['uploader'] },
  { name: 'vera', groups: [] },
];

/** For the tests only: groups whose names hold the names of those that count. */
export const TRICKY_USERS: readonly LocalUser[] = [
  { name: 'vince', groups: ['video admin'] },
  { name: 'bret', groups: ['[admin]', '[admin', 'admin]', 'a [admin', 'admin] b'] },
  { name: 'cora', groups: ['x,admin', '"admin"', 'admin,uploader', ' admin', 'Admin', 'admin\n'] },
];

export const CLIENT_ID = 'sluice-console';
/** Audience of access tokens, and the resource the console asks a token for (RFC 8707). */
export const RESOURCE = 'urn:sluice:api';
const TOKEN_SECONDS = 12 * 3600;

export interface Issuer {
  readonly url: string;
  /** An access token as the code flow would give it. */
  readonly token: (user: LocalUser, seconds?: number) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Starts the issuer on `port`; the console at `consoleUrl` may sign people in. */
export async function startIssuer(port: number, consoleUrl: string): Promise<Issuer> {
  const url = `http://127.0.0.1:${port}`;
  const jwk = await signingKey();
  const privateKey = await importJWK(jwk, 'RS256');
  const find = (name: string) => USERS.find((user) => user.name === name);
  const { base } = interactionPolicy;

  const configuration: Configuration = {
    // Named, or oidc-provider warns of its own one.
    adapter: memoryStore(),
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: 'none',
        redirect_uris: [`${consoleUrl}/`],
        post_logout_redirect_uris: [`${consoleUrl}/`],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [jwk] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    claims: { openid: ['sub'], profile: ['name', 'groups'], email: ['email', 'email_verified'] },
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    conformIdTokenClaims: false,
    clientBasedCORS: (_ctx, origin) => origin === consoleUrl,
    ttl: {
      AccessToken: TOKEN_SECONDS,
      IdToken: TOKEN_SECONDS,
      Session: TOKEN_SECONDS,
      Grant: TOKEN_SECONDS,
      Interaction: 3600,
    },
    findAccount: (_ctx, id) => {
      const user = find(id);
      return (
        user && {
          accountId: id,
          claims: () => ({
            sub: id,
            name: id,
            groups: [...user.groups],
            email: `${id}@example.test`,
            email_verified: true,
          }),
        }
      );
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) =>
          void (ctx.body = page(
            'Sign out',
            `${form}<button autofocus type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>`,
          )),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: RESOURCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: TOKEN_SECONDS,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: (_ctx, token) => {
      const user = 'accountId' in token ? find(token.accountId) : undefined;
      return user && { groups: [...user.groups], name: user.name };
    },
    interactions: { policy: base(), url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    // Signing in is the whole consent: the only client is our own console.
    loadExistingGrant: async (ctx) => {
      const { client, session, provider } = ctx.oidc;
      if (!client || !session?.accountId) return undefined;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid profile email offline_access');
      grant.addResourceScope(RESOURCE, '');
      await grant.save();
      return grant;
    },
  };

  const provider = new Provider(url, configuration);
  const callback = provider.callback();
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/interaction/')) {
      interaction(provider, request, response).catch(() => {
        response.writeHead(400, { 'content-type': 'text/html' });
        response.end(
          page('This sign-in is over', `<p>Go back to <a href="${consoleUrl}/">the console</a> and sign in again.</p>`),
        );
      });
      return;
    }
    void callback(request, response);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));

  return {
    url,
    token: async (user, seconds = TOKEN_SECONDS) =>
      new SignJWT({ groups: [...user.groups], name: user.name, client_id: CLIENT_ID })
        .setProtectedHeader({ alg: 'RS256', kid: jwk.kid, typ: 'at+jwt' })
        .setIssuer(url)
        .setAudience(RESOURCE)
        .setSubject(user.name)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
        .setJti(randomBytes(12).toString('hex'))
        .sign(privateKey),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * The same key in every run: an engine that outlives us keeps what it has fetched of the issuer and asks no second time.
 * It signs in nobody anywhere but at a deployment that trusts this loopback issuer.
 */
async function signingKey() {
  const file = cacheFolder('issuer-key.json');
  if (!existsSync(file)) {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const made = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: randomBytes(8).toString('hex') };
    await mkdir(cacheFolder(), { recursive: true });
    // The first of two runs that start together wins.
    await writeFile(file, JSON.stringify(made), { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return JSON.parse(await readFile(file, 'utf8')) as JWK & { kid: string };
}

async function interaction(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const details = await provider.interactionDetails(request, response);
  const error = request.method === 'POST' ? await signIn(provider, request, response) : '';
  if (error === undefined) return;
  const users = USERS.map(
    ({ name, groups }) =>
      `<button type="submit" name="login" value="${name}"><b>${name}</b> <span>${groups.join(', ') || 'viewer'}</span></button>`,
  ).join('');
  response.writeHead(error === '' ? 200 : 400, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(
    page(
      'Sign in to Sluice',
      `<p>The local run's own issuer: choose who to be.</p>${error && `<p role="alert">${error}</p>`}
       <form method="post" action="/interaction/${details.uid}">${users}</form>
       <form method="post" action="/interaction/${details.uid}">
         <label>Name <input name="login" autocomplete="username" required></label>
         <label>Password <input name="password" type="password" autocomplete="current-password" placeholder="anything"></label>
         <button type="submit" class="go">Sign in</button>
       </form>`,
    ),
  );
}

/** Undefined when the answer has been sent; else the words to show. */
async function signIn(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<string | undefined> {
  let body = '';
  for await (const part of request) {
    body += String(part);
    if (body.length > 4096) throw new Error('form too large');
  }
  const login = new URLSearchParams(body).get('login') ?? '';
  if (!USERS.some((user) => user.name === login))
    return `There is no such person here; try ${USERS.map((user) => user.name).join(', ')}.`;
  await provider.interactionFinished(
    request,
    response,
    { login: { accountId: login } },
    { mergeWithLastSubmission: false },
  );
  return undefined;
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title>
<style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:22rem;margin:12vh auto;padding:0 1rem}h1{font-size:1.4rem}form{display:grid;gap:.6rem;margin:1.2rem 0}label{display:grid;gap:.2rem}input,button{font:inherit;padding:.6rem .8rem;border:1px solid #8886;border-radius:.5rem;background:transparent;color:inherit;text-align:left}button{cursor:pointer;display:flex;justify-content:space-between}button.go{background:#1c6e8c;color:#fff;justify-content:center}span{opacity:.75}</style>
<h1>${title}</h1>${body}</html>`;
}
