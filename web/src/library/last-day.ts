/** The last day (UTC) on which what is removed with the beginning of `removeOn` can be restored. */
export const lastDay = (removeOn: string): string =>
  new Date(Date.parse(removeOn) - 86_400_000).toISOString().slice(0, 10);
