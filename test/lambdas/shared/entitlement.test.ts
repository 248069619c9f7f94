import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  decide,
  liveOf,
  maySeePlaces,
  ownedBy,
  type Entitlement,
  type EntitlementQuestion,
  type From,
} from '../../../lambdas/shared/entitlement.ts';
import type { Viewer } from '../../../lambdas/shared/viewer.ts';
import {
  grantRow,
  resourceKey,
  subjectKey,
  terms,
  type GrantRow,
  type Limits,
} from '../../../lib/contract/entitlement.ts';
import { videoStatus, visibility } from '../../../lib/contract/video.ts';

const now = 1_800_000_000;
const id = 'a'.repeat(20);
const grantFor = (subject: string, expiresAt?: number): GrantRow => ({
  videoId: id,
  subject,
  grantedBy: 'olga',
  effect: 'allow',
  createdAt: '2026-01-01T00:00:00.000Z',
  ...(expiresAt !== undefined && { expiresAt }),
});

const viewers: Record<string, Viewer | undefined> = {
  nobody: undefined,
  owner: { subject: 'olga', groups: [] },
  stranger: { subject: 'sam', groups: [] },
  uploader: { subject: 'sam', groups: ['uploader'] },
  admin: { subject: 'ada', groups: ['admin'] },
};
const grants: Record<string, GrantRow | undefined> = {
  none: undefined,
  forever: grantFor('sam'),
  live: grantFor('sam', now + 1),
  atItsEnd: grantFor('sam', now),
  over: grantFor('sam', now - 1),
  ofSomebodyElse: grantFor('eve'),
};
const counts = new Set(['forever', 'live']);
const signedInStrangers = new Set(['stranger', 'uploader']);

/** The same rules, told as a table: viewer by visibility by grant. Anything not listed is denied. */
function expected(viewer: string, seen: string, grant: string): Entitlement['reason'] {
  if (viewer === 'owner' || viewer === 'admin' || seen === 'private')
    return viewer === 'owner' || viewer === 'admin' ? viewer : 'private';
  if (seen === 'public') return 'public';
  return seen === 'entitled' && signedInStrangers.has(viewer) && counts.has(grant) ? 'grant' : 'denied';
}

const cases = Object.keys(viewers).flatMap((viewer) =>
  visibility.options.flatMap((seen) =>
    videoStatus.options.flatMap((status) => Object.keys(grants).map((grant) => ({ viewer, seen, status, grant }))),
  ),
);

describe('who may watch', () => {
  it.each(cases)('$viewer, $seen, $status, grant $grant', ({ viewer, seen, status, grant }) => {
    const reason = status === 'deleted' ? 'gone' : expected(viewer, seen, grant);
    const video = { id, owner: 'olga', visibility: seen, status };
    const given = [grants[grant]].flatMap((one) => one ?? []);
    const question = { viewer: viewers[viewer], video, grants: given, deviceViewers: undefined, from: {}, now };
    expect(decide(question)).toEqual({
      allowed: !['denied', 'private', 'gone'].includes(reason),
      reason,
      ...(reason === 'grant' && { right: `video:${id}\nperson:sam` }),
      ...(reason === 'grant' && grant === 'live' && { endsAt: now + 1 }),
    });
  });

  it('covers every combination', () => {
    expect(cases).toHaveLength(5 * 3 * 7 * 6);
  });
});

const device = '13912345678';
const incident = { kind: 'incident', device, channel: 1 } as const;
const today = '2027-01-15';

