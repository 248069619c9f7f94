/** Sessions against the engine: what is counted holds however many begin at once, and each way of ending one frees its place. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiError } from '../../../lambdas/shared/errors.ts';
import type { Start } from '../../../lambdas/shared/sessions.ts';
import { parseTicket } from '../../../lib/contract/ticket.ts';
import { startHandlerEngine } from '../engine.ts';

let close: () => Promise<void>;
let sessions: typeof import('../../../lambdas/shared/sessions.ts');
let ends: typeof import('../../../lambdas/shared/session-ends.ts');
let table: DynamoDBDocumentClient;
beforeAll(async () => {
  close = await startHandlerEngine({});
  table = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  sessions = await import('../../../lambdas/shared/sessions.ts');
  ends = await import('../../../lambdas/shared/session-ends.ts');
}, 600_000);
afterAll(() => close());

const HOUR = 3_600_000;
let people = 0;
const somebody = () => {
  people += 1;
  return { subject: `person ${people}`, part: `person-${String(people).padStart(4, '0')}` };
};
const WHAT = 'vod/abcdefghij0123456789';
const player = (name: string) => name.padEnd(16, '0');
const starts = (over: Partial<Start> = {}, now = Date.now()) =>
  sessions.startSession({ what: WHAT, until: new Date(now + HOUR), reason: 'public', ...over }, now);
const codeOf = (start: Promise<string>) =>
  start.then(
    () => 'started',
    (error: unknown) => (error instanceof ApiError ? error.code : Promise.reject(error as Error)),
  );
/** Until when the edge refuses a ticket's session, epoch seconds; undefined: it does not. */
const revokedUntil = async (ticket: string): Promise<number | undefined> => {
  const Key = { key: `s:${parseTicket(ticket)!.session}` };
  const { Item } = await table.send(new GetCommand({ TableName: process.env['REVOCATIONS_TABLE'], Key }));
  return Item?.['until'] as number | undefined;
};
const rowsOf = async ({ part }: { part: string }) => sessions.sessionsOf(`u:${part}`);

test('of fifty that begin at once no more play than may, and all that may', async () => {
  const person = somebody();
  const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(starts({ person, cap: 3 }))));
  expect(codes.filter((code) => code === 'started')).toHaveLength(3);
  expect(codes.filter((code) => code === 'too-many-sessions')).toHaveLength(47);
  const tickets = (await rowsOf(person)).map(({ ticket }) => parseTicket(ticket)!);
  expect(new Set(tickets.map(({ session }) => session)).size).toBe(3);
  expect(tickets.map(({ subject }) => subject)).toEqual(Array(3).fill(person.part));
  // Somebody else is counted apart, and who is not counted is let in.
  expect(await codeOf(starts({ person: somebody(), cap: 1 }))).toBe('started');
  expect(await codeOf(starts({ person }))).toBe('started');
  expect(await codeOf(starts())).toBe('started');
});

test('one that is told there is no place is told what to do', async () => {
  const person = somebody();
  await starts({ person, cap: 1 });
  await expect(starts({ person, cap: 1 })).rejects.toMatchObject({
    message: expect.stringMatching(/^You are watching elsewhere already.* Stop .* and try again/) as string,
    options: { limit: { name: 'sessions', value: 1 } },
  });
});

test.each([undefined, 2])('a player that asks again goes on with what it has, capped by %s', async (cap) => {
  const person = somebody();
  const mine = { person, player: player('mine'), ...(cap && { cap }) };
  const now = Date.now();
  // Twice at once, too: a page that loads its player and looks at the manifest.
  const [first, same] = await Promise.all([starts(mine, now), starts(mine, now)]);
  expect(same).toBe(first);
  expect(await starts(mine, now + HOUR / 2)).toBe(first);
  const [row, ...more] = await rowsOf(person);
  expect(more).toEqual([]);
  expect(row).toMatchObject({
    ticket: first,
    expiresAt: Math.ceil((now + 1.5 * HOUR) / 1000),
    subject: person.subject,
  });
  expect(await starts({ ...mine, player: player('other') }, now)).not.toBe(first);
  expect(await starts({ ...mine, what: 'vod/zbcdefghij0123456789', ...(cap && { cap: 9 }) }, now)).not.toBe(first);
});

