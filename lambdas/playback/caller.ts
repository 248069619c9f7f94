/** Who calls a route that lets anonymous callers in: by JWT, by playback token, or nobody. */
import { ApiError } from '../shared/errors.ts';
import { loadSigner } from '../shared/signing.ts';
import { viewerOf, type Viewer } from '../shared/viewer.ts';
import { JwtVerifier } from './jwt.ts';
import { readToken, WRONG, type OtherKeys, type PlaybackToken, type Use } from './token.ts';

/** Who watches a device is for its record to say. */
const LIVE = 'live/';

/** Without `use`: who signed in, by their JWT. */
export type Caller = Pick<PlaybackToken, 'viewer'> & Partial<PlaybackToken>;

/** A session that goes on, and until when. */
export interface Going {
  readonly ticket: string;
  /** What its player calls it. */
  readonly player: string | undefined;
  readonly end: Date;
}

interface CallersOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly groupsClaim: string;
  /** Keys of others, whose tokens open videos. */
  readonly others: OtherKeys;
}

interface Credentials {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly query: { readonly token?: string | undefined };
}

export class Callers {
  readonly #verifier: JwtVerifier;
  readonly #groupsClaim: string;
  readonly #others: OtherKeys;

  constructor({ issuer, audience, groupsClaim, others }: CallersOptions) {
    this.#verifier = new JwtVerifier(issuer, audience);
    this.#groupsClaim = groupsClaim;
    this.#others = others;
  }

  /**
   * Undefined: anonymous. A credential that is given and wrong is an error, never anonymous; the header goes before the
   * token, which must be for `what` and one of `uses`. `goesOn`: whether what its viewer has begun goes on, which one that is over
   * is good for; without it, for nothing.
   */
  async of(
    { headers, query }: Credentials,
    what: string,
    uses: readonly Use[],
    goesOn?: (viewer: Viewer) => Promise<boolean>,
  ): Promise<Caller | undefined> {
    const { authorization } = headers;
    if (authorization !== undefined) {
      const viewer = viewerOf(await this.#verifier.verify(authorization), this.#groupsClaim);
      if (!viewer) throw new ApiError('invalid-token', 'The token names nobody.');
      return { viewer };
    }
    if (query.token === undefined) return undefined;
    const token = await this.#read(query.token, what, uses, goesOn !== undefined);
    if (token.isOver && !(token.viewer && (await goesOn?.(token.viewer)))) throw new ApiError('invalid-token', WRONG);
    return token;
  }

  async #read(token: string, what: string, uses: readonly Use[], mayBeOver = false): Promise<PlaybackToken> {
    const others = what.startsWith(LIVE) ? undefined : this.#others;
    return await readToken((await loadSigner()).tokens, token, what, uses, others, mayBeOver);
  }

  /**
   * The session whose media playlist is asked for, by the token that its main.m3u8 put there; a header beside it says who
   * asks. Undefined: there is no such token, or it is somebody else's.
   */
  async going({ query }: Credentials, what: string, viewer: Viewer | undefined): Promise<Going | undefined> {
    if (query.token === undefined) return undefined;
    const token = await this.#read(query.token, what, ['manifest', 'playlists']);
    const { ticket, player, expiresAt: end } = token;
    return ticket !== undefined && token.viewer?.subject === viewer?.subject ? { ticket, player, end } : undefined;
  }

  /** Who asks for a licence, and of which session, by the token that its manifest put there. Throws `invalid-token`. */
  async licensed({ query }: Credentials, what: string): Promise<Going & Pick<PlaybackToken, 'viewer'>> {
    if (query.token === undefined)
      throw new ApiError('unauthorized', 'A licence is asked for at the address that the manifest names.');
    const { viewer, ticket, player, expiresAt: end } = await this.#read(query.token, what, ['licence']);
    if (ticket === undefined) throw new ApiError('invalid-token', 'The token names no session.');
    return { viewer, ticket, player, end };
  }
}
