/**
 * Where the frames of a Matroska or WebM file lie (RFC 8794, RFC 9559), found as its bytes pass by: of what is in a frame
 * only the beginning is looked at, and nothing is kept. Its own index (Cues) names keyframes alone.
 */

/** Bytes that are no Matroska, or of a kind that is not read here. */
export class MatroskaError extends Error {
  override name = 'MatroskaError';
}

export interface MatroskaTrack {
  readonly number: number;
  readonly codec: string;
  /** Its frames are stored as something else (compressed, encrypted). */
  readonly encoded: boolean;
  /** Nanoseconds a frame lasts, where it is said; and by which all its times are late. */
  readonly frameDuration: number | undefined;
  readonly delay: number;
  /** What its codec is to know beforehand. */
  readonly private: Buffer | undefined;
}

export interface MatroskaFrame {
  readonly track: number;
  /** Byte of the file. */
  readonly offset: number;
  readonly size: number;
  /** Nanoseconds at which it is shown; undefined: it follows the one before it in the same block. */
  readonly time: number | undefined;
  readonly key: boolean;
  /** Nanoseconds, where it is said. */
  readonly duration: number | undefined;
  /** Its first bytes. */
  readonly begins: Buffer;
}

const ID = {
  EBML: 0x1a45dfa3,
  Segment: 0x18538067,
  Info: 0x1549a966,
  Tracks: 0x1654ae6b,
  Cluster: 0x1f43b675,
  Timestamp: 0xe7,
  SimpleBlock: 0xa3,
  BlockGroup: 0xa0,
  Block: 0xa1,
  BlockDuration: 0x9b,
  ReferenceBlock: 0xfb,
};

/** Bytes of a frame that are handed on: what comes before a picture in its packet is shorter. */
const BEGINS = 16 * 1024;
/** Of a description of tracks: fonts and covers are elsewhere. */
const MOST_HEADER = 16 * 1024 ** 2;
/** Of a block's own header, with the lengths of up to 256 frames in it. */
const BLOCK_HEADER = 2048;

interface Element {
  readonly id: number;
  /** Of its content; undefined: to where the next of its level begins. */
  readonly size: number | undefined;
  /** Bytes before it. */
  readonly header: number;
}

/** Variable-size integer (RFC 8794 4): an ID keeps its marker. `value` undefined: all ones, a size that is not known. */
function vint(
  bytes: Buffer,
  at: number,
  keepMarker = false,
): { value: number | undefined; length: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first === 0) throw new MatroskaError('a number of more than 8 bytes');
  const length = Math.clz32(first) - 23;
  if (at + length > bytes.length) return undefined;
  let value = keepMarker ? first : first & (0xff >> length);
  let ones = !keepMarker && value === 0xff >> length;
  for (let i = 1; i < length; i += 1) {
    ones &&= bytes[at + i] === 0xff;
    value = value * 256 + bytes[at + i]!;
  }
  return { value: ones ? undefined : value, length };
}

function elementAt(bytes: Buffer, at: number): Element | undefined {
  const id = vint(bytes, at, true);
  const size = id && vint(bytes, at + id.length);
  return size && { id: id.value!, size: size.value, header: id.length + size.length };
}

/** The elements that `bytes` consist of, all of whose sizes are known. */
function* elements(bytes: Buffer): Generator<{ id: number; body: Buffer }> {
  for (let at = 0; at < bytes.length;) {
    const found = elementAt(bytes, at);
    if (found?.size === undefined || at + found.header + found.size > bytes.length)
      throw new MatroskaError('an element that does not fit');
    yield { id: found.id, body: bytes.subarray(at + found.header, at + found.header + found.size) };
    at += found.header + found.size;
  }
}

const CLUSTER = Buffer.from([0x1f, 0x43, 0xb6, 0x75]);
/** Bytes of a cluster's header, a checksum and the header of its time stamp. */
const CLUSTER_HEADER = 4 + 8 + 6 + 2;

/** Where the first cluster begins: its ID, followed by what one begins with. Not found: from where on to look with more. */
function clusterIn(bytes: Buffer): { found: boolean; offset: number } {
  for (let at = 0; ;) {
    const offset = bytes.indexOf(CLUSTER, at);
    if (offset === -1) return { found: false, offset: bytes.length - CLUSTER.length + 1 };
    if (offset + CLUSTER_HEADER > bytes.length) return { found: false, offset };
    const size = bytes[offset + 4] === 0 ? undefined : vint(bytes, offset + 4);
    const inner = offset + 4 + (size?.length ?? 0);
    // CRC-32 (RFC 8794 11.3.1) may come first.
    const time = bytes[inner] === 0xbf && bytes[inner + 1] === 0x84 ? inner + 6 : inner;
    if (size && bytes[time] === ID.Timestamp && bytes[time + 1]! > 0x80 && bytes[time + 1]! <= 0x88)
      return { found: true, offset };
    at = offset + 1;
  }
}

