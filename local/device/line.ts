/** A connection that speaks JT/T 808 as a terminal does: numbers its frames, awaits replies, sends lost parts again. */
import { FrameDecoder } from '../../containers/ingest/src/jt808/decoder.ts';
import type { Header, Terminal } from '../../containers/ingest/src/jt808/header.ts';
import {
  decodeBody,
  encodeFrames,
  type Message,
  type MessageInput,
  type MessageName,
} from '../../containers/ingest/src/jt808/messages/registry.ts';
import { Reassembler, serials } from '../../containers/ingest/src/jt808/subpackage.ts';
import { garbage, spoil, type Faults } from './faults.ts';
import { Link, type Endpoint, type LinkOptions } from './link.ts';
import type { Stats } from './stats.ts';

export class LineError extends Error {
  override name = 'LineError';
}

export interface LineSettings {
  readonly terminal: Terminal;
  readonly faults: Faults;
  readonly stats: Stats;
  readonly random: () => number;
  readonly link: LinkOptions;
}

export interface LineHandlers {
  onOpen(): void;
  /** A platform's message; replies that were awaited have been handed over already and come here as well. */
  onMessage(message: Message, header: Header): void;
  onClose(error: Error | undefined): void;
}

interface Waiter {
  readonly matches: (message: Message) => boolean;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** Messages in parts that are kept in case the platform asks for parts again. */
const KEPT = 8;

export class Line {
  readonly link: Link;
  readonly #settings: LineSettings;
  readonly #nextSerial = serials();
  readonly #waiters = new Set<Waiter>();
  readonly #parts = new Map<number, readonly Buffer[]>();

  constructor(endpoint: Endpoint, settings: LineSettings, handlers: LineHandlers) {
    this.#settings = settings;
    const reassembler = new Reassembler();
    const decoder = new FrameDecoder((header, body) => {
      settings.stats.framesReceived += 1;
      let whole = body;
      if (header.part !== undefined) {
        const result = reassembler.add(header, body, performance.now());
        if (result.status !== 'complete') return;
        whole = result.body;
      }
      const message = decodeBody(header.id, whole, header.version, header.encryption);
      this.#settle(message);
      handlers.onMessage(message, header);
    });
    this.link = new Link(endpoint, settings.link, {
      onOpen: () => handlers.onOpen(),
      onData: (chunk) => decoder.push(chunk),
      onClose: (error) => {
        for (const { timer, reject } of this.#waiters) {
          clearTimeout(timer);
          reject(new LineError('the connection has ended', { cause: error }));
        }
        this.#waiters.clear();
        handlers.onClose(error);
      },
    });
  }

  /** @returns the serial of the message's first frame. */
  send<N extends MessageName>(name: N, value: MessageInput<N>): number {
    let first = -1;
    const frames = encodeFrames(this.#settings.terminal, name, value, () => {
      const serial = this.#nextSerial();
      if (first < 0) first = serial;
      return serial;
    });
    if (frames.length > 1) {
      this.#parts.set(first, frames);
      if (this.#parts.size > KEPT) this.#parts.delete(this.#parts.keys().next().value!);
    }
    for (const frame of frames) this.#write(frame);
    return first;
  }

  /** Sends and waits for the general reply, or the registration's. @throws LineError when none comes in time. */
  async ask<N extends MessageName>(name: N, value: MessageInput<N>, milliseconds = 10_000): Promise<Message> {
    const serial = this.send(name, value);
    return this.expect(
      (message) =>
        (message.name === 'platformReply' || message.name === 'registerReply') && message.value.replySerial === serial,
      milliseconds,
    );
  }

  expect(matches: (message: Message) => boolean, milliseconds = 10_000): Promise<Message> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new LineError(`no reply within ${milliseconds} ms`));
      }, milliseconds);
      const waiter: Waiter = { matches, resolve, reject, timer };
      this.#waiters.add(waiter);
    });
  }

  /** The same frames with the same serials again; all parts when none are named. `first`: serial of part 1. */
  resend(first: number, indices: readonly number[]): void {
    for (const index of indices) {
      const frame = this.#parts.get(first)?.[index - 1];
      if (frame !== undefined) this.#write(frame);
    }
  }

  /** What is no frame: pieces of attachments. */
  raw(...pieces: readonly Buffer[]): void {
    for (const piece of pieces) this.link.write(piece);
  }

  end(): void {
    this.link.end();
  }

  #settle(message: Message): void {
    for (const waiter of this.#waiters) {
      if (!waiter.matches(message)) continue;
      clearTimeout(waiter.timer);
      this.#waiters.delete(waiter);
      waiter.resolve(message);
    }
  }

  #write(frame: Buffer): void {
    const { faults, stats, random } = this.#settings;
    stats.framesSent += 1;
    if (faults.garbage > 0 && random() < faults.garbage) {
      stats.garbage += 1;
      this.link.write(garbage(random));
    }
    if (faults.badChecksum > 0 && random() < faults.badChecksum) {
      stats.badChecksums += 1;
      this.link.write(spoil(frame));
    } else {
      this.link.write(frame);
    }
  }
}
