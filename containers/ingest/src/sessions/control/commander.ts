/**
 * What we tell one device: spaced out, because devices that are told too much at once stop working, and matched with their
 * answers. Replies to what the device says do not come this way; they are not paced.
 */
import { encodeFrames, idOf, type MessageInput, type MessageName } from '../../jt808/messages/registry.ts';
import type { Terminal } from '../../jt808/header.ts';

/** `refused` carries the device's result; `busy`: too much waits already. */
export type CommandResult =
  | { readonly status: 'accepted'; readonly value?: unknown }
  | { readonly status: 'refused'; readonly result: number }
  | { readonly status: 'timeout' | 'busy' | 'gone' };

export interface CommanderOptions {
  readonly terminal: () => Terminal;
  readonly nextSerial: () => number;
  readonly write: (frames: readonly Buffer[]) => void;
  /** Milliseconds between two commands. */
  readonly spacing: number;
}

interface Job {
  readonly id: number;
  readonly encode: () => { frames: Buffer[]; serial: number };
  readonly settle: (result: CommandResult) => void;
  readonly fail: (error: unknown) => void;
  readonly timeoutMs: number;
  readonly expects: Expects;
}

/** Message that answers a command beside the general reply, and whether the general reply of success is enough without. */
type Expects = { readonly answer: MessageName; readonly orReply: boolean } | undefined;

interface Awaited {
  readonly job: Job;
  readonly until: number;
}

const MOST_WAITING = 64;
/** Milliseconds a device has to answer; slow ones take ten seconds when they are busy. */
export const ANSWER_MS = 20_000;

export class Commander {
  readonly #options: CommanderOptions;
  readonly #waiting: Job[] = [];
  readonly #awaited = new Map<number, Awaited>();
  #timer: NodeJS.Timeout | undefined;
  #sentAt = -Infinity;
  #closed = false;

  constructor(options: CommanderOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the device's answer. With `answer`, the message of that name counts as well as the general reply. A
   * general reply of success goes on waiting for it, but with `orReply`: where devices send the one, the other or both.
   */
  send<N extends MessageName>(
    name: N,
    value: MessageInput<N>,
    {
      answer,
      orReply = false,
      timeoutMs = ANSWER_MS,
    }: { answer?: MessageName; orReply?: boolean; timeoutMs?: number } = {},
  ): Promise<CommandResult> {
    if (this.#closed) return Promise.resolve({ status: 'gone' });
    if (this.#waiting.length >= MOST_WAITING) return Promise.resolve({ status: 'busy' });
    return new Promise((settle, fail) => {
      const encode = () => {
        let first: number | undefined;
        const frames = encodeFrames(this.#options.terminal(), name, value, () => {
          const serial = this.#options.nextSerial();
          first ??= serial;
          return serial;
        });
        return { frames, serial: first ?? 0 };
      };
      this.#waiting.push({ id: idOf(name), encode, settle, fail, timeoutMs, expects: answer && { answer, orReply } });
      this.#next();
    });
  }

  /** 0x0001. */
  replied(serial: number, id: number, result: number): void {
    const awaited = this.#awaited.get(serial);
    if (awaited === undefined || awaited.job.id !== id) return;
    if (result === 0 && awaited.job.expects?.orReply === false) return;
    this.#awaited.delete(serial);
    awaited.job.settle(result === 0 ? { status: 'accepted' } : { status: 'refused', result });
  }

  /** A message that answers by itself: 0x1205, 0x0805. */
  answered(serial: number, name: MessageName, value: unknown): void {
    const awaited = this.#awaited.get(serial);
    if (awaited === undefined || awaited.job.expects?.answer !== name) return;
    this.#awaited.delete(serial);
    awaited.job.settle({ status: 'accepted', value });
  }

  /** Gives up what was not answered in time. Call it once a second. */
  tick(now: number): void {
    for (const [serial, { job, until }] of this.#awaited) {
      if (now < until) continue;
      this.#awaited.delete(serial);
      job.settle({ status: 'timeout' });
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    const jobs = [...this.#waiting.splice(0), ...[...this.#awaited.values()].map(({ job }) => job)];
    this.#awaited.clear();
    for (const { settle } of jobs) settle({ status: 'gone' });
  }

  #next(): void {
    if (this.#timer !== undefined || this.#closed || this.#waiting.length === 0) return;
    const wait = this.#sentAt + this.#options.spacing - performance.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#next();
      }, wait);
      return;
    }
    const job = this.#waiting.shift()!;
    try {
      const { frames, serial } = job.encode();
      this.#sentAt = performance.now();
      this.#awaited.set(serial, { job, until: this.#sentAt + job.timeoutMs });
      this.#options.write(frames);
    } catch (error) {
      // Called by a timer as well as by whoever asks for another command: it is this one's fault.
      job.fail(error);
    }
    this.#next();
  }
}
