/**
 * Finds packets in the bytes of one connection. It only finds boundaries; what packets mean is the assembler's business.
 * Bytes that belong to no packet are skipped and counted; nothing a sender does makes it throw, and it holds on to at
 * most one unfinished packet.
 *
 * Whether the SIM field has 6 or 10 bytes no header says. It is told by structure: only with the right size does the
 * next packet's magic follow where this packet ends.
 */
import {
  DataType,
  IMPOSSIBLE,
  MAGIC,
  MAX_BODY,
  MAX_HEADER,
  Part,
  headerSize,
  measure,
  readFields,
  PacketView,
  type SimBytes,
} from './packet.ts';

/** A body longer than Ethernet carries is taken for real only if no other packet begins inside it. */
const UNUSUAL_BODY = 1500;
/** Bytes taken on at once while looking for a packet in what was left of the last read. */
const SEARCH_STEP = 1024;
/** Packets found one by one between garbage before the SIM size is asked for anew. */
const DOUBT_AFTER = 16;
/** Bytes of the carry that stay when it is empty: packets as the standard makes them. */
const MOST_KEPT = 2048;
const NOTHING = Buffer.alloc(0);
/** Longest look-ahead: a packet, and the magic of the next. */
const MAX_HELD = MAX_HEADER + MAX_BODY + MAGIC.length;

export interface PacketCounters {
  packets: number;
  /** Times the reader lost its place. */
  resyncs: number;
  skippedBytes: number;
}

export class PacketReader {
  readonly #onPacket: (packet: PacketView) => void;
  readonly #packet = new PacketView();
  readonly #sim = Buffer.alloc(10);
  /** Bytes of an unfinished packet, `#held` of them valid. */
  #carry: Buffer = NOTHING;
  #held = 0;
  /** How many bytes from the start of the carry are needed to get on. */
  #wanted = 1;
  #simBytes: SimBytes | undefined;
  /** The SIM size was confirmed by a packet following where it should. */
  #sure = false;
  #doubts = 0;
  /** The next packet is expected right here. */
  #inStep = false;
  readonly counters: PacketCounters = { packets: 0, resyncs: 0, skippedBytes: 0 };

  /** `onPacket` is handed the same object every time; it must not throw. */
  constructor(onPacket: (packet: PacketView) => void) {
    this.#onPacket = onPacket;
  }

  /** 6 or 10 as soon as that is known. */
  get simBytes(): SimBytes | undefined {
    return this.#simBytes;
  }

  /** Bytes held of an unfinished packet. */
  get held(): number {
    return this.#held;
  }

