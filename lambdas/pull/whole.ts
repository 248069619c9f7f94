/** All of an answer, within a size, by whoever asked a server that may be anybody's (connect.ts). */
import type { IncomingMessage } from 'node:http';

/** Throws for more than `most` bytes, for what broke off, and what ended `signal`. */
export async function wholeOf(answer: IncomingMessage, most: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most) throw new Error(`its answer has more than ${most} bytes`);
    chunks.push(chunk);
  }
  // One that was cut off by the time ends like any other where its length was never said.
  signal.throwIfAborted();
  if (!answer.complete) throw new Error('its answer broke off');
  return Buffer.concat(chunks);
}
