/** What is told as it happens (push.ts), and so need hardly be asked for. */
export const pushed = new Set<string>();

/** ms. Something told may get lost. */
const SELDOM = 60_000;
/** ms, shorter than between two things that are told of one list, which would put it off for ever. */
const SHORTEST = 200;

/** ms until what is told every few seconds is asked for, once a minute: each time it is told such a time is counted anew. */
export const seldom = (last: { readonly dataUpdatedAt: number; readonly errorUpdatedAt: number }): number =>
  Math.max(SHORTEST, Math.max(last.dataUpdatedAt, last.errorUpdatedAt) + SELDOM - Date.now());

/** ms between two times to ask for what the topic tells; false: never. */
export const unlessPushed = (topic: string, every: number | false): number | false =>
  every !== false && pushed.has(topic) ? Math.max(every, SELDOM) : every;
