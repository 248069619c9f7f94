/** One page of a listing that is filtered after it is read. */
export interface Page<T> {
  readonly records: readonly T[];
  /** Where the next page begins; null on the last. */
  readonly cursor: string | null;
}

/**
 * Takes rows until `limit` of them are wanted and one more shows that there is another page. A call looks at `budget`
 * rows at most; a page cut short by it has a cursor, so nothing is ever missed.
 */
export async function takePage<T>(
  rows: AsyncIterable<T>,
  wanted: (record: T) => boolean,
  limit: number,
  budget: number,
  cursorAfter: (record: T) => string,
): Promise<Page<T>> {
  const records: T[] = [];
  let seen = 0;
  for await (const record of rows) {
    if (wanted(record)) {
      if (records.length === limit) return { records, cursor: cursorAfter(records.at(-1)!) };
      records.push(record);
    }
    if (++seen === budget) return { records, cursor: cursorAfter(record) };
  }
  return { records, cursor: null };
}
