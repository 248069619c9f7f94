/**
 * The sessions table: each play start is a row, written by one conditional write. Where a person's sessions are counted, they
 * have that many numbered places, and each is taken by a conditional put: however many begin at once, no more are let in. A
 * row is a lease. A player that renews keeps it; one that is silent, or whose signature is over, has lost it.
 */
import { GetCommand, paginateQuery, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { randomInt } from 'node:crypto';
import { required } from '../../lib/contract/env.ts';
import { sessionRow, type EndedBy, type SessionRow } from '../../lib/contract/session.ts';
import { parseTicket, sessionId, ticketText } from '../../lib/contract/ticket.ts';
import { dynamo } from './clients.ts';
import { ApiError } from './errors.ts';
import { refuse } from './session-edge.ts';
import { freeSlots } from './slots.ts';
import { unlessRefused } from './unless-refused.ts';

export const TableName = () => required('SESSIONS_TABLE');

export interface Start {
  /** `vod/{id}` or `live/{device}/{channel}`. */
  readonly what: string;
  /** `sub` of who watches, and what stands for it in tickets (`Signer.subjectPart`). Undefined: nobody signed in. */
  readonly person?: { readonly subject: string; readonly part: string } | undefined;
  /** The link that let them in. */
  readonly link?: string | undefined;
  /** The one address it may be watched from, as tickets say it. */
  readonly ip?: string | undefined;
  /** The tallest rung it opens, by its name; of a channel, lines. */
  readonly height?: number | undefined;
  /** The one country it may be watched from. */
  readonly country?: string | undefined;
  /** What its player calls it: started again under the same name, it goes on. */
  readonly player?: string | undefined;
  /** When its signature ends. */
  readonly until: Date;
  /** What lets them in, as `decide` says it. */
  readonly reason: string;
  readonly right?: string | undefined;
  /** How many sessions this person may have at a time. Undefined: nobody counts. */
  readonly cap?: number | undefined;
}

/**
 * Begins a session, or goes on with the one its player has, and answers its ticket. Throws `session-ended` where somebody
 * ended it, `too-many-sessions` where all places are taken.
 */
export async function startSession(start: Start, now = Date.now()): Promise<string> {
  const fresh = freshRow(start, now);
  const { cap } = start;
  return (await (cap === undefined || start.person === undefined ? begin(fresh, now) : take(fresh, cap, now))).ticket;
}

/**
 * Throws what `startSession` would by now, and begins nothing: asked before something is done for somebody that only who may begin should
 * have. The start itself may still find that another was quicker.
 */
export async function checkMayStart(start: Start, now = Date.now()): Promise<void> {
  const fresh = freshRow(start, now);
  const { cap, person, player } = start;
  if (cap !== undefined && person !== undefined) {
    const { own, isFull } = look(await sessionsOf(fresh.who), fresh, cap, now);
    if (own === undefined && isFull) throw tooMany(cap);
  } else if (player !== undefined) {
    const there = await read(fresh);
    if (there?.endedAt !== undefined) throw ended(there, now);
  }
}

/** The row of a session that begins now, in the place of one that is not counted. Pure but for the randomness. */
function freshRow(start: Start, now: number): SessionRow {
  const { what, person, link, ip, height, country, player, until, reason, right } = start;
  const session = sessionId(now, unguessable());
  const at = new Date(now).toISOString();
  return {
    who: holderOf(person?.part, link, nameOf(player, session)),
    place: placeOf(what, nameOf(player, session)),
    what,
    session,
    ticket: ticketText({ session, subject: person?.part, link, ip, height, country }),
    ...(person && { subject: person.subject }),
    ...(link !== undefined && { link }),
    reason,
    ...(right !== undefined && { right }),
    ...(player !== undefined && { player }),
    startedAt: at,
    seenAt: at,
    expiresAt: Math.ceil(until.getTime() / 1000),
  };
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** 16 letters and digits that nobody can guess, for `sessionId`. */
export const unguessable = (): string => Array.from({ length: 16 }, () => LETTERS[randomInt(LETTERS.length)]).join('');

/** Whose a session is: a person's, by what stands for them in tickets, a link's, or nobody's, by its own name. */
export const holderOf = (person: string | undefined, link: string | undefined, name: string): string =>
  person !== undefined ? `u:${person}` : link === undefined ? `a:${name}` : `l:${link}`;

/** What its player calls it. One without a name has one that no player can say, so that none goes on with it, or leaves it. */
export const nameOf = (player: string | undefined, session: string): string => player ?? `.${session}`;

export const placeOf = (what: string, name: string): string => `${what}/${name}`;
const SLOT = 'slot-';
const slotName = (slot: number): string => `${SLOT}${String(slot).padStart(3, '0')}`;
export const slotOf = ({ place }: Pick<SessionRow, 'place'>): number | undefined =>
  place.startsWith(SLOT) ? Number(place.slice(SLOT.length)) : undefined;

/** One write: the row as it is there goes on, another is made. */
async function begin(fresh: SessionRow, now: number): Promise<SessionRow> {
  const { who, place, session, ticket, startedAt, ...rest } = fresh;
  const kept = { session, ticket, startedAt };
  const condition = 'attribute_not_exists(#endedAt)';
  const row = await change({ who, place }, { set: { ...rest }, keep: kept, condition });
  if (row === undefined) throw ended(await read({ who, place }), now);
  if (isSameTicket(row.ticket, ticket)) return row;
  // Let in by something else, from another address or country, or up to another height: another session in its place.
  await setAside(row);
  // It began when it did: what a token has begun goes on for so long, wherever its player goes.
  const set = { ...rest, session, ticket };
  const moved = await change(row, { set, keep: {}, condition: `${condition} AND #ticket = :held`, held: row.ticket });
  // The same player has asked twice at once, or was ended: that is looked at anew.
  return moved ?? (await begin(fresh, now));
}

/**
 * What is signed of it is good for some minutes more, as it would be had its player not asked; until then it is seen, and can be ended, in a
 * place of its own. Where nobody counts, no entry at the edge is spent on it: somebody between two networks would spend any number.
 */
async function setAside(row: SessionRow): Promise<void> {
  const { player: _, ...former } = row;
  const { what, session } = former;
  if (what === undefined) return;
  const Item = { ...former, place: placeOf(what, nameOf(undefined, session)) } satisfies SessionRow;
  await dynamo.send(new PutCommand({ TableName: TableName(), Item }));
}

/** Whether two tickets let in the same: all parts but the session, which comes first. Pure. */
const isSameTicket = (one: string, other: string): boolean =>
  one.slice(one.indexOf('.')) === other.slice(other.indexOf('.'));

/**
 * Of a person's rows those that hold a place, in their order, and the player's own among them: more may run than `cap`, by rights that let
 * more, and then the first of them go on. Throws `session-ended`. Pure.
 */
function look(rows: readonly SessionRow[], fresh: SessionRow, cap: number, now: number) {
  const mine = rows.filter(({ player, place, what }) =>
    slotOf({ place }) === undefined
      ? place === fresh.place
      : fresh.player !== undefined && player === fresh.player && what === fresh.what,
  );
  const over = mine.find(({ endedAt }) => endedAt !== undefined);
  if (over !== undefined) throw ended(over, now);
  const seconds = Math.floor(now / 1000);
  const running = rows
    .filter((row) => slotOf(row) !== undefined && row.expiresAt >= seconds)
    .toSorted((a, b) => slotOf(a)! - slotOf(b)!);
  const own = running.slice(0, cap).filter((row) => mine.includes(row));
  return {
    own: own.find(({ ticket }) => isSameTicket(ticket, fresh.ticket)) ?? own[0],
    running,
    isFull: running.length >= cap,
  };
}

/** One read and, unless others take its place in between, one write. */
async function take(fresh: SessionRow, cap: number, now: number): Promise<SessionRow> {
  const { own, running, isFull } = look(await sessionsOf(fresh.who), fresh, cap, now);
  const seconds = Math.floor(now / 1000);
  if (own !== undefined) {
    const { who, place } = own;
    const { seenAt, expiresAt, reason, right, session, ticket } = fresh;
    // Let in by something else by now, it keeps its place and has another ticket.
    const isMoved = !isSameTicket(own.ticket, ticket);
    const set = {
      seenAt,
      expiresAt,
      reason,
      ...(right !== undefined && { right }),
      ...(isMoved && { session, ticket }),
    };
    const to = { set, keep: {}, condition: '#ticket = :held', held: own.ticket };
    // First the edge, then the place: or two would play in one.
    const renewed = !isMoved || (await refuse(own, now)) ? await change({ who, place }, to) : undefined;
    if (renewed !== undefined) return renewed;
    // The same player, asking twice at once, has made that other ticket already.
    const there = await read(own);
    if (there !== undefined && there.player === fresh.player && isSameTicket(there.ticket, ticket)) return there;
  }
  if (isFull) throw tooMany(cap);
  // A player that asks twice at once wants the same place both times.
  const first = fresh.player === undefined ? randomInt(cap) : hash(fresh.player) % cap;
  for (const slot of freeSlots(new Set(running.map((row) => slotOf(row)!)), cap, first)) {
    const row = { ...fresh, place: slotName(slot), ...(own && { startedAt: own.startedAt }) };
    if (await put(row, seconds)) return row;
    const holder = fresh.player === undefined ? undefined : await read(row);
    const isOurs = holder?.player === fresh.player && holder?.what === fresh.what;
    if (holder !== undefined && isOurs && isSameTicket(holder.ticket, fresh.ticket)) return holder;
  }
  throw tooMany(cap);
}

const hash = (text: string): number => Buffer.from(text).reduce((sum, byte) => (sum * 31 + byte) >>> 0, 0);

const tooMany = (cap: number): ApiError =>
  new ApiError(
    'too-many-sessions',
    `You are watching ${cap === 1 ? 'elsewhere' : `${cap} videos`} already, which is as many as you may at a time. Stop one of them and try again; one whose player was just closed may count for ten minutes more.`,
    { limit: { name: 'sessions', value: cap } },
  );

const WORDS: Readonly<Record<EndedBy, string>> = {
  owner: 'The owner of the video has ended this playback.',
  admin: 'An administrator has ended this playback.',
  self: 'You have ended this playback elsewhere.',
};

const ended = (row: SessionRow | undefined, now: number): ApiError =>
  new ApiError('session-ended', WORDS[row?.endedBy ?? 'owner'], {
    cause: new Error(`ended ${row?.endedAt ?? new Date(now).toISOString()}`),
  });

export type Key = Pick<SessionRow, 'who' | 'place'>;

interface Change {
  readonly set: Partial<SessionRow>;
  /** Set where nothing is there yet. */
  readonly keep: Partial<SessionRow>;
  readonly condition: string;
  /** The ticket of which the condition says that it is still there. */
  readonly held?: string;
}

/** The row as it is then; undefined when the condition does not hold. */
async function change(
  { who, place }: Key,
  { set, keep, condition: ConditionExpression, held }: Change,
): Promise<SessionRow | undefined> {
  const parts = [
    ...Object.keys(set).map((name) => `#${name} = :${name}`),
    ...Object.keys(keep).map((name) => `#${name} = if_not_exists(#${name}, :${name})`),
  ];
  const values = { ...set, ...keep };
  // It may go on by another right than it began by, or by one that nobody takes back.
  const gone = 'right' in set ? [] : ['right'];
  const mentioned = ['endedAt', 'ticket'].filter((name) => ConditionExpression.includes(`#${name}`));
  const names = [...Object.keys(values), ...gone, ...mentioned];
  const attempt = dynamo.send(
    new UpdateCommand({
      TableName: TableName(),
      Key: { who, place },
      UpdateExpression: `SET ${parts.join(', ')}${gone.map((name) => ` REMOVE #${name}`).join('')}`,
      ConditionExpression,
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: {
        ...Object.fromEntries(Object.entries(values).map(([name, value]) => [`:${name}`, value])),
        ...(held !== undefined && { ':held': held }),
      },
      ReturnValues: 'ALL_NEW',
    }),
  );
  return await unlessRefused(attempt.then(({ Attributes }) => sessionRow.parse(Attributes)));
}

const put = async (Item: SessionRow, seconds: number): Promise<boolean> =>
  (await unlessRefused(
    dynamo.send(
      new PutCommand({
        TableName: TableName(),
        Item,
        ConditionExpression: 'attribute_not_exists(who) OR expiresAt < :now',
        ExpressionAttributeValues: { ':now': seconds },
      }),
    ),
  )) !== undefined;

async function read({ who, place }: Key): Promise<SessionRow | undefined> {
  const Key = { who, place };
  const { Item } = await dynamo.send(new GetCommand({ TableName: TableName(), Key, ConsistentRead: true }));
  return Item === undefined ? undefined : sessionRow.parse(Item);
}

/** Rows of one person or link, those over and not yet swept included. */
export async function sessionsOf(who: string): Promise<SessionRow[]> {
  const rows: SessionRow[] = [];
  const query = {
    TableName: TableName(),
    ConsistentRead: true,
    KeyConditionExpression: 'who = :who',
    ExpressionAttributeValues: { ':who': who },
  };
  for await (const { Items = [] } of paginateQuery({ client: dynamo }, query)) {
    rows.push(...Items.map((item) => sessionRow.parse(item)));
  }
  return rows;
}

/**
 * Throws `session-ended` unless the session of this ticket, one of ours, goes on: nobody ended it, its player did not leave, and
 * its last signature is not over.
 */
export async function checkGoing(
  what: string,
  text: string,
  player: string | undefined,
  now = Date.now(),
): Promise<void> {
  const ticket = parseTicket(text);
  if (ticket === undefined) throw ended(undefined, now);
  const { session, subject, link } = ticket;
  const who = holderOf(subject, link, nameOf(player, session));
  const there = await read({ who, place: placeOf(what, nameOf(player, session)) });
  // One that is counted has a numbered place for as long as it goes on.
  const isElsewhere = there?.ticket !== text && subject !== undefined;
  const row = isElsewhere ? (await sessionsOf(who)).find((one) => one.ticket === text) : there;
  if (row?.ticket === text && row.endedAt !== undefined) throw ended(row, now);
  if (row?.ticket !== text || row.expiresAt * 1000 < now)
    throw new ApiError('session-ended', 'This playback is over. Load the video again to watch it.');
}

/**
 * When the session began that a player of this person or link calls so, epoch ms; also of one that was ended, which whoever goes on
 * with it is told. Undefined: there is none, or its last signature is over.
 */
export async function goingSince(
  { what, person, link, player }: Required<Pick<Start, 'what' | 'person' | 'link' | 'player'>>,
  now = Date.now(),
): Promise<number | undefined> {
  if (player === undefined) return undefined;
  const who = holderOf(person?.part, link, player);
  const goes = (one: SessionRow | undefined) => one !== undefined && one.expiresAt * 1000 >= now;
  const there = await read({ who, place: placeOf(what, player) });
  // One that is counted has a numbered place for as long as it goes on, also where one lies that was not counted and is over.
  const mine = (one: SessionRow) => one.player === player && one.what === what && goes(one);
  const row = goes(there) ? there : person && (await sessionsOf(who)).find(mine);
  return row === undefined ? undefined : Date.parse(row.startedAt);
}
