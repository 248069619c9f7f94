/** Sends a capture file over one connection: every byte as it is, at its own speed or as fast as the socket takes it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCapture } from './capture.ts';

export interface ReplayOptions {
  readonly host: string;
  readonly port: number;
  /** A capture's bytes. */
  readonly capture: Buffer;
  /** How many times as fast as it was recorded; `max` does not wait at all. 1 when not given. */
  readonly speed?: number | 'max';
  readonly signal?: AbortSignal;
  readonly localAddress?: string;
}

export interface Replayed {
  readonly bytes: number;
  readonly packets: number;
  /** Milliseconds it took. */
  readonly elapsed: number;
  /** Milliseconds from the first packet to the last by their timestamps. */
  readonly duration: number;
}

/** Resolves when the platform has got everything. @throws what the socket throws, CaptureError, AbortError. */
export async function replay({
  host,
  port,
  capture,
  speed = 1,
  signal,
  localAddress,
}: ReplayOptions): Promise<Replayed> {
  const { lead, track } = readCapture(capture);
  const { bytes, packetAt, unitAt, unitTime } = track;
  const socket = connect({ host, port, noDelay: true, ...(localAddress !== undefined && { localAddress }) });
  const failed = once(socket, 'close').then(() => {
    throw socket.errored ?? new Error('the platform has closed the connection');
  });
  // Awaited through the races below.
  failed.catch(() => undefined);
  try {
    await Promise.race([once(socket, 'connect', { signal }), failed]);
    socket.resume();
    const begun = performance.now();
    socket.write(lead);
    for (let unit = 0; unit < unitTime.length; unit += 1) {
      if (speed !== 'max') {
        const wait = begun + unitTime[unit]! / speed - performance.now();
        if (wait > 1) await Promise.race([sleep(wait, undefined, { signal }), failed]);
      }
      const piece = bytes.subarray(packetAt[unitAt[unit]!], packetAt[unitAt[unit + 1]!]);
      if (!socket.write(piece)) await Promise.race([once(socket, 'drain', { signal }), failed]);
    }
    const ended = once(socket, 'finish', { signal });
    socket.end();
    await Promise.race([ended, failed]);
    return {
      bytes: lead.length + bytes.length,
      packets: packetAt.length - 1,
      elapsed: performance.now() - begun,
      duration: unitTime.at(-1) ?? 0,
    };
  } finally {
    if (!socket.writableFinished) socket.destroy();
  }
}
