/**
 * An attachment connection: 808 frames and raw stream frames, interleaved (T/JSATL 12-2017 4.6). Each unit's first bytes
 * say what it is. Attachment data is handed on as it arrives and never collected; what is held is at most one unfinished
 * 808 frame or raw header. After garbage the scan goes on byte by byte, and a frame whose checksum fails gives up only its
 * opening flag, so a flag inside lost data costs no more than itself.
 */

import { type FrameErrors, type FrameHandler, openFrame } from '../decoder.ts';
import { MAX_CONTENT } from '../framer.ts';
import { type RawHeader, type RawOptions, decodeRawHeader, opening } from './raw.ts';

export interface MuxHandlers {
  /** An 808 frame; body and phone are views that are good only during the call. */
  readonly onFrame: FrameHandler;
  /** A piece of attachment data for `header.name` at `offset` of the file: a view good only during the call. */
  readonly onData: (header: RawHeader, offset: number, data: Buffer) => void;
  /** JT/T 1078 packets began: gets them and everything after them. Without it they are garbage. */
  readonly onMedia?: (bytes: Buffer) => void;
}

export interface MuxStats {
  /** Bytes that belonged to nothing. */
  droppedBytes: number;
  /** Runs of such bytes. */
  resyncs: number;
}

const FLAG = 0x7e;
const EMPTY = Buffer.alloc(0);

export class Mux {
  readonly stats: MuxStats = { droppedBytes: 0, resyncs: 0 };
  readonly errors: FrameErrors = { short: 0, checksum: 0, length: 0 };
  /** Set `layout` and `announced` once 0x1210 is known. */
  readonly raw: RawOptions = {};
  private readonly handlers: MuxHandlers;
  private held: Buffer = EMPTY;
  private header: RawHeader | undefined;
  private taken = 0;
  private media = false;
  /** The byte before was a flag that closed a frame: it may open the next one too. */
  private shared = false;
  private lost = false;

  constructor(handlers: MuxHandlers) {
    this.handlers = handlers;
  }

  /** Bytes held until more come; never more than one frame. */
  get pending(): number {
    return this.held.length;
  }

  push(chunk: Buffer): void {
    const bytes = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    this.held = EMPTY;
    let at = 0;
    while (at < bytes.length) {
      const next = this.step(bytes, at);
      if (next === at) {
        // A copy: the chunk is the socket's, and large beside what is held.
        this.held = Buffer.from(bytes.subarray(at));
        return;
      }
      at = next;
    }
  }

  /** Takes one unit, or a piece of one, at `at`; answers where it ended, or `at` when more bytes are needed. */
  private step(bytes: Buffer, at: number): number {
    if (this.media) {
      this.handlers.onMedia?.(bytes.subarray(at));
      return bytes.length;
    }
    if (this.header !== undefined) return this.data(bytes, at, this.header);
    const kind = opening(bytes, at);
    if (kind === 'more') return at;
    if (kind === 'frame') return this.frame(bytes, at, at + 1);
    // Where there are no packets, their first byte may be that of a name.
    if (kind === 'attachment' || (kind === 'media' && this.handlers.onMedia === undefined)) {
      const header = decodeRawHeader(bytes.subarray(at), this.raw);
      if (header === 'more') return at;
      if (header === undefined) return this.drop(at);
      this.found();
      if (header.length > 0) this.header = header;
      return at + header.headerBytes;
    }
    if (kind === 'media') {
      this.found();
      this.media = true;
      return this.step(bytes, at);
    }
    return this.shared ? this.frame(bytes, at, at) : this.drop(at);
  }

  private data(bytes: Buffer, at: number, header: RawHeader): number {
    const end = Math.min(bytes.length, at + header.length - this.taken);
    const offset = header.offset + this.taken;
    this.taken += end - at;
    if (this.taken === header.length) {
      this.header = undefined;
      this.taken = 0;
    }
    this.handlers.onData(header, offset, bytes.subarray(at, end));
    return end;
  }

  /** A frame whose content starts at `from`: behind its own flag at `at`, or (from === at) behind a shared one. */
  private frame(bytes: Buffer, at: number, from: number): number {
    const end = bytes.indexOf(FLAG, from);
    const length = (end < 0 ? bytes.length : end) - from;
    if (length > MAX_CONTENT) return this.drop(at);
    if (end < 0) return at;
    if (length === 0) {
      // Two flags in a row: the second may open a frame.
      this.shared = false;
      return end;
    }
    if (!openFrame(bytes.subarray(from, end), this.errors, this.handlers.onFrame)) return this.drop(at);
    this.found();
    this.shared = true;
    return end + 1;
  }

  private found(): void {
    this.lost = false;
    this.shared = false;
  }

  private drop(at: number): number {
    this.stats.droppedBytes++;
    if (!this.lost) this.stats.resyncs++;
    this.lost = true;
    this.shared = false;
    return at + 1;
  }
}
