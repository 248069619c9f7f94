/**
 * From a web server to the parts of an upload to S3. Where the server gives ranges, part by part: some at a time, each tried
 * again alone, and what one invocation does not get to the next one does. Where it does not, in one go.
 */
import { UploadPartCommand } from '@aws-sdk/client-s3';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { s3 } from '../shared/clients.ts';
import { bucket } from '../upload/source.ts';
import { factsOf, holdsRange, type Facts } from './answer.ts';
import type { Connector } from './connect.ts';
import { Interrupted, PullFailed, SourceChanged } from './failure.ts';
import type { Piece } from '../shared/pieces.ts';
import type { Watch } from './watch.ts';

/** Times a part is asked for before the pull takes a rest. */
const TRIES = 4;

export interface Target {
  readonly key: string;
  readonly uploadId: string;
}

/** What lies at the address; and where the server gives no ranges, the answer that holds all of it. */
export async function look(
  connector: Connector,
  address: string,
  signal: AbortSignal,
): Promise<{ facts: Facts; answer: IncomingMessage }> {
  const answer = await connector.get(address, [0, 0], { signal });
  try {
    const facts = factsOf({ status: answer.statusCode ?? 0, headers: answer.headers });
    if (facts.ranges) answer.destroy();
    return { facts, answer };
  } catch (error) {
    answer.destroy();
    throw error;
  }
}

export const putPart = async (
  { key, uploadId }: Target,
  number: number,
  Body: Buffer,
  signal: AbortSignal,
): Promise<void> =>
  void (await s3.send(
    new UploadPartCommand({ Bucket: bucket(), Key: key, UploadId: uploadId, PartNumber: number, Body }),
    { abortSignal: signal },
  ));

/** One part, from the server to S3. */
export async function pullPiece(
  connector: Connector,
  address: string,
  facts: Facts,
  target: Target,
  { number, from, to }: Piece,
  { signal, add }: Pick<Watch, 'signal' | 'add'>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    let came = 0;
    const count = (bytes: number) => {
      came += bytes;
      add(bytes);
    };
    try {
      const answer = await connector.get(address, [from, to], { ifRange: facts.validator, signal });
      let body: Buffer;
      try {
        if (!holdsRange({ status: answer.statusCode ?? 0, headers: answer.headers }, from, to, facts))
          throw new SourceChanged('another file lies there now');
        body = await readExactly(answer, to - from + 1, count);
      } finally {
        // Read to the end it stays open for the next one; else it is of no use.
        if (!answer.complete) answer.destroy();
      }
      await putPart(target, number, body, signal);
      return;
    } catch (error) {
      add(-came);
      signal.throwIfAborted();
      if (!(error instanceof Interrupted) || attempt === TRIES) throw error;
      await sleep(250 * 2 ** attempt * (1 + Math.random()), undefined, { signal });
    }
  }
}

async function readExactly(answer: IncomingMessage, length: number, count: (bytes: number) => void): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  for await (const chunk of chunksOf(answer)) {
    if (filled + chunk.length > length)
      throw new PullFailed('source-answer', 'The address answered more than was asked for.');
    filled += chunk.copy(bytes, filled);
    count(chunk.length);
  }
  if (filled < length) throw new Interrupted('ended in the middle of a part');
  return bytes;
}

/** Everything in one go. Throws PullFailed (`too-large`) once there is more than `maxBytes`; answers how many there were. */
export async function pullWhole(
  answer: IncomingMessage,
  target: Target,
  partBytes: number,
  maxBytes: number,
  { signal, add }: Pick<Watch, 'signal' | 'add'>,
): Promise<number> {
  let [part, filled, number, total] = [Buffer.allocUnsafe(partBytes), 0, 0, 0];
  let sending: Promise<void> | undefined;
  const send = async () => {
    const body = part.subarray(0, filled);
    await sending;
    number += 1;
    sending = putPart(target, number, body, signal);
    // Awaited later: an error in between must not end the process.
    sending.catch(() => undefined);
    [part, filled] = [Buffer.allocUnsafe(partBytes), 0];
  };
  try {
    for await (const chunk of chunksOf(answer)) {
      total += chunk.length;
      if (total > maxBytes) throw tooLarge(maxBytes);
      add(chunk.length);
      for (let at = 0; at < chunk.length;) {
        const copied = chunk.copy(part, filled, at);
        at += copied;
        filled += copied;
        if (filled === partBytes) await send();
      }
    }
    if (filled > 0) await send();
    await sending;
  } finally {
    answer.destroy();
  }
  return total;
}

export const tooLarge = (maxBytes: number) =>
  new PullFailed(
    'too-large',
    `The file at that address has more than the ${maxBytes} bytes that are taken (upload.maxSizeGiB).`,
  );

async function* chunksOf(answer: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield chunk as Buffer;
  } catch (cause) {
    throw cause instanceof Interrupted ? cause : new Interrupted('broke off in the middle', { cause });
  }
}