  /** Bytes as they came. Nothing of `chunk` is kept; bodies handed out are views that are good only during the call. */
  push(chunk: Buffer): void {
    let at = 0;
    while (this.#held > 0) {
      // In step, exactly the packet's own bytes are taken; while searching, more at once.
      const missing = Math.max(this.#wanted - this.#held, this.#inStep ? 0 : SEARCH_STEP);
      const take = Math.min(missing, chunk.length - at);
      if (take > 0) this.#hold(chunk, at, at + take);
      at += take;
      if (this.#held < this.#wanted) return;
      this.#release(false);
    }
    if (at === chunk.length) return;
    const rest = at === 0 ? chunk : chunk.subarray(at);
    const used = this.#scan(rest, false);
    if (used < rest.length) this.#hold(rest, used, rest.length);
  }

  /** The connection has ended: a packet that waited only for a look-ahead is taken now, the rest is skipped. */
  end(): void {
    if (this.#held > 0) this.#release(true);
    this.counters.skippedBytes += this.#held;
    this.#held = 0;
  }

  #hold(from: Buffer, start: number, end: number): void {
    const needed = this.#held + end - start;
    if (needed > this.#carry.length) {
      const size = Math.max(needed, Math.min(this.#wanted, MAX_HELD), 2 * this.#held, 128);
      // It lives as long as the connection: not from the shared pool.
      const grown = Buffer.allocUnsafeSlow(size);
      this.#carry.copy(grown, 0, 0, this.#held);
      this.#carry = grown;
    }
    from.copy(this.#carry, this.#held, start, end);
    this.#held = needed;
  }

  /** Reads what is held. */
  #release(final: boolean): void {
    const bytes = this.#carry.subarray(0, this.#held);
    const used = this.#scan(bytes, final);
    if (used === 0) return;
    this.#carry.copyWithin(0, used, this.#held);
    this.#held -= used;
    if (this.#carry.length > MOST_KEPT && this.#held === 0) this.#carry = NOTHING;
  }

  /** @returns how many bytes are done with; if not all, `#wanted` says how many of the rest are needed. */
  #scan(bytes: Buffer, final: boolean): number {
    let at = 0;
    while (at < bytes.length) {
      if (!this.#inStep) {
        const found = bytes.indexOf(MAGIC, at);
        if (found < 0) {
          // The magic may begin in the last three bytes.
          const keep = Math.min(bytes.length - at, MAGIC.length - 1);
          this.counters.skippedBytes += bytes.length - at - keep;
          this.#wanted = keep + 1;
          return bytes.length - keep;
        }
        this.counters.skippedBytes += found - at;
        at = found;
        const verdict = this.#judge(bytes, at, final);
        if (verdict < 0) {
          this.#wanted = Math.max(-verdict, bytes.length - at + 1);
          return at;
        }
        if (verdict === IMPOSSIBLE) {
          this.counters.skippedBytes += 1;
          at += 1;
          continue;
        }
        this.#simBytes = verdict as SimBytes;
        this.#inStep = true;
      }
      const length = this.#next(bytes, at, this.#simBytes!);
      if (length < 0) {
        this.#wanted = -length;
        return at;
      }
      if (length === IMPOSSIBLE) {
        this.#inStep = false;
        this.counters.resyncs += 1;
        this.#doubt();
        this.counters.skippedBytes += 1;
        at += 1;
        continue;
      }
      this.#emit(bytes, at, length, this.#simBytes!);
      at += length;
      if (!this.#sure && startsWithMagic(bytes, at)) this.#sure = true;
    }
    return at;
  }

  /** The packet expected at `at`: its length, {@link IMPOSSIBLE}, or how many bytes are needed (negated). */
  #next(bytes: Buffer, at: number, simBytes: SimBytes): number {
    const have = bytes.length - at;
    for (let i = 0; i < MAGIC.length && i < have; i += 1) if (bytes[at + i] !== MAGIC[i]) return IMPOSSIBLE;
    const length = measure(bytes, at, simBytes);
    if (length <= 0) return length;
    if (length > UNUSUAL_BODY && this.#swallows(bytes, at, length)) return IMPOSSIBLE;
    return length > have ? -length : length;
  }

  /** Another packet begins within this one: its length word cannot be right. */
  #swallows(bytes: Buffer, at: number, length: number): boolean {
    for (
      let found = bytes.indexOf(MAGIC, at + 4);
      found >= 0 && found < at + length;
      found = bytes.indexOf(MAGIC, found + 4)
    ) {
      if (plausible(bytes, found)) return true;
    }
    return false;
  }

  /** Is there a packet at `at`, where a magic is? Its SIM size, {@link IMPOSSIBLE}, or the bytes needed (negated). */
  #judge(bytes: Buffer, at: number, final: boolean): number {
    if (bytes.length - at < 5 && !final) return -5;
    // T/JSATL 12 attachment frames begin with the same magic; there a file name or a short length follows.
    if ((bytes[at + 4] ?? 0) < 0x80) return IMPOSSIBLE;
    if (this.#sure && this.#simBytes !== undefined) {
      const length = measure(bytes, at, this.#simBytes);
      if (length < 0) return final ? IMPOSSIBLE : length;
      if (length > 0) {
        if (bytes.length - at < length) return final ? IMPOSSIBLE : -length;
        if (!this.#swallows(bytes, at, length)) return this.#simBytes;
      }
    }
    return this.#judgeByWhatFollows(bytes, at, final);
  }

  #judgeByWhatFollows(bytes: Buffer, at: number, final: boolean): number {
    let needed = 0;
    const loose: { simBytes: SimBytes; end: number }[] = [];
    for (const simBytes of [6, 10] as const) {
      const length = measure(bytes, at, simBytes);
      if (length === IMPOSSIBLE || length === emptyLength(bytes, at, simBytes)) continue;
      const end = at + length;
      if (length > 0 && startsWithMagic(bytes, end)) return simBytes;
      if (length > 0 && (contradictsMagic(bytes, end) || (final && end <= bytes.length))) {
        if (final && end === bytes.length) return simBytes;
        loose.push({ simBytes, end });
      } else if (!final) {
        const more = length < 0 ? -length : length + MAGIC.length;
        needed = needed === 0 ? more : Math.min(needed, more);
      }
    }
    if (needed > 0) return -needed;
    if (loose.length === 0) return IMPOSSIBLE;
    // Garbage follows either way. A picture beginning where the body would is as good as a packet following; else what
    // was believed before is; else the right size is the one that leaves the least of it before the next packet.
    const evident = loose.find(({ simBytes }) => beginsPicture(bytes, at, simBytes));
    if (evident !== undefined) {
      this.#sure = true;
      return evident.simBytes;
    }
    const next = bytes.indexOf(MAGIC, at + MAGIC.length);
    if (next < 0 && !final && bytes.length - at < MAX_HELD) {
      return -Math.min(MAX_HELD, Math.ceil((bytes.length - at) * 1.25));
    }
    const fits = loose.filter(({ end }) => next < 0 || end <= next).sort((a, b) => b.end - a.end);
    return (fits.find(({ simBytes }) => simBytes === this.#simBytes) ?? fits[0])?.simBytes ?? IMPOSSIBLE;
  }

  #doubt(): void {
    this.#doubts += 1;
    if (this.#doubts < DOUBT_AFTER) return;
    this.#doubts = 0;
    this.#sure = false;
  }

  #emit(bytes: Buffer, at: number, length: number, simBytes: SimBytes): void {
    const packet = this.#packet;
    readFields(bytes, at, length, simBytes, packet);
    if (packet.sim === '' || !this.#sameSim(bytes, at + 8, simBytes)) {
      bytes.copy(this.#sim, 0, at + 8, at + 8 + simBytes);
      packet.sim = this.#sim.toString('hex', 0, simBytes);
    }
    this.counters.packets += 1;
    if (startsWithMagic(bytes, at + length)) this.#doubts = 0;
    this.#onPacket(packet);
  }

  #sameSim(bytes: Buffer, at: number, simBytes: SimBytes): boolean {
    if (this.#packet.sim.length !== simBytes * 2) return false;
    for (let i = 0; i < simBytes; i += 1) if (bytes[at + i] !== this.#sim[i]) return false;
    return true;
  }
}

const startsWithMagic = (bytes: Buffer, at: number): boolean =>
  at + 4 <= bytes.length &&
  bytes[at] === 0x30 &&
  bytes[at + 1] === 0x31 &&
  bytes[at + 2] === 0x63 &&
  bytes[at + 3] === 0x64;

/** There are bytes at `at`, and they are not the beginning of a magic. */
function contradictsMagic(bytes: Buffer, at: number): boolean {
  for (let i = 0; i < MAGIC.length && at + i < bytes.length; i += 1) if (bytes[at + i] !== MAGIC[i]) return true;
  return false;
}

/** The header at `at` could be a packet's, with either size of SIM. */
const plausible = (bytes: Buffer, at: number): boolean =>
  (bytes[at + 4] ?? 0) >= 0x80 && (measure(bytes, at, 6) !== IMPOSSIBLE || measure(bytes, at, 10) !== IMPOSSIBLE);

/** It says it is the first packet of a picture, and its body begins with a start code. */
function beginsPicture(bytes: Buffer, at: number, simBytes: SimBytes): boolean {
  const kind = bytes[at + simBytes + 9]!;
  const body = at + headerSize(kind >> 4, simBytes);
  const opens = kind >> 4 < DataType.audio && (kind & 0x0f) <= Part.first;
  return opens && bytes[body] === 0 && bytes[body + 1] === 0 && bytes[body + 2] === 0 && bytes[body + 3] === 1;
}

/** Length of a packet without a body: nobody sends one, so it is not found by searching. In step it is let pass. */
function emptyLength(bytes: Buffer, at: number, simBytes: SimBytes): number {
  const kind = bytes[at + simBytes + 9];
  return kind === undefined ? -1 : headerSize(kind >> 4, simBytes);
}
