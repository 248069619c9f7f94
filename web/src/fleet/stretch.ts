/** A stretch of time, and how the API is told of it. Pure. */

/** Epoch milliseconds, `to` not included. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** As the API's `from` and `to`. */
export const iso = ({ from, to }: Stretch) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
