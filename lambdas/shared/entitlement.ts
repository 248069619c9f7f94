/**
 * Who may watch, and who may know where it was filmed: the decisions that playback, live playback and catalog share. Pure.
 * The rules are the table of docs/playback.md ("Who may watch").
 */
import { withParents } from '../../lib/contract/collection.ts';
import { deviceOwner } from '../../lib/contract/device-video.ts';
import type { Countries } from '../../lib/contract/country.ts';
import { resourceKey, subjectKey, subjectKeys, type GrantRow, type Limits } from '../../lib/contract/entitlement.ts';
import type { HookAnswer } from '../../lib/contract/hook.ts';
import { grantRight, isViewer, keyRight, resourceIn, viewerRight } from '../../lib/contract/right.ts';
import { addressPart } from '../../lib/contract/ticket.ts';
import type { Origin, VideoRecord } from '../../lib/contract/video.ts';
import { isAdmin, type Viewer } from './viewer.ts';

/** What is asked for: a video, or what a device sends (`liveOf`). */
export type Watched = Pick<VideoRecord, 'owner' | 'visibility' | 'status' | 'removeOn' | 'trashedAt'> & {
  readonly id?: string;
  readonly tags?: readonly string[];
  /** Those it is in; what these are in follows from their ids. */
  readonly collections?: ReadonlySet<string> | undefined;
  readonly origin?: Pick<Origin, 'device'> | undefined;
};

/** What decides beside the record, read for this question (evidence.ts). */
export interface Evidence {
  /** Rows of the entitlements table for `keysOf` the question. Others are looked over. */
  readonly grants: readonly GrantRow[];
  /** Who may see the device it comes from, as its record says now; undefined: there is no such device. */
  readonly deviceViewers: readonly string[] | undefined;
  /** What the entitlement hook answered; `silent`: nothing that counts. Undefined: there is none, or it was not asked. */
  readonly hook?: HookAnswer | 'silent' | undefined;
}

/** Where a request comes from, as far as it says. */
export interface From {
  /** The viewer's address. */
  readonly ip?: string | undefined;
  /** Where that is, as ISO 3166-1 alpha-2. */
  readonly country?: string | undefined;
  /** Origin of the page that asks, where that is not one of ours; `null` where it does not say whose it is. */
  readonly site?: string | undefined;
}

export interface EntitlementQuestion extends Evidence {
  /** Undefined: nobody signed in. */
  readonly viewer: Viewer | undefined;
  readonly video: Watched;
  readonly from: From;
  /** Epoch seconds. */
  readonly now: number;
}

export interface Entitlement extends Limits {
  readonly allowed: boolean;
  /** What lets them in, where that can be taken back by itself (lib/contract/right.ts). */
  readonly right?: string;
  /** The one country for which this is the answer, where it hangs on that: the edge holds whoever plays to it. */
  readonly country?: string;
  /** Epoch seconds from which on it is not known to hold: nothing is signed beyond. Undefined: it says no end. */
  readonly endsAt?: number;
  /** What decided: a row of the table. */
  readonly reason:
    | 'owner'
    | 'admin'
    | 'public'
    | 'grant'
    | 'key'
    | 'elsewhere'
    | 'link'
    | 'site'
    | 'silent'
    | 'vetoed'
    | 'hook'
    | 'device'
    | 'gone'
    | 'private'
    | 'refused'
    | 'denied';
}

/** What an answer says of one who may watch. */
export type Terms = Omit<Entitlement, 'allowed'>;

