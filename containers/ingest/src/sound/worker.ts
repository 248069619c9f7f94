/**
 * The sound worker: a thread of the task that decodes and encodes all its streams' sound. It is given one batch at a time and
 * answers each. What one stream sends harms that one's encoder at most; should the program itself fail, the thread ends and
 * the task starts another.
 */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { EncoderError, loadEncoders } from './library.ts';
import type { Batch, Encoded, EncodedFrame, WorkerOptions } from './messages.ts';
import { Transcoder, type TimedFrame } from './transcoder.ts';

/** Pictures go first where there is one processor. On Linux this is the thread's own, not the process's. */
const NICENESS = 10;

const port = parentPort!;
const encoders = await loadEncoders((workerData as WorkerOptions).library);
const streams = new Map<number, Transcoder>();
if (process.platform === 'linux') yieldToPictures();

function yieldToPictures(): void {
  try {
    setPriority(0, NICENESS);
  } catch {
    // A sandbox may forbid it: sound then has the share of any other thread.
  }
}

/** What came of a batch. @throws what is not an EncoderError: the program is broken then. */
function transcode({ sounds, bytes, shifts, ended }: Batch): Encoded {
  for (const id of ended) {
    streams.get(id)?.close();
    streams.delete(id);
  }
  for (const { id, ms, count } of shifts) streams.get(id)?.shift(ms, count);
  const made: { readonly id: number; readonly receivedAt: number; readonly timed: TimedFrame }[] = [];
  const faults: string[] = [];
  for (const { id, start, end, receivedAt, ...sound } of sounds) {
    const data = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    try {
      let stream = streams.get(id);
      if (stream === undefined) streams.set(id, (stream = new Transcoder(encoders())));
      for (const timed of stream.push({ ...sound, data })) made.push({ id, receivedAt, timed });
    } catch (error) {
      if (!(error instanceof EncoderError)) throw error;
      faults.push(error.message);
      begin(id);
    }
  }
  return { ...packed(made), sounds: sounds.length - faults.length, faults };
}

/** An encoder that failed is of no use; another one goes on where it was. */
function begin(id: number): void {
  const failed = streams.get(id);
  streams.delete(id);
  if (failed === undefined) return;
  failed.close();
  streams.set(id, new Transcoder(encoders(), failed.shifts));
}

function packed(
  made: readonly { readonly id: number; readonly receivedAt: number; readonly timed: TimedFrame }[],
): Pick<Encoded, 'frames' | 'bytes'> {
  const bytes = new Uint8Array(made.reduce((sum, { timed }) => sum + timed.frame.length, 0));
  const frames: EncodedFrame[] = [];
  let at = 0;
  for (const { id, receivedAt, timed } of made) {
    const { frame, timestamp, shifts } = timed;
    bytes.set(frame, at);
    frames.push({ id, receivedAt, timestamp, shifts, start: at, end: at + frame.length });
    at += frame.length;
  }
  return { frames, bytes };
}

port.on('message', (batch: Batch) => {
  const encoded = transcode(batch);
  port.postMessage(encoded, [encoded.bytes.buffer]);
});
