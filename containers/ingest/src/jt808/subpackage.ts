/**
 * Sub-packaged messages (JT/T 808-2019 4.4.3, bit 13): putting a device's parts together, asking for those that are
 * missing, and splitting what the platform sends. One Reassembler serves one device's connection, so these are part of the
 * key; the rest is message id, total and, since parts have consecutive serials, the serial of part 1 (serial - index + 1).
 *
 * Where no message has that key, the part goes by message and total: some devices number other frames in between, or give
 * all parts one serial. It belongs to the message that lacks it and whose serials it keeps in order. What is sent again with new
 * serials, part 1 among it, looks like another message, until nothing else of that one follows.
 */

import { createHash } from 'node:crypto';
import { type Header, MAX_BODY, type Part, type Terminal, encodeFrame } from './header.ts';

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

/** All parts are here; `body` is the whole message's. */
export interface Complete {
  readonly status: 'complete';
  readonly id: number;
  readonly body: Buffer;
  readonly firstSerial: number;
}

export type PartResult = Complete | { readonly status: 'pending' | 'duplicate' | 'rejected' };

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
  readonly id: number;
  readonly parts: (Buffer | undefined)[];
  /** Of the parts that are here. */
  readonly serials: (number | undefined)[];
  readonly since: number;
  present: number;
  bytes: number;
  touched: number;
  requests: number;
  /** When its missing parts were first asked for; Infinity: they were not. */
  askedAt: number;
}

/** A message that was completed or refused, remembered so that a part of it starts no second one. */
interface Settled {
  readonly id: number;
  readonly total: number;
  readonly at: number;
  readonly result: PartResult;
  /** Of part 1: the others have those that follow, where `others` does not say which. */
  readonly firstSerial: number;
  readonly others: Uint16Array | undefined;
  /** Of part 1, which tells a message of the same serials from one that is sent again. */
  readonly first: string | undefined;
}

const REMEMBERED = 16;
/** Frames of other kinds that a device may number between two neighbouring parts. */
const MOST_BETWEEN = 256;

const PENDING: PartResult = { status: 'pending' };
const DUPLICATE: PartResult = { status: 'duplicate' };
const REJECTED: PartResult = { status: 'rejected' };

export class Reassembler {
  readonly stats: ReassemblyStats = { duplicates: 0, rejected: 0, abandoned: 0 };
  private readonly limits: ReassemblyLimits;
  /** In order of their first part. */
  private readonly open = new Set<Pending>();
  private settled: Settled[] = [];
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
    const found = this.messageOf(header, part, body, now);
    if ('status' in found) {
      if (found.status === 'duplicate') this.stats.duplicates++;
      else this.stats.rejected++;
      return found;
    }
    const message = found;
    while (this.bytes + body.length > this.limits.bytes) {
      const oldest = this.open.values().next().value;
      if (oldest === undefined || oldest === message) {
        // Larger than the limit by itself: its other parts are refused too.
        this.abandon(message);
        message.serials[part.index - 1] = header.serial;
        this.settle(message, REJECTED, now);
        this.stats.rejected++;
        return REJECTED;
      }
      this.abandon(oldest);
    }
    // A buffer of its own: a slice of Node's shared pool would keep 8 KiB alive for each small part.
    const copy = Buffer.allocUnsafeSlow(body.length);
    body.copy(copy);
    message.parts[part.index - 1] = copy;
    message.serials[part.index - 1] = header.serial;
    message.present++;
    message.touched = now;
    message.bytes += body.length;
    this.bytes += body.length;
    return message.present === part.total ? this.finish(message, now) : PENDING;
  }

  /**
   * Messages that are whole by what was sent again with other serials: exactly what one was asked for, after it was, and nothing
   * else of a message for half a quiet time. Call it before `due`.
   */
  joined(now: number): Complete[] {
    const list: Complete[] = [];
    for (const again of this.open) {
      if (now - again.touched < this.limits.quiet / 2) continue;
      const [message, another] = [...this.open].filter((one) => again.since >= one.askedAt && isRestOf(again, one));
      if (message === undefined || another !== undefined) continue;
      this.open.delete(again);
      for (const [at, part] of again.parts.entries()) {
        if (part === undefined) continue;
        message.parts[at] = part;
        message.serials[at] = again.serials[at];
      }
      message.bytes += again.bytes;
      list.push(this.finish(message, now));
    }
    return list;
  }

  /** Messages whose missing parts should be asked for now. Gives up what is too old. Call it once a second or so. */
  due(now: number): Missing[] {
    const list: Missing[] = [];
    for (const message of this.open) {
      const spent = message.requests >= this.limits.requests;
      if (now - message.since >= this.limits.age || (spent && now - message.touched >= this.limits.quiet)) {
        this.abandon(message);
      } else if (now - message.touched >= this.limits.quiet) {
        message.touched = now;
        message.requests++;
        message.askedAt = Math.min(message.askedAt, now);
        list.push(describe(message));
      }
    }
    return list;
  }

  /**
   * The message that this part is of, begun if need be; or what a part that is here, or of a settled message, gets.
   * In this order: the message whose serials it continues, or bears; else the nearest that lacks it and whose serials it keeps in
   * order; else one that was asked for it, for some devices number anew what they send again.
   */
  private messageOf({ id, serial }: Header, part: Part, body: Buffer, now: number): Pending | PartResult {
    const { total, index } = part;
    let nearest: Pending | undefined;
    let least = Infinity;
    let asked: Pending | undefined;
    for (const message of this.open) {
      if (message.id !== id || message.parts.length !== total) continue;
      const there = message.parts[index - 1];
      if (there !== undefined) {
        if (message.serials[index - 1] !== serial) continue;
        if (index > 1 || there.equals(body)) return DUPLICATE;
        // Another message's part 1 with the same serial: what was begun goes on no more.
        this.abandon(message);
        continue;
      }
      const distance = distanceTo(message, serial, index);
      if (distance < least) [nearest, least] = [message, distance];
      // Part 1 is more likely another message's.
      if (message.requests > 0 && index > 1) asked = message;
    }
    if (nearest !== undefined && least <= FOLLOWS) return nearest;
    const settled = this.settled.find((one) => now - one.at < this.limits.age && isPartOf(one, id, serial, part, body));
    // Where all parts have one serial, a settled one's is the next one's as well.
    if (settled !== undefined && settled.others === undefined) return settled.result;
    return nearest ?? asked ?? settled?.result ?? this.begin(id, total, now);
  }

  private begin(id: number, total: number, now: number): Pending {
    if (this.open.size >= this.limits.messages) {
      const oldest = this.open.values().next().value;
      if (oldest !== undefined) this.abandon(oldest);
    }
    const parts = Array.from<Buffer | undefined>({ length: total });
    const counts = { present: 0, bytes: 0, requests: 0, askedAt: Infinity };
    const message = { id, parts, serials: [], since: now, touched: now, ...counts };
    this.open.add(message);
    return message;
  }

  private finish(message: Pending, now: number): Complete {
    this.drop(message);
    this.settle(message, DUPLICATE, now);
    const body = Buffer.concat(
      message.parts.filter((part) => part !== undefined),
      message.bytes,
    );
    return { status: 'complete', id: message.id, body, firstSerial: firstSerial(message) };
  }

  /** `result` is what later parts of this message get. */
  private settle(message: Pending, result: PartResult, at: number): void {
    const { id, parts, serials } = message;
    const first = firstSerial(message);
    const others = serials.every((serial, n) => serial === ((first + n) & 0xffff))
      ? undefined
      : Uint16Array.from(serials, (serial) => serial ?? 0);
    const [part1] = parts;
    const one = { id, total: parts.length, at, result, firstSerial: first, others, first: part1 && digest(part1) };
    this.settled = [one, ...this.settled].slice(0, REMEMBERED);
  }

  private abandon(message: Pending): void {
    this.stats.abandoned++;
    this.drop(message);
  }

  private drop(message: Pending): void {
    if (!this.open.delete(message)) return;
    this.bytes -= message.bytes;
  }
}

