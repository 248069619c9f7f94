/** The one end of a task, whatever begins it: devices are handed over, then the process ends, and says by its code whether it was well. */
import type { Log } from '../common/log.ts';

export interface EndingParts {
  /** Safe to repeat. */
  readonly drain: () => Promise<void>;
  /** What draining may take. */
  readonly seconds: number;
  readonly log: Pick<Log, 'line' | 'summary'>;
  readonly exit: (code: number) => void;
}

/** Seconds after the time for draining at which the process ends, whatever it is still at. */
const GRACE = 8;

export class Ending {
  readonly #parts: EndingParts;
  #begun = false;
  #code = 0;

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  /** From now on there is so much time, and no more for what comes meanwhile. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const { drain, seconds, log } = this.#parts;
    setTimeout(() => this.#exit('draining took too long'), (seconds + GRACE) * 1000);
    void drain().then(
      () => this.#exit(),
      (error: unknown) => this.#exit(`draining failed: ${text(error)}`),
    );
    log.summary();
  }

  /** Something failed that nobody has caught. */
  fail(kind: 'uncaught' | 'unhandled', error: unknown): void {
    this.#code = 1;
    this.#parts.log.line('error', kind, { error: text(error) });
    this.begin();
  }

  #exit(fault?: string): void {
    const { log, exit } = this.#parts;
    if (fault !== undefined) log.line('error', fault);
    exit(fault === undefined ? this.#code : 1);
  }
}

const text = (error: unknown): string => (error instanceof Error ? (error.stack ?? `${error}`) : String(error));
