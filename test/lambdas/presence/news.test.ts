import { expect, it } from 'vitest';
import {
  alarmsNews,
  deviceNews,
  sessionsNews,
  together,
  videoNews,
  watchingNews,
} from '../../../lambdas/presence/news.ts';

const ID = 'abcdefghij0123456789';
const record = {
  id: ID,
  status: 'probed',
  progress: 10,
  updatedAt: '2026-01-01T00:00:00Z',
  title: 'A',
  chunksDone: new Set([1, 2]),
  bytes: { source: 1, media: 0 },
};
const moved = { ...record, progress: 11, updatedAt: '2026-01-01T00:00:01Z', chunksDone: new Set([1, 2, 3]) };
const told = { of: 'video', topic: `video:${ID}`, status: 'probed', progress: 11, updatedAt: moved.updatedAt };

it.each([
  ['progress alone', record, moved, { ...told, isMore: false }],
  ['another title, too', record, { ...moved, title: 'B' }, { ...told, isMore: true }],
  ['a status', record, { ...moved, status: 'playable' }, { ...told, status: 'playable', isMore: true }],
  ['an attribute more', record, { ...moved, poster: 'x' }, { ...told, isMore: true }],
  ['an attribute less', { ...record, failure: 'x' }, moved, { ...told, isMore: true }],
  ['its beginning', undefined, moved, { ...told, isMore: true }],
  ['its end', moved, undefined, { ...told, status: 'deleted', isMore: true }],
  // Of a ready video, what is done is its ladder's, whose progress the record does not say.
  [
    'a rung more of one that is ready',
    { ...record, status: 'ready' },
    { ...moved, status: 'ready' },
    { ...told, status: 'ready', isMore: true },
  ],
])('tells %s', (_, before, now, news) => {
  expect(videoNews({ before, now })).toEqual(news);
});

it('tells nothing where nothing changed, a set in another order included, or where there is no video', () => {
  expect(videoNews({ before: record, now: { ...record, chunksDone: new Set([2, 1]) } })).toBeUndefined();
  expect(videoNews({})).toBeUndefined();
  expect(videoNews({ now: { id: ID, status: 'unknown' } })).toBeUndefined();
});

it('says of each topic the last, and that there is more where any before it did', () => {
  const [first, last] = [videoNews({ now: record })!, videoNews({ before: record, now: moved })!];
  const other = { ...last, topic: 'video:other' };
  expect([...together([first, other, last]).values()]).toEqual([{ ...last, isMore: true }, other]);
});

const SESSION = '0000001Aaaaaaaaaaaaaaaa';
const OTHER = '0000002Bbbbbbbbbbbbbbbb';
const row = {
  who: 'u:part',
  place: `vod/${ID}/player`,
  what: `vod/${ID}`,
  session: SESSION,
  ticket: 'a secret',
  subject: 'vera',
  reason: 'grant',
  right: 'video:x person:vera',
  player: 'p',
  startedAt: '2026-01-01T00:00:00Z',
  seenAt: '2026-01-01T00:00:00Z',
  expiresAt: 1_800_000_000,
};
const shown = {
  session: SESSION,
  subject: 'vera',
  link: null,
  startedAt: row.startedAt,
  seenAt: row.seenAt,
  until: new Date(row.expiresAt * 1000).toISOString(),
  renews: true,
};
const news = { of: 'watching', topic: `watching:video:${ID}`, joined: [], left: [], isMore: false };
const { what: _, ...ended } = { ...row, endedAt: row.startedAt, endedBy: 'owner' };

it.each([
  ['who comes, without ticket and right', undefined, row, { ...news, joined: [shown] }],
  ['who goes', row, undefined, { ...news, left: [SESSION] }],
  ['who is ended', row, ended, { ...news, left: [SESSION] }],
  [
    'who comes again by another ticket',
    row,
    { ...row, session: OTHER },
    { ...news, joined: [{ ...shown, session: OTHER }], left: [SESSION] },
  ],
  [
    'of a device by its channel',
    undefined,
    { ...row, what: 'live/13800000001/2' },
    { ...news, topic: 'watching:device:13800000001', joined: [{ ...shown, channel: 2 }] },
  ],
])('tells %s', (_name, before, now, said) => {
  expect(watchingNews({ before, now })).toEqual(said);
});

it('tells nothing of who goes on, of an ended session, or of a row that is none', () => {
  expect(
    watchingNews({ before: row, now: { ...row, seenAt: '2026-01-01T00:06:40Z', expiresAt: 1_800_000_400 } }),
  ).toBeUndefined();
  expect(watchingNews({ now: ended })).toBeUndefined();
  expect(watchingNews({ before: ended })).toBeUndefined();
  expect(watchingNews({ now: { who: 'x' } })).toBeUndefined();
  expect(watchingNews({ now: { ...row, what: 'else/x' } })).toBeUndefined();
});

it('says together who came and who went, each once, and of a crowd that there is more', () => {
  const of = (session: string) => ({ ...row, session });
  const came = (session: string) => watchingNews({ now: of(session) })!;
  const went = (session: string) => watchingNews({ before: of(session) })!;
  const one = (...all: Parameters<typeof together>[0]) => [...together(all).values()];
  expect(one(came(SESSION), came(OTHER), went(SESSION))).toEqual([
    { ...news, joined: [{ ...shown, session: OTHER }], left: [SESSION] },
  ]);
  expect(one(went(SESSION), came(SESSION))).toEqual([{ ...news, joined: [shown] }]);
  const crowd = Array.from({ length: 51 }, (_none, i) => came(`00000${String(10 + i)}Aaaaaaaaaaaaaaaa`));
  expect(one(...crowd)).toEqual([{ ...news, isMore: true }]);
  expect(one(...crowd, came(SESSION))).toEqual([{ ...news, joined: [shown], isMore: true }]);
});

