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

/** Somebody else's things beside one's own: all below the same prefix. */
interface Place {
  /** `vod/{id}`, or `live/{device}/{channel}`. */
  readonly what: string;
  readonly other: string;
  /** Whose name begins with that of `what`, and one that `what` begins with. */
  readonly longer: string;
  readonly shorter: string;
  readonly ticket: string;
  readonly otherTicket: string;
  readonly file: string;
  readonly host: string;
}

const UP = '../ ..%2f ..%2F %2e%2e/ %2E%2E%2F %252e%252e/ %252e%252e%252f ..%5c ..%255c ....// .;/ ./../'.split(' ');

/** Paths that are not below what was signed, by every way of writing that they might be. */
export function elsewhere({ what, other, longer, shorter, ticket, otherTicket, file, host }: Place): Tampered[] {
  const below = (place: string, of = ticket) => `/${place}/s/${of}/`;
  const [kind, ...rest] = what.split('/') as [string, ...string[]];
  return [
    { how: 'something else', text: `${below(other)}${file}` },
    { how: 'something else, plain', text: `/${other}/${file}` },
    { how: 'the same without a ticket', text: `/${what}/${file}` },
    { how: 'a longer name', text: `${below(longer)}${file}` },
    { how: 'a shorter name', text: `${below(shorter)}${file}` },
    { how: 'a longer ticket', text: `/${what}/s/${ticket}9/${file}` },
    { how: 'a shorter ticket', text: `/${what}/s/${ticket.slice(0, -1)}/${file}` },
    { how: "another session's ticket", text: `${below(what, otherTicket)}${file}` },
    { how: 'a second ticket', text: `${below(what)}s/${otherTicket}/${file}` },
    { how: 'the ticket twice', text: `${below(what)}s/${ticket}/${file}` },
    { how: 'nothing below the ticket', text: below(what) },
    { how: 'upper case, folder', text: `/${kind.toUpperCase()}/${rest.join('/')}/s/${ticket}/${file}` },
    { how: 'upper case, s', text: `/${what}/S/${ticket}/${file}` },
    {
      how: 'upper case, the first letter',
      text: `/${kind[0]!.toUpperCase()}${kind.slice(1)}/${rest.join('/')}/s/${ticket}/${file}`,
    },
    { how: 'upper case, ticket', text: `${below(what, ticket.toUpperCase())}${file}` },
    { how: 'lower case, ticket', text: `${below(what, ticket.toLowerCase())}${file}` },
    { how: 'another kind', text: `/${kind === 'vod' ? 'live' : 'vod'}/${rest.join('/')}/s/${ticket}/${file}` },
    ...UP.flatMap((up) =>
      [1, 2, 3, 4, 5].map((times) => ({
        how: `${times} times ${up}`,
        text: `${below(what)}${up.repeat(times)}${other}/${file}`,
      })),
    ),
    ...['%2f', '%2F', '%252f', '//', '%5c', '\\'].flatMap((slash) => [
      { how: `${slash} for a slash before the name`, text: `/${other.replace('/', slash)}/s/${ticket}/${file}` },
      { how: `${slash} for a slash after the ticket`, text: `/${what}/s/${ticket}${slash}../../${other}/${file}` },
    ]),
    ...['?', '&', '#', '%3f', '%23'].map((mark) => ({
      how: `something else, the signed path behind ${mark}`,
      text: `/${other}/${file}${mark}x=${below(what)}`,
    })),
    {
      how: 'something else, the signed address as a parameter',
      text: `/${other}/${file}?https://${host}${below(what)}`,
    },
    { how: 'the signed address inside a path', text: `/${other}/https://${host}${below(what)}${file}` },
    { how: 'an absolute target of another host', text: `http://other.example${below(other)}${file}` },
  ];
}