const unsigned = (body: Buffer): number => body.reduce((value, byte) => value * 256 + byte, 0);

/** What the header says that holds for all frames. */
export interface MatroskaHeader {
  /** In the order of the file. */
  readonly tracks: readonly MatroskaTrack[];
  /** Nanoseconds a tick. */
  readonly scale: number;
}

interface Stretch {
  readonly header: MatroskaHeader;
  /** Byte of the file that it is read from: its first cluster is the first one there. */
  readonly from: number;
  /** Its last cluster is the last one that begins before this byte. */
  readonly until: number;
}

export class MatroskaReader {
  readonly #tracks: MatroskaTrack[] = [];
  readonly #onFrame: (frame: MatroskaFrame) => void;
  readonly #until: number;
  /** Byte of the file at which the first cluster begins, and the first one that is not read any more. */
  first: number | undefined;
  next: number | undefined;
  #seeking: boolean;
  /** Byte of the file that `#held` begins at. */
  #at: number;
  #held: Buffer = Buffer.alloc(0);
  /** Bytes that need not be looked at. */
  #skip = 0;
  /** Nanoseconds a tick. */
  #scale = 1_000_000;
  #cluster = 0;
  /** The group that is being read: its frames, which are keyframes if it names no other, and where it ends. */
  #group: { frames: MatroskaFrame[]; key: boolean; duration: number | undefined; ends: number } | undefined;

  /** Without a stretch, it reads the file from its beginning to its end. */
  constructor(onFrame: (frame: MatroskaFrame) => void, stretch?: Stretch) {
    this.#onFrame = onFrame;
    this.#until = stretch?.until ?? Infinity;
    this.#at = stretch?.from ?? 0;
    this.#seeking = this.#at > 0;
    if (stretch) {
      this.#tracks.push(...stretch.header.tracks);
      this.#scale = stretch.header.scale;
    }
  }

