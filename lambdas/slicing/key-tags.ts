/** What media playlists say of keys (RFC 8216bis 4.4.4.4). Pure. */
import { keyTagsOf, type DrmProtection } from '../../lib/contract/drm.ts';
import { keyNumber, LICENCE_VARIABLE, licencePath } from '../../lib/contract/encryption.ts';
import { segmentKeyPath, type RenditionKind } from '../../lib/contract/keys.ts';
import type { Plan } from '../../lib/contract/plan.ts';
import { vectorOf } from '../../lib/media/aes128.ts';
import { pathOf } from './outputs.ts';

/** Tags in front of a segment, by its number: from the first segment of a key on they hold until the next one's. */
export type KeyTags = (number: number) => readonly string[];

/**
 * For the playlist of a rendition, `{kind}/{name}.m3u8`. Keys lie beside segments, and their addresses carry the
 * same signature, in the same ticket. Vectors are spelt out: without one it would be the segment's number in
 * this very playlist, and one that begins elsewhere could not be decrypted.
 */
export function keyTags(
  { encryption, videoId }: Pick<Plan, 'encryption' | 'videoId'>,
  kind: RenditionKind,
  name: string,
  protection?: DrmProtection,
): KeyTags {
  if (encryption === undefined) return () => [];
  if (encryption.scheme === 'cbcs') return (segment) => (segment === 1 ? licenceTags(videoId) : []);
  if (encryption.scheme === 'drm') {
    // The licence's address is none of theirs, but players that read variables find its query by this one.
    const tags = [`#EXT-X-DEFINE:IMPORT="${LICENCE_VARIABLE}"`, ...keyTagsOf('EXT-X-KEY', need(protection))];
    return (segment) => (segment === 1 ? tags : []);
  }
  const { keySegments } = encryption;
  return (segment) => {
    const number = keyNumber(segment, keySegments);
    if (segment > 1 && keyNumber(segment - 1, keySegments) === number) return [];
    const path = segmentKeyPath(kind, name, number).slice(kind.length + 1);
    const iv = vectorOf(pathOf({ kind, name }), number).toString('hex');
    return [`#EXT-X-KEY:METHOD=AES-128,URI="${path}?{$auth}",IV=0x${iv}`];
  };
}

function need<T>(protection: T | undefined): T {
  if (protection === undefined) throw new RangeError('nothing says by which key a rendition is protected');
  return protection;
}

/**
 * One key for all. What it is called and its vector stand in the initialization section; the licence is asked for at the address,
 * which each viewer's multivariant playlist completes.
 */
const licenceTags = (videoId: string): string[] => [
  `#EXT-X-DEFINE:IMPORT="${LICENCE_VARIABLE}"`,
  `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="${licencePath(videoId)}?{$${LICENCE_VARIABLE}}",KEYFORMAT="org.w3.clearkey",KEYFORMATVERSIONS="1"`,
];