test('a session from another address is another ticket, for the same player', async () => {
  for (const cap of [undefined, 5]) {
    const mine = { person: somebody(), player: player('mine'), ...(cap && { cap }) };
    const first = await starts({ ...mine, ip: 'c0000207' });
    const second = await starts({ ...mine, ip: 'c0000208' });
    expect([parseTicket(first)!.ip, parseTicket(second)!.ip]).toEqual(['c0000207', 'c0000208']);
    expect(parseTicket(first)!.session).not.toBe(parseTicket(second)!.session);
  }
});

test('who may watch less high by now has another ticket in the same place, however often they ask', async () => {
  const person = somebody();
  for (const cap of [undefined, 1]) {
    const mine = { person, player: player(`mine ${cap}`.replace(' ', '-')), ...(cap && { cap }) };
    const first = await starts(mine);
    const [second, same] = await Promise.all([starts({ ...mine, height: 720 }), starts({ ...mine, height: 720 })]);
    expect(parseTicket(second)).toMatchObject({ height: 720 });
    expect(parseTicket(same)).toMatchObject({ height: 720 });
    expect(parseTicket(second)!.session).not.toBe(parseTicket(first)!.session);
    // Where it is counted, what began first is refused by now: else two would play in one place.
    if (cap === 1) expect(await revokedUntil(first)).toBeGreaterThan(Date.now() / 1000 + HOUR / 1000);
    else expect(await revokedUntil(first)).toBeUndefined();
    const third = await starts({ ...mine, height: 720 });
    expect([second, same]).toEqual([third, third]);
    expect(await starts({ ...mine, height: 720 })).toBe(third);
    expect(await revokedUntil(third)).toBeUndefined();
    await sessions.checkGoing(WHAT, third, mine.player);
    const old = sessions.checkGoing(WHAT, first, mine.player);
    if (cap === 1) await expect(old).rejects.toMatchObject({ code: 'session-ended' });
    else await old;
    if (cap === 1) expect(await codeOf(starts({ ...mine, player: player('other') }))).toBe('too-many-sessions');
  }
});

test('what was signed for another address where nobody counts is seen, and ends by itself, until its signature does', async () => {
  for (const who of [{ person: somebody() }, { link: `link-${++people}` }, {}]) {
    const mine = { ...who, player: player(`walker${people}`), country: 'DE' };
    const first = await starts(mine);
    const second = await starts({ ...mine, country: 'FR' });
    const { subject, link } = parseTicket(first)!;
    const rows = await sessions.sessionsOf(
      subject !== undefined ? `u:${subject}` : link !== undefined ? `l:${link}` : `a:${mine.player}`,
    );
    expect(rows.map(({ ticket }) => ticket).toSorted()).toEqual([first, second].toSorted());
    expect(rows.filter((row) => row.player !== undefined)).toMatchObject([{ ticket: second }]);
    // Ending it ends nothing of the other.
    await ends.endSession(
      rows.find(({ ticket }) => ticket === first)!,
      'owner',
    );
    expect(await starts({ ...mine, country: 'FR' })).toBe(second);
    expect([await revokedUntil(first), await revokedUntil(second)]).toEqual([undefined, undefined]);
  }
});

