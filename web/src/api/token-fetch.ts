/**
 * One wrap around `fetch`, so that calls to our own API carry the access token, whoever makes them: our client, and
 * the player.
 */
interface TokenSource {
  /** The access token, renewed if need be; undefined when nobody is signed in. */
  token(): Promise<string | undefined>;
  /** The API refused the token. */
  refused(): void;
}

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export function withToken(inner: Fetch, tokens: TokenSource, origin: string): Fetch {
  return async (input, init) => {
    if (apiPath(input, origin) === undefined) return inner(input, init);
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    let sent = false;
    if (!headers.has('authorization')) {
      const token = await tokens.token();
      if (token !== undefined) {
        headers.set('authorization', `Bearer ${token}`);
        sent = true;
      }
    }
    const answer = await inner(input, { ...init, headers });
    if (answer.status === 401 && sent) tokens.refused();
    return answer;
  };
}

/** The path if this goes to our API and brings no credential of its own. A token never leaves for another origin, nor for media. */
export function apiPath(input: string | URL | Request, origin: string): string | undefined {
  const url = new URL(input instanceof Request ? input.url : input, origin);
  // A playback token in the address is the credential to be judged by; the API would look at the header first. So is a link's
  // with its password.
  const hasOwn = url.searchParams.has('token') || url.pathname.endsWith('/unlock');
  const isOurs = url.origin === origin && url.pathname.startsWith('/api/') && !hasOwn;
  return isOurs ? url.pathname : undefined;
}
