/** Ways to change what lets somebody in: every one of them must be refused. Pure. */

export interface Tampered {
  /** What was done, e.g. `Policy: byte 7, bit 0`. */
  readonly how: string;
  readonly text: string;
}

/** A byte into its neighbour, and into the other case: 7 bits of text stay text. */
const FLIPS = [0x01, 0x20] as const;

/** Each character in turn changed. Those that would no longer be the same kind of text are changed into `A` or `B`. */
export function flipped(text: string, what: string): Tampered[] {
  return text.split('').flatMap((character, at) =>
    FLIPS.map((bit) => {
      const other = String.fromCharCode((character.codePointAt(0) ?? 0) ^ bit);
      const put = /[\w.~%&=/-]/.test(other) ? other : character === 'A' ? 'B' : 'A';
      return {
        how: `${what}: character ${at}, ${character} for ${put}`,
        text: text.slice(0, at) + put + text.slice(at + 1),
      };
    }),
  );
}

/** Shorter, longer, empty, twice, and with what parsers trip over. */
export const misshapen = (text: string, what: string): Tampered[] =>
  Object.entries({
    empty: '',
    'first character gone': text.slice(1),
    'last character gone': text.slice(0, -1),
    'half of it': text.slice(0, text.length / 2),
    'one character more': `${text}A`,
    'padding more': `${text}=`,
    twice: text + text,
    'a space before': `%20${text}`,
    'a null after': `${text}%00`,
    'a line end after': `${text}%0a`,
    'a list of two': `${text},${text}`,
    'upper case': text.toUpperCase(),
    'lower case': text.toLowerCase(),
  })
    .filter(([, other]) => other !== text)
    .map(([how, other]) => ({ how: `${what}: ${how}`, text: other }));

/** Every byte of base64 (CloudFront's alphabet or base64url) decoded: what two texts must differ in to be two things. */
export const bytesOf = (base64: string): string =>
  Buffer.from(base64.replaceAll('~', '/').replaceAll('_', '='), 'base64').toString('hex');