test('who gives places back ever again keeps the next ones until their signatures end, however many come at once', async () => {
  const { MOST_ENTRIES } = await import('../../../lambdas/shared/edge-entries.ts');
  const person = somebody();
  const cap = 4;
  const now = Date.now();
  let given = 0;
  const round = async () => {
    const names = Array.from({ length: cap }, (_, i) => player(`p${given}-${i}`));
    const tickets = await Promise.all(names.map((name) => starts({ person, cap, player: name }, now)));
    await Promise.all(names.map((name, i) => ends.leave(WHAT, name, tickets[i]!, now)));
    given += cap;
    return tickets;
  };
  while (given < MOST_ENTRIES - 2) await round();
  const last = await round();
  const revoked = await Promise.all(last.map(revokedUntil));
  const left = given - MOST_ENTRIES;
  expect(revoked.filter((until) => until === undefined)).toHaveLength(left);
  // What is still signed for is still counted.
  expect(await rowsOf(person)).toHaveLength(left);
  for (let n = left; n < cap; n++) await starts({ person, cap }, now);
  expect(await codeOf(starts({ person, cap }, now))).toBe('too-many-sessions');
  // Others are counted apart, and so is this person once the entries say nothing any more.
  const other = { person: somebody(), cap: 1, player: player('other') };
  await ends.leave(WHAT, other.player, await starts(other, now), now);
  expect(await codeOf(starts({ ...other, player: player('again') }, now))).toBe('started');
  const later = now + 2 * HOUR;
  const mine = { person, cap, player: player('later') };
  const ticket = await starts(mine, later);
  await ends.leave(WHAT, mine.player, ticket, later);
  expect(await revokedUntil(ticket)).toBeGreaterThan(later / 1000);
});

test('the entries of a person are so many at any time, each for as long as it says something', async () => {
  const { MOST_ENTRIES, takeEntry } = await import('../../../lambdas/shared/edge-entries.ts');
  const { part } = somebody();
  const take = async (many: number, until: number, now: number) => {
    const all = await Promise.all(Array.from({ length: many }, () => takeEntry(`u:${part}`, until, now)));
    return all.filter(Boolean).length;
  };
  expect(await take(1, 1660, 1000)).toBe(1);
  expect(await take(MOST_ENTRIES + 20, 2319, 1659)).toBe(MOST_ENTRIES - 1);
  // A moment later the first is over, and no more than its own comes free.
  expect(await take(MOST_ENTRIES, 2321, 1661)).toBe(1);
  expect(await take(1, 2979, 2318)).toBe(0);
  expect(await take(3, 90_000, 2319)).toBe(3);
});

test('so many as a right says are counted, whatever lets the others in and wherever their places are', async () => {
  for (let time = 0; time < 8; time++) {
    const person = somebody();
    for (let n = 0; n < 2; n++) await starts({ person, cap: 5 });
    expect(await codeOf(starts({ person, cap: 2 }))).toBe('too-many-sessions');
    expect(await codeOf(starts({ person, cap: 2, player: player('mine') }))).toBe('too-many-sessions');
    expect(await codeOf(starts({ person, cap: 3 }))).toBe('started');
    expect(await codeOf(starts({ person, cap: 3 }))).toBe('too-many-sessions');
    expect(await codeOf(starts({ person, cap: 5 }))).toBe('started');
  }
});

test('of more than may by now, the first go on, each in its place', async () => {
  const person = somebody();
  const names = Array.from({ length: 5 }, (_, n) => player(`p${n}`));
  const before = await Promise.all(names.map((name) => starts({ person, cap: 5, player: name })));
  const rows = (await rowsOf(person)).toSorted((a, b) => (a.place < b.place ? -1 : 1));
  for (const [place, row] of rows.entries()) {
    const again = codeOf(starts({ person, cap: 2, player: row.player }));
    expect([place, await again]).toEqual([place, place < 2 ? 'started' : 'too-many-sessions']);
  }
  expect((await rowsOf(person)).map(({ ticket }) => ticket).toSorted()).toEqual(before.toSorted());
  // Alone, it goes on in whichever place it has.
  const last = rows[4]!;
  for (const row of rows.slice(0, 4)) await ends.endSession(row, 'owner');
  expect(await starts({ person, cap: 1, player: last.player })).toBe(last.ticket);
});

