/**
 * One channel of a media connection: what it sends goes to a stream, waits while it is asked about, or to nobody. Then it is
 * asked about again, since what was refused or ended may be wanted later: at once when it begins to send anew or this task
 * has asked its device for it, else after pauses.
 */
import { bytesOf, kept, type AccessUnit, type Gap, type Unread } from '../../media/unit.ts';
import type { LiveStream, Source } from '../../streams/stream.ts';

/** Bytes and units of one channel that wait for the look-up. Beyond it they are dropped: it has not begun yet. */
const WAITING_BYTES = 4 * 1024 * 1024;
const WAITING_UNITS = 2000;
/** Milliseconds until a channel that nobody wants is asked about again; doubled each time up to the last. */
const FIRST_PAUSE = 1000;
/** The same while its device has been asked for it, and nothing has come elsewhere. */
const SHORT_PAUSE = 500;
const LAST_PAUSE = 5000;
/** The same of a device that is not registered, whatever it does: it is looked for in two places. */
const STRANGER_PAUSE = 30_000;
/** Milliseconds without a unit after which a channel begins anew. */
const SILENCE = 1000;
/** The same where another connection has taken its place: what still comes by this one is old, however haltingly. */
const LONG_SILENCE = 5000;

export class ChannelFeed {
  readonly channel: number;
  /** Of the registered device, as soon as it was found. */
  device: string | undefined;
  /** It was looked for, and is not registered. */
  isStranger = false;
  /** That which is asked about, or feeds `stream`. */
  source: Source | undefined;
  stream: LiveStream | undefined;
  /** Device time of what it sent first since it was asked about, milliseconds of any origin. */
  firstTimestamp: number | undefined;
  /** When its latest unit arrived, monotonic milliseconds. */
  heardAt: number;
  #waiting: (AccessUnit | Gap)[] = [];
  #bytes = 0;
  #pause = FIRST_PAUSE;
  #askedAt: number;
  /** Since when nobody wants it: the arrival of the first unit that was not taken. */
  #unwantedSince: number | undefined;
  #isReplaced = false;

  /** Begins at `now`, monotonic milliseconds. */
  constructor(channel: number, firstTimestamp: number | undefined, now: number) {
    this.channel = channel;
    this.firstTimestamp = firstTimestamp;
    this.heardAt = now;
    this.#askedAt = now;
  }

  /** False: nobody wants it. */
  take(item: AccessUnit | Gap | Unread): boolean {
    const { stream, source } = this;
    if (source === undefined) return false;
    if (item.kind !== 'gap') this.heardAt = item.receivedAt;
    if (stream === undefined) this.#wait(item);
    else if (item.kind === 'gap') stream.gap(source, item);
    else if (item.kind === 'unread') stream.unread(source, item);
    else stream.unit(source, item);
    return true;
  }

  /**
   * Whether what nobody wanted is to be asked about again, one of its units having come. `isAsked`: this task has asked its
   * device for it.
   */
  isDue({ receivedAt }: AccessUnit | Unread, now: number, isAsked: boolean): boolean {
    // The last picture before a silence is known to be whole only when another one comes.
    if (now - receivedAt >= SILENCE) return false;
    const silent = receivedAt - this.heardAt;
    this.heardAt = receivedAt;
    this.#unwantedSince ??= receivedAt;
    if (this.isStranger && receivedAt - this.#askedAt < STRANGER_PAUSE) return false;
    if (silent >= (this.#isReplaced ? LONG_SILENCE : SILENCE)) {
      this.#pause = FIRST_PAUSE;
      return true;
    }
    const unwanted = receivedAt - this.#unwantedSince;
    if (isAsked) return unwanted >= SHORT_PAUSE;
    if (this.#isReplaced || unwanted < this.#pause) return false;
    this.#pause = Math.min(LAST_PAUSE, this.#pause * 2);
    return true;
  }

  ask(source: Source, first: AccessUnit | Unread | undefined): void {
    this.source = source;
    this.#unwantedSince = undefined;
    this.#isReplaced = false;
    if (first === undefined) return;
    this.#askedAt = first.receivedAt;
    this.firstTimestamp = first.timestamp;
    this.#wait(first);
  }

  refuse(): void {
    this.#end();
  }

  /** It is wanted, by `stream`, which gets what has waited. */
  feed(stream: LiveStream): void {
    const waiting = this.#waiting;
    this.#end(this.source);
    this.#pause = FIRST_PAUSE;
    this.stream = stream;
    for (const item of waiting) this.take(item);
  }

  /** Its stream has no use for it any more. `isReplaced`: another connection has taken its place. */
  release(isReplaced: boolean): void {
    this.#end();
    this.#isReplaced = isReplaced;
  }

  #end(source?: Source): void {
    this.source = source;
    this.stream = undefined;
    this.#waiting = [];
    this.#bytes = 0;
  }

  #wait(item: AccessUnit | Gap | Unread): void {
    // More of its kind will come.
    if (item.kind === 'unread') return;
    const size = item.kind === 'gap' ? 0 : bytesOf(item);
    if (this.#waiting.length >= WAITING_UNITS || this.#bytes + size > WAITING_BYTES) return;
    this.#bytes += size;
    this.#waiting.push(item.kind === 'gap' ? item : kept(item));
  }
}