describe('who may watch an incident of a device', () => {
  const of = (viewer: Viewer | undefined, deviceViewers: readonly string[] | undefined, over: object = {}) =>
    decide({
      viewer,
      video: { id, owner: `device ${device}`, visibility: 'entitled', status: 'ready', origin: incident, ...over },
      grants: [],
      deviceViewers,
      from: {},
      now,
    }).reason;
  const { stranger: sam, admin } = viewers;

  it('is among the viewers of the device now, or was given a grant by a person', () => {
    expect(of(sam, ['vera', 'sam'])).toBe('device');
    expect(of(sam, ['vera'])).toBe('denied');
    expect(of(sam, [])).toBe('denied');
    expect(of(undefined, ['sam'])).toBe('denied');
  });

  it('of a device that is not there is an admin', () => {
    expect(of(sam, undefined)).toBe('denied');
    expect(of(admin, undefined)).toBe('admin');
  });

  it('is no viewer of the device while it is private, and anybody while it is public', () => {
    expect(of(sam, ['sam'], { visibility: 'private' })).toBe('private');
    expect(of(undefined, [], { visibility: 'public' })).toBe('public');
  });

  it('is nobody once its retention is over', () => {
    const before = new Date((now - 86_400) * 1000).toISOString().slice(0, 10);
    for (const removeOn of [before, today]) {
      for (const seen of visibility.options) expect(of(sam, ['sam'], { removeOn, visibility: seen })).toBe('gone');
      expect(of(admin, ['sam'], { removeOn })).toBe('gone');
      expect(of(admin, ['sam'], { trashedAt: '2026-01-01T00:00:00.000Z' })).toBe('gone');
    }
    expect(of(sam, ['sam'], { removeOn: '2027-01-16' })).toBe('device');
  });

  it('does not own it by calling itself what the device is called', () => {
    const namesake: Viewer = { subject: `device ${device}`, groups: [] };
    expect(of(namesake, [])).toBe('denied');
    expect(ownedBy({ owner: `device ${device}`, origin: incident }, namesake)).toBe(false);
    expect(ownedBy({ owner: namesake.subject, origin: undefined }, namesake)).toBe(true);
    expect(of(sam, [], { owner: 'sam' })).toBe('owner');
  });

  it('is not who has a row that an ingest task wrote; a person may grant the same', () => {
    const video = { id, owner: 'x', visibility: 'entitled', status: 'ready', origin: incident } as const;
    const granted = (grantedBy: string) =>
      decide({ viewer: sam, video, grants: [{ ...grantFor('sam'), grantedBy }], deviceViewers: [], from: {}, now })
        .reason;
    expect(granted(`device ${device}`)).toBe('denied');
    expect(granted('ada')).toBe('grant');
  });
});

it('a clip follows the viewers of its device, too, once its maker lets anybody see it', () => {
  const clip = { id, owner: 'olga', status: 'ready', origin: { ...incident, kind: 'clip' } } as const;
  const ask = (viewer: Viewer | undefined, seen: 'private' | 'entitled', deviceViewers: readonly string[]) =>
    decide({ viewer, video: { ...clip, visibility: seen }, grants: [], deviceViewers, from: {}, now }).reason;
  expect(ask(viewers['stranger'], 'private', ['sam'])).toBe('private');
  expect(ask(viewers['stranger'], 'entitled', ['sam'])).toBe('device');
  expect(ask(viewers['stranger'], 'entitled', [])).toBe('denied');
  for (const seen of ['private', 'entitled'] as const) expect(ask(viewers['owner'], seen, [])).toBe('owner');
});

it.each([
  ['an admin', viewers['admin']!, undefined, true],
  ['a viewer of the device', viewers['stranger']!, ['sam'], true],
  ['who is not among them', viewers['stranger']!, ['vera'], false],
  ['anybody else, of a device that is gone', viewers['stranger']!, undefined, false],
  ['the owner', viewers['owner']!, ['sam'], false],
])('places may be seen by %s: %s', (_, viewer, deviceViewers, may) => {
  expect(maySeePlaces(viewer, deviceViewers)).toBe(may);
});

const page = readFileSync(new URL('../../../docs/playback.md', import.meta.url), 'utf8');

