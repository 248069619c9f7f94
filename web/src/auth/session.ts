/**
 * Signing in with the configured OIDC issuer: authorization code with PKCE. Tokens live in this tab's sessionStorage;
 * a new tab asks the issuer silently (`prompt=none`) if somebody was signed in here before.
 */
import { ErrorResponse, UserManager, WebStorageStateStore, type User } from 'oidc-client-ts';
import type { ResponseOf } from '../../../lib/contract/api.ts';
import { personOf, type Person } from './claims.ts';
import { isEnded, isRefusal, isSignedOut, isSilentNo, sentenceOf, type Ended } from './ended.ts';

export type ConsoleConfig = ResponseOf<'GET /api/config'>;

interface Session {
  /** Undefined: nobody is signed in. */
  readonly person: Person | undefined;
  readonly config: ConsoleConfig;
  /** Why, where somebody was. */
  readonly ended?: string;
}

/** Renew this many seconds before the token runs out, so that it does not expire on its way. */
const MARGIN = 30;
/** Remembers that somebody signed in with this browser; no secret. */
const FLAG = 'sluice.signed-in';
/** When somebody last signed out in any tab of this browser, and since when this tab has its session: epoch ms. */
const SIGNED_OUT = 'sluice.signed-out';
const SINCE = 'sluice.since';
/** Why this tab's session ended, over the load that follows. */
const ENDED = 'sluice.ended';

export class SessionManager {
  readonly #manager: UserManager;
  readonly #config: ConsoleConfig;
  readonly #listeners = new Set<() => void>();
  #session: Session;
  #user: User | undefined;
  #renewal: Promise<string | undefined> | undefined;
  /** It is this tab that signs out. */
  #isLeaving = false;

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
    window.addEventListener('storage', ({ key }) => key === SIGNED_OUT && this.#follow());
    // A page that was put by hears of nothing; it looks when it is shown again.
    window.addEventListener('pageshow', this.#follow);
    document.addEventListener('visibilitychange', this.#follow);
  }

  get session(): Session {
    return this.#session;
  }

  /** Says who one is, and is for nobody but who signed one in: it opens nothing. */
  get idToken(): string | undefined {
    return this.#user?.id_token;
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
      const left = sessionStorage.getItem(ENDED);
      sessionStorage.removeItem(ENDED);
      if (isEnded(left)) this.#set(undefined, sentenceOf(left));
      const user = await this.#manager.getUser();
      if (user && isSignedOut(time(localStorage, SIGNED_OUT), time(sessionStorage, SINCE))) {
        await this.#manager.removeUser();
        this.#set(undefined, sentenceOf('elsewhere'));
      } else if (user && !user.expired) this.#set(user);
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
    this.#isLeaving = true;
    localStorage.removeItem(FLAG);
    localStorage.setItem(SIGNED_OUT, String(Date.now()));
    try {
      const hasEnd = (await this.#manager.metadataService.getMetadata()).end_session_endpoint !== undefined;
      if (hasEnd) {
        // Cognito's endpoint asks for its own two parameters; others ignore them.
        const home = `${location.origin}/`;
        await this.#manager.signoutRedirect({
          extraQueryParams: { client_id: this.#config.clientId, logout_uri: home },
        });
        return;
      }
      this.#end();
    } catch {
      this.#end('untold');
    }
  };

  /** Undefined: nobody is signed in. @throws when the session must be renewed and the service does not answer. */
  token = async (): Promise<string | undefined> => {
    this.#follow();
    if (!this.#user || (this.#user.expires_in ?? Infinity) > MARGIN) return this.#user?.access_token;
    if (this.#user.refresh_token === undefined) {
      if (this.#user.expired !== true) return this.#user.access_token;
      this.#end('over');
      return undefined;
    }
    return (this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined)));
  };

  /** The API refused the token: nothing this tab holds is good any more. */
  refused = (): void => {
    if (this.#user) this.#end('over');
  };

  /** Somebody signed out in another tab: so did this one, with all it shows, sends and remembers. */
  #follow = (): void => {
    if (!this.#user || this.#isLeaving || !isSignedOut(time(localStorage, SIGNED_OUT), time(sessionStorage, SINCE)))
      return;
    sessionStorage.setItem(ENDED, 'elsewhere' satisfies Ended);
    this.#set(undefined, sentenceOf('elsewhere'));
    void this.#manager.removeUser().finally(() => location.reload());
  };

  #end(ended?: Ended): void {
    this.#set(undefined, ended && sentenceOf(ended));
    void this.#manager.removeUser();
  }

  async #finish(): Promise<void> {
    let target = '/';
    const wasHere = localStorage.getItem(FLAG) !== null;
    try {
      const user = await this.#manager.signinRedirectCallback();
      if (typeof user.state === 'string' && user.state.startsWith('/')) target = user.state;
      sessionStorage.setItem(SINCE, String(Date.now()));
      this.#set(user);
    } catch (error) {
      localStorage.removeItem(FLAG);
      const answer = error instanceof ErrorResponse ? error : undefined;
      if (typeof answer?.state === 'string' && answer.state.startsWith('/')) target = answer.state;
      // The silent question of start() was answered no: the session that was here is over.
      if (isSilentNo(answer?.error)) this.#set(undefined, wasHere ? sentenceOf('over') : undefined);
      else this.#set(undefined, sentenceOf('unfinished', answer?.error_description ?? answer?.error ?? undefined));
    }
    history.replaceState(null, '', target);
  }

  async #renew(): Promise<string | undefined> {
    try {
      const user = await this.#manager.signinSilent();
      if (user === null) this.#end('over');
      else this.#set(user);
      return user?.access_token;
    } catch (error) {
      const answer = error instanceof ErrorResponse ? error : undefined;
      if (!isRefusal(answer?.error, answer !== undefined)) {
        // Nobody said that it is over: it is tried again with the next call.
        if (this.#user?.expired === false) return this.#user.access_token;
        throw error;
      }
      this.#end('over');
      return undefined;
    }
  }

  #set(user: User | undefined, ended?: string): void {
    this.#user = user;
    if (user) localStorage.setItem(FLAG, '1');
    const person = user && personOf(user.access_token, user.profile, this.#config.groupsClaim);
    this.#session = { person, config: this.#config, ...(ended !== undefined && { ended }) };
    for (const listener of this.#listeners) listener();
  }
}

/** Epoch ms that a key holds. */
function time(store: Storage, key: string): number | undefined {
  const text = store.getItem(key);
  return text === null ? undefined : Number(text);
}

const returnTo = (): string => location.pathname + location.search + location.hash;
