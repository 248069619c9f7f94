/** An attachment connection's platform side in small: enough to run the recorded sessions, made of the parts under test. */

import type { Header } from '../../../../../containers/ingest/src/jt808/header.ts';
import { decodeBody, encodeFrames } from '../../../../../containers/ingest/src/jt808/messages/registry.ts';
import { serials } from '../../../../../containers/ingest/src/jt808/subpackage.ts';
import { Intervals } from '../../../../../containers/ingest/src/jt808/subiao/intervals.ts';
import { Mux } from '../../../../../containers/ingest/src/jt808/subiao/mux.ts';
import { rawLayoutOf } from '../../../../../containers/ingest/src/jt808/subiao/raw.ts';

interface File {
  readonly bytes: Buffer;
  readonly ranges: Intervals;
}

export class Session {
  readonly files = new Map<string, File>();
  readonly replies: string[] = [];
  readonly refused: string[] = [];
  /** Offsets and lengths as they came. */
  readonly pieces: { name: string; offset: number; data: string }[] = [];
  private readonly nextSerial = serials();

  readonly mux = new Mux({
    onFrame: (header, body) => this.frame(header, body),
    onData: (header, offset, data) => {
      this.pieces.push({ name: header.name, offset, data: data.toString('hex') });
      const file = this.files.get(header.name);
      if (file === undefined || offset + data.length > file.bytes.length) this.refused.push(header.name);
      else if (file.ranges.add(offset, offset + data.length)) data.copy(file.bytes, offset);
    },
  });

  push(chunks: Iterable<Buffer>): this {
    for (const chunk of chunks) this.mux.push(chunk);
    return this;
  }

  private frame(header: Header, body: Buffer): void {
    const message = decodeBody(header.id, body, header.version);
    const ok = { replySerial: header.serial, replyId: header.id, result: 0 };
    switch (message.name) {
      case 'attachmentList':
        this.mux.raw.layout = rawLayoutOf(message.value.sign.region);
        for (const { name, size } of message.value.files) {
          this.files.set(name, { bytes: Buffer.alloc(size), ranges: new Intervals() });
        }
        this.reply(encodeFrames(header, 'platformReply', ok, this.nextSerial));
        break;
      case 'attachmentBegin':
        this.reply(encodeFrames(header, 'platformReply', ok, this.nextSerial));
        break;
      case 'attachmentEnd': {
        const { name, type, size } = message.value;
        const missing = this.files.get(name)?.ranges.missing(size) ?? [{ offset: 0, length: size }];
        this.reply(encodeFrames(header, 'attachmentReply', { name, type, missing }, this.nextSerial));
        break;
      }
      default:
        throw new Error(`an attachment connection has no ${message.name}`);
    }
  }

  private reply(frames: Buffer[]): void {
    this.replies.push(...frames.map((frame) => frame.toString('hex')));
  }
}
