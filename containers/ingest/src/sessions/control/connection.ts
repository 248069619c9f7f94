/**
 * One control connection: frames in, answers out. Most carry one device. A platform that forwards carries many, which are told
 * apart by their frames' phone fields: each has a session of its own, and what becomes of one is nothing to the others, nor
 * to those that have not spoken yet.
 */
import { FrameDecoder } from '../../jt808/decoder.ts';
import type { Header } from '../../jt808/header.ts';
import { phoneIdentity } from '../../jt808/identity.ts';
import { Result } from '../../jt808/messages/general.ts';
import { RegisterResult } from '../../jt808/messages/register.ts';
import { encodeFrames, idOf } from '../../jt808/messages/registry.ts';
import { serials } from '../../jt808/subpackage.ts';
import type { Closing } from '../../common/metrics.ts';
import { Rate } from '../../common/rate.ts';
import { networkOf, type Connection } from '../../net/gate.ts';
import type { Services } from '../../services.ts';
import { Refusals } from './refusals.ts';
import { ControlSession, type ControlLine, type SessionParts } from './session.ts';

/** Bytes a device may leave unread of what we answer. */
const MOST_UNREAD = 256 * 1024;
/** Devices over one connection, and those that begin to speak over it in a minute: looking one up costs a read. */
const MOST_DEVICES = 2000;
const MOST_NEW = 600;
/** Milliseconds after a refusal in which somebody else may begin to speak, where nobody has been let in. */
const LINGER_MS = 3000;

export class ControlConnection implements ControlLine {
  readonly #services: Services;
  readonly #parts: SessionParts;
  readonly #connection: Connection;
  readonly #decoder: FrameDecoder;
  /** By identity. */
  readonly #sessions = new Map<string, ControlSession>();
  readonly #new = new Rate(MOST_NEW, 60_000);
  readonly #refusals = new Refusals();
  /** Of what those are answered that were refused before. */
  readonly #nextSerial = serials();
  /** Whom it waits after for somebody else to speak. */
  #left: string | undefined;
  /** Who spoke last, and will most likely speak next. */
  #latest: ControlSession | undefined;
  #ended = false;
  #counted = 0;

  constructor(parts: SessionParts, connection: Connection) {
    this.#services = parts.services;
    this.#parts = parts;
    this.#connection = connection;
    this.#decoder = new FrameDecoder((header, body) => this.#frame(header, body));
  }

  get address(): string {
    return this.#connection.address;
  }

  get network(): string {
    return networkOf(this.#connection.address);
  }

  get idleMs(): number {
    return this.#connection.idleMs;
  }

  get isShared(): boolean {
    return this.#sessions.size > 1 || this.#refusals.size > 0;
  }

  push(chunk: Buffer): void {
    this.#decoder.push(chunk);
  }

  /** Its socket is closed. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.account();
    for (const session of this.#sessions.values()) session.end();
    this.#sessions.clear();
  }

  /** Adds what was counted since the last time to the task's metrics. */
  account(): void {
    const { short, checksum, length } = this.#decoder.errors;
    const bad = short + checksum + length + this.#decoder.framer.stats.oversized;
    this.#services.metrics.add('badFrames', bad - this.#counted);
    this.#counted = bad;
  }

  known(session: ControlSession): void {
    this.#connection.known = true;
    this.#refusals.forget(session.identity);
  }

  write(frames: readonly Buffer[]): void {
    const { socket } = this.#connection;
    if (socket.destroyed || !socket.writable) return;
    for (const frame of frames) socket.write(frame);
    if (socket.writableLength > MOST_UNREAD) this.#connection.close('slowReader');
  }

  leave(session: ControlSession, why: Closing | 'finish'): void {
    // What it had begun may fail when it has left already.
    if (this.#sessions.get(session.identity) !== session) return;
    if (!this.isShared) {
      if (why === 'finish') this.hangUp();
      else this.#connection.close(why);
      return;
    }
    if (why !== 'finish') this.#services.metrics.close(why);
    this.#drop(session);
  }

  refused(session: ControlSession, why: 'unknown' | 'auth'): void {
    if (this.#sessions.get(session.identity) !== session) return;
    this.#refusals.note(session.identity, why, performance.now());
    this.#drop(session);
  }

  hangUp(): void {
    this.#connection.socket.end();
  }

  #drop(session: ControlSession): void {
    this.#sessions.delete(session.identity);
    if (this.#latest === session) this.#latest = undefined;
    session.end();
    this.#linger(session.identity);
  }

  /** Where there is nobody else, lets it read what was answered, and ends if nobody else speaks for a while. */
  #linger(identity: string): void {
    if (this.#sessions.size > 0 || (this.#connection.leaving !== undefined && this.#left === identity)) return;
    this.#left = identity;
    const leave = () => {
      if (this.#sessions.size === 0) this.hangUp();
    };
    this.#connection.leaving = { at: performance.now() + LINGER_MS, leave };
  }

  #frame(header: Header, body: Buffer): void {
    if (this.#ended) return;
    this.#services.metrics.counts.messages += 1;
    if (this.#latest?.isOf(header) !== true) this.#latest = this.#of(header);
    try {
      this.#latest?.frame(header, body);
    } catch (error) {
      this.#latest?.fault(error);
    }
  }

  /** The session of who sent this; begun if need be. Undefined: it was refused a moment ago, or there are too many. */
  #of(header: Header): ControlSession | undefined {
    const identity = phoneIdentity(header.phone);
    const known = this.#sessions.get(identity);
    if (known !== undefined) return known;
    // It has been hung up on: who speaks now would get no answer.
    if (!this.#connection.socket.writable) return undefined;
    const standing = this.#refusals.standing(identity, performance.now());
    if (standing === 'refused') {
      this.#refuse(header, identity);
      return undefined;
    }
    const isOften = standing === 'too-often' || (standing === 'new' && !this.#new.take(''));
    if (this.#sessions.size >= MOST_DEVICES || isOften) {
      this.#services.log.trouble('too-many-devices-on-a-connection', identity);
      return undefined;
    }
    const session = new ControlSession(this.#parts, this, identity);
    this.#sessions.set(identity, session);
    return session;
  }

  /** One that is not registered, as it was a moment ago. */
  #refuse(header: Header, identity: string): void {
    const { metrics, log } = this.#services;
    metrics.refuse('unknown');
    log.trouble('refused-unknown', identity);
    const { serial: replySerial, id: replyId } = header;
    this.write(
      replyId === idOf('register')
        ? encodeFrames(header, 'registerReply', { replySerial, result: RegisterResult.noTerminal }, this.#nextSerial)
        : encodeFrames(header, 'platformReply', { replySerial, replyId, result: Result.failed }, this.#nextSerial),
    );
    this.#linger(identity);
  }
}