test.each([undefined, 1, 2])('a session began when it did, wherever its player goes, capped by %s', async (cap) => {
  const mine = { person: somebody(), player: player('mine'), ...(cap && { cap }) };
  const asked = { what: WHAT, person: mine.person, link: undefined, player: mine.player };
  const begun = Date.now();
  let now = begun;
  for (let time = 0; time < 30; time++, now += 400_000) {
    const country = time % 2 === 0 ? 'DE' : 'AT';
    await starts({ ...mine, country, until: new Date(now + 600_000) }, now);
    expect([time, await sessions.goingSince(asked, now)]).toEqual([time, begun]);
  }
});

test('a token goes on with the place that is counted, not with what lies there from before anybody counted', async () => {
  const mine = { person: somebody(), player: player('mine') };
  const asked = { what: WHAT, person: mine.person, link: undefined, player: mine.player };
  const now = Date.now();
  await starts({ ...mine, until: new Date(now + 600_000) }, now);
  const later = now + 500_000;
  await starts({ ...mine, cap: 1 }, later);
  expect(await sessions.goingSince(asked, now + 550_000)).toBeDefined();
  expect(await sessions.goingSince(asked, now + 700_000)).toBe(later);
  expect(await sessions.goingSince(asked, later + HOUR + 1000)).toBeUndefined();
});

test('so does who changes the network ever again: what the former place has of a signature is counted beside the new', async () => {
  const { MOST_ENTRIES } = await import('../../../lambdas/shared/edge-entries.ts');
  const mine = { person: somebody(), cap: 2, player: player('mine') };
  const at = (n: number) => starts({ ...mine, ip: (0xc0_00_02_00 + n).toString(16) });
  let ticket = await at(0);
  for (let n = 1; n <= MOST_ENTRIES; n++) ticket = await at(n);
  expect(await rowsOf(mine.person)).toHaveLength(1);
  const next = await at(100);
  expect(next).not.toBe(ticket);
  expect(await revokedUntil(ticket)).toBeUndefined();
  expect((await rowsOf(mine.person)).map((row) => row.ticket).toSorted()).toEqual([ticket, next].toSorted());
  // It goes on with each where it is, and begins no third.
  expect([await at(100), await at(MOST_ENTRIES)]).toEqual([next, ticket]);
  expect(await codeOf(at(101))).toBe('too-many-sessions');
});

test('silence frees a place at the end of what was signed, and leaving frees it at once', async () => {
  const person = somebody();
  const now = Date.now();
  const mine = { person, player: player('mine'), cap: 1 };
  const other = { person, player: player('other'), cap: 1 };
  const ticket = await starts(mine, now);
  expect(await codeOf(starts(other, now + HOUR - 2000))).toBe('too-many-sessions');
  // Who was silent for longer comes too late, and is told so.
  expect(await codeOf(starts(other, now + HOUR + 2000))).toBe('started');
  expect(await codeOf(starts(mine, now + HOUR + 3000))).toBe('too-many-sessions');
  // The old ticket frees nothing any more, and nor does a made-up one.
  await ends.leave(WHAT, mine.player, ticket);
  await ends.leave(WHAT, mine.player, 'x.y.z');
  expect(await codeOf(starts(mine, now + HOUR + 3000))).toBe('too-many-sessions');
  const [row] = await rowsOf(person);
  await ends.leave(WHAT, other.player, row!.ticket);
  await ends.leave(WHAT, other.player, row!.ticket);
  expect(await codeOf(starts(mine, now + HOUR + 3000))).toBe('started');
});

test('leaving frees no place for which something still plays', async () => {
  const person = somebody();
  const now = Date.now();
  // Without a name its signature is for the whole video: nothing that its player says of itself gives the place back.
  const nameless = await starts({ person, cap: 1 }, now);
  for (const name of [player('anything'), parseTicket(nameless)!.session])
    for (const what of [WHAT, 'vod/zbcdefghij0123456789']) await ends.leave(what, name, nameless);
  expect(await codeOf(starts({ person, cap: 1 }))).toBe('too-many-sessions');
  expect(await revokedUntil(nameless)).toBeUndefined();

  const other = somebody();
  const mine = { person: other, player: player('mine'), cap: 1 };
  const ticket = await starts(mine, now);
  await ends.leave(WHAT, player('yours'), ticket);
  await ends.leave('vod/zbcdefghij0123456789', mine.player, ticket);
  expect(await codeOf(starts({ ...mine, player: player('yours') }))).toBe('too-many-sessions');
  expect(await revokedUntil(ticket)).toBeUndefined();
  await ends.leave(WHAT, mine.player, ticket);
  // The edge refuses it for as long as it would be good.
  expect(await revokedUntil(ticket)).toBeGreaterThan((now + HOUR) / 1000);
  expect(await codeOf(starts({ ...mine, player: player('yours') }))).toBe('started');
});

