/**
 * Sub-packaged messages (JT/T 808-2019 4.4.3, bit 13): putting a device's parts together, asking for those that are
 * missing, and splitting what the platform sends. One Reassembler serves one connection, so the connection itself is
 * part of the key; the rest is message id, serial of part 1 (serial - index + 1) and total.
 */

import { type Header, MAX_BODY, type Terminal, encodeFrame } from './header.ts';

export interface ReassemblyLimits {
  /** Parts of one message. */
  readonly parts: number;
  /** Bytes of all unfinished messages of this connection together. */
  readonly bytes: number;
  /** Unfinished messages of this connection. */
  readonly messages: number;
  /** Milliseconds without a new part, after which missing parts are asked for. */
  readonly quiet: number;
  /** Times the missing parts of one message are asked for before it is given up. */
  readonly requests: number;
  /** Milliseconds from the first part after which a message is given up in any case. */
  readonly age: number;
}

export const defaultLimits: ReassemblyLimits = {
  parts: 4096,
  bytes: 4 * 1024 * 1024,
  messages: 4,
  quiet: 5_000,
  requests: 3,
  age: 300_000,
};

export type PartResult =
  /** All parts are here; `body` is the whole message's. */
  | { readonly status: 'complete'; readonly body: Buffer; readonly firstSerial: number }
  | { readonly status: 'pending' | 'duplicate' | 'rejected' };

/** What to ask the device for: 0x8003 with `firstSerial` and `missing` (0x8800 for multimedia data). */
export interface Missing {
  readonly id: number;
  readonly firstSerial: number;
  readonly total: number;
  readonly missing: readonly number[];
  /** Part 1's body, when it is here: multimedia data's id is in it. */
  readonly first: Buffer | undefined;
}

export interface ReassemblyStats {
  duplicates: number;
  /** Parts with an impossible index, or over a limit. */
  rejected: number;
  /** Messages given up: too old, asked for too often, or pushed out by newer ones. */
  abandoned: number;
}

interface Pending {
  readonly key: string;
  readonly id: number;
  readonly firstSerial: number;
  readonly parts: (Buffer | undefined)[];
  readonly since: number;
  present: number;
  bytes: number;
  touched: number;
  requests: number;
}

/** Keys of completed and refused messages remembered, so that a part of one starts no second message. */
const REMEMBERED = 16;

const PENDING: PartResult = { status: 'pending' };
const DUPLICATE: PartResult = { status: 'duplicate' };
const REJECTED: PartResult = { status: 'rejected' };

export class Reassembler {
  readonly stats: ReassemblyStats = { duplicates: 0, rejected: 0, abandoned: 0 };
  private readonly limits: ReassemblyLimits;
  /** In order of their first part. */
  private readonly open = new Map<string, Pending>();
  private readonly settled = new Map<string, { at: number; result: PartResult }>();
  private bytes = 0;

  constructor(limits: ReassemblyLimits = defaultLimits) {
    this.limits = limits;
  }

  /** Messages begun and not finished, and the bytes they hold. */
  get held(): { messages: number; bytes: number } {
    return { messages: this.open.size, bytes: this.bytes };
  }

  /** Takes one part (a header with `part`); `body` is copied. `now` is milliseconds of a clock that only goes forward. */
  add(header: Header, body: Buffer, now: number): PartResult {
    const part = header.part;
    if (part === undefined || part.index < 1 || part.index > part.total || part.total > this.limits.parts) {
      this.stats.rejected++;
      return REJECTED;
    }
    const firstSerial = (header.serial - part.index + 1) & 0xffff;
    const key = `${header.id}/${firstSerial}/${part.total}`;
    const settled = this.settled.get(key);
    if (settled !== undefined && now - settled.at < this.limits.age) {
      if (settled.result === DUPLICATE) this.stats.duplicates++;
      else this.stats.rejected++;
      return settled.result;
    }
    const message = this.open.get(key) ?? this.begin(key, header.id, firstSerial, part.total, now);
    if (message.parts[part.index - 1] !== undefined) {
      this.stats.duplicates++;
      return DUPLICATE;
    }
    while (this.bytes + body.length > this.limits.bytes) {
      const oldest = this.open.values().next().value;
      if (oldest === undefined || oldest === message) {
        // Larger than the limit by itself: its other parts are refused too.
        this.abandon(message);
        this.settle(key, REJECTED, now);
        this.stats.rejected++;
        return REJECTED;
      }
      this.abandon(oldest);
    }
    // A buffer of its own: a slice of Node's shared pool would keep 8 KiB alive for each small part.
    const copy = Buffer.allocUnsafeSlow(body.length);
    body.copy(copy);
    message.parts[part.index - 1] = copy;
    message.present++;
    message.touched = now;
    message.bytes += body.length;
    this.bytes += body.length;
    return message.present === part.total ? this.finish(message, now) : PENDING;
  }

