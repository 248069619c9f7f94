/** Character references of HTML in text of captions (W3C WebVTT 6.4 takes all; players' own parsers few), as characters. Pure. */

/** Names of U+00A0 to U+00FF, in order (HTML 4.01 24.2.1). */
const LATIN =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para ' +
  'middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave ' +
  'Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc ' +
  'Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc ' +
  'iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';

/** Names of what is said beside these (24.4.1; `apos` came with HTML 5). */
const OTHERS = (
  'quot " apos \' OElig Œ oelig œ Scaron Š scaron š Yuml Ÿ circ ˆ tilde ˜ ndash – mdash — lsquo ‘ rsquo ’ sbquo ‚ ' +
  'ldquo “ rdquo ” bdquo „ dagger † Dagger ‡ bull • hellip … permil ‰ lsaquo ‹ rsaquo › euro € trade ™'
).split(' ');

const NAMED = new Map<string, string>([
  ...LATIN.split(' ').map((name, index) => [name, String.fromCharCode(0xa0 + index)] as const),
  ...OTHERS.flatMap((name, index) => (index % 2 === 0 ? [[name, OTHERS[index + 1]!] as const] : [])),
]);

/** What WebVTT has of its own is written so (W3C WebVTT 4.2.2). */
const KEPT = /^&(?:amp|lt|gt|nbsp|lrm|rlm);$/;

/** Numbers that stand for what they are in Windows' Latin, as in HTML. */
const windows = (byte: number): string => new TextDecoder('windows-1252').decode(Uint8Array.of(byte));

/** What takes the place of a number that is no character (WHATWG HTML 13.2.5.80). */
const NO_CHARACTER = '\uFFFD';

/** The character that a reference such as `&eacute;` or `&#xE9;` stands for, itself where it is kept; undefined of others. */
export function characterOf(reference: string): string | undefined {
  if (KEPT.test(reference)) return reference;
  const [, hexadecimal, decimal, name] = /^&(?:#[xX]([0-9A-Fa-f]+)|#([0-9]+)|([A-Za-z0-9]+));$/.exec(reference) ?? [];
  if (name !== undefined) return NAMED.get(name);
  const point = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
  // An end of line would end the cue.
  if (point === 10 || point === 13) return ' ';
  if (point >= 0x80 && point < 0xa0) return windows(point);
  const surrogate = point >= 0xd800 && point <= 0xdfff;
  return point > 0 && point <= 0x10_ffff && !surrogate ? String.fromCodePoint(point) : NO_CHARACTER;
}