test('who is not counted and has no name is seen until its signature ends, whatever a player calls itself', async () => {
  for (const who of [{ person: somebody() }, { link: `link-${++people}` }, {}]) {
    const ticket = await starts(who);
    const { session } = parseTicket(ticket)!;
    // Neither left nor gone on with under the name of a session.
    await ends.leave(WHAT, session, ticket);
    expect(await starts({ ...who, player: session, until: new Date(Date.now() + 1000) })).not.toBe(ticket);
    await sessions.checkGoing(WHAT, ticket, undefined, Date.now() + HOUR / 2);
  }
});

test('may be asked for without beginning: whether there is a place, and whether it was ended', async () => {
  const person = somebody();
  const start = (name: string, cap?: number): Start => ({
    what: WHAT,
    until: new Date(Date.now() + HOUR),
    reason: 'public',
    person,
    player: player(name),
    cap,
  });
  const may = (one: Start) => codeOf(sessions.checkMayStart(one).then(() => ''));
  for (let time = 0; time < 3; time++) expect(await may(start('mine', 1))).toBe('started');
  expect(await rowsOf(person)).toEqual([]);
  await sessions.startSession(start('mine', 1));
  expect(await may(start('mine', 1))).toBe('started');
  expect(await may(start('other', 1))).toBe('too-many-sessions');
  expect(await may({ ...start('other', 1), player: undefined })).toBe('too-many-sessions');
  expect(await may(start('other', 2))).toBe('started');
  expect(await may(start('other'))).toBe('started');
  await ends.endSession((await rowsOf(person))[0]!, 'owner');
  for (const cap of [undefined, 1]) expect(await may(start('mine', cap))).toBe('session-ended');
  expect(await may(start('other', 1))).toBe('started');
});

test('who is not counted leaves as well, nobody and somebody of a link', async () => {
  for (const who of [{ person: somebody() }, { link: `link-${++people}` }, {}]) {
    const mine = { ...who, player: player(`mine${people}`) };
    const ticket = await starts(mine);
    await ends.leave(WHAT, mine.player, ticket);
    expect(await starts(mine)).not.toBe(ticket);
    // Its signature is over in minutes by itself, and no entry at the edge is spent on it.
    expect(await revokedUntil(ticket)).toBeUndefined();
  }
});

test.each([undefined, 1])('one that was ended says by whom when its player asks again, capped by %s', async (cap) => {
  const person = somebody();
  const mine = { person, player: player('mine'), ...(cap && { cap }) };
  const other = { ...mine, player: player('other') };
  await starts(mine);
  const [row] = await rowsOf(person);
  await ends.endSession(row!, 'owner');
  await expect(starts(mine)).rejects.toMatchObject({
    code: 'session-ended',
    message: 'The owner of the video has ended this playback.',
  });
  // Its place is free, and whoever took it does not make it forgotten.
  expect(await codeOf(starts(other))).toBe('started');
  expect(await codeOf(starts(mine))).toBe('session-ended');
  // Leaving does not, either: a page that closes says goodbye.
  await ends.leave(WHAT, mine.player, row!.ticket);
  expect(await codeOf(starts(mine))).toBe('session-ended');
  // Again it ends nothing.
  await ends.endSession(
    (await rowsOf(person)).find(({ endedAt }) => endedAt !== undefined)!,
    'admin',
  );
  await expect(starts(mine)).rejects.toMatchObject({ message: expect.stringContaining('owner') as string });
});
