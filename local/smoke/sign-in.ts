/**
 * Signing in as the console does, by the issuer's own pages: authorization code with PKCE (RFC 7636), its forms filled in
 * as a person would. The cookies stay, so the issuer can then be asked silently (`prompt=none`, OpenID Connect Core 3.1.2.1).
 */
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { ResponseOf } from '../../lib/contract/api.ts';
import { SmokeError } from './until.ts';

export class SignInError extends SmokeError {
  override name = 'SignInError';
}

export interface SignedIn {
  readonly token: string;
  /** Asks the issuer whether somebody is signed in. Answers the new access token, or the error's name. */
  readonly silently: () => Promise<{ readonly token: string } | { readonly error: string }>;
}

const discovery = z.object({ issuer: z.string(), authorization_endpoint: z.string(), token_endpoint: z.string() });
/** Redirects and pages on the way; more is a circle. */
const STEPS = 20;
const REQUEST_MS = 30_000;

type ConsoleConfig = ResponseOf<'GET /api/config'>;

/** @throws SignInError that says at which page it ended; another error where the issuer does not answer (yet). */
export async function signIn(url: string, config: ConsoleConfig, name: string, password: string): Promise<SignedIn> {
  const answer = await fetch(`${config.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`);
  const issuer = discovery.parse(await answer.json());
  if (issuer.issuer !== config.issuer)
    throw new SignInError(`the issuer calls itself ${issuer.issuer}, and the configuration ${config.issuer}`);
  const browser = new Browser();
  const ask = async (prompt?: string) => {
    const verifier = randomBytes(32).toString('base64url');
    const state = randomBytes(12).toString('base64url');
    const redirect = `${url}/`;
    const query = new URLSearchParams({
      client_id: config.clientId,
      response_type: 'code',
      redirect_uri: redirect,
      scope: config.scope,
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...(config.resource !== undefined && { resource: config.resource }),
      ...(prompt !== undefined && { prompt }),
    });
    const back = await browser.until(
      `${issuer.authorization_endpoint}?${query}`,
      redirect,
      prompt === 'none' ? undefined : { name, password },
    );
    if (back.get('state') !== state) throw new SignInError('the issuer came back with another state');
    const code = back.get('code');
    if (code === null) return { error: back.get('error') ?? 'neither code nor error' };
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: config.clientId,
      code,
      redirect_uri: redirect,
      code_verifier: verifier,
      ...(config.resource !== undefined && { resource: config.resource }),
    });
    const tokens = await fetch(issuer.token_endpoint, {
      method: 'POST',
      body,
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    if (!tokens.ok) throw new SignInError(`the token endpoint answered ${tokens.status}: ${await tokens.text()}`);
    return { token: z.object({ access_token: z.string() }).parse(await tokens.json()).access_token };
  };
  const first = await ask();
  if ('error' in first) throw new SignInError(`the issuer answered ${first.error}`);
  return { token: first.token, silently: () => ask('none') };
}

/** Cookies, redirects and forms; no scripts. */
class Browser {
  readonly #cookies = new Map<string, string>();

  /** Goes on until it is sent to `end`, whose query it answers. A page's form is filled in where there is somebody to. */
  async until(start: string, end: string, person?: { name: string; password: string }): Promise<URLSearchParams> {
    let next: { url: string; body?: URLSearchParams } = { url: start };
    let filled = 0;
    for (let step = 0; step < STEPS; step += 1) {
      const { origin, pathname } = new URL(next.url);
      if (`${origin}${pathname}` === end) return new URL(next.url).searchParams;
      const answer = await fetch(next.url, {
        redirect: 'manual',
        method: next.body ? 'POST' : 'GET',
        headers: { cookie: this.#of(next.url), 'user-agent': 'Mozilla/5.0 (sluice smoke)', accept: 'text/html' },
        signal: AbortSignal.timeout(REQUEST_MS),
        ...(next.body && { body: next.body }),
      });
      this.#keep(next.url, answer.headers.getSetCookie());
      const location = answer.headers.get('location');
      if (location !== null) {
        await answer.body?.cancel();
        next = { url: new URL(location, next.url).href };
        continue;
      }
      const page = await answer.text();
      // A silent question that is answered with a page has not been understood.
      if (person === undefined) return new URLSearchParams({ error: `a page (${answer.status})`, ...stateOf(start) });
      const form = passwordForm(page, next.url);
      if (form === undefined || filled > 0)
        throw new SignInError(`signing in ended at ${origin}${pathname} (${answer.status}): ${words(page)}`);
      filled += 1;
      form.body.set(form.nameField, person.name);
      form.body.set(form.passwordField, person.password);
      next = { url: form.action, body: form.body };
    }
    throw new SignInError(`signing in went in a circle, last at ${next.url.split('?')[0]}`);
  }

  #of(url: string): string {
    const { host } = new URL(url);
    return [...this.#cookies].flatMap(([key, value]) => (key.startsWith(`${host} `) ? [value] : [])).join('; ');
  }

  #keep(url: string, cookies: readonly string[]): void {
    const { host } = new URL(url);
    for (const cookie of cookies) {
      const pair = cookie.split(';', 1)[0] ?? '';
      this.#cookies.set(`${host} ${pair.split('=', 1)[0]}`, pair);
    }
  }
}

const stateOf = (url: string) => ({ state: new URL(url).searchParams.get('state') ?? '' });

/** The first form that asks for a password: where it goes, its fields as they are, and which two are a person's to fill in. */
export function passwordForm(page: string, url: string) {
  for (const [, open = '', inside = ''] of page.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)) {
    const fields = [...inside.matchAll(/<input\b([^>]*)>/gi)].map(([, text = '']) => ({
      name: attribute(text, 'name') ?? '',
      type: (attribute(text, 'type') ?? 'text').toLowerCase(),
      value: attribute(text, 'value') ?? '',
    }));
    const password = fields.find(({ type, name }) => type === 'password' && name !== '');
    const person = fields.find(({ type, name }) => /^(text|email)$/.test(type) && name !== '');
    if (!password || !person) continue;
    const body = new URLSearchParams();
    for (const { name, type, value } of fields) if (type === 'hidden' && name !== '') body.append(name, value);
    const action = new URL(attribute(open, 'action') ?? url, url).href;
    return { action, body, nameField: person.name, passwordField: password.name };
  }
  return undefined;
}

function attribute(text: string, name: string): string | undefined {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, 'i').exec(text);
  return (found?.[1] ?? found?.[2] ?? found?.[3])
    ?.replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'");
}

const words = (page: string) =>
  page
    .replaceAll(/<(script|style)[\s\S]*?<\/\1>|<[^>]+>/gi, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
