/** What the library is seldom asked, by the names that address and API have for it: its fields come when they are looked for. Pure. */
import type { More } from '../api/queries.ts';

export const MORE = ['owner', 'visibility', 'from', 'to', 'near', 'within', 'recordedFrom', 'recordedTo'] as const;

export const moreOf = (of: (name: keyof More) => string | null): More =>
  Object.fromEntries(MORE.map((name) => [name, of(name) ?? ''])) as More;

export const isAsked = (more: More): boolean => MORE.some((name) => more[name] !== '');

const PLACE = /^-?([0-8]?\d(\.\d{1,9})?|90),-?((1[0-7])?\d(\.\d{1,9})?|\d\d(\.\d{1,9})?|180)$/;

/** Of an address, which anybody may have written, without a place that is none: the API would refuse the whole question. */
export function moreIn(address: (name: keyof More) => string | null): More {
  const more = moreOf(address);
  return PLACE.test(more.near) ? more : { ...more, near: '', within: '' };
}

/** `most`: characters that the API takes of it. */
export const clipped = (text: string | null, most: number): string => (text ?? '').slice(0, most);