/** The rows of the table, from its first: who meets one is answered by it. Deny is the default. */
export function decide(question: EntitlementQuestion): Entitlement {
  const { viewer, video, deviceViewers, from, now } = question;
  const allow = (reason: Entitlement['reason'], terms: Omit<Terms, 'reason'> = {}, ends: readonly Moment[] = []) => {
    const endsAt = Math.min(...ends.map((end) => end ?? Infinity));
    return { allowed: true, reason, ...terms, ...(endsAt < Infinity && { endsAt }) };
  };
  const deny = (reason: Entitlement['reason']) => ({ allowed: false, reason });
  if (video.status === 'deleted' || isOver(video, now)) return deny('gone');
  // Who comes by a right of another's is nobody of ours, whatever they are called.
  if (viewer !== undefined && viewer.right === undefined) {
    if (ownedBy(video, viewer)) return allow('owner');
    if (isAdmin(viewer)) return allow('admin');
  }
  const forThem = grantsFor(question);
  const about = forThem.filter((grant) => isHere(grant, from));
  const hangs = forThem.some(({ countries }) => countries !== undefined);
  const isDenied = forThem.some(({ effect, ip }) => effect === 'deny' && ip !== undefined);
  // What they get must play nowhere else, or the edge would play it where they are denied.
  const bound = (terms: Omit<Terms, 'reason'>) => ({
    ...(isDenied && from.ip !== undefined && { ip: from.ip }),
    ...terms,
    ...(from.country !== undefined && (hangs || terms.countries !== undefined) && { country: from.country }),
  });
  const counting = about.filter((grant) => isNow(grant, now));
  if (counting.some(({ effect }) => effect === 'deny')) return deny('refused');
  // What will keep them out from a moment on that is said already.
  const refusal = nextRefusal(about, now);
  if (viewer?.right?.link !== undefined && video.id !== undefined) {
    const { sites, until } = viewer.right;
    return isOnSite(sites, from)
      ? allow('link', bound(sites === undefined ? {} : { sites: [...sites] }), [until, refusal])
      : deny('site');
  }
  if (video.visibility === 'private') return deny('private');
  if (video.visibility === 'public') return allow('public', bound({}), [refusal]);
  if (viewer?.right?.key !== undefined && video.id !== undefined) {
    const { key, limits = {} } = viewer.right;
    return holdsFor(limits, from)
      ? allow('key', bound({ ...limitsOf(limits), right: keyRight(key) }), [refusal])
      : deny('elsewhere');
  }
  if (question.hook === 'silent') return deny('silent');
  if (question.hook !== undefined)
    return question.hook.allowed && holdsFor(question.hook, question.from)
      ? allow('hook', bound(limitsOf(question.hook)), [refusal])
      : deny('vetoed');
  const closest = counting.toSorted((a, b) => distance(a) - distance(b) || generosity(b) - generosity(a))[0];
  const seesDevice = video.origin !== undefined && viewer !== undefined && deviceViewers?.includes(viewer.subject);
  const ends = (right: string) => [refusal, nextNearer(about, right, now)];
  if (closest !== undefined && (seesDevice !== true || distance(closest) <= AS_VIEWER)) {
    const right = grantRight(closest);
    return allow('grant', bound({ ...limitsOf(closest), right }), [closest.expiresAt, ...ends(right)]);
  }
  if (seesDevice !== true) return deny('denied');
  const right = viewerRight(video.origin.device, viewer.subject);
  return allow('device', bound({ right }), ends(right));
}

/** Epoch seconds; undefined: never. */
type Moment = number | undefined;

/** When the first grant that denies begins to count. */
const nextRefusal = (about: readonly GrantRow[], now: number): Moment =>
  firstOf(
    about.filter(({ effect }) => effect === 'deny'),
    now,
  );

/** When the first grant begins to count that gives limits in place of what lets them in now. */
const nextNearer = (about: readonly GrantRow[], right: string, now: number): Moment =>
  firstOf(
    about.filter((grant) => isLimiting(grant) && isNearer(grant, right)),
    now,
  );

function firstOf(grants: readonly GrantRow[], now: number): Moment {
  const later = grants.flatMap(({ notBefore }) => (notBefore !== undefined && notBefore > now ? [notBefore] : []));
  return later.length === 0 ? undefined : Math.min(...later);
}

/** Whether it may give less than one that is farther. Where it holds at all, what else it says keeps nobody out. */
export const isLimiting = ({
  effect,
  maxHeight,
  maxSessions,
}: Pick<GrantRow, 'effect' | 'maxHeight' | 'maxSessions'>): boolean =>
  effect === 'allow' && (maxHeight !== undefined || maxSessions !== undefined);

/** What a device sends, live or recorded, as a question is asked of it: like an `entitled` video of nobody's. */
export const liveOf = (device: string): Watched => ({
  owner: deviceOwner(device),
  visibility: 'entitled',
  status: 'ready',
  origin: { device },
});

/** Partition keys of the grants that can be about it. */
export const resourceKeys = ({
  id,
  origin,
  tags = [],
  collections = new Set(),
}: Pick<Watched, 'id' | 'origin' | 'tags' | 'collections'>): string[] => [
  ...(id === undefined ? [] : [resourceKey(`video:${id}`)]),
  ...withParents(collections).map((one) => resourceKey(`collection:${one}`)),
  ...(origin === undefined ? [] : [resourceKey(`device:${origin.device}`)]),
  ...[...new Set(tags)].map((tag) => resourceKey(`tag:${tag}`)),
];

/** Those for this viewer on this video, whenever and wherever they count. */
function grantsFor({ grants, video, viewer }: EntitlementQuestion): GrantRow[] {
  const resources = new Set(resourceKeys(video));
  const subjects = new Set(subjectKeys(viewer));
  return grants.filter(
    (grant) => resources.has(grant.videoId) && subjects.has(grant.subject) && byPerson(grant, video),
  );
}

