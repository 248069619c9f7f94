/** What media playlists say of keys (RFC 8216bis 4.4.4.4). Pure. */
import { keyNumber, type Encryption } from '../../lib/contract/encryption.ts';
import { segmentKeyPath, type RenditionKind } from '../../lib/contract/keys.ts';
import { vectorOf } from '../../lib/media/aes128.ts';
import { pathOf } from './outputs.ts';

/** Tags in front of a segment, by its number: from the first segment of a key on they hold until the next one's. */
export type KeyTags = (number: number) => readonly string[];

/**
 * For the playlist of a rendition, `{kind}/{name}.m3u8`. Keys lie beside segments, and their addresses carry the
 * same signature, in the same ticket. Vectors are spelt out: without one it would be the segment's number in
 * this very playlist, and one that begins elsewhere could not be decrypted.
 */
export function keyTags(encryption: Encryption | undefined, kind: RenditionKind, name: string): KeyTags {
  if (encryption?.scheme !== 'aes-128') return () => [];
  const { keySegments } = encryption;
  return (segment) => {
    const number = keyNumber(segment, keySegments);
    if (segment > 1 && keyNumber(segment - 1, keySegments) === number) return [];
    const path = segmentKeyPath(kind, name, number).slice(kind.length + 1);
    const iv = vectorOf(pathOf({ kind, name }), number).toString('hex');
    return [`#EXT-X-KEY:METHOD=AES-128,URI="${path}?{$auth}",IV=0x${iv}`];
  };
}
