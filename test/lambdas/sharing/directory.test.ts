/** What the directory and invitations go by, without a table: addresses, ID tokens, terms, who is shown what. */
import { describe, expect, it } from 'vitest';
import { mailAddress } from '../../../lib/contract/mail.ts';
import { newGrant, subject, subjectKeys, type GrantRow } from '../../../lib/contract/entitlement.ts';
import { foundKey, searchable, shownTo, termsOf } from '../../../lambdas/sharing/directory.ts';
import { faultOf, knownBy } from '../../../lambdas/sharing/id-token.ts';
import { grantFor, INVITED_SECONDS, said, stored } from '../../../lambdas/sharing/invitation.ts';

describe('an e-mail address', () => {
  it.each([
    ['anna@example.com', 'anna@example.com'],
    [' Anna.Meier@Example.COM ', 'anna.meier@example.com'],
    ['anna+video@example.com', 'anna+video@example.com'],
    ['anna@Müller.example', 'anna@xn--mller-kva.example'],
    ['anna@xn--mller-kva.example', 'anna@xn--mller-kva.example'],
    ["o'neil@sub.example.com", "o'neil@sub.example.com"],
    // Lower case of the Kelvin sign is k: of two mailboxes they would make one.
    ['\u212Aim@example.com', undefined],
    ['anná@example.com', undefined],
    ['anna@example', undefined],
    ['anna@127.0.0.1', undefined],
    ['anna@[127.0.0.1]', undefined],
    ['anna@example.com/x', undefined],
    ['anna@example.com:25', undefined],
    ['anna@user@example.com', undefined],
    ['anna@exam%70le.com', undefined],
    ['"anna b"@example.com', undefined],
    ['anna b@example.com', undefined],
    ['@example.com', undefined],
    ['anna@', undefined],
    ['anna', undefined],
    [`${'a'.repeat(65)}@example.com`, undefined],
    [`a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.example.com`, undefined],
  ])('%j is %j', (text, address) => {
    expect(mailAddress(text)).toBe(address);
    if (address !== undefined) expect(mailAddress(address)).toBe(address);
  });

  it('is a subject in any spelling, and nobody’s key', () => {
    expect(subject.parse('email:Anna@Example.com')).toBe('email:anna@example.com');
    expect(subject.safeParse('email:anna').success).toBe(false);
    expect(newGrant.parse({ resource: 'tag:x', subject: 'email: A@B.example' }).subject).toBe('email:a@b.example');
    const keys = subjectKeys({ subject: 'email:anna@example.com', groups: ['email:anna@example.com'] });
    expect(keys).not.toContain('\nemail:anna@example.com');
  });
});

describe('an ID token', () => {
  const claims = { aud: 'console', sub: 'anna' };
  const expected = { clientId: 'console', subject: 'anna' };
  it.each([
    ['for the console', {}, {}, undefined],
    ['for it among several', {}, { aud: ['console', 'other'], azp: 'console' }, undefined],
    ['as Cognito marks it', {}, { token_use: 'id' }, undefined],
    ['an access token (RFC 9068)', { typ: 'at+jwt' }, {}, 'is no ID token'],
    ['an access token by its whole type', { typ: 'application/AT+JWT' }, {}, 'is no ID token'],
    ['an access token of Cognito', {}, { aud: [], client_id: 'console', token_use: 'access' }, 'is no ID token'],
    ['without an audience', {}, { aud: [], client_id: 'console' }, 'is for another client'],
    ['for another client', {}, { aud: 'shop' }, 'is for another client'],
    ['given to another client', {}, { azp: 'shop' }, 'is for another client'],
    ['for several, given to nobody', {}, { aud: ['console', 'shop'] }, 'is for several clients'],
    ['of somebody else', {}, { sub: 'ben' }, "is somebody else's"],
  ])('%s', (_, header, over, fault) => {
    const found = faultOf(header, { ...claims, ...over }, expected);
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(fault);
  });

  it.each([
    [
      { name: 'Anna Meier', email: 'Anna@Example.com', email_verified: true },
      { name: 'Anna Meier', email: 'anna@example.com' },
    ],
    [{ email: 'anna@example.com', email_verified: 'true' }, { email: 'anna@example.com' }],
    // Said by whoever signed up, and checked by nobody.
    [{ name: 'Anna', email: 'boss@example.com' }, { name: 'Anna' }],
    [{ email: 'boss@example.com', email_verified: false }, {}],
    [{ email: 'boss@example.com', email_verified: 1 }, {}],
    [{ given_name: 'Anna', family_name: 'Meier', preferred_username: 'am' }, { name: 'Anna Meier' }],
    [{ name: ' ', preferred_username: 'am' }, { name: 'am' }],
    [{ name: 'two\nlines\u0000' }, { name: 'two lines' }],
    [{ name: 7, email: ['a@b.example'], email_verified: true }, {}],
  ])('%j says %j', (claimed, known) => {
    expect(knownBy('anna', claimed)).toEqual({ sub: 'anna', ...known });
  });
});

