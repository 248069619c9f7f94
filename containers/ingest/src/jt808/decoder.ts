/** From a control connection's bytes to headers and bodies. Whatever is no frame is counted and skipped. */

import { unescape } from './escape.ts';
import { Framer } from './framer.ts';
import { type FrameError, type Header, decodeHeader } from './header.ts';

export type FrameHandler = (header: Header, body: Buffer) => void;

/** Frames dropped, by reason. */
export type FrameErrors = Record<FrameError, number>;

/** `content` is what stood between two flags. Calls `onFrame` and answers true when it is a frame, else counts why not. */
export function openFrame(content: Buffer, errors: FrameErrors, onFrame: FrameHandler): boolean {
  const frame = unescape(content);
  const header = decodeHeader(frame);
  if (typeof header === 'string') {
    errors[header]++;
    return false;
  }
  onFrame(header, frame.subarray(header.bodyStart, header.bodyStart + header.bodyLength));
  return true;
}

export class FrameDecoder {
  readonly framer: Framer;
  readonly errors: FrameErrors = { short: 0, checksum: 0, length: 0 };

  /** `onFrame`'s body and phone are views that are good only during the call. */
  constructor(onFrame: FrameHandler) {
    this.framer = new Framer((content) => openFrame(content, this.errors, onFrame));
  }

  push(chunk: Buffer): void {
    this.framer.push(chunk);
  }
}
