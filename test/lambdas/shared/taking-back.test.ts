/** What is taken back when one grant stands in the place of another. */
import { expect, it } from 'vitest';
import { takenBy } from '../../../lambdas/shared/taking-back.ts';
import { subjectKey, type GrantRow } from '../../../lib/contract/entitlement.ts';
import { LONGEST_SIGNATURE_SECONDS } from '../../../lib/contract/options.ts';

const NOW = 1_800_000_000;
const id = 'a'.repeat(20);
const grant = (over: Partial<GrantRow> = {}): GrantRow => ({
  videoId: id,
  subject: 'sam',
  grantedBy: 'olga',
  createdAt: '2026-01-01T00:00:00.000Z',
  effect: 'allow',
  ...over,
});
const right = { of: 'rights', rights: [`video:${id}\nperson:sam`] };
const nearer = { of: 'nearer', resource: `video:${id}`, subject: 'person:sam' };
const denied = { of: 'denied', resource: `video:${id}`, subject: 'person:sam' };

it.each<[string, GrantRow | undefined, GrantRow | undefined, object[]]>([
  ['nothing by a first one', undefined, grant(), []],
  ['it, when it goes', grant(), undefined, [right]],
  ['nothing when a denial goes', grant({ effect: 'deny' }), undefined, []],
  ['nothing by the same once more', grant(), grant({ grantedBy: 'ada', createdAt: '2026-02-01T00:00:00.000Z' }), []],
  [
    'it, for a denial in its place, which is about others of theirs, too',
    grant(),
    grant({ effect: 'deny' }),
    [right, denied],
  ],
  ['what a first denial is about', undefined, grant({ effect: 'deny' }), [denied]],
  [
    'the same of one that begins while signatures of now last',
    undefined,
    grant({ effect: 'deny', notBefore: NOW + 60 }),
    [denied],
  ],
  ['nothing by one of later', undefined, grant({ effect: 'deny', notBefore: NOW + LONGEST_SIGNATURE_SECONDS }), []],
  ['it, by an end', grant(), grant({ expiresAt: NOW + 60 }), [right]],
  ['it, by an earlier end', grant({ expiresAt: NOW + 60 }), grant({ expiresAt: NOW + 59 }), [right]],
  ['nothing by a later end', grant({ expiresAt: NOW + 60 }), grant({ expiresAt: NOW + 61 }), []],
  ['nothing by none any more', grant({ expiresAt: NOW + 60, maxHeight: 480 }), grant(), []],
  ['it, by a later beginning', grant({ notBefore: NOW - 9 }), grant({ notBefore: NOW + 9 }), [right]],
  ['nothing by an earlier beginning', grant({ notBefore: NOW - 9 }), grant({ notBefore: NOW - 10 }), []],
  ['it, by fewer lines, and what is farther', grant({ maxHeight: 720 }), grant({ maxHeight: 480 }), [right, nearer]],
  ['nothing by more lines', grant({ maxHeight: 720 }), grant({ maxHeight: 1080 }), []],
  ['it, by fewer sessions', grant({ maxSessions: 3 }), grant({ maxSessions: 2 }), [right, nearer]],
  ['what is farther, by a first one with fewer lines', undefined, grant({ maxHeight: 480 }), [nearer]],
  ['what is farther, by a first one with so many sessions', undefined, grant({ maxSessions: 1 }), [nearer]],
  ['what is farther, by one in place of a denial', grant({ effect: 'deny' }), grant({ maxSessions: 1 }), [nearer]],
  [
    'nothing by a first one that holds for some, or for a while: who is not meant watches by what is farther',
    undefined,
    grant({ ip: '192.0.2.1', countries: { only: ['DE'] }, sites: ['https://a.example'], expiresAt: NOW + 60 }),
    [],
  ],
  ['nothing by one of much later', undefined, grant({ maxHeight: 480, notBefore: NOW + 9e5 }), []],
  [
    'it and what is farther, by fewer people who were not meant, who now are',
    grant({ maxHeight: 480, countries: { only: ['DE'] } }),
    grant({ maxHeight: 480, countries: { only: ['AT'] } }),
    [right, nearer],
  ],
  ...(
    [
      ['no countries any more', { countries: { only: ['DE'] } }, {}],
      ['no address any more', { ip: '192.0.2.1' }, {}],
      ['no sites any more', { sites: ['https://a.example'] }, {}],
      ['more lines, but without countries', { maxHeight: 360, countries: { only: ['DE'] } }, {}],
      ['one of tomorrow that counts now', { notBefore: NOW + 86_400 }, {}],
      ['one of tomorrow that counts in a minute', { notBefore: NOW + 86_400 }, { notBefore: NOW + 60 }],
      ['one that was over and is not any more', { expiresAt: NOW }, { expiresAt: NOW + 60 }],
    ] satisfies [string, Partial<GrantRow>, Partial<GrantRow>][]
  ).map(([name, was, is]): [string, GrantRow, GrantRow, object[]] => [
    `what is farther, by a limit for more people, or sooner: ${name}`,
    grant({ maxHeight: 480, ...was }),
    grant({ maxHeight: 480, ...is }),
    // Of countries, addresses and sites that are left out nobody loses anything by the grant itself.
    [nearer],
  ]),
  ['nothing by one that held for some and limited nobody', grant({ countries: { only: ['DE'] } }), grant(), []],
  [
    'nothing by a limit that counts for whom it did, for longer',
    grant({ maxHeight: 480, ip: '192.0.2.1', notBefore: NOW - 9, expiresAt: NOW + 9 }),
    grant({ maxHeight: 480, ip: '192.0.2.1', expiresAt: NOW + 99 }),
    [],
  ],
  ['nothing by what is over', undefined, grant({ maxHeight: 480, expiresAt: NOW }), []],
  ['nothing by a first invitation', undefined, grant({ subject: subjectKey('email:a@x.com'), maxHeight: 480 }), []],
  ['it, by another address', grant({ ip: '192.0.2.1' }), grant({ ip: '192.0.2.2' }), [right]],
  ['it, by sites', grant(), grant({ sites: ['https://a.example'] }), [right]],
  ['nothing with an invitation', grant({ subject: subjectKey('email:a@example.com') }), undefined, []],
])('%s', (_, before, after, taken) => expect(takenBy(before, after, NOW)).toEqual(taken));
