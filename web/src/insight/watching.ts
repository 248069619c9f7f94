/**
 * How many watch at this moment, in words. A player that asks for no other signature may have left at any time since it began
 * (lib/contract/session.ts), so it is not said of it that somebody watches. Pure.
 */
import type { Watching } from '../../../lib/contract/session.ts';
import { count } from '../shared/format.ts';

interface Asked {
  readonly sessions: readonly Pick<Watching, 'renews'>[];
  /** False where there are more. */
  readonly isWhole: boolean;
}

const surely = ({ sessions }: Asked): number => sessions.filter(({ renews }) => renews).length;

/** `2 viewers now`, `500+ viewers now`, `1 viewer now, 9 more may be`. */
export function watchingNow(asked: Asked): string {
  const sure = surely(asked);
  const more = asked.sessions.length - sure;
  const said = `${count(sure, 'viewer').replace(' ', asked.isWhole ? ' ' : '+ ')} now`;
  return more === 0 ? said : `${said}, ${more} more may be`;
}

/** The same in a cell: `2`, and `2+` where there may be more. */
export const watchingCell = (asked: Asked): string => {
  const sure = surely(asked);
  return `${sure}${asked.isWhole && sure === asked.sessions.length ? '' : '+'}`;
};
