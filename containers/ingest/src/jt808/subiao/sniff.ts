/** What a file is by its first bytes: extensions are the sender's to choose. */

import { isStateFile } from './state-block.ts';

export type ContentType = 'jpg' | 'png' | 'wav' | 'mp4' | 'h264' | 'h265' | 'bin';

/** Enough of a file's beginning for every answer. */
export const SNIFF_BYTES = 64;

/**
 * The kind of content that begins with `head` (its first 64 bytes, or all of a shorter file), or undefined when it is
 * none the platform knows. `bin` is a run of vehicle state blocks whose first checksum is right.
 */
export function sniff(head: Buffer): ContentType | undefined {
  if (head.length < 4) return undefined;
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'jpg';
  if (head.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WAVE') return 'wav';
  if (head.toString('latin1', 4, 8) === 'ftyp') return 'mp4';
  if (isStateFile(head)) return 'bin';
  return annexB(head);
}

/** H.264 or H.265 behind an Annex-B start code of three or four bytes, by the header of the first NAL unit. */
function annexB(head: Buffer): ContentType | undefined {
  if (head[0] !== 0 || head[1] !== 0) return undefined;
  const at = head[2] === 1 ? 3 : head[2] === 0 && head[3] === 1 ? 4 : 0;
  const nal = head[at];
  if (at === 0 || nal === undefined || nal >= 0x80) return undefined;
  // H.265 begins with a VPS (32) or an access unit delimiter (35), layer 0, temporal id 1 (H.265 7.3.1.2).
  if ((nal === 0x40 || nal === 0x46) && head[at + 1] === 1) return 'h265';
  const type = nal & 0x1f;
  return type === 1 || (type >= 5 && type <= 9) ? 'h264' : undefined;
}
