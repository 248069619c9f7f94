/**
 * Measured program: the usual design. Frames of a stream are collected in a file for one segment, ffmpeg is spawned to
 * make a segment of it, then the playlist is written. It reads its sockets with the same packet code as ours, and writes to
 * the local disk instead of S3: both are in its favour.
 *
 * Arguments: folder, ffmpeg, `copy` or `x264`, frames a second.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { MediaConnection } from '../../containers/ingest/src/jt1078/assemble.ts';
import type { AccessUnit } from '../../containers/ingest/src/media/unit.ts';
import { answerMessages } from './pinned.ts';

export type ClassicMessage = { readonly do: 'port' } | { readonly do: 'usage' };
export interface ClassicUsage {
  /** Of the process and of the ffmpegs that have ended: user and system. */
  readonly cpuMs: number;
  readonly segments: number;
  readonly failed: number;
  /** As the sink measures them, since last asked: from the device's last picture to the playlist being written. */
  readonly lags: readonly number[];
}

const {
  CLASSIC_FOLDER: folder = '',
  CLASSIC_FFMPEG: ffmpeg = '',
  CLASSIC_MODE: mode,
  CLASSIC_RATE: rate = '',
} = process.env;
const SEGMENT_MS = 2000;
/** ffmpegs at once; more only get in one another's way on one core. */
const PARALLEL = 2;
const CODEC = mode === 'copy' ? ['-c', 'copy'] : ['-c:v', 'libx264', '-preset', 'veryfast', '-threads', '1'];

let segments = 0;
let failed = 0;
let lags: number[] = [];
let running = 0;
const waiting: (() => Promise<void>)[] = [];

class Collector {
  readonly #name: string;
  #pieces: Buffer[] = [];
  #first = 0;
  #last = 0;
  #number = 0;

  constructor(name: string) {
    this.#name = name;
  }

  unit(unit: AccessUnit): void {
    if (unit.kind !== 'video' || (this.#pieces.length === 0 && !unit.keyframe)) return;
    if (unit.keyframe && this.#pieces.length > 0 && unit.timestamp - this.#first >= SEGMENT_MS - 100) this.#cut();
    if (this.#pieces.length === 0) this.#first = unit.timestamp;
    this.#last = unit.timestamp;
    this.#pieces.push(Buffer.from(unit.data));
  }

  #cut(): void {
    const pieces = this.#pieces;
    const last = this.#last;
    this.#pieces = [];
    this.#number += 1;
    const base = join(folder, `${this.#name}-${this.#number}`);
    waiting.push(() => this.#make(base, pieces, last));
    next();
  }

  async #make(base: string, pieces: Buffer[], last: number): Promise<void> {
    const [source, target] = [`${base}.h264`, `${base}.ts`];
    await writeFile(source, pieces);
    const args = [
      '-v',
      'error',
      '-y',
      '-f',
      'h264',
      '-framerate',
      rate,
      '-i',
      source,
      ...CODEC,
      '-f',
      'mpegts',
      target,
    ];
    const code = await new Promise((resolve) => {
      spawn(ffmpeg, args, { stdio: 'ignore' }).once('error', resolve).once('exit', resolve);
    });
    await writeFile(join(folder, `${this.#name}.m3u8`), `#EXTM3U\n#EXTINF:2,\n${target}\n`);
    if (code !== 0) failed += 1;
    segments += 1;
    lags.push(performance.timeOrigin + performance.now() - last);
    await Promise.all([rm(source), rm(target, { force: true })]);
  }
}

function next(): void {
  while (running < PARALLEL && waiting.length > 0) {
    running += 1;
    void waiting.shift()!().finally(() => {
      running -= 1;
      next();
    });
  }
}

let count = 0;
const server = createServer({ noDelay: true }, (socket) => {
  const collector = new Collector(`s${count++}`);
  const connection = new MediaConnection(() => ({ unit: (unit) => collector.unit(unit), gap: () => {} }));
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => connection.push(chunk, performance.now()));
  socket.once('close', () => connection.end());
});
const port = new Promise<number>((resolve) => {
  server.listen({ port: 0, host: '127.0.0.1' }, () => resolve((server.address() as AddressInfo).port));
});

/** Milliseconds of this process and its ended children: utime, stime, cutime, cstime of proc(5), in ticks of 10 ms. */
function cpuMs(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
}

answerMessages<ClassicMessage>({
  port: () => port,
  usage: (): ClassicUsage => {
    const taken = lags;
    lags = [];
    return { cpuMs: cpuMs(), segments, failed, lags: taken };
  },
});
