/** Characters that turn the direction of writing for what comes after them, and those that end it (UAX #9, 2). */
const TURNS = /[\u202A-\u202E\u2066-\u2069]/g;

/** A name for a title or a sentence, which are text alone: nothing in it turns what stands beside it. Pure. */
export const unturned = (name: string): string => name.replace(TURNS, '');
