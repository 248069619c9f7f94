import { expect, it } from 'vitest';
import { isAdmin, mayUpload, viewerOf } from '../../../lambdas/shared/viewer.ts';

it.each([
  ['an array, as a JWT library gives it', ['admin', 'uploader'], ['admin', 'uploader']],
  ["API Gateway's text", '[admin uploader]', ['admin', 'uploader']],
  ['text of one group', '[uploader]', ['uploader']],
  ['commas', '[admin, uploader]', ['admin', 'uploader']],
  ['a bare word', 'uploader', ['uploader']],
  ['an empty list', '[]', []],
  ['an empty array', [], []],
  ['no claim', undefined, []],
  ['not text inside', ['admin', 7, null], ['admin']],
  ['an object', { admin: true }, []],
])('groups from %s', (_, claim, groups) => {
  expect(viewerOf({ sub: 'sam', groups: claim }, 'groups')).toEqual({ subject: 'sam', groups });
});

it.each([undefined, '', 7, null])('no viewer when sub is %j', (sub) => {
  expect(viewerOf({ sub, groups: ['admin'] }, 'groups')).toBeUndefined();
});

it.each([
  ['admin', true, true],
  ['uploader', false, true],
  ['administrator', false, false],
])('the group %s', (group, admin, upload) => {
  const viewer = { subject: 'sam', groups: [group] };
  expect([isAdmin(viewer), mayUpload(viewer)]).toEqual([admin, upload]);
});
