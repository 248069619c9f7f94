/** The sound worker's thread, as Node runs it. */
import { Worker } from 'node:worker_threads';
import type { Batch, Encoded, WorkerOptions } from './messages.ts';
import { ENCODER_FILE, WORKER_FILE } from './files.ts';

export interface Thread {
  /** Answered once, unless it ends before. */
  post(batch: Batch, answer: (encoded: Encoded) => void): void;
  end(): void;
}

/** Megabytes. The encoders are beside the heap; on it is next to nothing, and the task's own flags ask for much. */
const HEAP = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 4 };

export class SoundThread implements Thread {
  readonly #worker: Worker;
  #answer: ((encoded: Encoded) => void) | undefined;
  #over = false;

  /** `ended`: it has failed, and is no more. Not called after `end`. */
  constructor(ended: (error: unknown) => void, files = { worker: WORKER_FILE, encoder: ENCODER_FILE }) {
    const workerData: WorkerOptions = { library: files.encoder.href };
    this.#worker = new Worker(files.worker, { name: 'sound', workerData, resourceLimits: HEAP, execArgv: [] });
    // Draining waits for streams, not for their sound.
    this.#worker.unref();
    const over = (error: unknown) => {
      if (this.#over) return;
      this.#over = true;
      ended(error);
    };
    this.#worker.on('message', (encoded: Encoded) => this.#answer?.(encoded));
    this.#worker.on('error', over);
    this.#worker.on('exit', (code) => over(new Error(`the sound worker ended: ${code}`)));
  }

  post(batch: Batch, answer: (encoded: Encoded) => void): void {
    this.#answer = answer;
    this.#worker.postMessage(batch, [batch.bytes.buffer]);
  }

  end(): void {
    this.#over = true;
    this.#answer = undefined;
    void this.#worker.terminate();
  }
}