describe('the directory', () => {
  it('finds somebody by each word of a name, without accents and case, and by their address', () => {
    const terms = termsOf({ name: 'Ana  María de la Cruz', email: 'ana@example.com' });
    expect(terms).toEqual([
      'ana maria de la cruz',
      'maria de la cruz',
      'de la cruz',
      'la cruz',
      'cruz',
      'ana@example.com',
    ]);
    expect(searchable(' MÁRÍA\tde ')).toBe('maria de');
    expect(termsOf({ name: 'a b c d e f g h' })).toHaveLength(6);
    expect(termsOf({})).toEqual([]);
  });

  it('has keys that DynamoDB takes, whatever somebody is called', () => {
    for (const name of ['\uFDFA'.repeat(200), '𐍈'.repeat(200), 'a'.repeat(200)])
      for (const term of termsOf({ name, email: `${'a'.repeat(64)}@${'b'.repeat(60)}.example` }))
        expect(Buffer.byteLength(foundKey(term, 'x'.repeat(255)))).toBeLessThanOrEqual(1024);
  });

  it('shows addresses to who shares, and to others names', () => {
    const anna = { sub: 'anna', name: 'Anna', email: 'anna@example.com' };
    const viewer = (subject: string, ...groups: string[]) => ({ subject, groups });
    expect(shownTo(viewer('olga', 'uploader'), anna)).toEqual({
      subject: 'anna',
      name: 'Anna',
      email: 'anna@example.com',
    });
    expect(shownTo(viewer('ada', 'admin'), anna)?.email).toBe('anna@example.com');
    expect(shownTo(viewer('anna'), anna)?.email).toBe('anna@example.com');
    expect(shownTo(viewer('vera'), anna)).toEqual({ subject: 'anna', name: 'Anna', email: null });
    expect(shownTo(viewer('vera'), { sub: 'anna', email: 'anna@example.com' })).toBeUndefined();
  });
});

describe('an invitation', () => {
  const now = 1_800_000_000;
  const row: GrantRow = {
    videoId: 'v',
    subject: '\nemail:anna@example.com',
    effect: 'allow',
    grantedBy: 'olga',
    createdAt: '2027-01-15T00:00:00.000Z',
    maxHeight: 720,
  };

  it('ends by itself, and the grant that it becomes when that is to', () => {
    const forever = stored(row, now);
    expect(forever.expiresAt).toBe(now + INVITED_SECONDS);
    expect(said(forever)).toEqual({ ...row, pendingUntil: now + INVITED_SECONDS });
    const long = stored({ ...row, expiresAt: now + 10 * INVITED_SECONDS }, now);
    expect(said(long)).toMatchObject({ expiresAt: now + 10 * INVITED_SECONDS, pendingUntil: now + INVITED_SECONDS });
    const short = stored({ ...row, expiresAt: now + 60 }, now);
    expect(said(short)).toMatchObject({ expiresAt: now + 60, pendingUntil: now + 60 });
    const person = { ...row, subject: 'anna', expiresAt: now + 60 };
    expect(stored(person, now)).toBe(person);
    expect(said(person)).toEqual(person);
  });

  it('becomes a grant that says the same, while it is not over', () => {
    const at = new Date((now + 5) * 1000);
    const long = stored({ ...row, expiresAt: now + 10 * INVITED_SECONDS }, now);
    expect(grantFor(long, 'anna', at)).toEqual({
      ...row,
      subject: 'anna',
      expiresAt: now + 10 * INVITED_SECONDS,
      createdAt: at.toISOString(),
    });
    expect(grantFor(stored(row, now), 'anna', at)).not.toHaveProperty('expiresAt');
    expect(grantFor(stored(row, now), 'anna', new Date((now + INVITED_SECONDS) * 1000))).toBeUndefined();
  });
});