  get header(): MatroskaHeader {
    return { tracks: this.#tracks, scale: this.#scale };
  }

  /** Whether what follows is another stretch's. */
  get done(): boolean {
    return this.next !== undefined;
  }

  /** The next bytes of the file. @throws MatroskaError */
  push(bytes: Buffer): void {
    if (this.done) return;
    const skipped = Math.min(this.#skip, bytes.length);
    this.#skip -= skipped;
    if (skipped === bytes.length) {
      this.#at += skipped;
      return;
    }
    this.#at += skipped;
    const rest = bytes.subarray(skipped);
    this.#held = this.#held.length === 0 ? rest : Buffer.concat([this.#held, rest]);
    if (this.#seeking && !this.#seek()) return;
    let used = 0;
    for (;;) {
      const left = this.#held.subarray(used);
      const done = this.#next(left, this.#at + used);
      if (done === undefined || this.done) break;
      used += done;
      if (used > this.#held.length) break;
    }
    this.#skip = Math.max(0, used - this.#held.length);
    this.#at += Math.min(used, this.#held.length);
    this.#held = this.#held.subarray(Math.min(used, this.#held.length));
  }

  /** The file has no more. */
  end(): void {
    this.#closeGroup(Infinity);
  }

  /** Drops what is before the first cluster. */
  #seek(): boolean {
    const at = clusterIn(this.#held);
    const dropped = at.found ? at.offset : Math.max(0, at.offset);
    this.#at += dropped;
    this.#held = this.#held.subarray(dropped);
    this.#seeking = !at.found;
    return at.found;
  }

  /** Takes the element that begins at byte `at` of the file; answers how many bytes are done with, undefined: it needs more. */
  #next(bytes: Buffer, at: number): number | undefined {
    const found = elementAt(bytes, 0);
    if (found === undefined) return undefined;
    const { id, size, header } = found;
    this.#closeGroup(at);
    if (id === ID.EBML && at > 0) throw new MatroskaError('another file follows');
    if (id === ID.Cluster) {
      this.first ??= at;
      if (at >= this.#until) this.next = at;
    }
    if (id === ID.Segment || id === ID.Cluster) return header;
    if (size === undefined) throw new MatroskaError('an element of unknown size');
    if (id === ID.BlockGroup) {
      this.#group = { frames: [], key: true, duration: undefined, ends: at + header + size };
      return header;
    }
    const isBlock = id === ID.SimpleBlock || id === ID.Block;
    if (isBlock) {
      const wanted = header + Math.min(size, BLOCK_HEADER + BEGINS);
      if (bytes.length < wanted) return undefined;
      this.#block(
        bytes.subarray(header, header + Math.min(size, bytes.length - header)),
        at + header,
        size,
        id === ID.SimpleBlock,
      );
      return header + size;
    }
    const read = this.#readers[id];
    if (read === undefined) return header + size;
    if (size > MOST_HEADER) throw new MatroskaError(`a header of ${size} bytes`);
    if (bytes.length < header + size) return undefined;
    read(bytes.subarray(header, header + size));
    return header + size;
  }

  readonly #readers: Readonly<Record<number, (body: Buffer) => void>> = {
    [ID.Info]: (body) => {
      for (const { id, body: value } of elements(body)) if (id === 0x2ad7b1) this.#scale = unsigned(value);
    },
    [ID.Tracks]: (body) => {
      for (const { id, body: entry } of elements(body)) if (id === 0xae) this.#tracks.push(trackOf(entry));
    },
    [ID.Timestamp]: (body) => {
      this.#cluster = unsigned(body);
    },
    [ID.BlockDuration]: (body) => {
      if (this.#group) this.#group.duration = unsigned(body) * this.#scale;
    },
    [ID.ReferenceBlock]: () => {
      if (this.#group) this.#group.key = false;
    },
  };

  #closeGroup(at: number): void {
    const group = this.#group;
    if (group === undefined || at < group.ends) return;
    this.#group = undefined;
    const { key, duration } = group;
    for (const frame of group.frames)
      this.#onFrame({ ...frame, key, duration: duration === undefined ? undefined : duration / group.frames.length });
  }

  /** `bytes`: as much of the block as there is; it begins at byte `at` of the file. RFC 9559 10. */
  #block(bytes: Buffer, at: number, size: number, simple: boolean): void {
    const track = vint(bytes, 0);
    if (track?.value === undefined || bytes.length < track.length + 3)
      throw new MatroskaError('a block without a header');
    const ticks = this.#cluster + bytes.readInt16BE(track.length);
    const flags = bytes[track.length + 2]!;
    const sizes = lacedSizes(bytes, track.length + 3, size, (flags >> 1) & 3);
    let from = sizes.begins;
    sizes.all.forEach((length, index) => {
      const frame = {
        track: track.value!,
        offset: at + from,
        size: length,
        time: index === 0 ? ticks * this.#scale : undefined,
        key: (flags & 0x80) !== 0,
        duration: undefined,
        begins: bytes.subarray(from, from + Math.min(length, BEGINS)),
      };
      from += length;
      if (simple) this.#onFrame(frame);
      else this.#group?.frames.push(frame);
    });
  }
}

/** How long each frame of a block is, and where the first begins. Lacing: 0 none, 1 Xiph, 2 all alike, 3 EBML. */
function lacedSizes(bytes: Buffer, at: number, size: number, lacing: number): { all: number[]; begins: number } {
  if (lacing === 0) return { all: [size - at], begins: at };
  const count = (bytes[at] ?? 0) + 1;
  let next = at + 1;
  const all: number[] = [];
  const byte = (): number => {
    if (next >= bytes.length) throw new MatroskaError('lengths that are cut short');
    return bytes[next++]!;
  };
  if (lacing === 2) {
    return { all: Array.from({ length: count }, () => Math.floor((size - next) / count)), begins: next };
  }
  for (let i = 0; i + 1 < count; i += 1) {
    if (lacing === 1) {
      let length = 0;
      for (let more = true; more;) {
        const value = byte();
        length += value;
        more = value === 255;
      }
      all.push(length);
      continue;
    }
    const number = vint(bytes, next);
    if (number?.value === undefined) throw new MatroskaError('lengths that are cut short');
    // From the second one on: how much more or less, signed by the middle of what so many bytes hold.
    all.push(i === 0 ? number.value : all[i - 1]! + number.value - (2 ** (7 * number.length - 1) - 1));
    next += number.length;
  }
  const rest = size - next - all.reduce((sum, length) => sum + length, 0);
  if (rest < 0 || all.some((length) => length < 0)) throw new MatroskaError('frames longer than their block');
  return { all: [...all, rest], begins: next };
}

function trackOf(entry: Buffer): MatroskaTrack {
  let [number, codec, encoded, delay] = [0, '', false, 0];
  let frameDuration: number | undefined;
  let codecPrivate: Buffer | undefined;
  for (const { id, body } of elements(entry)) {
    if (id === 0x63a2) codecPrivate = Buffer.from(body);
    if (id === 0xd7) number = unsigned(body);
    if (id === 0x86) codec = body.toString('latin1').split('\0', 1)[0]!;
    if (id === 0x6d80) encoded = true;
    if (id === 0x23314f) encoded ||= !isOne(body);
    if (id === 0x23e383) frameDuration = unsigned(body);
    if (id === 0x56aa) delay = unsigned(body);
  }
  return { number, codec, encoded, frameDuration, delay, private: codecPrivate };
}

/** A track's own scale of time, which nobody uses. */
const isOne = (body: Buffer): boolean =>
  body.length === 4 ? body.readFloatBE() === 1 : body.length === 8 ? body.readDoubleBE() === 1 : body.length === 0;
