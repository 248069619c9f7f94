/** Child processes that share no core with one another: what is measured has one to itself, everything else the others. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** The core that what is measured runs on. */
const CORE = 1;

export const cores = availableParallelism();
/** Without `taskset` (util-linux) or a second core nothing is pinned, and the figures are not of one core. */
export const pinning = cores > 1 && spawnSync('taskset', ['-V'], { stdio: 'ignore' }).status === 0;

/** Keeps this process and what it starts from now on off the measured core. */
export function pinOthers(): void {
  if (!pinning) return;
  const others = cores === 2 ? '0' : `0,2-${cores - 1}`;
  const { status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', others, String(process.pid)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`taskset: ${stderr}`);
}

/** Milliseconds the measured core has been busy since the machine started, with whatever: proc(5), in ticks of 10 ms. */
export const coreBusyMs = (): number => busyMs(pinning ? `cpu${CORE} ` : 'cpu ');

function busyMs(line: string): number {
  const fields = readFileSync('/proc/stat', 'latin1')
    .split('\n')
    .find((text) => text.startsWith(line))
    ?.trim()
    .split(/ +/)
    .slice(1)
    .map(Number);
  // user, nice, system, (idle, iowait,) irq, softirq, steal
  return (fields ?? []).reduce((sum, ticks, i) => sum + (i < 8 && i !== 3 && i !== 4 ? ticks * 10 : 0), 0);
}

/** The same, of the cores that everything else runs on, together; NaN where nothing is pinned. */
export function otherCoresBusyMs(): number {
  return pinning ? busyMs('cpu ') - coreBusyMs() : Number.NaN;
}

/** Of this process from its start: user and system. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export interface StartOptions {
  readonly measured?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Path of a program of this folder. */
export const fileOf = (name: string): string => new URL(name, import.meta.url).pathname;

/** A Node program that answers messages; see `answerMessages`. */
export class Program {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #next = 1;
  #recent = '';

  constructor(file: string, { measured = false, env = {}, nodeArgs = [] }: StartOptions = {}) {
    const command = [process.execPath, ...nodeArgs, file];
    const [program, ...args] = measured && pinning ? ['taskset', '-c', String(CORE), ...command] : command;
    this.#child = spawn(program!, args, {
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (data: Buffer) => (this.#recent = (this.#recent + data.toString()).slice(-16 * 1024)));
    this.#child.on('message', (message) => this.#settle(message as Answer));
    this.#child.on('exit', (code, signal) => {
      const error = new Error(`${file} ended (${code ?? signal})\n${this.#recent.slice(-3000)}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  /** The last lines it printed. */
  get recent(): string {
    return this.#recent;
  }

  async ask<T>(message: object): Promise<T> {
    if (this.#child.exitCode !== null) throw new Error(`the program has ended\n${this.#recent.slice(-3000)}`);
    const id = this.#next++;
    return (await new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ ...message, id });
    })) as T;
  }

  /** Ends it by itself, so that a profile is written; after a few seconds at once. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 8000);
    await gone;
    clearTimeout(timer);
  }

  #settle({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }
}

/** In the child: `answers[message.do](message)`. Ends when the parent has gone. */
export function answerMessages<M extends { readonly do: string }>(answers: {
  readonly [K in M['do']]: (message: Extract<M, { do: K }>) => unknown;
}): void {
  process.on('message', (message) => {
    const { id } = message as { id: number };
    void (async () => answers[(message as M).do as M['do']](message as never))().then(
      (result) => process.send?.({ id, result }),
      (error: unknown) =>
        process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}
