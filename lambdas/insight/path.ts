/** To which row below a full one a session belongs. Pure. */
import { createHash } from 'node:crypto';

/** One hexadecimal digit, another one at each depth. Throws RangeError deeper than there are digits. */
export function pathDigit(session: string, depth: number): string {
  const digit = createHash('sha256').update(session).digest('hex')[depth];
  if (digit === undefined) throw new RangeError(`no row so deep: ${depth}`);
  return digit;
}
