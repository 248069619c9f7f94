/** Playback tokens: let their bearer watch one video or channel as the person who minted them, for players that set no headers. */
import type { KeyObject } from 'node:crypto';
import { jwtVerify, SignJWT, errors, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { z } from 'zod';
import { bounds } from '../../lib/contract/entitlement.ts';
import { linkId, type LinkRow } from '../../lib/contract/link.ts';
import { parseLinkToken } from '../../lib/contract/link-token.ts';
import { keyId } from '../../lib/contract/registered-key.ts';
import { playerSession } from '../../lib/contract/session.ts';
import { line } from '../../lib/contract/text.ts';
import { ApiError } from '../shared/errors.ts';
import { checkLink } from '../shared/links.ts';
import type { TokenKeys } from '../shared/token-keys.ts';
import type { Right, Viewer } from '../shared/viewer.ts';

const AUDIENCE = 'sluice-play';

/**
 * `manifest`: minted by a person; opens main.m3u8 and with it a new signature.
 * `playlists`: minted by an expanded main.m3u8 for its media playlists, whose ticket it brings; of nobody, where nobody signed
 * in. It never opens main.m3u8, or a token of minutes could renew itself for ever.
 * `licence`: stands in manifests of media that is encrypted by samples; it opens the licence of that session, and nothing else.
 */
export type Use = 'manifest' | 'playlists' | 'licence';

/** Any group may decide about watching, but this one: a token stands in URLs, so nothing more is in it. */
const IRRELEVANT = 'uploader';

/** Characters of group names, which some proxies and players would cut off a longer address. */
const MOST = 2000;

/** Of our own tokens. */
const claims = z.object({
  sub: z.string().min(1).optional(),
  groups: z.array(z.string()),
  vid: z.string(),
  use: z.enum(['manifest', 'playlists', 'licence']),
  /** Of an expanded manifest that a registered key's token opened: that key. */
  key: keyId.optional(),
  /** Within which limits that token was. */
  lim: z.object(bounds).optional(),
  /** Of one that a link opened: that link. */
  lnk: linkId.optional(),
  tkt: z.string().optional(),
  /** What the player calls that session. */
  ply: playerSession.optional(),
  exp: z.int(),
});

/** Of a token that a registered key has signed: who watches is for its backend to name. */
const theirClaims = z.object({ sub: line(255), vid: z.string(), exp: z.int() });

/** Limits of such a token: one that cannot be understood must not be overlooked. */
const theirLimits = z.object(bounds);

/** Letters alone, all small: `max_height` and `maxheight` are meant for the same. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '');

/** What is read of it, by what it may be taken for; of conditions that grants have and JWTs say otherwise, that. */
const LIMIT_NAMES: ReadonlyMap<string, string> = new Map([
  ...Object.keys(bounds).map((name) => [plain(name), name] as const),
  ['notbefore', 'nbf'],
  ['expiresat', 'exp'],
]);

/** A claim that somebody took for a limit and nobody reads, and what it would have to be. Others are theirs to have (RFC 7519 4.3). */
const misspelt = (payload: JWTPayload): readonly [said: string, meant: string] | undefined =>
  Object.keys(payload)
    .map((name) => [name, LIMIT_NAMES.get(plain(name)) ?? name] as const)
    .find(([said, meant]) => said !== meant);

/** Keys of others, and links: both are looked up at each use. */
export interface OtherKeys {
  readonly find: (kid: string) => Promise<KeyObject | undefined>;
  /** A link to a video. */
  readonly link: (video: string, id: string) => Promise<LinkRow | undefined>;
  /** Seconds that a token may live. */
  readonly ceiling: number;
}

/** Epoch seconds, beyond every signature: of a link without an end. */
const FOREVER = 253_402_300_799;

/** Seconds that clocks may differ by. */
const SKEW = 60;

export interface PlaybackToken {
  /** Undefined: nobody signed in. */
  readonly viewer: Viewer | undefined;
  readonly use: Use;
  readonly expiresAt: Date;
  /** Its time is over: what it has begun may go on, and nothing begins. */
  readonly isOver: boolean;
  /** Of the session it belongs to, and what its player calls that. */
  readonly ticket?: string | undefined;
  readonly player?: string | undefined;
}

/**
 * A token (JWT, ES256) for `viewer`, good for one video, or one channel (`live/{device}/{channel}`), until `expiresAt`. URL-safe.
 * Throws `forbidden` for who is in more groups than fit: one left out may be the one that is refused.
 */
export async function mintToken(
  { current: { kid, key } }: TokenKeys,
  viewer: Viewer | undefined,
  video: string,
  use: Use,
  expiresAt: Date,
  ticket?: string,
  player?: string,
): Promise<string> {
  const groups = viewer?.groups.filter((group) => group !== IRRELEVANT) ?? [];
  if (JSON.stringify(groups).length > MOST)
    throw new ApiError(
      'forbidden',
      'You are in more groups than a playback token holds. Send your own token as `Authorization`.',
    );
  return new SignJWT({
    groups,
    vid: video,
    use,
    ...(viewer && { sub: viewer.subject }),
    ...(ticket && { tkt: ticket }),
    ...(player !== undefined && { ply: player }),
    ...(viewer?.right?.key !== undefined && { key: viewer.right.key, lim: viewer.right.limits }),
    ...(viewer?.right?.link !== undefined && { lnk: viewer.right.link }),
  })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setAudience(AUDIENCE)
    .setExpirationTime(Math.floor(expiresAt.getTime() / 1000))
    .sign(key);
}

/** Whose it is, or why it is nobody's. */
export const WRONG = 'The playback token is wrong or has expired; ask for a new one.';

/**
 * Throws `invalid-token` when it is neither ours nor of one of the `others`, has expired and may not (`mayBeOver`), or is for another
 * video or use.
 */
export async function readToken(
  keys: TokenKeys,
  token: string,
  video: string,
  uses: readonly Use[],
  others?: OtherKeys,
  mayBeOver = false,
): Promise<PlaybackToken> {
  const handed = parseLinkToken(token);
  if (handed !== undefined && others !== undefined) return await byLink(handed, video, others);
  const { payload, by, isOver } = await verified(keys, token, others, mayBeOver).catch((cause: unknown) => {
    throw cause instanceof errors.JOSEError ? new ApiError('invalid-token', WRONG, { cause }) : cause;
  });
  if (by !== undefined) return { ...theirs(payload, by, video, others!.ceiling), isOver };
  const parsed = claims.safeParse(payload);
  if (!parsed.success || parsed.data.vid !== video)
    throw new ApiError('invalid-token', 'The playback token is for something else.');
  if (!uses.includes(parsed.data.use))
    throw new ApiError('invalid-token', 'This token opens something else; ask for a playback token.');
  const { sub: subject, groups, use, exp, tkt: ticket, ply: player, key, lim: limits, lnk } = parsed.data;
  if (subject === undefined && use === 'manifest') throw new ApiError('invalid-token', 'The token names nobody.');
  if (key !== undefined && (await others?.find(key)) === undefined)
    throw new ApiError('invalid-token', 'The key behind this token was taken back.');
  const right =
    key !== undefined
      ? { key, ...(limits && { limits }) }
      : lnk === undefined
        ? undefined
        : await rightOf(lnk, video, others);
  const viewer = subject === undefined ? undefined : { subject, groups, ...(right && { right }) };
  return { viewer, use, expiresAt: new Date(exp * 1000), isOver, ticket, player };
}

/** Of a token that was made by a link: what the link gives now. A password was typed before there was one. */
async function rightOf(link: string, video: string, others: OtherKeys | undefined): Promise<Right> {
  const row = await others?.link(video, link);
  checkLink(row, Date.now() / 1000);
  return byLinkOf(row).right;
}

/** Whoever comes by a link. */
export const byLinkOf = ({
  id,
  sites,
  goodUntil: until,
  videoId,
  unused,
}: Pick<LinkRow, 'id' | 'sites' | 'goodUntil' | 'videoId' | 'unused'>): Viewer & { readonly right: Right } => ({
  subject: `link ${id}`,
  groups: [],
  right: { link: id, sites, ...(until !== undefined && { until }), ...(unused === true && { unusedOf: videoId }) },
});

/** A link's token opens manifests, as often as one likes and as long as it is good; where it asks for a password, none. */
async function byLink(
  { id, secret }: { readonly id: string; readonly secret: string },
  video: string,
  { link: find }: OtherKeys,
): Promise<PlaybackToken> {
  const row = await find(video, id);
  checkLink(row, Date.now() / 1000, secret);
  if (row.password !== undefined)
    throw new ApiError('link-locked', 'This link asks for a password. Whoever gave it to you knows it.', {
      sites: row.sites,
    });
  const expiresAt = new Date((row.goodUntil ?? FOREVER) * 1000);
  return { viewer: byLinkOf(row), use: 'manifest', expiresAt, isOver: false };
}

/** A token of a registered key opens manifests. Its subject is not one of ours, whatever it reads like. */
function theirs(payload: JWTPayload, kid: string, video: string, ceiling: number): Omit<PlaybackToken, 'isOver'> {
  const refuse = (why: string) => new ApiError('invalid-token', why);
  const parsed = theirClaims.safeParse(payload);
  if (!parsed.success) throw refuse('The token needs the claims sub, vid and exp.');
  const { sub, vid, exp } = parsed.data;
  if (vid !== video) throw refuse('The playback token is for something else.');
  if (exp > Date.now() / 1000 + ceiling + SKEW)
    throw refuse(`The token lives longer than the ${ceiling} seconds it may.`);
  const wrong = misspelt(payload);
  if (wrong) throw refuse(`The token says ${wrong[0].slice(0, 40)}, which is no limit here; it is called ${wrong[1]}.`);
  const limits = theirLimits.safeParse(payload);
  if (!limits.success) throw refuse(`The token says a limit that is none: ${String(limits.error.issues[0]?.path[0])}.`);
  const viewer = { subject: `key ${kid} ${sub}`, groups: [], right: { key: kid, limits: limits.data } };
  return { viewer, use: 'manifest', expiresAt: new Date(exp * 1000) };
}

async function verified(keys: TokenKeys, token: string, others: OtherKeys | undefined, mayBeOver: boolean) {
  if (!isCanonical(token)) throw new errors.JWTInvalid('not as it was written');
  let by: string | undefined;
  const find = async (header: JWTHeaderParameters) => {
    const own = keyFor(header, keys);
    if (own !== undefined) return own;
    const { alg, kid } = header;
    const other = alg === 'ES256' && keyId.safeParse(kid).success ? await others?.find(kid!) : undefined;
    if (other === undefined) throw new errors.JWKSNoMatchingKey();
    by = kid;
    return other;
  };
  try {
    const { payload } = await jwtVerify(token, find, { audience: AUDIENCE, requiredClaims: ['exp'] });
    return { payload, by, isOver: false };
  } catch (error) {
    // Its end is looked at last: all else of it is good.
    if (mayBeOver && error instanceof errors.JWTExpired) return { payload: error.payload, by, isOver: true };
    throw error;
  }
}

/** Base64url's last character may have bits that say nothing: of all the ways to write the same bytes one is taken. */
const isCanonical = (token: string): boolean =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

/** The key a header names. Which algorithm is good depends on the key alone, never on what the token says of itself. */
function keyFor({ alg, kid }: JWTHeaderParameters, { known, hs256 }: TokenKeys): KeyObject | Uint8Array | undefined {
  if (kid === undefined && alg === 'HS256' && hs256 !== undefined && Date.now() < hs256.until * 1000) return hs256.key;
  return kid === undefined || alg !== 'ES256' ? undefined : known.get(kid);
}
