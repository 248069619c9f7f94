/**
 * Finds JT/T 808 frames in a byte stream: what stands between two flags 7e (JT/T 808-2019 4.4.1). It finds boundaries
 * only; unescaping, the checksum and decoding come after. Every flag both ends what went before and begins what comes
 * next, so frames may share one; two flags with nothing between them are no frame.
 */

/** The largest content: header 21, body 1023, checksum 1, each byte escaped. With its two flags 2092 bytes. */
export const MAX_CONTENT = 2 * (21 + 1023 + 1);

const FLAG = 0x7e;
const EMPTY = Buffer.alloc(0);

export interface FramerStats {
  /** Bytes thrown away: before the first flag, and runs too long to be a frame. */
  droppedBytes: number;
  /** Runs between flags that exceeded the largest frame. */
  oversized: number;
}

export class Framer {
  readonly stats: FramerStats = { droppedBytes: 0, oversized: 0 };
  private readonly onFrame: (content: Buffer) => void;
  /** The beginning of a frame from earlier chunks; allocated only while there is one. */
  private held: Buffer = EMPTY;
  private heldLength = 0;
  private state: 'outside' | 'inside' | 'skipping' = 'outside';
  /** The flag before the pending bytes closed a frame, and may only have done that. */
  private shared = false;

  /** `onFrame` gets a frame's content, still escaped, without flags: a view that is good only during the call. */
  constructor(onFrame: (content: Buffer) => void) {
    this.onFrame = onFrame;
  }

  /** Bytes of an unfinished frame, its own opening flag included. */
  get pending(): number {
    if (this.state !== 'inside') return 0;
    return this.heldLength + (this.shared ? 0 : 1);
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const flag = chunk.indexOf(FLAG, at);
      const end = flag < 0 ? chunk.length : flag;
      if (this.state === 'inside') this.take(chunk, at, end, flag >= 0);
      else this.stats.droppedBytes += end - at;
      if (flag < 0) return;
      if (this.state !== 'inside') this.shared = false;
      this.state = 'inside';
      at = flag + 1;
    }
  }

  /** Bytes `at`…`end` of the chunk belong to the pending frame; `closed` says that a flag follows them. */
  private take(chunk: Buffer, at: number, end: number, closed: boolean): void {
    const length = this.heldLength + end - at;
    if (length > MAX_CONTENT) {
      this.stats.oversized++;
      this.stats.droppedBytes += length;
      this.release();
      this.state = 'skipping';
    } else if (!closed) {
      this.hold(chunk, at, end);
    } else if (length === 0) {
      this.shared = false;
    } else if (this.heldLength === 0) {
      this.shared = true;
      this.onFrame(chunk.subarray(at, end));
    } else {
      this.hold(chunk, at, end);
      const content = this.held.subarray(0, this.heldLength);
      this.release();
      this.shared = true;
      this.onFrame(content);
    }
  }

  private hold(chunk: Buffer, at: number, end: number): void {
    const length = this.heldLength + end - at;
    if (length === 0) return;
    if (length > this.held.length) {
      const grown = Buffer.allocUnsafeSlow(length <= 256 ? 256 : MAX_CONTENT);
      this.held.copy(grown, 0, 0, this.heldLength);
      this.held = grown;
    }
    chunk.copy(this.held, this.heldLength, at, end);
    this.heldLength = length;
  }

  private release(): void {
    this.held = EMPTY;
    this.heldLength = 0;
  }
}
