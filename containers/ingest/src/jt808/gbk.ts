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
  table ??= reverseTable();
  return table.get(character) ?? 0x3f;
}
