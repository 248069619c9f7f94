/** Collects the pieces of one channel's frames without copying them, and without letting a sender pin what it did not pay for. */

/**
 * A piece keeps the whole read buffer alive that it lies in. A sender whose reads are mostly media pays for that; one who
 * sends a crumb in every 64 KiB would have us hold 64 KiB for each. So what is pinned is weighed against what was sent.
 */
const PAID_FACTOR = 3;
/** Bytes pinned in excess before frames are copied into buffers of their own. */
const ALLOWANCE = 256 * 1024;

export class FrameBuffer {
  pieces: Buffer[] = [];
  bytes = 0;
  timestamp = 0;
  dataType = 0;
  /** Bytes pinned and not paid for, over all frames of the channel. */
  #debt = 0;
  /** Bytes of the read buffers that this frame was the first to pin. */
  #pinned = 0;
  #latest: ArrayBufferLike | undefined;

  get empty(): boolean {
    return this.bytes === 0;
  }

  add(piece: Buffer): void {
    this.pieces.push(piece);
    this.bytes += piece.length;
    this.#debt = Math.max(0, this.#debt - PAID_FACTOR * piece.length);
    if (piece.buffer === this.#latest) return;
    this.#latest = piece.buffer;
    this.#debt += piece.buffer.byteLength;
    this.#pinned += piece.buffer.byteLength;
    // Copying only what frees more than it copies keeps the work in proportion to the bytes received.
    if (this.#debt > ALLOWANCE && this.#pinned > this.bytes) this.#copy();
  }

  /** Hands the pieces over and is empty. */
  take(): Buffer[] {
    const { pieces } = this;
    this.clear();
    return pieces;
  }

  clear(): void {
    if (this.bytes === 0) return;
    this.pieces = [];
    this.bytes = 0;
    this.#pinned = 0;
  }

  #copy(): void {
    // Not from the shared pool: a pooled buffer would pin its neighbours.
    const copy = Buffer.allocUnsafeSlow(this.bytes);
    let at = 0;
    for (const piece of this.pieces) at += piece.copy(copy, at);
    this.pieces = [copy];
    this.#debt = Math.max(0, this.#debt - this.#pinned);
    this.#pinned = 0;
    this.#latest = undefined;
  }
}
