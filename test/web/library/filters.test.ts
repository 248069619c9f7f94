import { expect, it } from 'vitest';
import { askedOf, chipsOf, circleIn, fieldsOf, ownerOf } from '../../../web/src/library/filters.ts';
import { isAsked, moreOf } from '../../../web/src/library/more.ts';

const none = moreOf(() => null);

it('asks for nothing of fields that are empty, and says so', () => {
  expect(isAsked(none)).toBe(false);
  expect(askedOf(fieldsOf(none))).toEqual({ more: none });
  expect(chipsOf(none)).toEqual([]);
});

it('has the same in fields as in the address, times in the reader’s own zone', () => {
  const more = {
    owner: 'auth0|1',
    visibility: 'public',
    from: '2026-11-01',
    to: '2026-11-30',
    near: '52.52,13.405',
    within: '5000',
    recordedFrom: '2026-11-04T12:00:00.000Z',
    recordedTo: '2026-11-04T13:00:00.000Z',
  };
  // What else an address has is not of these.
  const fields = fieldsOf({ ...more, q: 'harbour' } as typeof more);
  expect(fields.near).toBe('52.52, 13.405');
  expect(fields.recordedFrom).toMatch(/^2026-11-0[345]T\d\d:\d\d:00$/);
  expect(askedOf(fields)).toEqual({ more });
  expect(isAsked(more)).toBe(true);
});

it.each([
  ['52.52, 13.405', '52.52,13.405'],
  [' -33.8688 151.2093 ', '-33.8688,151.2093'],
  ['90;-180', '90,-180'],
  ['52.5200000001,13', '52.52,13'],
])('takes the place %j', (near, expected) => {
  expect(askedOf({ ...fieldsOf(none), near })).toEqual({ more: { ...none, near: expected, within: '1000' } });
});

it.each([
  ['near', { near: '91, 0' }],
  ['near', { near: '0, 180.5' }],
  ['near', { near: 'Berlin' }],
  ['near', { near: '52.52' }],
  ['to', { from: '2026-11-02', to: '2026-11-01' }],
  ['recordedTo', { recordedFrom: '2026-11-04T12:00:00', recordedTo: '2026-11-04T11:00:00' }],
])('says that %s is wrong of %j', (wrong, fields) => {
  expect(askedOf({ ...fieldsOf(none), ...fields })).toMatchObject({ wrong, why: expect.any(String) as string });
});

it('has a chip for each that is set, which takes off it and what belongs to it, and of what is none says it as it stands', () => {
  const chips = chipsOf({
    ...none,
    owner: 'auth0|1',
    visibility: 'entitled',
    to: '2026-11-30',
    near: '52.52,13.405',
    recordedTo: 'soon',
  });
  expect(chips).toEqual([
    { label: 'Owner: auth0|1', off: { owner: '' } },
    { label: 'Entitled', off: { visibility: '' } },
    { label: 'Uploaded until 2026-11-30', off: { to: '' } },
    { label: 'Within 1 km of 52.52, 13.405', off: { near: '', within: '' } },
    { label: 'Recorded until soon', off: { recordedTo: '' } },
  ]);
  expect(chipsOf({ ...none, near: '1,2', within: '750' })[0]!.label).toBe('Within 750 m of 1, 2');
  expect(chipsOf({ ...none, visibility: 'constructor' })[0]!.label).toBe('constructor');
});

it('has a chip of the owner by what they are called', () => {
  expect(chipsOf({ ...none, owner: 'auth0|1' }, 'Anna Meier')).toEqual([
    { label: 'Owner: Anna Meier', off: { owner: '' } },
  ]);
});

const anna = { subject: 'auth0|1', name: 'Anna Meier', email: 'anna@example.com' };
const ana = { subject: 'auth0|2', name: 'Anna Meierhof', email: null };
const namesake = { ...anna, subject: 'auth0|3', email: null };

it.each([
  ['the one who is called so', ' anna meier', [ana, anna], true, 'auth0|1'],
  ['the one who has the address', 'Anna@Example.com', [anna, ana], true, 'auth0|1'],
  ['the one whose subject it is', 'auth0|2', [anna, ana], true, 'auth0|2'],
  ['the only one who is found', 'meierh', [ana], true, 'auth0|2'],
  ['who is called so, though there are more', 'Anna Meier', [anna], false, 'auth0|1'],
  ['nobody for sure where there are more', 'anna', [anna], false, undefined],
  ['nobody for sure of several who are found', 'anna', [anna, ana], true, undefined],
  ['nobody for sure of several who are called so', 'Anna Meier', [anna, namesake], true, undefined],
  ['whoever has the subject, where nobody is found', ' google-oauth2|7 ', [], true, 'google-oauth2|7'],
])('means by a text %s', (_, text, people, isWhole, owner) => {
  expect(ownerOf(text, { people, isWhole })).toBe(owner);
});

it('says what circle fields ask for, and none of what is no place', () => {
  const fields = { ...fieldsOf(none), near: '52.52 13.405' };
  expect(circleIn(fields)).toEqual({
    circle: { lat: 52.52, lon: 13.405, metres: 1000 },
    said: 'Within 1 km of 52.52, 13.405',
  });
  for (const near of ['', '91, 0', 'Berlin'])
    expect(circleIn({ ...fields, near })).toEqual({ circle: undefined, said: '' });
});