it('tells that the inbox is another: of what comes into it and is pushed, is acknowledged, or goes; of no other alarm', () => {
  const alarms = { of: 'alarms', topic: 'alarms', isMore: true };
  const [fresh, seen, quiet] = [{ inbox: 'new.a' }, { inbox: 'acknowledged.a' }, { files: 1 }];
  const [waits, met] = [
    { inbox: 'new.a', quiet: true },
    { inbox: 'acknowledged.a', quiet: true },
  ];
  for (const [before, now] of [
    [undefined, fresh],
    [fresh, seen],
    [seen, undefined],
    // That somebody has seen to it is told, so that it goes from where it stands.
    [waits, met],
  ])
    expect(alarmsNews({ before, now })).toEqual(alarms);
  for (const [before, now] of [
    [undefined, quiet],
    [undefined, waits],
    [quiet, {}],
    [fresh, { ...fresh, files: 2 }],
  ])
    expect(alarmsNews({ before, now })).toBeUndefined();
});

const over = { of: 'sessions', topic: 'sessions:vera', over: [SESSION], isMore: false };

it.each([
  ['one that is ended', row, ended],
  ['one whose right was taken back, or that was left', row, undefined],
  ['one that another takes the place of', row, { ...row, session: OTHER }],
])('tells a person of their own: %s', (_name, before, now) => {
  expect(sessionsNews({ before, now })).toEqual(over);
});

it('tells a person nothing of what begins or goes on, and nobody of sessions of nobody', () => {
  expect(sessionsNews({ now: row })).toBeUndefined();
  expect(sessionsNews({ before: row, now: { ...row, seenAt: '2026-01-01T00:06:40Z' } })).toBeUndefined();
  const { subject: __, ...nobodys } = row;
  expect(sessionsNews({ before: nobodys })).toBeUndefined();
  expect(sessionsNews({ before: ended })).toBeUndefined();
});

it('tells a person together of all that is over, and of a crowd that there is more', () => {
  const of = (session: string) => sessionsNews({ before: { ...row, session } })!;
  const one = (...all: Parameters<typeof together>[0]) => [...together(all).values()];
  expect(one(of(SESSION), of(OTHER))).toEqual([{ ...over, over: [SESSION, OTHER] }]);
  const crowd = Array.from({ length: 51 }, (_none, i) => of(`00000${String(10 + i)}Aaaaaaaaaaaaaaaa`));
  expect(one(...crowd, of(SESSION))).toEqual([{ ...over, over: [SESSION], isMore: true }]);
  expect(one(...crowd)).toEqual([{ ...over, over: [], isMore: true }]);
});

const DEVICE = '13800000001';
const position = {
  time: '2026-01-01T00:00:00Z',
  lat: 31.2,
  lon: 121.4,
  speedKmh: 42,
  direction: 90,
  altitude: 4,
  accOn: true,
};
const device = {
  id: DEVICE,
  name: 'Bus',
  viewers: ['uma'],
  online: true,
  lastSeenAt: '2026-01-01T00:00:00Z',
  position,
  alarms: ['sos'],
  authCode: 'a secret',
  streams: { 1: { state: 'live' } },
};
const drove = { ...device, lastSeenAt: '2026-01-01T00:00:30Z', position: { ...position, lat: 31.3 } };
const where = { of: 'device', topic: `device:${DEVICE}`, alarms: ['sos'], isMore: false };

it.each([
  ['where it is now', device, drove, { lastSeenAt: drove.lastSeenAt, position: drove.position }],
  ['an alarm that is over', device, { ...device, alarms: [] }, { alarms: [] }],
  ['that it went', device, { ...drove, online: false }, { position: drove.position, isMore: true }],
  ['another stream', device, { ...device, streams: {} }, { isMore: true }],
  ['another name', device, { ...device, name: 'Tram' }, { isMore: true }],
  ['that it is there', undefined, device, { isMore: true }],
  ['that it is no more', device, undefined, { isMore: true }],
])('tells of a device %s, and nothing else of its record', (_name, before, now, said) => {
  const news = deviceNews({ before, now });
  expect(news).toEqual({ ...where, lastSeenAt: (now ?? device).lastSeenAt, position, ...said });
});

it('tells of a device nothing that the API does not show, and of one that has never been there no place', () => {
  const hidden = { watched: { 1: 'x' }, network: '192.0.2.0/24', session: 's', reportedAt: 'x', authCode: 'y' };
  expect(deviceNews({ before: device, now: { ...device, ...hidden } })).toBeUndefined();
  expect(deviceNews({ before: device, now: device })).toBeUndefined();
  const { position: _position, lastSeenAt: _seen, alarms: _alarms, ...fresh } = device;
  expect(deviceNews({ now: fresh })).toEqual({ ...where, alarms: [], isMore: true });
  expect(deviceNews({ now: { kind: 'other' } })).toBeUndefined();
});
