import { describe, expect, it } from 'vitest';
import { verifiedClaims } from '../../../lambdas/shared/bearer.ts';
import { authorized, bearerOf } from '../engine.ts';

const sam = { sub: 'sam', jti: 'j1', exp: 1_700_000_001, iat: 1_700_000_000, groups: ['video admin', 'x'] };

describe('claims of the token that the authorizer verified', () => {
  it.each([
    ['after `Bearer`', bearerOf(sam)],
    ['after `bearer`, and more than one space', bearerOf(sam).replace('Bearer ', 'bearer  ')],
    ['alone', bearerOf(sam).slice(7)],
  ])('come from the header: %s', (_, header) => {
    expect(verifiedClaims(authorized(sam), header)).toMatchObject(sam);
  });

  it('agree with times however they are written', () => {
    const times = { exp: '1.700000001e+09', iat: 'Tue Nov 14 22:13:20 UTC 2023' };
    expect(verifiedClaims({ ...authorized(sam), ...times }, bearerOf(sam))).toMatchObject(sam);
  });

  it.each([
    ['nothing was verified', undefined, bearerOf(sam)],
    ['there is no header', authorized(sam), undefined],
    ['two headers', authorized(sam), `${bearerOf(sam)}, ${bearerOf({ ...sam, groups: ['admin'] })}`],
    ['two headers, the second without its scheme', authorized(sam), `${bearerOf(sam)},${bearerOf(sam).slice(7)}`],
    ['two tokens', authorized(sam), `${bearerOf(sam)} ${bearerOf(sam).slice(7)}`],
    ['another scheme', authorized(sam), bearerOf(sam).replace('Bearer', 'Basic')],
    ['no token', authorized(sam), 'Bearer abc'],
    ['four parts', authorized(sam), `${bearerOf(sam)}.x`],
    ['not JSON', authorized(sam), 'Bearer e30.bm90IGpzb24.c2ln'],
    ['not an object', authorized(sam), `Bearer e30.${Buffer.from('["admin"]').toString('base64url')}.c2ln`],
    ["another person's", authorized(sam), bearerOf({ ...sam, sub: 'ada' })],
    ['another issuer', authorized(sam), bearerOf({ ...sam, iss: 'https://evil.test' })],
    ['another token of the same person', authorized(sam), bearerOf({ ...sam, jti: 'j2' })],
    ['a later one', authorized(sam), bearerOf({ ...sam, exp: sam.exp + 1 })],
    ['a subject that only reads the same', authorized({ ...sam, sub: 7 }), bearerOf({ ...sam, sub: 7 })],
    ['a list for a subject', authorized({ ...sam, sub: ['sam'] }), bearerOf({ ...sam, sub: ['sam'] })],
    ['no subject', authorized({ ...sam, sub: '' }), bearerOf({ ...sam, sub: '' })],
  ])('are nobody’s: %s', (_, verified, header) => {
    expect(verifiedClaims(verified, header)).toBeUndefined();
  });
});
