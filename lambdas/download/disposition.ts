/** What a downloaded file is called, as a header says it: for a person's disk, whatever somebody once called it. Pure. */

/** Bytes of UTF-8 that file systems take in a name are 255; some are left for ` (1)`. */
const MOST_BYTES = 200;

/** What no file system, or only some, take in a name; and what turns text around so that an ending looks like another. */
const REFUSED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}"*/:<>?\\|]+/gu;
/** Windows keeps these to itself, whatever their ending. */
const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)/i;

/** A name without folders, `name` made safe and with this ending (`.mp4`) behind it. */
export function safeName(name: string, ending: string): string {
  const tidy = name
    .toWellFormed()
    .normalize('NFC')
    .replaceAll(REFUSED, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/^[ .]+|[ .]+$/g, '');
  const kept = cutBytes(tidy.replace(RESERVED, '_$1'), MOST_BYTES - Buffer.byteLength(ending)).replace(/[ .]+$/, '');
  return `${kept === '' ? 'video' : kept}${ending}`;
}

/** Name and ending apart, the ending safe too: `film.tar.MOV` → `film.tar`, `.MOV`. */
export function splitEnding(filename: string): readonly [name: string, ending: string] {
  const [, name, ending] = /^(.+)(\.[A-Za-z0-9]{1,10})$/su.exec(filename) ?? [];
  return name === undefined || ending === undefined ? [filename, ''] : [name, ending];
}

/**
 * `Content-Disposition` (RFC 6266): the name in ASCII for those who read nothing else, and as it is (RFC 5987).
 * `name` comes from `safeName`, so nothing in it ends a quoted string.
 */
export function attachment(name: string): string {
  const ascii = name
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^\x20-\x7e]/g, '_')
    .replaceAll(/["%\\]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*!]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

function cutBytes(text: string, most: number): string {
  let bytes = 0;
  let kept = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > most) break;
    kept += character;
  }
  return kept;
}
