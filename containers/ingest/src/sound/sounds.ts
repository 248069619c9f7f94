/**
 * What devices send as telephone sound, encoded in a thread beside the streams. Everything here is bounded: packets that
 * wait (the oldest go), streams at once, the time the thread has to answer. When it fails, sound is silence until the next
 * thread is up; pictures never wait for it.
 */
import { TELEPHONE_AAC } from '../media/audio/aac.ts';
import type { AacUnit, AudioUnit } from '../media/unit.ts';
import type { Batch, Encoded, RawSound } from './messages.ts';
import type { Log } from '../common/log.ts';
import type { Metrics } from '../common/metrics.ts';
import { Step, type Shift } from './step.ts';
import { SoundThread, type Thread } from './thread.ts';

/** Told where in the track its frame came to lie; see hls/sound.ts. */
export type EncodedUnit = AacUnit & { readonly placed: (late: number | undefined) => void };
export type Take = (unit: EncodedUnit) => void;

/** One stream's sound. */
export interface Sound {
  push(unit: AudioUnit): void;
  end(): void;
}

export interface SoundsOptions {
  readonly metrics: Pick<Metrics, 'add'>;
  readonly log: Pick<Log, 'failure'>;
  /** Streams at once: an encoder takes 0.85 MB. */
  readonly most: number;
  readonly thread?: (ended: (error: unknown) => void) => Thread;
}

/** Packets of one stream that wait, and bytes: two and a half seconds as packets usually are, and four of G.711. */
const MOST_WAITING = 64;
const MOST_STREAM_BYTES = 32 * 1024;
/** Bytes that wait, all streams together. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Longer packets are taken for garbage: this many bytes are two seconds of G.711. */
const MOST_PACKET_BYTES = 16 * 1024;
/** Milliseconds from one batch to the next. */
const BATCH_MS = 40;
/** Milliseconds the thread has to answer. */
const ANSWER_MS = 10_000;
/** Milliseconds without sound after which the thread is ended. */
const IDLE_MS = 60_000;
/** Milliseconds before another thread is started when one has failed; doubled each time up to the last. */
const FIRST_PAUSE = 1000;
const LAST_PAUSE = 60_000;

interface Waiting extends Omit<RawSound, 'id' | 'start' | 'end'> {
  readonly data: Buffer;
}

interface Stream {
  readonly take: Take;
  step: Step;
  shift: Shift | undefined;
  waiting: Waiting[];
  bytes: number;
}

export class Sounds {
  readonly #options: SoundsOptions;
  readonly #streams = new Map<number, Stream>();
  #nextId = 1;
  #ended: number[] = [];
  #bytes = 0;
  #thread: Thread | undefined;
  #pause = 0;
  #notBefore = -Infinity;
  /** A batch is on its way: until when it must be answered. */
  #answerBy: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastAt = 0;
  #closed = false;

  constructor(options: SoundsOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#thread !== undefined;
  }

