/** Character references of HTML in text of captions (W3C WebVTT 6.4 takes all; players' own parsers few), as characters. Pure. */
import { decodeHTMLStrict } from 'entities/decode';

/** What WebVTT has of its own is written so (W3C WebVTT 4.2.2). */
const KEPT = /^&(?:amp|lt|gt|nbsp|lrm|rlm);$/;

/** An end of line would end the cue. */
const END_OF_LINE = /[\r\n]/g;

/** The character that a reference such as `&eacute;` or `&#xE9;` stands for, itself where it is kept; undefined of others. */
export function characterOf(reference: string): string | undefined {
  if (KEPT.test(reference)) return reference;
  const character = decodeHTMLStrict(reference).replace(END_OF_LINE, ' ');
  return character === reference ? undefined : character;
}