const digest = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('base64');

function isPartOf(settled: Settled, id: number, serial: number, { total, index }: Part, body: Buffer): boolean {
  if (settled.id !== id || settled.total !== total) return false;
  const had = settled.others?.[index - 1] ?? (settled.firstSerial + index - 1) & 0xffff;
  if (had !== serial) return false;
  return index > 1 || settled.first === undefined || settled.first === digest(body);
}

/** All that the other lacks, and no more. */
const isRestOf = ({ id, parts }: Pending, other: Pending): boolean =>
  id === other.id &&
  parts.length === other.parts.length &&
  parts.every((part, at) => (part === undefined) !== (other.parts[at] === undefined));

/** Of what `distanceTo` answers. */
const SAME = -1;
const FOLLOWS = 0;

/**
 * Serials that are between a part and its neighbours in the message: FOLLOWS where it comes after one of them, or before it,
 * as the standard has it; Infinity where they would not be in order, or too many. SAME: it bears the serial of one, which no
 * other message's part does.
 */
function distanceTo({ serials }: Pending, serial: number, index: number): number {
  let before = index - 2;
  while (before >= 0 && serials[before] === undefined) before--;
  let after = index;
  while (after < serials.length && serials[after] === undefined) after++;
  const [previous, next] = [serials[before], serials[after]];
  const behind = previous === undefined ? undefined : between(previous, serial, index - 1 - before);
  const ahead = next === undefined ? undefined : between(serial, next, after - index + 1);
  if (behind === Infinity || ahead === Infinity) return Infinity;
  return Math.min(behind ?? Infinity, ahead ?? Infinity);
}

/** Serials more, or fewer, than the `parts` from one part to the other account for. */
function between(from: number, to: number, parts: number): number {
  const serials = (to - from) & 0xffff;
  if (serials === 0) return SAME;
  return serials > parts + MOST_BETWEEN ? Infinity : Math.abs(serials - parts);
}

/** Of part 1, so far as it is known. */
function firstSerial({ serials }: Pending): number {
  const at = serials.findIndex((serial) => serial !== undefined);
  return ((serials[at] ?? 0) - Math.max(at, 0)) & 0xffff;
}

function describe(message: Pending): Missing {
  const missing: number[] = [];
  for (let at = 0; at < message.parts.length; at++) if (message.parts[at] === undefined) missing.push(at + 1);
  const { id, parts } = message;
  return { id, firstSerial: firstSerial(message), total: parts.length, missing, first: parts[0] };
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
