/** Counts of single actions, told apart from what a platform does meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client.ts';
import type { Between } from './between.ts';
import { combine, NO_CALLS, times, type Calls } from './calls.ts';

export class Counter {
  readonly #between: Pick<Between, 'take'>;

  constructor(between: Pick<Between, 'take'>) {
    this.#between = between;
  }

  /** All that is called while `act` runs, whoever calls it. */
  async during(act: () => Promise<unknown>): Promise<Calls> {
    this.#between.take();
    await act();
    return this.#between.take();
  }

  /** What several runs of a short action have in common: what else is called meanwhile is not in all of them. */
  async least(act: () => Promise<unknown>, runs = 5): Promise<Calls> {
    await act(); // A function that is new reads its keys.
    let least: Calls | undefined;
    for (let run = 0; run < runs; run += 1) {
      const calls = await this.during(act);
      least = least === undefined ? calls : combine(least, calls, Math.min);
    }
    return least ?? NO_CALLS;
  }

  /** What is called until a video is ready, without the looks at it. */
  async untilReady(client: Client, id: string): Promise<Calls> {
    let looks = 0;
    const look = async () => {
      looks += 1;
      return (await client.call('GET /api/videos/{id}', { params: { id } })).status;
    };
    const all = await this.during(async () => {
      for (let status = ''; status !== 'ready';) {
        if (status === 'failed' || looks > 120) throw new Error(`the video is ${status}`);
        await sleep(2000);
        status = await look();
      }
    });
    const each = await this.least(look);
    looks -= 6;
    return less(all, times(each, looks));
  }
}

/** What is over, and nothing less than nothing. */
export const less = (all: Calls, of: Calls): Calls => combine(all, of, (a, b) => Math.max(0, a - b));
