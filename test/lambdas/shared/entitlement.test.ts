import { describe, expect, it } from 'vitest';
import { decide, maySeePlaces, ownedBy, type Entitlement } from '../../../lambdas/shared/entitlement.ts';
import type { Viewer } from '../../../lambdas/shared/viewer.ts';
import { videoStatus, visibility, type Grant } from '../../../lib/contract/video.ts';

const now = 1_800_000_000;
const grantFor = (subject: string, expiresAt?: number): Grant => ({
  videoId: 'a'.repeat(20),
  subject,
  grantedBy: 'olga',
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
const grants: Record<string, Grant | undefined> = {
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
  if (viewer === 'owner' || viewer === 'admin') return viewer;
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
    const reason = status === 'deleted' ? 'denied' : expected(viewer, seen, grant);
    const video = { owner: 'olga', visibility: seen, status };
    expect(decide({ viewer: viewers[viewer], video, grant: grants[grant], deviceViewers: undefined, now })).toEqual({
      allowed: reason !== 'denied',
      reason,
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
      video: { owner: `device ${device}`, visibility: 'entitled', status: 'ready', origin: incident, ...over },
      grant: undefined,
      deviceViewers,
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
    expect(of(sam, ['sam'], { visibility: 'private' })).toBe('denied');
    expect(of(undefined, [], { visibility: 'public' })).toBe('public');
  });

  it('is nobody once its retention is over', () => {
    const before = new Date((now - 86_400) * 1000).toISOString().slice(0, 10);
    for (const removeOn of [before, today]) {
      for (const seen of visibility.options) expect(of(sam, ['sam'], { removeOn, visibility: seen })).toBe('denied');
      expect(of(admin, ['sam'], { removeOn })).toBe('denied');
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
    const video = { owner: 'x', visibility: 'entitled', status: 'ready', origin: incident } as const;
    const granted = (grantedBy: string) =>
      decide({ viewer: sam, video, grant: { ...grantFor('sam'), grantedBy }, deviceViewers: [], now }).reason;
    expect(granted(`device ${device}`)).toBe('denied');
    expect(granted('ada')).toBe('grant');
  });
});

it('a clip is its maker’s: viewers of the device watch it by a grant only', () => {
  const clip = { owner: 'olga', status: 'ready', origin: { ...incident, kind: 'clip' } } as const;
  for (const visibility of ['private', 'entitled'] as const) {
    const ask = (viewer: Viewer | undefined) =>
      decide({ viewer, video: { ...clip, visibility }, grant: undefined, deviceViewers: ['sam'], now }).reason;
    expect(ask(viewers['stranger'])).toBe('denied');
    expect(ask(viewers['owner'])).toBe('owner');
  }
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
