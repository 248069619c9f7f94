/** Challenges of DRM modules about the video that may be watched, and about others. */
import { describe, expect, it, test } from 'vitest';
import { checkChallenge } from '../../../lambdas/playback/challenge.ts';
import type { DrmName } from '../../../lib/contract/drm.ts';
import {
  field,
  guid,
  header40,
  header43,
  playready,
  playreadyObject,
  protection,
  pssh,
  psshData,
  psshOf,
  SIGNATURE_BYTES,
  widevine,
  widevineAbout,
} from './challenges.ts';

const PICTURES = '00112233445566778899aabbccddeeff';
const SOUND = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';
/** Of the same video, in no rendition: the provider's `pssh` names it. */
const UHD = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const FOREIGN = 'ffeeddccbbaa99887766554433221100';
const CONTENT = 'abcdefghij0123456789-r3';
const OURS = [protection(PICTURES, CONTENT, UHD), protection(SOUND, CONTENT)];

const verdict = (system: DrmName, challenge: Buffer, of = OURS): string => {
  try {
    checkChallenge(system, challenge, of);
    return 'goes on';
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const raw = (kid: string) => Buffer.from(kid, 'hex');
const initData = (data: Buffer) => widevineAbout(field(4, Buffer.concat([field(1, 1), field(2, data)])));
const COMMON = raw('1077efecc0b24d02ace33c1e52e2fb4b');

describe('a Widevine challenge', () => {
  it.each<[string, Buffer]>([
    ["by the provider's own pssh", widevine(psshData([PICTURES, UHD], CONTENT))],
    ['by that of each rendition', widevine(psshData([PICTURES, UHD], CONTENT), psshData([SOUND], CONTENT))],
    ['by key ids that a player put together', widevine(psshData([SOUND, PICTURES]))],
    ['by a key id alone', widevine(field(2, raw(SOUND)))],
    [
      'by whole boxes',
      initData(Buffer.concat([pssh(psshData([PICTURES, UHD], CONTENT)), pssh(Buffer.from('?'), COMMON)])),
    ],
    ['by a common box', initData(psshOf([PICTURES, SOUND], Buffer.alloc(0), COMMON))],
    ['by a key id, as of WebM', widevineAbout(field(2, field(1, raw(SOUND))))],
    ["for the provider's certificate", Buffer.from('0804', 'hex')],
  ])('for the video goes on, %s', (_, challenge) => {
    expect(verdict('widevine', challenge)).toBe('goes on');
  });

  it.each<[string, Buffer]>([
    ['by its key id', widevine(psshData([FOREIGN]))],
    ['beside the own one', widevine(psshData([PICTURES, FOREIGN], CONTENT))],
    ['in a second pssh', widevine(psshData([PICTURES]), psshData([FOREIGN]))],
    ['by content id, with an own key id', widevine(psshData([PICTURES], 'zyxwvutsrq9876543210-r1'))],
    ['by content id alone', widevine(psshData([], 'zyxwvutsrq9876543210-r1'))],
    ['by a policy, with an own key id', widevine(Buffer.concat([psshData([PICTURES]), field(6, Buffer.from('free'))]))],
    ['by no key id at all', widevine(psshData([]))],
    ['by key ids of another length', widevine(field(2, raw(PICTURES.slice(2))))],
    ['by whole boxes', initData(pssh(psshData([FOREIGN])))],
    ['in a second box', initData(Buffer.concat([pssh(psshData([PICTURES])), pssh(psshData([FOREIGN]))]))],
    ['in the head of a box', initData(psshOf([FOREIGN], psshData([PICTURES])))],
    ['by a common box', initData(psshOf([PICTURES, FOREIGN], Buffer.alloc(0), COMMON))],
    ['by boxes of others', initData(pssh(Buffer.from('?'), COMMON))],
    ['by a key id, as of WebM', widevineAbout(field(2, field(1, raw(FOREIGN))))],
    [
      'by a second variant',
      widevineAbout(Buffer.concat([field(2, field(1, raw(PICTURES))), field(1, field(1, psshData([FOREIGN])))])),
    ],
  ])('for another video does not, %s', (_, challenge) => {
    expect(verdict('widevine', challenge)).toBe('not-found');
  });

  const [good, foreign] = [psshData([PICTURES]), psshData([FOREIGN])].map((data) => widevine(data)) as [Buffer, Buffer];
  it.each<[string, Buffer]>([
    ['is noise', Buffer.from(Array.from({ length: 1024 }, (_, index) => (index * 7) % 256))],
    ['is a text', Buffer.from('{"kids": []}')],
    ['is cut', good.subarray(0, 700)],
    ['renews a licence, which names no key', widevineAbout(field(3, field(1, field(1, raw(PICTURES)))))],
    ['is of a content that is not known yet', widevineAbout(field(5, field(1, psshData([PICTURES]))))],
    ['is of none', widevineAbout(Buffer.alloc(0))],
    ['is of another kind', widevineAbout(field(1, field(1, psshData([PICTURES]))), 7)],
    ['asks for a certificate and more', Buffer.concat([Buffer.from('0804', 'hex'), foreign])],
    ['is there twice', Buffer.concat([good, foreign])],
    ['has a group', Buffer.concat([Buffer.from('0b0c', 'hex'), good])],
    ['has a field without a number', Buffer.concat([Buffer.from('0000', 'hex'), good])],
    ['has a field beyond its end', Buffer.concat([good, Buffer.from('2affffffffff7f', 'hex')])],
    ['has a number without an end', Buffer.concat([good, Buffer.alloc(12, 0xff)])],
    ['has a pssh that is none', widevine(Buffer.from('12ff', 'hex'))],
    ['has boxes that are none', initData(Buffer.from('not a box of any kind'))],
    ['has a pssh that counts keys it has not', initData(psshOf([], Buffer.alloc(0)).fill(0xff, 28, 32))],
  ])('that %s is refused', (_, challenge) => {
    expect(verdict('widevine', challenge)).toBe('invalid-request');
  });

  test('whose any byte is cut off, or whose any byte of a key id is another, never goes on', () => {
    // Without its signature, which names nothing, it is whole.
    const unsigned = good.length - SIGNATURE_BYTES;
    const lengths = Array.from(good.keys()).filter((length) => length !== unsigned);
    expect(lengths.filter((length) => verdict('widevine', good.subarray(0, length)) === 'goes on')).toEqual([]);
    const at = good.indexOf(raw(PICTURES));
    for (let index = at; index < at + 16; index++) {
      const bent = Buffer.from(good);
      bent[index] = bent[index]! ^ 1;
      expect(verdict('widevine', bent)).toBe('not-found');
    }
  });
});

describe('a PlayReady challenge', () => {
  it.each<[string, Buffer]>([
    ['of version 4.0', playready(header40(PICTURES))],
    ['of version 4.3', playready(header43(PICTURES, SOUND))],
    ["by the provider's own header, with a key that no rendition has", playready(header43(PICTURES, UHD))],
    ['of two headers', playready(header40(PICTURES), header40(SOUND))],
    [
      'with a key on lines of its own',
      playready(header40(PICTURES).replace('<KID>', '<KID>\n ').replace('</KID>', '\n</KID>')),
    ],
    ['with a tag that closes itself', playready(`<KID VALUE='${guid(PICTURES)}'/>`)],
    ['without a declaration', Buffer.from(playready(header40(PICTURES)).toString().split('?>')[1]!)],
  ])('for the video goes on, %s', (_, challenge) => {
    expect(verdict('playready', challenge)).toBe('goes on');
  });

  const twisted = header40(FOREIGN);
  it.each<[string, Buffer]>([
    ['of version 4.0', playready(header40(FOREIGN))],
    ['of version 4.3', playready(header43(FOREIGN))],
    ['beside its own', playready(header43(PICTURES, FOREIGN))],
    ['in a second header', playready(header40(PICTURES), header40(FOREIGN))],
    [
      'by a prefix',
      playready(header40(PICTURES), twisted.replace('<KID>', '<p:KID xmlns:p="x">').replace('</KID>', '</p:KID>')),
    ],
    ['as text beside a value', playready(`<KID VALUE="${guid(PICTURES)}">${guid(FOREIGN)}</KID>`)],
    ['as value beside a text', playready(`<KID VALUE="${guid(FOREIGN)}">${guid(PICTURES)}</KID>`)],
    ["by a value in another's", playready(`<KID A=' VALUE="${guid(PICTURES)}"' VALUE="${guid(FOREIGN)}"></KID>`)],
    // What common encryption says, not what PlayReady would.
    [
      'by bytes in the other order',
      playready(header40(PICTURES).replace(guid(PICTURES), raw(PICTURES).toString('base64'))),
    ],
  ])('for another video does not, %s', (_, challenge) => {
    expect(verdict('playready', challenge)).toBe('not-found');
  });

  const own = header40(PICTURES);
  it.each<[string, Buffer]>([
    ['names no key', playready()],
    ['is noise', Buffer.from([0xff, 0xfe, 0xfd])],
    ['is in UTF-16', Buffer.from(playready(own).toString(), 'utf16le')],
    ['says another encoding', Buffer.from(playready(own).toString().replace('utf-8', 'utf-7'))],
    ['hides a key in a section', playready(own, twisted.replace(guid(FOREIGN), `<![CDATA[${guid(FOREIGN)}]]>`))],
    ['hides a key by a comment', playready(own, twisted.replace('<KID>', '<KID><!-- -->'))],
    [
      'hides a key behind an instruction',
      playready(own, twisted.replace('<KID>', `<KID VALUE="${guid(PICTURES)}"><?x?>`)),
    ],
    ['hides a key behind an element', playready(own, twisted.replace('<KID>', `<KID VALUE="${guid(PICTURES)}"><x/>`))],
    ['hides a key in an entity', playready(own, twisted.replace(guid(FOREIGN), '&k;'))],
    ['hides a letter of a key', playready(own, twisted.replace('==</KID>', '&#61;=</KID>'))],
    ['hides a value behind a sign', playready(own, `<KID A=">" VALUE="${guid(FOREIGN)}"></KID>`)],
    ['hides a value in an attribute', playready(own, `<KID A=' VALUE="' VALUE="${guid(FOREIGN)}" B='"'></KID>`)],
    ['has an empty key', playready(own, '<KID></KID>')],
    ['has a key of another length', playready(own, '<KID>AAAA</KID>')],
    ['has a tag without an end', Buffer.from(`${playready(own).toString()}<KID`)],
    ['acknowledges a licence', Buffer.from('<soap:Envelope><AcknowledgeLicense/></soap:Envelope>')],
  ])('that %s is refused', (_, challenge) => {
    expect(verdict('playready', challenge)).toBe('invalid-request');
  });
});

test('a FairPlay challenge goes on as it is, since the provider alone can read it', () => {
  expect(verdict('fairplay', Buffer.from([1, 2, 3]))).toBe('goes on');
});

test('of a video whose protection nothing says, nothing is asked for', () => {
  expect(verdict('widevine', widevine(psshData([PICTURES])), [])).toBe('not-found');
  expect(verdict('playready', playready(header40(PICTURES)), [])).toBe('not-found');
});

test("what a provider wrote that cannot be read allows its key's id, and nothing more", () => {
  const uri = (bytes: Buffer) => `data:text/plain;base64,${bytes.toString('base64')}`;
  const odd = [
    {
      kid: PICTURES,
      keys: [
        { system: 'widevine' as const, uri: uri(pssh(Buffer.from('ffff', 'hex'))) },
        { system: 'playready' as const, uri: uri(playreadyObject('<KID>?</KID>').subarray(0, -3)) },
      ],
    },
  ];
  expect(verdict('widevine', widevine(psshData([PICTURES])), odd)).toBe('goes on');
  expect(verdict('widevine', widevine(psshData([SOUND])), odd)).toBe('not-found');
  expect(verdict('playready', playready(header40(PICTURES)), odd)).toBe('goes on');
  expect(verdict('playready', playready(header40(SOUND)), odd)).toBe('not-found');
});
