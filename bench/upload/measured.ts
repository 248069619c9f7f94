/** A child process whose CPU and memory are the measurement; it answers one message at a time. */
import { fork, type ChildProcess } from 'node:child_process';

/** Of the whole process, from its start. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly maxRssMiB: number;
}

/** In the child: answers every message with `answer`'s result, and `usage` with what the process has used so far. */
export function beMeasured(answer: (message: unknown) => Promise<unknown>): void {
  process.on('message', (message) => {
    const reply = message === 'usage' ? Promise.resolve(usage()) : answer(message);
    void reply.then(
      (result) => process.send?.({ result }),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6, maxRssMiB: process.resourceUsage().maxRSS / 1024 };
}

export class Measured {
  readonly #child: ChildProcess;

  constructor(program: URL, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = fork(program, [...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async ask<T>(message: unknown): Promise<T> {
    const child = this.#child;
    return await new Promise<T>((resolve, reject) => {
      const settle = (act: () => void) => {
        child.off('message', onMessage);
        child.off('exit', onExit);
        act();
      };
      const onMessage = (reply: { result?: unknown; error?: string }) =>
        settle(() => (reply.error === undefined ? resolve(reply.result as T) : reject(new Error(reply.error))));
      const onExit = () => settle(() => reject(new Error('the measured process ended')));
      child.on('message', onMessage).on('exit', onExit);
      child.send(message as object);
    });
  }

  async usage(): Promise<Usage> {
    return await this.ask<Usage>('usage');
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}
