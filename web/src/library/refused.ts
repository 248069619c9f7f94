/** Saying by name which videos could not be changed. */
import { count } from '../shared/format.ts';
import { notify } from '../shared/notify.tsx';
import type { Named, Outcome } from './bulk.ts';

/** Refusals that are named one by one. */
const NAMED = 3;

/** `what`: “could not be tagged”. */
export function tellRefused(refused: Outcome<Named>['refused'], what: string): void {
  for (const { video, why } of refused.slice(0, NAMED))
    notify({ color: 'red', title: `“${video.title}” ${what}`, message: why });
  const more = refused.length - NAMED;
  if (more > 0)
    notify({ color: 'red', title: `${count(more, 'more video')} ${what}`, message: 'They are still selected.' });
}