/** DynamoDB removes an expired row only some time after; until then the row itself says that it is over. */
export const isNow = ({ notBefore, expiresAt }: Pick<GrantRow, 'notBefore' | 'expiresAt'>, now: number): boolean =>
  (notBefore === undefined || notBefore <= now) && (expiresAt === undefined || now < expiresAt);

/** A condition that cannot be looked at, since the request does not say, never lets anybody in. */
function isHere(grant: Pick<GrantRow, 'effect' | 'ip' | 'countries' | 'sites'>, from: From): boolean {
  const { effect, ip, countries, sites } = grant;
  const { country } = from;
  if (countries !== undefined && (country === undefined ? effect === 'allow' : !isIn(countries, country))) return false;
  const here = from.ip === undefined ? undefined : addressPart(from.ip);
  if (ip !== undefined && (here === undefined ? effect === 'allow' : here !== addressPart(ip))) return false;
  return isOnSite(sites, from);
}

const isIn = ({ only, except }: Countries, country: string): boolean =>
  only?.includes(country) !== false && except?.includes(country) !== true;

const holdsFor = (limits: Limits, from: From): boolean => isHere({ ...limits, effect: 'allow' }, from);

/** A page of ours, or a player that is no page, says no site. */
const isOnSite = (sites: readonly string[] | undefined, { site }: From): boolean =>
  sites === undefined || site === undefined || sites.includes(site);

/** Of grants that allow, the one nearest to the person decides, then the one nearest to the video. */
const distance = ({ videoId, subject }: Pick<GrantRow, 'videoId' | 'subject'>): number => {
  const who = !subject.startsWith('\n') ? 0 : subject === subjectKey('everyone') ? 2 : 1;
  const what = KINDS.findIndex((kind) => videoId.startsWith(kind));
  return who * 10 + (what + 1);
};
/** A video's own key says none. */
const KINDS = ['collection:', 'device:', 'tag:'];
/** Being among a device's viewers is like a grant on the device to that person. */
const AS_VIEWER = 2;

/** Whether a grant gives the limits in place of what let somebody in by `right` (lib/contract/right.ts). */
export function isNearer(grant: Pick<GrantRow, 'videoId' | 'subject'>, right: string): boolean {
  const resource = resourceIn(right);
  if (resource === undefined) return false;
  const who = right.slice(resource.length + 1);
  if (isViewer(who)) return distance(grant) <= AS_VIEWER;
  return distance(grant) < distance({ videoId: resourceKey(resource), subject: subjectKey(who) });
}

/** Of those as near, two groups of a person say, the one that gives more. */
const generosity = ({ maxHeight = 9e4, maxSessions = 9e3, ip, countries, sites }: GrantRow): number =>
  maxHeight * 1e6 +
  maxSessions * 100 +
  (ip === undefined ? 20 : 0) +
  (countries === undefined ? 10 : 0) +
  (sites === undefined ? 1 : 0);

const limitsOf = ({ maxHeight, maxSessions, ip, countries, sites }: Limits): Limits => ({
  ...(maxHeight !== undefined && { maxHeight }),
  ...(maxSessions !== undefined && { maxSessions }),
  ...(ip !== undefined && { ip }),
  ...(countries !== undefined && { countries }),
  ...(sites !== undefined && { sites }),
});

/**
 * Whether the viewer may know where a video of a device was filmed, and with which device: admins and who is among the
 * device's viewers now. Watching the video, owning it or having made it gives no such right.
 */
export const maySeePlaces = (viewer: Viewer, deviceViewers: readonly string[] | undefined): boolean =>
  isAdmin(viewer) || deviceViewers?.includes(viewer.subject) === true;

/** Subjects are whatever their issuer makes them, so one may read like the owner of a device's incidents: it is not. */
export const ownedBy = ({ owner, origin }: Pick<Watched, 'owner' | 'origin'>, { subject }: Viewer): boolean =>
  owner === subject && (origin === undefined || owner !== deviceOwner(origin.device));

/** Rows that the ingest tasks of earlier versions wrote for the viewers that a device had when its file came. */
export const byPerson = ({ grantedBy }: Pick<GrantRow, 'grantedBy'>, { origin }: Pick<Watched, 'origin'>): boolean =>
  origin === undefined || grantedBy !== deviceOwner(origin.device);

/** Whether its day has come, whatever it waits in. `now` is epoch seconds. */
export const isPast = ({ removeOn }: Pick<Watched, 'removeOn'>, now: number): boolean =>
  removeOn !== undefined && Date.parse(removeOn) <= now * 1000;

/** Nobody watches what is in the trash, nor what was kept long enough and waits for its removal. `now` is epoch seconds. */
export const isOver = (video: Pick<Watched, 'removeOn' | 'trashedAt'>, now: number): boolean =>
  video.trashedAt !== undefined || isPast(video, now);
