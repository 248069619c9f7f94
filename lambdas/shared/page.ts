/** One page of a listing that is filtered after it is read. */
export interface Page<T> {
  readonly records: readonly T[];
  /** The row the next page begins behind, which its reader may not see (cursor.ts); undefined on the last page. */
  readonly last: T | undefined;
}

/**
 * Takes rows until `limit` of them are wanted and one more shows that there is another page. A call looks at `budget`
 * rows at most; a page cut short by it has a next one, so nothing is ever missed.
 */
export async function takePage<T>(
  rows: AsyncIterable<T> | Iterable<T>,
  wanted: (record: T) => boolean | Promise<boolean>,
  limit: number,
  budget: number,
): Promise<Page<T>> {
  const records: T[] = [];
  let seen = 0;
  for await (const record of rows) {
    if (await wanted(record)) {
      if (records.length === limit) return { records, last: records.at(-1)! };
      records.push(record);
    }
    if (++seen === budget) return { records, last: record };
  }
  return { records, last: undefined };
}
