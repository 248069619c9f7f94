import { describe, expect, it } from 'vitest';
import { isEnded, isRefusal, isSignedOut, isSilentNo, sentenceOf } from '../../../web/src/auth/ended.ts';

describe('who is signed out by another tab', () => {
  it.each([
    ['nobody ever signed out', undefined, 5, false],
    ['signed in since', 5, 9, false],
    ['signed in before', 9, 5, true],
    ['in the same moment', 5, 5, true],
    ['nobody knows since when', 9, undefined, true],
  ] as const)('%s', (_, signedOutAt, since, is) => expect(isSignedOut(signedOutAt, since)).toBe(is));
});

describe('whether a session is over', () => {
  it('is known from an answer only: no network, no end', () => {
    expect(isRefusal(undefined, false)).toBe(false);
    expect(isRefusal('invalid_grant', true)).toBe(true);
    expect(isRefusal('temporarily_unavailable', true)).toBe(false);
    expect(isRefusal('server_error', true)).toBe(false);
  });

  it('is answered to the silent question by its own codes', () => {
    expect(isSilentNo('login_required')).toBe(true);
    expect(isSilentNo('access_denied')).toBe(false);
    expect(isSilentNo(undefined)).toBe(false);
  });

  it('is said by name, each end in other words, with what the service says', () => {
    const all = (['over', 'elsewhere', 'untold', 'unfinished'] as const).map((ended) => sentenceOf(ended));
    expect(new Set(all).size).toBe(4);
    expect(sentenceOf('unfinished', 'not yet confirmed')).toMatch(/says: not yet confirmed$/);
    expect(isEnded('elsewhere')).toBe(true);
    expect(isEnded('toString')).toBe(false);
    expect(isEnded(null)).toBe(false);
  });
});
