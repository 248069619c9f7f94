/** Media bytes of one segment, put one behind the other into blocks of memory. */
import { BLOCK_BYTES, blocks } from './blocks.ts';

const word = Buffer.alloc(4);

export class Payload {
  /** All full but the last. */
  #blocks: Buffer[] = [];
  #block: Buffer;
  #used = 0;
  /** Bytes put in. */
  bytes = 0;

  constructor() {
    this.#block = this.#next();
  }

  /** Bytes of memory taken for them. */
  get held(): number {
    return this.#blocks.length * BLOCK_BYTES;
  }

  /** Bytes `start` to `end` of `from`, with their length before them in four bytes. */
  addNal(from: Buffer, start: number, end: number): void {
    word.writeUInt32BE(end - start);
    this.#add(word, 0, word.length);
    this.#add(from, start, end);
  }

  /** Everything, in order: good until it is given back. Nothing may be added afterwards. */
  parts(): Buffer[] {
    return [...this.#blocks.slice(0, -1), this.#block.subarray(0, this.#used)];
  }

  /** Gives its memory back, to be used for something else. Safe to repeat. */
  free(): void {
    for (const block of this.#blocks) blocks.give(block);
    this.#blocks = [];
  }

  #add(from: Buffer, start: number, end: number): void {
    for (let at = start; at < end;) {
      if (this.#used === BLOCK_BYTES) this.#block = this.#next();
      const bytes = from.copy(this.#block, this.#used, at, Math.min(end, at + BLOCK_BYTES - this.#used));
      this.#used += bytes;
      at += bytes;
    }
    this.bytes += end - start;
  }

  #next(): Buffer {
    const block = blocks.take();
    this.#blocks.push(block);
    this.#used = 0;
    return block;
  }
}
