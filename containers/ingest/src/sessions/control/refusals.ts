/**
 * Who was refused lately over one connection. One that others keep open brings what strangers say, too, for as long as they
 * like: that costs neither a look-up for each message nor the place of a device that has not spoken yet.
 */
import { Rate } from '../../common/rate.ts';

/** Milliseconds for which one that is not registered is refused without being looked up anew. */
const BELIEVED_MS = 5000;
/** Identities remembered; of older ones nothing is known. */
const MOST = 2000;
/** Those that are looked up again in a minute. */
const MOST_AGAIN = 600;

/** `new`: it was not refused. `again`: it is to be looked up again. */
export type Standing = 'new' | 'again' | 'refused' | 'too-often';

export class Refusals {
  /** By identity, the latest last: until when it is believed (monotonic milliseconds); undefined of one that may mend it by what it says. */
  readonly #until = new Map<string, number | undefined>();
  readonly #again = new Rate(MOST_AGAIN, 60_000);

  get size(): number {
    return this.#until.size;
  }

  /** `auth`: it is registered, and did not send its code. */
  note(identity: string, why: 'unknown' | 'auth', now: number): void {
    this.#until.delete(identity);
    this.#until.set(identity, why === 'unknown' ? now + BELIEVED_MS : undefined);
    if (this.#until.size > MOST) this.#until.delete(this.#until.keys().next().value!);
  }

  forget(identity: string): void {
    this.#until.delete(identity);
  }

  standing(identity: string, now: number): Standing {
    if (!this.#until.has(identity)) return 'new';
    const until = this.#until.get(identity);
    if (until !== undefined && now < until) return 'refused';
    if (this.#again.take('')) return 'again';
    return until === undefined ? 'too-often' : 'refused';
  }
}
