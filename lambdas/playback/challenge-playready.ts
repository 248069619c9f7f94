/**
 * Which keys a PlayReady challenge asks for: the `KID`s of the headers in it (PlayReady Header Specification 3), in version 4.0 its
 * text, later its `VALUE`. Pure.
 */
import type { DrmProtection } from '../../lib/contract/drm.ts';

/** 16 bytes. */
const KID = /^[A-Za-z0-9+/]{22}==$/;
const VALUE = /VALUE\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENCODING = /encoding\s*=\s*["']([^"']*)/;

/** True where a challenge (UTF-8) names keys of this video alone. @throws RangeError, TypeError where it names none, or not plainly. */
export function asksPlayreadyFor(challenge: Buffer, protection: readonly DrmProtection[]): boolean {
  const asked = keyIdsIn(new TextDecoder('utf-8', { fatal: true }).decode(challenge));
  if (asked.length === 0) throw new RangeError('it names no key');
  const ours = new Set(protection.flatMap((one) => [one.kid, ...ownOf(one)]));
  return asked.every((kid) => ours.has(kid));
}

/** Key ids of all headers in a document, hex. @throws RangeError for what another reader could understand otherwise. */
function keyIdsIn(xml: string): string[] {
  const [, ...pieces] = xml.split('<');
  return pieces.flatMap((piece, index) => {
    // Comments, sections and entities of its own hide from us what they show to others; so does another encoding.
    if (piece.startsWith('!')) throw new RangeError('a declaration');
    if (piece.startsWith('?') && (ENCODING.exec(piece)?.[1] ?? 'utf-8').toLowerCase() !== 'utf-8')
      throw new RangeError('another encoding');
    const [name = ''] = piece.split(/[\s/>]/, 1);
    // Whatever prefix its namespace has.
    if (name.slice(name.lastIndexOf(':') + 1) !== 'KID') return [];
    const end = piece.indexOf('>');
    const tag = piece.slice(0, end);
    if (end === -1 || !(tag.endsWith('/') || pieces[index + 1]?.startsWith('/')))
      throw new RangeError('a KID that is not closed, or holds more');
    const values = Array.from(tag.matchAll(VALUE), ([, one, other]) => one ?? other ?? '');
    const named = [...values, piece.slice(end + 1).trim()].filter((text) => text !== '');
    if (named.length === 0) throw new RangeError('a KID that names none');
    return named.map(hexOf);
  });
}

/** Base64 of a GUID, whose first three numbers are little-endian, in the order that common encryption has. */
function hexOf(base64: string): string {
  if (!KID.test(base64)) throw new RangeError('a KID that is none');
  const guid = Buffer.from(base64, 'base64');
  for (const [from, to] of [
    [0, 4],
    [4, 6],
    [6, 8],
  ] as const)
    guid.subarray(from, to).reverse();
  return guid.toString('hex');
}

const HEADER = 1;

/** Key ids in the provider's own PlayReady object (the same, 2): it may name a key of the video that none of its renditions has. */
function ownOf({ keys }: DrmProtection): string[] {
  const { uri } = keys.find(({ system }) => system === 'playready') ?? {};
  if (uri === undefined) return [];
  const object = Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64');
  const found: string[] = [];
  try {
    for (let at = 6; at < object.length; at += 4 + object.readUInt16LE(at + 2))
      if (object.readUInt16LE(at) === HEADER)
        found.push(...keyIdsIn(object.toString('utf16le', at + 4, at + 4 + object.readUInt16LE(at + 2))));
  } catch {
    // What cannot be read allows nothing more.
  }
  return found;
}
