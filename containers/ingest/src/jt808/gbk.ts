/**
 * GBK text, which JT/T 808 calls STRING (JT/T 808-2019 4.1). The platform's TextDecoder reads it; nothing in Node writes
 * it, so the table for writing is turned round from the decoder's own, once, when the first non-ASCII text is written.
 */

const decoder = new TextDecoder('gbk');

/** Text of GBK bytes. Bytes that are no GBK become U+FFFD; never throws. */
export function decodeGbk(bytes: Buffer): string {
  for (const byte of bytes) if (byte >= 0x80) return decoder.decode(bytes);
  return bytes.toString('latin1');
}

/** Private characters that stand for the bytes 80 to ff of a name that is no GBK; the decoder makes none of them. */
const RAW = 0xf700;
const HIGH = /[\x80-\xff]/;
const HIGHS = /[\x80-\xff]/g;

/**
 * Text of bytes that must come back as they were: names, which a device compares. GBK where it is; else each byte from 80 is
 * a character of its own, that `encodeGbk` writes as that byte.
 */
export function decodeExactly(bytes: Buffer): string {
  const latin1 = bytes.toString('latin1');
  if (!HIGH.test(latin1)) return latin1;
  const text = decodeGbk(bytes);
  if (encodeGbk(text).equals(bytes)) return text;
  return latin1.replace(HIGHS, (one) => String.fromCharCode(RAW + one.charCodeAt(0)));
}

let table: Map<string, number> | undefined;

function reverseTable(): Map<string, number> {
  const codes = new Map<string, number>();
  const pair = Buffer.alloc(2);
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      if (trail === 0x7f) continue;
      pair[0] = lead;
      pair[1] = trail;
      const text = decoder.decode(pair);
      if (text.length === 1 && text !== '\uFFFD' && !codes.has(text)) codes.set(text, lead * 256 + trail);
    }
  }
  return codes;
}

/** GBK bytes of `text`, at most `limit`, no character halved; a character GBK lacks becomes `?`. */
export function encodeGbk(text: string, limit = Number.POSITIVE_INFINITY): Buffer {
  const bytes: number[] = [];
  for (const character of text) {
    const code = encodeCharacter(character);
    if (bytes.length + (code > 0xff ? 2 : 1) > limit) break;
    if (code > 0xff) bytes.push(code >> 8);
    bytes.push(code & 0xff);
  }
  return Buffer.from(bytes);
}

function encodeCharacter(character: string): number {
  const code = character.codePointAt(0) ?? 0x3f;
  if (code < 0x80) return code;
  // The one character with a byte of its own (Encoding Standard 10.2.2).
  if (code === 0x20ac) return 0x80;
  if (code >= RAW + 0x80 && code <= RAW + 0xff) return code - RAW;
  table ??= reverseTable();
  return table.get(character) ?? 0x3f;
}
