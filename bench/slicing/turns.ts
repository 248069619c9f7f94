/**
 * A program that runs in turns with what it is compared with: a machine of others' is faster now and slower then, and so both
 * meet it as it is. A stopped program takes no CPU time.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Measured } from '../upload/measured.ts';
import { startWorker } from './ours.ts';
import { children } from './used.ts';
import type { Invocation, Work } from './worker.ts';

/** Milliseconds between two looks for a program that was just started. */
const LOOK = 5;

export class Turns {
  readonly #measured: Measured;
  readonly #answer: Promise<Invocation<undefined>>;
  #program: number | undefined;
  #isOver = false;

  /** `message`: runs one program. */
  constructor(worker: string, message: Extract<Work, { do: 'run' }>) {
    this.#measured = startWorker(worker);
    this.#answer = this.#measured.ask<Invocation<undefined>>(message).finally(() => {
      this.#isOver = true;
    });
    // Its error is thrown where it is waited for.
    this.#answer.catch(() => undefined);
  }

  /** Lets it run until it may have had so many CPU seconds, if it uses all processors. */
  async run(cpuSeconds: number): Promise<void> {
    if (!(await this.#began())) return;
    this.#signal('SIGCONT');
    await Promise.race([wait((cpuSeconds / availableParallelism()) * 1000), this.#answer.catch(() => undefined)]);
    this.#signal('SIGSTOP');
  }

  /** Lets it run to its end. */
  async rest(): Promise<Invocation<undefined>> {
    if (await this.#began()) this.#signal('SIGCONT');
    return await this.#answer;
  }

  close(): void {
    this.#signal('SIGKILL');
    this.#measured.end();
  }

  /** Whether there is a program, or will not be one any more. */
  async #began(): Promise<boolean> {
    while (this.#program === undefined && !this.#isOver) {
      const [first] = children(String(this.#measured.pid));
      if (first === undefined) await wait(LOOK);
      else this.#program = Number(first);
    }
    return !this.#isOver;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#program === undefined || this.#isOver) return;
    try {
      process.kill(this.#program, signal);
    } catch (error) {
      // It has just ended.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
