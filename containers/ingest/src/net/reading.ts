/**
 * Reads all media connections into one buffer. A socket of Node's otherwise gets memory of its own for each read, 64 KiB of
 * which nearly all is given back, and passes it through a stream: for a packet of a kilobyte that is most of the work.
 *
 * A busy task reads each connection less often, and more of it at once. What reading a connection
 * needs lies all over the memory, and has left the processor's cache by the time its next picture comes. At 15 pictures a second, a rest of
 * 200 ms after each read took a third off the task's CPU time (1,300 streams).
 */
import { Socket } from 'node:net';

const READ_BYTES = 256 * 1024;
/** Of net.Socket. */
const HANDLE = '_handle';
/** Milliseconds a connection rests after it was read; each second in which the task is busy adds a step. */
const STEP = 50;
const LONGEST = 4 * STEP;
/** Milliseconds between connections being taken up again. */
const TICK = 25;
/** Parts of a core that the thread takes: above the first it is busy, below the second calm. Resting itself takes load off, so they stand apart. */
const BUSY = 0.8;
const CALM = 0.55;

export class SharedReads {
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #use: () => number;
  #rest = 0;
  /** What was read in each of the latest ticks, the last being the present one. */
  #resting: Socket[][] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `use`: part of a core that the thread has taken since it was last asked. */
  constructor(use: () => number = threadUse()) {
    this.#use = use;
  }

  /** Milliseconds connections rest now. */
  get rest(): number {
    return this.#rest;
  }

  /**
   * The same connection as a socket that calls `read` instead of emitting `data`. Node offers this (`onread`) to clients
   * alone; a server's connection is therefore handed over by its handle. `socket` must not have begun to read.
   * @param read gets a view that is good only during the call.
   */
  open(socket: Socket, read: (chunk: Buffer) => void): Socket {
    const from = socket as unknown as { [HANDLE]: object | null };
    const handle = from[HANDLE];
    // It was closed before we came to it.
    if (handle === null) return socket;
    from[HANDLE] = null;
    const buffer = this.#buffer;
    const onread = {
      buffer,
      callback: (bytes: number) => {
        read(buffer.subarray(0, bytes));
        if (this.#rest === 0) return true;
        this.#resting.at(-1)!.push(opened);
        return false;
      },
    };
    const opened: Socket = new Socket({ handle, onread } as ConstructorParameters<typeof Socket>[0]);
    return opened;
  }

  /** Call it once a second. */
  tick(): void {
    const use = this.#use();
    if (use > BUSY) this.#rest = Math.min(LONGEST, this.#rest + STEP);
    else if (use < CALM) this.#rest = Math.max(0, this.#rest - STEP);
    if (this.#rest === 0) this.close();
    else if (this.#timer === undefined) {
      this.#resting = [[]];
      this.#timer = setInterval(() => this.#turn(), TICK);
    }
  }

  /** Nothing rests from now on. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#rest = 0;
    for (const sockets of this.#resting.splice(0)) wake(sockets);
  }

  #turn(): void {
    this.#resting.push([]);
    while (this.#resting.length > this.#rest / TICK) wake(this.#resting.shift()!);
  }
}

/** Measured as CPU time: with connections at rest, the event loop said 0.73 where 0.29 of a core was used. */
function threadUse(): () => number {
  let [then, used] = [performance.now(), process.threadCpuUsage()];
  return () => {
    const now = performance.now();
    const { user, system } = process.threadCpuUsage(used);
    const use = (user + system) / 1000 / (now - then);
    [then, used] = [now, process.threadCpuUsage()];
    return use;
  };
}

function wake(sockets: readonly Socket[]): void {
  // A socket that its session has paused is for that session to resume.
  for (const socket of sockets) if (!socket.destroyed && !socket.isPaused()) socket.resume();
}
