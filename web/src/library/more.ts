/** What the library is seldom asked, by the names that address and API have for it: its fields come when they are looked for. Pure. */
import type { More } from '../api/queries.ts';

export const MORE = ['owner', 'visibility', 'from', 'to', 'near', 'within', 'recordedFrom', 'recordedTo'] as const;

export const moreOf = (of: (name: keyof More) => string | null): More =>
  Object.fromEntries(MORE.map((name) => [name, of(name) ?? ''])) as More;

export const isAsked = (more: More): boolean => MORE.some((name) => more[name] !== '');
