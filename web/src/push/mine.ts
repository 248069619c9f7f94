/** What plays on this page as who is signed in, and is told at once when its session is over (push.ts). */
import { parseTicket } from '../../../lib/contract/ticket.ts';

/** What plays in one session. */
export interface Plays {
  /** Of its session now; undefined: it has none yet. */
  readonly ticket: string | undefined;
  /** Asks whether it goes on, as it will at its next signature, and says what is answered. */
  readonly askAgain: () => void;
}

const all = new Set<Plays>();
let changed = (): void => {};

export const isPlaying = (): boolean => all.size > 0;

/** Hears when something begins to play, or no longer does. */
export const onPlays = (hear: () => void): void => void (changed = hear);

/** Answers what says that it plays no more. */
export function plays(one: Plays): () => void {
  all.add(one);
  changed();
  return () => {
    all.delete(one);
    changed();
  };
}

/** These sessions are over; `isMore`: and others, too. */
export function sessionsOver(over: readonly string[], isMore: boolean): void {
  for (const { ticket, askAgain } of all) {
    const session = ticket === undefined ? undefined : parseTicket(ticket)?.session;
    if (session !== undefined && (isMore || over.includes(session))) askAgain();
  }
}