/** A grant on the video to sam, but for what is said. */
const given = (over: Partial<GrantRow> & { readonly to?: string; readonly on?: string } = {}): GrantRow => {
  const { to = 'person:sam', on = `video:${id}`, ...more } = over;
  return { ...grantFor(subjectKey(to)), videoId: resourceKey(on), ...more };
};
const sam: Viewer = { subject: 'sam', groups: ['crew', 'staff'] };
const entitled = { id, owner: 'olga', visibility: 'entitled', status: 'ready', tags: ['tour'] } as const;
const ofDevice = { ...entitled, origin: { device } };
const ask = (over: Partial<EntitlementQuestion>) =>
  decide({ viewer: sam, video: entitled, grants: [], deviceViewers: undefined, from: {}, now, ...over });

/** Who comes by a token of a registered key. */
const keyed = (limits?: Limits): Viewer => ({
  subject: 'kim',
  groups: [],
  right: { key: 'k1', ...(limits && { limits }) },
});

/** For each row of the table in docs, a question that meets it and no earlier one; `limits` are answered with it. */
const ROWS: readonly (readonly [Entitlement['reason'], Partial<EntitlementQuestion>, object?])[] = [
  ['gone', { viewer: viewers['owner'], video: { ...entitled, status: 'deleted' }, grants: [given()] }],
  ['owner', { viewer: viewers['owner'], grants: [given({ to: 'person:olga', effect: 'deny' })] }],
  ['admin', { viewer: viewers['admin'], grants: [given({ to: 'person:ada', effect: 'deny' })] }],
  [
    'refused',
    { video: { ...entitled, visibility: 'public' }, grants: [given({ effect: 'deny' }), given({ to: 'everyone' })] },
  ],
  [
    'link',
    { viewer: { subject: 'link x', groups: [], right: { link: 'x' } }, video: { ...entitled, visibility: 'private' } },
  ],
  [
    'site',
    {
      viewer: { subject: 'link x', groups: [], right: { link: 'x', sites: ['https://a.example'] } },
      video: { ...entitled, visibility: 'public' },
      from: { site: 'https://b.example' },
    },
  ],
  ['private', { video: { ...ofDevice, visibility: 'private' }, grants: [given()], deviceViewers: ['sam'] }],
  [
    'public',
    {
      viewer: undefined,
      video: { ...entitled, visibility: 'public' },
      grants: [given({ to: 'everyone', maxHeight: 360 })],
    },
  ],
  [
    'key',
    {
      viewer: keyed({ maxHeight: 720, maxSessions: 2, sites: ['https://a.example'] }),
      from: { site: 'https://a.example' },
    },
    { maxHeight: 720, maxSessions: 2, sites: ['https://a.example'] },
  ],
  ['elsewhere', { viewer: keyed({ ip: '192.0.2.7' }), grants: [given({ to: 'everyone' })], from: { ip: '192.0.2.8' } }],
  ['silent', { hook: 'silent', video: ofDevice, deviceViewers: ['sam'], grants: [given()] }],
  ['vetoed', { hook: { allowed: false }, video: ofDevice, deviceViewers: ['sam'], grants: [given()] }],
  ['hook', { hook: { allowed: true, maxHeight: 720 }, grants: [given({ maxHeight: 480 })] }, { maxHeight: 720 }],
  ['grant', { grants: [given({ maxHeight: 480, maxSessions: 2 })] }, { maxHeight: 480, maxSessions: 2 }],
  ['device', { video: ofDevice, deviceViewers: ['sam'], grants: [given({ to: 'everyone', maxHeight: 480 })] }],
  ['denied', { grants: [given({ to: 'person:eve' }), given({ on: `video:${'b'.repeat(20)}` })] }],
];
const DENIES = new Set(['gone', 'site', 'private', 'refused', 'elsewhere', 'silent', 'vetoed', 'denied']);

