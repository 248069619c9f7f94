/** Which numbers of a session were counted, as pairs of from and to (not included), in order. Pure. */

/** Pairs of one session: more gaps than that are no network's. */
export const MOST_GAPS = 64;

/** The pairs with `number` among them, `most` at most; undefined: it is there already, or no player leaves so many gaps. */
export function withNumber(pairs: readonly number[], number: number, most = MOST_GAPS): number[] | undefined {
  const result = [...pairs];
  let index = 0;
  while (index < result.length && result[index + 1]! < number) index += 2;
  const [from, to] = [result[index], result[index + 1]];
  if (from === undefined || to === undefined || number < from - 1) {
    result.splice(index, 0, number, number + 1);
    return result.length > most * 2 ? undefined : result;
  }
  if (number >= from && number < to) return undefined;
  if (number === from - 1) {
    result[index] = number;
    return result;
  }
  // It follows on this pair, and may close the gap to the next one.
  if (result[index + 2] === number + 1) result.splice(index + 1, 2);
  else result[index + 1] = number + 1;
  return result;
}
