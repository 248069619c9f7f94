/** What is told as it happens (push.ts), and so need hardly be asked for. */
export const pushed = new Set<string>();

/** ms. Something told may get lost. */
const SELDOM = 60_000;

/** ms between two times to ask for what the topic tells; false: never. */
export const unlessPushed = (topic: string, every: number | false): number | false =>
  every !== false && pushed.has(topic) ? Math.max(every, SELDOM) : every;
