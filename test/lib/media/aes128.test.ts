/** Segments encrypted as a whole, decrypted as players do it: by WebCrypto. And their ranges, for who reads a part of one. */
import { randomBytes, webcrypto } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  BLOCK,
  blocksOf,
  decryptRange,
  decryptSegment,
  encryptSegment,
  vectorOf,
  type Range,
} from '../../../lib/media/aes128.ts';

const key = randomBytes(BLOCK);
const iv = vectorOf('video/720p', 3);

it.each([0, 1, 15, 16, 17, 188, 1000, 1024])(
  'a segment of %i bytes is what WebCrypto decrypts to the same',
  async (size) => {
    const bytes = randomBytes(size);
    const sealed = encryptSegment(bytes, key, iv);
    // PKCS#7: always filled up, by a whole block where nothing is over.
    expect(sealed.length).toBe((Math.floor(size / BLOCK) + 1) * BLOCK);
    const imported = await webcrypto.subtle.importKey('raw', key, 'AES-CBC', false, ['decrypt']);
    const opened = await webcrypto.subtle.decrypt({ name: 'AES-CBC', iv }, imported, sealed);
    expect(Buffer.from(opened)).toEqual(bytes);
    expect(decryptSegment(sealed, key, iv)).toEqual(bytes);
  },
);

it('every range of a segment is that of its bytes, also beyond its end', () => {
  for (const size of [1, 16, 33, 48, 50]) {
    const bytes = randomBytes(size);
    const sealed = encryptSegment(bytes, key, iv);
    // As S3 answers: what is there of it.
    const read = ([from, to]: Range) => sealed.subarray(from, to + 1);
    for (let from = 0; from < size; from += 1)
      for (let to = from; to < size + 20; to += 1) {
        const range: Range = [from, to];
        const found = decryptRange(read(blocksOf(range)), range, key, iv);
        // A range that ends within what fills the last block up may have some of that: nobody asks for it who knows the length.
        expect(found.subarray(0, size - from), `${size}: ${from}-${to}`).toEqual(bytes.subarray(from, to + 1));
      }
  }
});

it('another key, or another vector, does not open it', () => {
  const bytes = Buffer.alloc(64, 7);
  const sealed = encryptSegment(bytes, key, iv);
  expect(decryptSegment(sealed, key, vectorOf('video/720p', 4))).not.toEqual(bytes);
  const other = Buffer.from(key.map((byte, i) => (i === 5 ? byte ^ 1 : byte)));
  const opened = (() => {
    try {
      return decryptSegment(sealed, other, iv);
    } catch {
      return undefined;
    }
  })();
  expect(opened).not.toEqual(bytes);
});

it('no two renditions, and no two keys of one, share a vector', () => {
  const all = ['video/720p', 'video/72p', 'audio/main', 'audio/main2'].flatMap((rendition) =>
    Array.from({ length: 30 }, (_, i) => vectorOf(rendition, i + 1).toString('hex')),
  );
  expect(new Set(all).size).toBe(all.length);
  for (const one of all) expect(one).toMatch(/^[0-9a-f]{32}$/);
});