describe('the table of docs/playback.md', () => {
  it.each(ROWS.map(([reason, question, limits = {}]) => ({ reason, question, limits })))(
    '$reason',
    ({ reason, question, limits }) => {
      const { right: _, ...said } = ask(question);
      expect(said).toEqual({ allowed: !DENIES.has(reason), reason, ...limits });
    },
  );

  it('asks a hook for nothing that is decided before it', () => {
    const before = ROWS.slice(
      0,
      ROWS.findIndex(([reason]) => reason === 'silent'),
    );
    for (const hook of ['silent', { allowed: true }, { allowed: false }] as const)
      for (const [reason, over] of before) expect(ask({ ...over, hook }).reason).toBe(reason);
  });

  it('has these rows in this order, each with this answer', () => {
    const rows = [...page.split('**A grant**')[0]!.matchAll(/^\| `(\w+)` \| .* \| (allowed|denied).* \|$/gm)];
    expect(rows.map((row) => [row[1], row[2]])).toEqual(
      ROWS.map(([reason]) => [reason, DENIES.has(reason) ? 'denied' : 'allowed']),
    );
  });

  it('names what can be said of a grant, and nothing else', () => {
    const named = [
      ...page
        .split('It counts while')[1]!
        .split('\n## ')[0]!
        .matchAll(/^\| `(\w+)`/gm),
    ].map((row) => row[1]!);
    expect([...new Set(named)].toSorted()).toEqual(
      Object.keys(terms.shape)
        .filter((name) => name !== 'effect')
        .toSorted(),
    );
  });
});

describe('a link', () => {
  const byLink = (over: object = {}): Viewer => ({ subject: 'link x', groups: [], right: { link: 'x', ...over } });
  const video = { ...entitled, visibility: 'private' } as const;
  const deny = given({ to: 'everyone', effect: 'deny', countries: { except: ['DE'] } });

  it('opens nothing that is denied to everyone, for as long and where it is', () => {
    const byIt = (grants: GrantRow[], from: EntitlementQuestion['from'] = {}) =>
      ask({ viewer: byLink({ until: now + 900 }), video, grants, from });
    expect(byIt([given({ to: 'everyone', effect: 'deny' })]).reason).toBe('refused');
    expect(byIt([deny], { country: 'US' }).reason).toBe('refused');
    expect(byIt([deny]).reason).toBe('refused');
    expect(byIt([deny], { country: 'DE' })).toEqual({
      allowed: true,
      reason: 'link',
      country: 'DE',
      endsAt: now + 900,
    });
    const later = given({ to: 'everyone', effect: 'deny', notBefore: now + 60 });
    expect(byIt([later])).toEqual({ allowed: true, reason: 'link', endsAt: now + 60 });
    // Whoever has it is nobody of ours.
    expect(byIt([given({ effect: 'deny' }), given({ to: 'group:crew', effect: 'deny' })]).reason).toBe('link');
  });

  it('makes nobody an owner or an admin, whatever it is called', () => {
    for (const viewer of [
      { ...byLink(), subject: 'olga' },
      { ...byLink(), groups: ['admin'] },
    ])
      expect(ask({ viewer, video, grants: [given({ to: 'everyone', effect: 'deny' })] }).reason).toBe('refused');
  });
});

