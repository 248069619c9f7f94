/**
 * The escapes of JT/T 808-2019 4.4.2: 7d → 7d 01, 7e → 7d 02; and the checksum, the XOR of everything before it (4.4.4).
 */

import { MAX_CONTENT } from './framer.ts';

const scratch = Buffer.allocUnsafe(MAX_CONTENT);

/**
 * A frame's content without its escapes. Two deviations seen in the field are taken as the literal bytes they must have
 * been: a lone 7d at the end (a checksum nobody escaped), and 7d before anything but 01 and 02.
 * Answers `content` itself where there is nothing to do; else a view that is good until the next call.
 */
export function unescape(content: Buffer): Buffer {
  let escape = content.indexOf(0x7d);
  if (escape < 0 || escape === content.length - 1) return content;
  const out = content.length <= scratch.length ? scratch : Buffer.allocUnsafe(content.length);
  let to = 0;
  let from = 0;
  while (escape >= 0) {
    to += content.copy(out, to, from, escape);
    const next = content[escape + 1];
    if (next === 0x01) out[to++] = 0x7d;
    else if (next === 0x02) out[to++] = 0x7e;
    else out[to++] = 0x7d;
    from = escape + (next === 0x01 || next === 0x02 ? 2 : 1);
    escape = content.indexOf(0x7d, from);
  }
  to += content.copy(out, to, from);
  return out.subarray(0, to);
}

/** Writes `content` escaped at `out[at]` and answers where it ended. `out` must have room for twice its length. */
export function escapeInto(content: Buffer, out: Buffer, at: number): number {
  for (const byte of content) {
    if (byte === 0x7d || byte === 0x7e) {
      out[at++] = 0x7d;
      out[at++] = byte - 0x7c;
    } else {
      out[at++] = byte;
    }
  }
  return at;
}

/** XOR of bytes `start`…`end` (exclusive). */
export function checksum(bytes: Buffer, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at++) sum ^= bytes[at] ?? 0;
  return sum;
}
