import { expect, it } from 'vitest';
import { isAdmin, mayUpload, viewerOf } from '../../../lambdas/shared/viewer.ts';

it.each([
  ['an array', ['admin', 'uploader'], ['admin', 'uploader']],
  ['names as they stand', ['video admin', 'a,b', '[x]', '', ' y '], ['video admin', 'a,b', '[x]', '', ' y ']],
  ['a text, which is one group', 'uploader', ['uploader']],
  ['a text of several words, which is one group, too', 'video admin', ['video admin']],
  ["API Gateway's text of a list, which is none", '[admin]', ['[admin]']],
  ['an empty array', [], []],
  ['no claim', undefined, []],
  ['not text inside', ['admin', 7, null, ['uploader']], ['admin']],
  ['an object', { admin: true }, []],
])('groups from %s', (_, claim, groups) => {
  expect(viewerOf({ sub: 'sam', groups: claim }, 'groups')).toEqual({ subject: 'sam', groups });
});

it.each(['https://example.com/groups', 'cognito:groups', 'my.groups', 'a b'])(
  'the claim %s is taken by name',
  (name) => {
    expect(viewerOf({ sub: 'sam', [name]: ['admin'] }, name)?.groups).toEqual(['admin']);
    expect(viewerOf({ sub: 'sam', my: { groups: ['admin'] } }, name)?.groups).toEqual([]);
  },
);

it('of what is inherited no claim is made', () => {
  for (const name of ['constructor', '__proto__', 'toString'])
    expect(viewerOf({ sub: 'sam' }, name)?.groups).toEqual([]);
});

it.each([undefined, '', 7, null])('no viewer when sub is %j', (sub) => {
  expect(viewerOf({ sub, groups: ['admin'] }, 'groups')).toBeUndefined();
});

it.each([
  ['admin', true, true],
  ['uploader', false, true],
  ['administrator', false, false],
  ['video admin', false, false],
  ['admin uploader', false, false],
  ['admin,uploader', false, false],
  ['[admin]', false, false],
  ['[admin', false, false],
  ['admin]', false, false],
  ['"admin"', false, false],
  [' admin', false, false],
  ['Admin', false, false],
])('the group %s', (group, admin, upload) => {
  for (const claim of [[group], group]) {
    const viewer = viewerOf({ sub: 'sam', groups: claim }, 'groups')!;
    expect([isAdmin(viewer), mayUpload(viewer)]).toEqual([admin, upload]);
  }
});
