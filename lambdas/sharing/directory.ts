/** By what people are found, and how they are shown to whom. Pure. */
import { hash } from 'node:crypto';
import { termKey, type Known, type Person } from '../../lib/contract/person.ts';
import { cut } from '../../lib/contract/text.ts';
import { mayUpload, type Viewer } from '../shared/viewer.ts';

/** Words of a name that somebody may begin at. */
const MOST_WORDS = 6;
/** Characters; what is sought beyond them is not compared. */
export const LONGEST_TERM = 100;
/** Characters that an answer to a prefix needs. */
export const LEAST = 2;

/** As names are compared: without accents, case and more than one space. */
export const searchable = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();

/** A name from each of its words on, and the address. */
export function termsOf({ name, email }: Pick<Known, 'name' | 'email'>): string[] {
  const words =
    name === undefined
      ? []
      : searchable(name)
          .split(' ')
          .filter((word) => word !== '');
  const tails = words.slice(0, MOST_WORDS).map((_, index) => cut(words.slice(index).join(' '), LONGEST_TERM).trim());
  return [...new Set([...tails, ...(email === undefined ? [] : [email])])];
}

/** Sort key of the row by which a term finds somebody. What stands for them has one length, whatever their `sub` is. */
export const foundKey = (term: string, sub: string): string =>
  `${termKey(term)}\n${hash('sha256', sub, 'base64url').slice(0, 22)}`;

/** Who shares videos has to find people; addresses are for them. */
export const maySearch = (viewer: Viewer): boolean => mayUpload(viewer);

/** Undefined: there is nothing that this viewer may know of them. */
export function shownTo(viewer: Viewer, { sub, name, email }: Known): Person | undefined {
  const seesMail = maySearch(viewer) || sub === viewer.subject;
  if (name === undefined && (email === undefined || !seesMail)) return undefined;
  return { subject: sub, name: name ?? null, email: seesMail ? (email ?? null) : null };
}