describe('a country', () => {
  const DE = { only: ['DE', 'AT'] };
  const US = { except: ['US', 'CA'] };
  it.each<[string, Partial<GrantRow>, string | undefined, Entitlement['reason']]>([
    ['allowed, there', { countries: DE }, 'AT', 'grant'],
    ['allowed, elsewhere', { countries: DE }, 'US', 'denied'],
    ['allowed, nobody knows where', { countries: DE }, undefined, 'denied'],
    ['allowed but for some, elsewhere', { countries: US }, 'DE', 'grant'],
    ['allowed but for some, there', { countries: US }, 'CA', 'denied'],
    ['allowed but for some, nobody knows where', { countries: US }, undefined, 'denied'],
    ['denied, there', { effect: 'deny', countries: DE }, 'DE', 'refused'],
    ['denied, elsewhere', { effect: 'deny', countries: DE }, 'US', 'denied'],
    ['denied, nobody knows where', { effect: 'deny', countries: DE }, undefined, 'refused'],
    ['denied but for some, elsewhere', { effect: 'deny', countries: US }, 'DE', 'refused'],
    ['denied but for some, there', { effect: 'deny', countries: US }, 'US', 'denied'],
    ['denied but for some, nobody knows where', { effect: 'deny', countries: US }, undefined, 'refused'],
  ])('%s', (_, over, country, reason) => {
    const grants = [given(over)];
    expect(ask({ grants, from: { country } }).reason).toBe(reason);
    // Where there is another grant that says nothing of it, or everybody may watch, only what denies counts.
    const other = reason === 'refused' ? 'refused' : 'grant';
    expect(ask({ grants: [...grants, given({ to: 'group:crew' })], from: { country } }).reason).toBe(other);
    const video = { ...entitled, visibility: 'public' } as const;
    expect(ask({ grants, video, from: { country } }).reason).toBe(reason === 'refused' ? 'refused' : 'public');
    // The owner and admins watch their own from wherever they are.
    for (const one of ['owner', 'admin'] as const)
      expect(
        ask({ grants: [given({ ...over, to: 'everyone' })], viewer: viewers[one], from: { country } }).reason,
      ).toBe(one);
  });

  it('is in what is listed, but for what is left out', () => {
    const grants = [given({ countries: { only: ['DE', 'AT'], except: ['AT'] } })];
    expect(['DE', 'AT', 'US'].map((country) => ask({ grants, from: { country } }).allowed)).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('holds together with every other condition', () => {
    const grants = [given({ countries: DE, ip: '192.0.2.7', sites: ['https://a.example'] })];
    const here = { country: 'DE', ip: '192.0.2.7', site: 'https://a.example' };
    expect(ask({ grants, from: here }).allowed).toBe(true);
    for (const over of [{ country: 'US' }, { ip: '192.0.2.8' }, { site: 'https://b.example' }])
      expect(ask({ grants, from: { ...here, ...over } }).allowed).toBe(false);
  });

  it('is answered with what hangs on it, so that the edge holds who plays to it, and else is not', () => {
    const from = { country: 'DE' };
    const deny = given({ to: 'everyone', effect: 'deny', countries: { only: ['US'] } });
    const hangs: Partial<EntitlementQuestion>[] = [
      { grants: [given({ countries: DE })] },
      { grants: [given(), deny] },
      { grants: [given(), given({ to: 'group:crew', countries: { only: ['US'] } })] },
      { grants: [deny], video: { ...entitled, visibility: 'public' } },
      { grants: [deny], video: ofDevice, deviceViewers: ['sam'] },
      { grants: [deny], viewer: keyed({}) },
      { viewer: keyed({ countries: DE }) },
      { hook: { allowed: true, countries: DE } },
      { hook: { allowed: true }, grants: [deny] },
    ];
    for (const question of hangs) expect(ask({ ...question, from })).toMatchObject({ allowed: true, country: 'DE' });
    const free: Partial<EntitlementQuestion>[] = [
      { grants: [given({ ip: '192.0.2.7' })], from: { ...from, ip: '192.0.2.7' } },
      { video: { ...entitled, visibility: 'public' } },
      { grants: [given(), given({ to: 'group:board', countries: DE })] },
      { grants: [deny], viewer: viewers['owner'] },
      { grants: [deny], viewer: viewers['admin'] },
      { hook: { allowed: true } },
    ];
    for (const question of free) {
      const answer = ask({ from, ...question });
      expect(answer.allowed).toBe(true);
      expect(answer).not.toHaveProperty('country');
    }
  });

  it('of a hook’s answer is held as it is of a grant', () => {
    const hook = { allowed: true, countries: DE };
    for (const [country, reason] of [
      ['DE', 'hook'],
      ['US', 'vetoed'],
      [undefined, 'vetoed'],
    ] as const)
      expect(ask({ hook, from: { country } }).reason).toBe(reason);
  });
});

describe('an address', () => {
  it('is answered where another is denied, so that the edge holds who plays to it, and else is not', () => {
    const from = { ip: '192.0.2.7' };
    const deny = given({ to: 'everyone', effect: 'deny', ip: '192.0.2.8' });
    const hangs: Partial<EntitlementQuestion>[] = [
      { grants: [given(), deny] },
      { grants: [given({ ip: '192.0.2.7' }), deny] },
      { grants: [deny], video: { ...entitled, visibility: 'public' } },
      { grants: [deny], video: ofDevice, deviceViewers: ['sam'] },
      { grants: [deny], viewer: keyed({}) },
      { grants: [deny], viewer: { subject: 'link x', groups: [], right: { link: 'x' } } },
      { grants: [deny], hook: { allowed: true } },
    ];
    for (const question of hangs) expect(ask({ ...question, from })).toMatchObject({ allowed: true, ip: '192.0.2.7' });
    const free: Partial<EntitlementQuestion>[] = [
      { grants: [given(), given({ to: 'group:crew', ip: '192.0.2.8' })] },
      { grants: [given(), given({ to: 'group:board', effect: 'deny', ip: '192.0.2.8' })] },
      { grants: [deny], viewer: viewers['owner'] },
      { grants: [deny], viewer: viewers['admin'] },
    ];
    for (const question of free) {
      const answer = ask({ ...question, from });
      expect(answer.allowed).toBe(true);
      expect(answer).not.toHaveProperty('ip');
    }
    // Whoever is there, and who cannot be told from them.
    for (const ip of ['192.0.2.8', '::ffff:192.0.2.8', undefined])
      expect(ask({ grants: [given(), deny], from: { ip } }).reason).toBe('refused');
  });
});

describe('a token of a registered key', () => {
  it.each<[Limits | undefined, EntitlementQuestion['from'], boolean]>([
    [undefined, {}, true],
    [{}, { ip: '192.0.2.7', site: 'https://a.example' }, true],
    [{ ip: '192.0.2.7' }, { ip: '::ffff:192.0.2.7' }, true],
    [{ ip: '192.0.2.7' }, { ip: '192.0.2.8' }, false],
    [{ ip: '192.0.2.7' }, {}, false],
    [{ sites: ['https://a.example'] }, { site: 'https://a.example' }, true],
    [{ sites: ['https://a.example'] }, { site: 'https://b.example' }, false],
    [{ sites: ['https://a.example'] }, {}, true],
    [{ countries: { only: ['DE'] } }, { country: 'DE' }, true],
    [{ countries: { only: ['DE'] } }, { country: 'US' }, false],
    [{ countries: { except: ['US'] } }, { country: 'US' }, false],
    [{ countries: { except: ['US'] } }, {}, false],
  ])('that says %j, used from %j: %s', (limits, from, allowed) => {
    expect(ask({ viewer: keyed(limits), from })).toMatchObject({ allowed, ...(allowed && limits) });
  });

  it('is refused as everybody is, and is no limit on what is public', () => {
    const viewer = keyed({ maxHeight: 360, ip: '192.0.2.7' });
    expect(ask({ viewer, grants: [given({ to: 'everyone', effect: 'deny' })] }).reason).toBe('refused');
    expect(ask({ viewer, video: { ...entitled, visibility: 'public' } })).toEqual({ allowed: true, reason: 'public' });
  });
});

describe('a grant', () => {
  const reasonOf = (grants: GrantRow[], over: Partial<EntitlementQuestion> = {}) => ask({ grants, ...over }).reason;

  it.each([
    ['to a group of theirs', given({ to: 'group:crew' }), 'grant'],
    ['to another group', given({ to: 'group:board' }), 'denied'],
    ['to everyone', given({ to: 'everyone' }), 'grant'],
    ['on a tag of the video', given({ on: 'tag:tour' }), 'grant'],
    ['on another tag', given({ on: 'tag:tours' }), 'denied'],
    ['on a device it does not come from', given({ on: `device:${device}` }), 'denied'],
    ['to a group, of who is called like it', given({ to: 'person:group:crew' }), 'denied'],
    ['not yet', given({ notBefore: now + 1 }), 'denied'],
    ['from now on', given({ notBefore: now }), 'grant'],
    ['until now', given({ expiresAt: now }), 'denied'],
    ['that denies not yet', given({ effect: 'deny', notBefore: now + 1 }), 'denied'],
  ])('%s', (_, one, reason) => expect(reasonOf([one])).toBe(reason));

  it('to everyone lets in who is not signed in; one to a person or group does not', () => {
    expect(reasonOf([given({ to: 'everyone' })], { viewer: undefined })).toBe('grant');
    expect(reasonOf([given(), given({ to: 'group:crew' })], { viewer: undefined })).toBe('denied');
  });

  it('on a device is for its clips, incidents and live pictures, whoever its viewers are', () => {
    const grants = [given({ on: `device:${device}` })];
    for (const video of [ofDevice, liveOf(device)])
      expect(reasonOf(grants, { video, deviceViewers: [] })).toBe('grant');
    expect(reasonOf(grants, { video: liveOf('1') })).toBe('denied');
    expect(reasonOf([], { video: liveOf(device), deviceViewers: ['sam'] })).toBe('device');
    expect(
      reasonOf([given({ on: `device:${device}`, effect: 'deny' })], { video: liveOf(device), deviceViewers: ['sam'] }),
    ).toBe('refused');
  });

  it('that denies wins, though one that allows is nearer', () => {
    expect(reasonOf([given({ to: 'everyone', on: 'tag:tour', effect: 'deny' }), given()])).toBe('refused');
  });

  const addresses: [string, From, string, string][] = [
    ['the address', { ip: '192.0.2.7' }, 'grant', 'refused'],
    ['another', { ip: '192.0.2.8' }, 'denied', 'denied'],
    ['one that is none', { ip: 'unknown' }, 'denied', 'refused'],
    ['none said', {}, 'denied', 'refused'],
    ['the same within IPv6', { ip: '::ffff:192.0.2.7' }, 'grant', 'refused'],
  ];
  it.each(addresses)('for one address, asked from %s', (_, from, allowing, denying) => {
    expect(reasonOf([given({ ip: '192.0.2.7' })], { from })).toBe(allowing);
    expect(reasonOf([given({ ip: '192.0.2.7', effect: 'deny' })], { from })).toBe(denying);
  });

  it('for an address of IPv6 is for each of its spellings, and says it with the answer', () => {
    const answer = ask({ grants: [given({ ip: '2001:DB8::7' })], from: { ip: '2001:db8:0:0:0:0:0:7' } });
    expect(answer).toMatchObject({ allowed: true, reason: 'grant', ip: '2001:DB8::7' });
  });

  it.each([
    [{}, 'grant'],
    [{ site: 'https://a.example' }, 'grant'],
    [{ site: 'https://b.example' }, 'denied'],
    [{ site: 'http://a.example' }, 'denied'],
    [{ site: 'null' }, 'denied'],
  ])('for pages of a site, asked from %j: %s', (from, reason) => {
    expect(reasonOf([given({ sites: ['https://a.example'] })], { from })).toBe(reason);
  });

  it('nearest to the person gives the limits, then the one nearest to the video, then the one that gives more', () => {
    const heightOf = (...grants: GrantRow[]) => [
      ask({ grants }).maxHeight,
      ask({ grants: grants.toReversed() }).maxHeight,
    ];
    const everyone = given({ to: 'everyone', maxHeight: 480 });
    const crew = given({ to: 'group:crew', on: 'tag:tour', maxHeight: 1080 });
    expect(heightOf(everyone, crew)).toEqual([1080, 1080]);
    expect(heightOf(everyone, crew, given({ on: 'tag:tour', maxHeight: 360 }))).toEqual([360, 360]);
    expect(heightOf(given({ on: 'tag:tour', maxHeight: 360 }), given({ maxHeight: 240 }))).toEqual([240, 240]);
    const staff = given({ to: 'group:staff', on: 'tag:tour', maxHeight: 720 });
    expect(heightOf(crew, staff)).toEqual([1080, 1080]);
    expect(heightOf(crew, given({ to: 'group:staff', on: 'tag:tour' }))).toEqual([undefined, undefined]);
  });

  it('to a person limits a viewer of the device, where it is as near; one to others does not', () => {
    const question = { video: ofDevice, deviceViewers: ['sam'] };
    expect(ask({ ...question, grants: [given({ on: `device:${device}`, maxHeight: 360 })] })).toMatchObject({
      maxHeight: 360,
    });
    expect(ask({ ...question, grants: [given({ on: 'tag:tour', maxHeight: 360 })] })).toEqual({
      allowed: true,
      reason: 'device',
      right: `device:${device}\nviewer:sam`,
    });
  });

  it('of an earlier version is one that allows without conditions', () => {
    const row = { videoId: id, subject: 'sam', grantedBy: 'olga', createdAt: '2026-01-01T00:00:00.000Z' };
    expect(ask({ grants: [grantRow.parse(row)] })).toEqual({
      allowed: true,
      reason: 'grant',
      right: `video:${id}\nperson:sam`,
    });
  });
});

describe('what an answer says of itself', () => {
  const [soon, later] = [now + 60, now + 3600];

  it.each([
    ['the nearest grant', { grants: [given({ on: 'tag:tour' }), given({ to: 'group:crew' })] }, 'tag:tour\nperson:sam'],
    ['a key', { viewer: { subject: 'x', groups: [], right: { key: 'K' } } }, 'key:K'],
    ['being a viewer', { video: ofDevice, deviceViewers: ['sam'] }, `device:${device}\nviewer:sam`],
    ['nothing of an owner', { viewer: viewers['owner']! }, undefined],
  ] as [string, Partial<EntitlementQuestion>, string | undefined][])('which right it is: %s', (_, over, right) => {
    expect(ask(over).right).toBe(right);
  });

  it.each([
    ['a grant, its own', { grants: [given({ expiresAt: later })] }, later],
    ['a grant without one', { grants: [given(), given({ to: 'everyone', expiresAt: soon })] }, undefined],
    [
      'a grant that one which denies follows',
      { grants: [given({ expiresAt: later }), given({ to: 'everyone', effect: 'deny', notBefore: soon })] },
      soon,
    ],
    [
      'a public video, when it begins to be denied',
      {
        video: { ...entitled, visibility: 'public' },
        grants: [
          given({ effect: 'deny', notBefore: later }),
          given({ to: 'group:crew', effect: 'deny', notBefore: soon }),
        ],
      },
      soon,
    ],
    [
      'one that is denied to others',
      { grants: [given(), given({ to: 'person:eve', effect: 'deny', notBefore: soon })] },
      undefined,
    ],
    [
      'a grant that a nearer one with limits follows',
      { grants: [given({ to: 'everyone' }), given({ maxHeight: 480, notBefore: soon })] },
      soon,
    ],
    [
      'a grant that a nearer one without limits follows, or a farther one with some',
      {
        grants: [
          given({ to: 'group:crew' }),
          given({ notBefore: soon }),
          given({ to: 'everyone', maxHeight: 480, notBefore: soon }),
        ],
      },
      undefined,
    ],
    [
      'being a viewer, when a grant as near with limits begins',
      {
        video: ofDevice,
        deviceViewers: ['sam'],
        grants: [
          given({ on: 'tag:tour', maxHeight: 480, notBefore: soon }),
          given({ on: `device:${device}`, maxSessions: 1, notBefore: later }),
        ],
      },
      later,
    ],
    ['a link', { viewer: { subject: 'x', groups: [], right: { link: 'L', until: later } } }, later],
    ['a link without one', { viewer: { subject: 'x', groups: [], right: { link: 'L' } } }, undefined],
    ['an admin', { viewer: viewers['admin']!, grants: [given({ expiresAt: soon })] }, undefined],
  ] as [string, Partial<EntitlementQuestion>, number | undefined][])('its end: of %s', (_, over, end) => {
    const { allowed, endsAt } = ask(over);
    expect([allowed, endsAt]).toEqual([true, end]);
  });
});
