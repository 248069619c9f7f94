import { describe, expect, it } from 'vitest';
import { personOf } from '../../../web/src/auth/claims.ts';

const jwt = (claims: object) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${Buffer.from('signature').toString('base64url')}`;

describe('who is signed in', () => {
  it('reads groups and subject from the access token, the name from the profile', () => {
    const token = jwt({ sub: 'u-1', 'cognito:groups': ['admin', 'x'] });
    expect(personOf(token, { sub: 'u-1', name: 'Zoë Ø' }, 'cognito:groups')).toEqual({
      subject: 'u-1',
      name: 'Zoë Ø',
      isAdmin: true,
      mayUpload: true,
    });
  });

  it('survives characters beyond ASCII and base64url', () => {
    expect(personOf(jwt({ sub: '名前ÿþ~~~???' }), {}, 'groups').subject).toBe('名前ÿþ~~~???');
  });

  it('falls back to the profile when the access token is opaque', () => {
    const person = personOf('opaque', { sub: 'u-2', groups: ['uploader', 'staff'], email: 'u@example.org' }, 'groups');
    expect(person).toEqual({ subject: 'u-2', name: 'u@example.org', isAdmin: false, mayUpload: true });
  });

  it('is a viewer without groups, or with ones that mean nothing here', () => {
    for (const groups of [
      undefined,
      [],
      ['administrator'],
      ['video admin'],
      'video admin',
      '[admin]',
      7,
      { admin: true },
    ]) {
      expect(personOf(jwt({ sub: 'v', groups }), {}, 'groups')).toMatchObject({ isAdmin: false, mayUpload: false });
    }
  });
});
