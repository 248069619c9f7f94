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

/** GBK bytes of `text`; a character GBK lacks becomes `?`. */
export function encodeGbk(text: string): Buffer {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0x3f;
    if (code < 0x80) {
      bytes.push(code);
      continue;
    }
    table ??= reverseTable();
    const pair = table.get(character);
    if (pair === undefined) bytes.push(0x3f);
    else bytes.push(pair >> 8, pair & 0xff);
  }
  return Buffer.from(bytes);
}
