/** MPEG-TS renditions: finished segments are taken from the scratch folder as ffmpeg's own playlist names them. */
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RenditionKind } from '../../lib/contract/keys.ts';
import { LIST_NAME } from './args.ts';

interface TsSegment {
  readonly name: string;
  /** Seconds: from its first frame to the next segment's, as the muxer counted. */
  readonly duration: number;
  readonly bytes: Buffer;
  readonly codecs: string;
  readonly frames: number;
}

/** Segments of a media playlist that ffmpeg is still writing. */
export function parseList(text: string): { name: string; duration: number }[] {
  return [...text.matchAll(/^#EXTINF:([0-9.]+),[^\n]*\n([0-9]+\.ts)$/gm)].map(([, duration, name]) => ({
    name: name!,
    duration: Number(duration),
  }));
}

/** RFC 6381 codec string of the renditions of a kind. */
const CODECS: Record<RenditionKind, (bytes: Buffer) => string> = {
  video: codecsOfH264,
  // Always LC here.
  audio: () => 'mp4a.40.2',
};

/**
 * H.264: the three bytes after the sequence parameter set's NAL header (ISO/IEC 14496-10
 * 7.3.2.1.1), which comes in the segment's first packets.
 */
function codecsOfH264(bytes: Buffer): string {
  for (let at = bytes.indexOf(START_CODE); at !== -1 && at < 64 * 1024; at = bytes.indexOf(START_CODE, at + 3)) {
    if ((bytes[at + 3]! & 0x1f) === 7) return `avc1.${bytes.toString('hex', at + 4, at + 7)}`;
  }
  throw new Error('no sequence parameter set at the start of a transport stream segment');
}
const START_CODE = Buffer.from([0, 0, 1]);

/** Of ISO/IEC 13818-1 2.4.3.2: bytes of a packet, and what the first one is. */
const PACKET = 188;
const SYNC = 0x47;
/** ffmpeg's muxer numbers tracks from here, and a rendition has one. */
const FIRST_PID = 0x100;

/** Access units: ffmpeg's muxer begins a PES packet for each (payload_unit_start_indicator). */
function countFrames(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at + PACKET <= bytes.length; at += PACKET) {
    const head = bytes.readUInt16BE(at + 1);
    if (bytes[at] === SYNC && (head & 0x4000) !== 0 && (head & 0x1fff) === FIRST_PID) count += 1;
  }
  return count;
}

const POLL_MS = 250;

/** Yields each segment once it is finished and removes it from the folder; ends after `done`, which may reject. */
export async function* collectSegments(
  folder: string,
  kind: RenditionKind,
  done: Promise<unknown>,
): AsyncGenerator<TsSegment> {
  let ended = false;
  const end = done.finally(() => (ended = true)).catch(() => undefined);
  let seen = 0;
  let codecs = '';
  for (;;) {
    const last = ended;
    const segments = parseList(await readFile(`${folder}/${LIST_NAME}`, 'utf8').catch(() => ''));
    for (const { name, duration } of segments.slice(seen)) {
      const bytes = await readFile(`${folder}/${name}`);
      codecs ||= CODECS[kind](bytes);
      yield { name, duration, bytes, codecs, frames: countFrames(bytes) };
      await rm(`${folder}/${name}`);
      seen += 1;
    }
    if (last) break;
    await Promise.race([sleep(POLL_MS), end]);
  }
  await done;
}