  /** Undefined: as many are encoded as may be. */
  open(take: Take): Sound | undefined {
    if (this.#streams.size >= this.#options.most || this.#closed) return undefined;
    const id = this.#nextId;
    this.#nextId += 1;
    const stream: Stream = { take, step: new Step(), shift: undefined, waiting: [], bytes: 0 };
    this.#streams.set(id, stream);
    return { push: (unit) => this.#push(stream, unit), end: () => this.#end(id, stream) };
  }

  /** Call it once a second. */
  tick(now: number): void {
    if (this.#thread === undefined) return;
    if (this.#answerBy !== undefined && now >= this.#answerBy) {
      this.#failed(new Error(`no answer within ${ANSWER_MS} ms`));
    } else if (this.#answerBy === undefined && now - this.#lastAt >= IDLE_MS) this.#stop();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #push(stream: Stream, { codec, timestamp, receivedAt, data }: AudioUnit): void {
    const now = performance.now();
    if (this.#closed || now < this.#notBefore || data.length > MOST_PACKET_BYTES) return this.#drop(1);
    // A copy: the packet may have to wait, and would keep the socket's large buffer alive.
    stream.waiting.push({ codec, timestamp, receivedAt, data: Buffer.from(data) });
    stream.bytes += data.length;
    this.#bytes += data.length;
    while (stream.waiting.length > MOST_WAITING || stream.bytes > MOST_STREAM_BYTES) this.#shed(stream);
    while (this.#bytes > MOST_BYTES) this.#shed(this.#largest());
    this.#timer ??= setTimeout(() => this.#send(), Math.max(0, this.#lastAt + BATCH_MS - now)).unref();
  }

  #end(id: number, stream: Stream): void {
    if (!this.#streams.delete(id)) return;
    this.#forget(stream);
    if (this.#thread !== undefined) this.#ended.push(id);
  }

  #shed(stream: Stream): void {
    const oldest = stream.waiting.shift();
    if (oldest === undefined) return;
    stream.bytes -= oldest.data.length;
    this.#bytes -= oldest.data.length;
    this.#drop(1);
  }

  #forget(stream: Stream): void {
    this.#bytes -= stream.bytes;
    stream.bytes = 0;
    stream.waiting = [];
  }

  #largest(): Stream {
    let largest: Stream | undefined;
    for (const stream of this.#streams.values())
      if (largest === undefined || stream.bytes > largest.bytes) largest = stream;
    return largest!;
  }

  #drop(count: number): void {
    this.#options.metrics.add('droppedSounds', count);
  }

  #send(): void {
    this.#timer = undefined;
    if (this.#answerBy !== undefined || this.#closed) return;
    const now = performance.now();
    const batch = this.#batch();
    if (batch.sounds.length === 0 && batch.ended.length === 0) return;
    this.#lastAt = now;
    this.#answerBy = now + ANSWER_MS;
    try {
      const thread = (this.#thread ??= this.#start());
      thread.post(batch, (encoded) => {
        if (this.#thread === thread) this.#answered(encoded);
      });
    } catch (error) {
      this.#failed(error);
    }
  }

  #batch(): Batch {
    const bytes = new Uint8Array(this.#bytes);
    const sounds: RawSound[] = [];
    const shifts: { id: number; ms: number; count: number }[] = [];
    let at = 0;
    for (const [id, stream] of this.#streams) {
      if (stream.shift !== undefined) shifts.push({ id, ...stream.shift });
      stream.shift = undefined;
      for (const { data, ...sound } of stream.waiting) {
        bytes.set(data, at);
        sounds.push({ ...sound, id, start: at, end: at + data.length });
        at += data.length;
      }
      this.#forget(stream);
    }
    const ended = this.#ended;
    this.#ended = [];
    return { sounds, bytes, shifts, ended };
  }

  #answered({ frames, bytes, sounds, faults }: Encoded): void {
    this.#answerBy = undefined;
    this.#pause = 0;
    const { metrics, log } = this.#options;
    metrics.add('encodedSounds', sounds);
    for (const fault of faults) {
      metrics.add('soundFaults');
      log.failure('sound', fault);
    }
    for (const { id, timestamp, receivedAt, shifts, start, end } of frames) {
      const stream = this.#streams.get(id);
      if (stream === undefined) continue;
      const placed = (late: number | undefined) => {
        if (late === undefined) this.#drop(1);
        else stream.shift ??= stream.step.report(late, shifts);
      };
      const frame = Buffer.from(bytes.buffer, start, end - start);
      try {
        stream.take({ kind: 'aac', config: TELEPHONE_AAC, timestamp, receivedAt, frames: [frame], placed });
      } catch (error) {
        // Of one stream; the others' frames are in the same answer.
        log.failure('sound', error);
      }
    }
    if (this.#bytes > 0) this.#timer ??= setTimeout(() => this.#send(), BATCH_MS).unref();
  }

  #start(): Thread {
    const make = this.#options.thread ?? ((ended) => new SoundThread(ended));
    const thread = make((error) => {
      if (this.#thread === thread) this.#failed(error);
    });
    return thread;
  }

  /** Sound is silence for a while; then another thread is tried. */
  #failed(error: unknown): void {
    const { metrics, log } = this.#options;
    metrics.add('soundFaults');
    log.failure('sound-worker', error);
    this.#stop();
    this.#pause = Math.min(LAST_PAUSE, Math.max(FIRST_PAUSE, this.#pause * 2));
    this.#notBefore = performance.now() + this.#pause;
    for (const stream of this.#streams.values()) {
      this.#drop(stream.waiting.length);
      this.#forget(stream);
    }
  }

  #stop(): void {
    this.#thread?.end();
    this.#thread = undefined;
    this.#answerBy = undefined;
    this.#ended = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Its encoders are gone, and with them every correction they had been told.
    for (const stream of this.#streams.values()) {
      stream.step = new Step();
      stream.shift = undefined;
    }
  }
}