  /** Messages whose missing parts should be asked for now. Gives up what is too old. Call it once a second or so. */
  due(now: number): Missing[] {
    const list: Missing[] = [];
    for (const message of this.open.values()) {
      const spent = message.requests >= this.limits.requests;
      if (now - message.since >= this.limits.age || (spent && now - message.touched >= this.limits.quiet)) {
        this.abandon(message);
      } else if (now - message.touched >= this.limits.quiet) {
        message.touched = now;
        message.requests++;
        list.push(describe(message));
      }
    }
    return list;
  }

  private begin(key: string, id: number, firstSerial: number, total: number, now: number): Pending {
    if (this.open.size >= this.limits.messages) {
      const oldest = this.open.values().next().value;
      if (oldest !== undefined) this.abandon(oldest);
    }
    const parts = Array.from<Buffer | undefined>({ length: total });
    const message = { key, id, firstSerial, parts, since: now, present: 0, bytes: 0, touched: now, requests: 0 };
    this.open.set(key, message);
    return message;
  }

  private finish(message: Pending, now: number): PartResult {
    this.drop(message);
    this.settle(message.key, DUPLICATE, now);
    const body = Buffer.concat(
      message.parts.filter((part) => part !== undefined),
      message.bytes,
    );
    return { status: 'complete', body, firstSerial: message.firstSerial };
  }

  /** What later parts of this message get. */
  private settle(key: string, result: PartResult, at: number): void {
    this.settled.delete(key);
    this.settled.set(key, { at, result });
    if (this.settled.size <= REMEMBERED) return;
    const [oldest] = this.settled.keys();
    if (oldest !== undefined) this.settled.delete(oldest);
  }

  private abandon(message: Pending): void {
    this.stats.abandoned++;
    this.drop(message);
  }

  private drop(message: Pending): void {
    this.open.delete(message.key);
    this.bytes -= message.bytes;
  }
}

function describe(message: Pending): Missing {
  const missing: number[] = [];
  for (let at = 0; at < message.parts.length; at++) if (message.parts[at] === undefined) missing.push(at + 1);
  const { id, firstSerial, parts } = message;
  return { id, firstSerial, total: parts.length, missing, first: parts[0] };
}

/**
 * The frames of one message, split at `limit` bytes a part when it must be. `nextSerial` is called once a frame: parts
 * have consecutive serials.
 */
export function encodeMessage(
  terminal: Terminal,
  id: number,
  body: Buffer,
  nextSerial: () => number,
  limit = MAX_BODY,
): Buffer[] {
  const size = Math.min(Math.max(limit, 1), MAX_BODY);
  if (body.length <= size) return [encodeFrame(terminal, { id, serial: nextSerial() }, body)];
  const total = Math.ceil(body.length / size);
  if (total > 0xffff) throw new RangeError(`a message of ${body.length} bytes needs ${total} parts; 65535 is the most`);
  const frames: Buffer[] = [];
  for (let index = 1; index <= total; index++) {
    const part = body.subarray((index - 1) * size, index * size);
    frames.push(encodeFrame(terminal, { id, serial: nextSerial(), part: { total, index } }, part));
  }
  return frames;
}

/** A sender's serial: from 0, plus one a frame, 65535 is followed by 0 (JT/T 808-2019 4.4.3). */
export function serials(first = 0): () => number {
  let next = first & 0xffff;
  return () => {
    const serial = next;
    next = (next + 1) & 0xffff;
    return serial;
  };
}
