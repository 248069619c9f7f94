/**
 * Signing in with the configured OIDC issuer: authorization code with PKCE. Tokens live in this tab's sessionStorage;
 * a new tab asks the issuer silently (`prompt=none`) if somebody was signed in here before.
 */
import { ErrorResponse, UserManager, WebStorageStateStore, type User } from 'oidc-client-ts';
import type { ResponseOf } from '../../../lib/contract/api.ts';
import { personOf, type Person } from './claims.ts';

export type ConsoleConfig = ResponseOf<'GET /api/config'>;

interface Session {
  /** Undefined: nobody is signed in. */
  readonly person: Person | undefined;
  readonly config: ConsoleConfig;
}

/** Renew this many seconds before the token runs out, so that it does not expire on its way. */
const MARGIN = 30;
/** Remembers that somebody signed in with this browser; no secret. */
const FLAG = 'sluice.signed-in';

export class SessionManager {
  readonly #manager: UserManager;
  readonly #config: ConsoleConfig;
  readonly #listeners = new Set<() => void>();
  #session: Session;
  #user: User | undefined;
  #renewal: Promise<string | undefined> | undefined;

  constructor(config: ConsoleConfig) {
    const store = new WebStorageStateStore({ store: sessionStorage });
    const home = `${location.origin}/`;
    this.#config = config;
    this.#session = { person: undefined, config };
    this.#manager = new UserManager({
      authority: config.issuer,
      client_id: config.clientId,
      redirect_uri: home,
      post_logout_redirect_uri: home,
      response_type: 'code',
      scope: config.scope,
      // RFC 8707: without it some issuers hand out an opaque token that the API cannot check.
      ...(config.resource !== undefined && {
        resource: config.resource,
        extraTokenParams: { resource: config.resource },
      }),
      userStore: store,
      stateStore: store,
      automaticSilentRenew: false,
      loadUserInfo: false,
    });
  }

  get session(): Session {
    return this.#session;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Finishes a redirect if this load is one, else finds the tab's session. Answers false when the page is leaving. */
  async start(): Promise<boolean> {
    const query = new URLSearchParams(location.search);
    if (query.has('state') && (query.has('code') || query.has('error'))) {
      await this.#finish();
    } else {
      const user = await this.#manager.getUser();
      if (user && !user.expired) this.#set(user);
      else if (user?.refresh_token !== undefined) await this.#renew();
      else if (localStorage.getItem(FLAG) !== null) {
        await this.#manager.signinRedirect({ prompt: 'none', state: returnTo() });
        return false;
      }
    }
    return true;
  }

  /** Leaves for the issuer and comes back to the address the person is on. */
  signIn = (): Promise<void> => this.#manager.signinRedirect({ state: returnTo() });

  signOut = async (): Promise<void> => {
    localStorage.removeItem(FLAG);
    const hasEnd = (await this.#manager.metadataService.getMetadata()).end_session_endpoint !== undefined;
    if (hasEnd) {
      // Cognito's endpoint asks for its own two parameters; others ignore them.
      const home = `${location.origin}/`;
      await this.#manager.signoutRedirect({
        extraQueryParams: { client_id: this.#config.clientId, logout_uri: home },
      });
    } else {
      await this.#manager.removeUser();
      this.#set(undefined);
    }
  };

  token = async (): Promise<string | undefined> => {
    if (!this.#user || (this.#user.expires_in ?? Infinity) > MARGIN) return this.#user?.access_token;
    if (this.#user.refresh_token === undefined) return this.#user.expired ? undefined : this.#user.access_token;
    return (this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined)));
  };

  /** The API refused the token: nothing this tab holds is good any more. */
  refused = (): void => {
    this.#set(undefined);
    void this.#manager.removeUser();
  };

  async #finish(): Promise<void> {
    let target = '/';
    try {
      const user = await this.#manager.signinRedirectCallback();
      if (typeof user.state === 'string' && user.state.startsWith('/')) target = user.state;
      this.#set(user);
    } catch (error) {
      // `login_required`: the silent question of start() was answered no. Anything else is shown by signing in again.
      localStorage.removeItem(FLAG);
      if (error instanceof ErrorResponse && typeof error.state === 'string' && error.state.startsWith('/')) {
        target = error.state;
      }
      this.#set(undefined);
    }
    history.replaceState(null, '', target);
  }

  async #renew(): Promise<string | undefined> {
    try {
      const user = await this.#manager.signinSilent();
      this.#set(user ?? undefined);
      return user?.access_token;
    } catch {
      this.#set(undefined);
      return undefined;
    }
  }

  #set(user: User | undefined): void {
    this.#user = user;
    if (user) localStorage.setItem(FLAG, '1');
    const person = user && personOf(user.access_token, user.profile, this.#config.groupsClaim);
    this.#session = { person, config: this.#config };
    for (const listener of this.#listeners) listener();
  }
}

const returnTo = (): string => location.pathname + location.search + location.hash;
