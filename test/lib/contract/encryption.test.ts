/** What a record and the options say of encryption, and how files of a rendition are told from others by their path. */
import { expect, it } from 'vitest';
import { encryptionOf, keyNumber } from '../../../lib/contract/encryption.ts';
import { INIT_NAME, parseRenditionFile, segmentKeyPath, segmentName } from '../../../lib/contract/keys.ts';

const NONE = { encryption: 'none', keySegments: 50 } as const;
const AES = { encryption: 'aes-128', keySegments: 50 } as const;

it.each([
  ['what the deployment does, where the record says nothing', {}, AES, { scheme: 'aes-128', keySegments: 50 }],
  ['nothing, where both say nothing', {}, NONE, undefined],
  ['what the record says', { encryption: 'none' }, AES, undefined],
  ['what the record says, too', { encryption: 'aes-128' }, NONE, { scheme: 'aes-128', keySegments: 50 }],
  [
    'what was decided before options changed',
    { encryption: 'aes-128', keySegments: 7 },
    AES,
    { scheme: 'aes-128', keySegments: 7 },
  ],
  [
    'of a published video, without options',
    { encryption: 'aes-128', keySegments: 7 },
    undefined,
    { scheme: 'aes-128', keySegments: 7 },
  ],
  ['of one of earlier versions', {}, undefined, undefined],
  ['of samples', { encryption: 'cbcs' }, undefined, { scheme: 'cbcs' }],
] as const)('%s', (_, record, options, expected) => {
  expect(encryptionOf(record, options)).toEqual(expected);
});

it('keys change after so many segments', () => {
  expect([1, 2, 3, 4, 5, 6, 7].map((number) => keyNumber(number, 3))).toEqual([1, 1, 1, 2, 2, 2, 3]);
  expect([1, 2, 3].map((number) => keyNumber(number, 1))).toEqual([1, 2, 3]);
});

it('only segments and initialization sections are files of a rendition', () => {
  for (const type of ['fmp4', 'mpegts'] as const)
    for (const number of [1, 99_999, 100_000])
      expect(parseRenditionFile(`video/720p/${segmentName(number, type)}`)).toEqual({
        kind: 'video',
        name: '720p',
        number,
      });
  expect(parseRenditionFile(`audio/main2/${INIT_NAME}`)).toEqual({ kind: 'audio', name: 'main2', number: undefined });
  for (const path of [
    segmentKeyPath('video', '720p', 1),
    'video/720p.m3u8',
    'storyboard/00000-1.jpg',
    'poster.jpg',
    'manifest.mpd',
    'text/main/00001.m4s',
    'video/720p/1.m4s',
    'video/720p/00001.m4s/x',
  ])
    expect(parseRenditionFile(path)).toBeUndefined();
});
