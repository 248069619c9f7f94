/** What a post says, in either language, before anybody has looked at its times. */
import type { PlayerEvent } from '../../lib/contract/player-events.ts';

export interface Units {
  readonly units: readonly { readonly sequence: number; readonly events: readonly PlayerEvent[] }[];
  /** When it was sent, by the player's clock: epoch milliseconds. */
  readonly now: number;
}
