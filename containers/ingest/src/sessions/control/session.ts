/**
 * One control connection: frames in, answers out. Who it is and whether it may stay is decided here; what its messages
 * mean, in device.ts. Nothing is awaited for a message of a device that is known: thousands a second pass through.
 */
import { randomBytes } from 'node:crypto';
import type { DeviceRecord } from '../../../../../lib/contract/device.ts';
import { FrameDecoder } from '../../jt808/decoder.ts';
import type { Header, Terminal } from '../../jt808/header.ts';
import { phoneIdentity } from '../../jt808/identity.ts';
import { Result } from '../../jt808/messages/general.ts';
import {
  decodeBody,
  encodeFrames,
  type Message,
  type MessageInput,
  type MessageName,
} from '../../jt808/messages/registry.ts';
import { RegisterResult, type Register } from '../../jt808/messages/register.ts';
import { Reassembler, defaultLimits, serials } from '../../jt808/subpackage.ts';
import { networkOf, type Connection } from '../../net/gate.ts';
import type { Closing } from '../../common/metrics.ts';
import type { Services } from '../../services.ts';
import type { Streams } from '../../streams/streams.ts';
import { admission, sameText, wish } from './admission.ts';
import { Commander } from './commander.ts';
import { ConnectedDevice, type ControlLink } from './device.ts';

/** Most messages and bytes that wait while a device is looked up; no honest device sends more. */
const WAITING_MESSAGES = 64;
const WAITING_BYTES = 128 * 1024;
/** Bytes a device may leave unread of what we answer. */
const MOST_UNREAD = 256 * 1024;

interface Waiting {
  readonly header: Header;
  readonly body: Buffer;
}

export interface SessionParts {
  readonly services: Services;
  readonly streams: Streams;
  /** The sessions of devices that were let in: sessions.ts. */
  readonly sessions: {
    take(device: string, session: ControlSession): void;
    /** False: a newer one of the same device has taken its place. */
    left(device: string, session: ControlSession): boolean;
  };
}

export class ControlSession implements ControlLink {
  readonly id = randomBytes(9).toString('base64url');
  readonly #services: Services;
  readonly #parts: SessionParts;
  readonly #connection: Connection;
  readonly #decoder: FrameDecoder;
  readonly #nextSerial = serials();
  #terminal: Terminal | undefined;
  #identity = '';
  /** Set while its record is being asked for. */
  #waiting: Waiting[] | undefined;
  #waitingBytes = 0;
  #record: DeviceRecord | undefined;
  #registered: Register | undefined;
  #device: ConnectedDevice | undefined;
  #commander: Commander | undefined;
  #reassembler: Reassembler | undefined;
  #ended = false;
  #counted = 0;

  constructor(parts: SessionParts, connection: Connection) {
    this.#services = parts.services;
    this.#parts = parts;
    this.#connection = connection;
    this.#decoder = new FrameDecoder((header, body) => this.#frame(header, body));
  }

  /** Undefined until the device was let in. */
  get device(): ConnectedDevice | undefined {
    return this.#device;
  }

  /** Where it comes from. */
  get network(): string {
    return networkOf(this.#connection.address);
  }

  get commander(): Commander {
    this.#commander ??= new Commander({
      terminal: () => this.#terminal!,
      nextSerial: this.#nextSerial,
      write: (frames) => this.#write(frames),
      spacing: 1000 / this.#services.config.options.limits.commandsPerSecond,
    });
    return this.#commander;
  }

  push(chunk: Buffer): void {
    this.#decoder.push(chunk);
  }

  /** Its socket is closed. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting = undefined;
    this.account();
    this.#commander?.close();
    this.#services.memory.messages.free(this.#reassembler?.held.bytes ?? 0);
    this.#reassembler = undefined;
    if (this.#device === undefined) return;
    this.#device.left(!this.#parts.sessions.left(this.#device.id, this));
  }

  /** Adds what was counted since the last time to the task's metrics. */
  account(): void {
    const { short, checksum, length } = this.#decoder.errors;
    const bad = short + checksum + length + this.#decoder.framer.stats.oversized;
    this.#services.metrics.add('badFrames', bad - this.#counted);
    this.#counted = bad;
  }

  /** A newer connection of the same device is there, here or at another task. */
  replaced(): void {
    this.close('replaced');
  }

  close(why: Closing): void {
    this.#connection.close(why);
  }

  /** Something of ours failed over this connection: it ends, and no other. */
  fault(error: unknown): void {
    this.#services.log.failure('connection', error);
    this.close('fault');
  }

  /** Lets it read what was answered, then ends. */
  finish(): void {
    this.#connection.socket.end();
  }

  /** Call it once a second. */
  tick(now: number): void {
    this.#commander?.tick(now);
    this.#device?.tick(now);
    if (this.#reassembler !== undefined) this.#askForParts(this.#reassembler, now);
  }

  #askForParts(reassembler: Reassembler, now: number): void {
    const before = reassembler.held.bytes;
    const due = reassembler.due(now);
    // Messages that were given up are held no more.
    this.#services.memory.messages.free(before - reassembler.held.bytes);
    for (const { id, firstSerial, missing, first } of due) {
      if (id === 0x0801 && first !== undefined && first.length >= 4) {
        this.answer('mediaReply', { mediaId: first.readUInt32BE(0), missing });
      } else {
        this.answer('platformRetransmit', { firstSerial, indices: missing });
      }
    }
  }

  /** Sends an answer; answers are not paced as commands are. */
  answer<N extends MessageName>(name: N, value: MessageInput<N>): void {
    if (this.#terminal !== undefined) this.#write(encodeFrames(this.#terminal, name, value, this.#nextSerial));
  }

  #write(frames: readonly Buffer[]): void {
    const { socket } = this.#connection;
    if (socket.destroyed || !socket.writable) return;
    for (const frame of frames) socket.write(frame);
    if (socket.writableLength > MOST_UNREAD) this.close('slowReader');
  }

  #frame(header: Header, body: Buffer): void {
    if (this.#ended) return;
    this.#services.metrics.counts.messages += 1;
    if (this.#device !== undefined) {
      if (this.#isSame(header)) this.#known(header, body, this.#device);
      else this.#services.log.trouble('another-identity', this.#device.id);
      return;
    }
    const kept = { header: { ...header, phone: keep(header.phone) }, body: Buffer.from(body) };
    if (this.#waiting !== undefined) {
      this.#waitingBytes += body.length;
      if (this.#waiting.length < WAITING_MESSAGES && this.#waitingBytes <= WAITING_BYTES) this.#waiting.push(kept);
      else this.close('flood');
      return;
    }
    this.#terminal = kept.header;
    this.#identity = phoneIdentity(kept.header.phone);
    this.#waiting = [kept];
    this.#ask().catch((error: unknown) => this.fault(error));
  }

  #isSame(header: Header): boolean {
    const known = this.#terminal!;
    if (known.phone.equals(header.phone)) return true;
    // A terminal that changes to the other header is still the same one.
    if (phoneIdentity(header.phone) !== this.#identity) return false;
    this.#terminal = { ...header, phone: keep(header.phone) };
    return true;
  }

  /** Looks the device up, then goes through what it has said meanwhile. */
  async #ask(): Promise<void> {
    try {
      this.#record ??= await this.#services.registry.arriving(this.#identity);
    } catch (error) {
      this.#services.log.failure('device-lookup', error);
      this.close('fault');
      return;
    }
    while (this.#waiting !== undefined && this.#waiting.length > 0) {
      const { header, body } = this.#waiting.shift()!;
      this.#waitingBytes -= body.length;
      if (this.#ended) return;
      if (this.#device !== undefined) this.#known(header, body, this.#device);
      else if (!(await this.#stranger(header, body))) return;
    }
    this.#waiting = undefined;
  }

  /** A message of a device that has not been let in. False: it was refused. */
  async #stranger(header: Header, body: Buffer): Promise<boolean> {
    const message = decodeBody(header.id, body, header.version, header.encryption);
    if (this.#record === undefined) {
      this.#refuse(header, message, 'unknown');
      return false;
    }
    const verdict = admission(message, this.#record, this.#services.config.options);
    if (verdict === 'refuse') {
      this.#refuse(header, message, 'auth');
      return false;
    }
    if (message.name === 'register') {
      this.#registered = message.value;
      await this.#register(header, this.#record);
    } else if (verdict === 'wait') {
      this.#reply(header, Result.ok);
    } else {
      if (!this.#services.rates.connections.take(this.#record.id)) {
        this.close('flood');
        return false;
      }
      if (message.name === 'authenticate') this.#noteCode(this.#record, message.value.authCode);
      this.#letIn(this.#record, header);
      this.#known(header, body, this.#device!);
    }
    return true;
  }

  #refuse(header: Header, message: Message, why: 'unknown' | 'auth'): void {
    const { metrics, unknown, log, events, rates } = this.#services;
    metrics.refuse(why);
    log.trouble(`refused-${why}`, this.#identity);
    if (message.name === 'register') {
      this.answer('registerReply', { replySerial: header.serial, result: RegisterResult.noTerminal });
    } else {
      this.#reply(header, Result.failed);
    }
    this.finish();
    if (why === 'auth') {
      if (!rates.refusals.take(this.#identity)) return;
      events.publish({ device: this.#identity, type: 'refused', reason: 'It did not send the code it was given.' });
      return;
    }
    const about = message.name === 'register' ? { plate: message.value.plate, model: message.value.model } : {};
    const protocol = protocolOf(header, message.name === 'register' ? message.value : undefined);
    unknown.record({ id: this.#identity, address: this.#connection.address, why: wish(message), protocol, ...about });
  }

  /** Notes that a device has used its code: where codes are required, no registration is told it from then on. */
  #noteCode({ id, authCode, codeUsedAt }: DeviceRecord, sent: string): void {
    const { outbox, state } = this.#services;
    if (codeUsedAt !== undefined || authCode === undefined || !sameText(sent, authCode)) return;
    outbox.put(`code ${id}`, () => state.codeUsed(id, new Date().toISOString()));
  }

  async #register(header: Header, record: DeviceRecord): Promise<void> {
    let code = record.authCode;
    if (this.#services.config.options.requireAuthCode && record.codeUsedAt !== undefined) {
      // Its number is no secret; only who has the code already is the device. It may go on with 0x0102.
      this.#services.metrics.refuse('auth');
      this.#services.log.trouble('registered-again', record.id);
      this.answer('registerReply', { replySerial: header.serial, result: RegisterResult.terminalTaken });
      return;
    }
    try {
      if (code === undefined) {
        const fresh = randomBytes(8).toString('hex');
        const { registry, state } = this.#services;
        if (await state.authCode(record.id, fresh)) code = fresh;
        this.#record = await registry.fresh(record.id);
        code ??= this.#record?.authCode;
      }
    } catch (error) {
      // To be told that there is no such device would be wrong: it comes again.
      this.#services.log.failure('register', error);
      this.close('fault');
      return;
    }
    const reply = { replySerial: header.serial };
    if (code === undefined) this.answer('registerReply', { ...reply, result: RegisterResult.noVehicle });
    else this.answer('registerReply', { ...reply, result: RegisterResult.ok, authCode: code });
  }

  #letIn(record: DeviceRecord, header: Header): void {
    this.#connection.known = true;
    const { services, streams } = this.#parts;
    const protocol = protocolOf(header, this.#registered);
    this.#device = new ConnectedDevice({ services, streams, link: this, record, protocol });
    this.#parts.sessions.take(record.id, this);
    this.#device.arrived();
  }

  #known(header: Header, body: Buffer, device: ConnectedDevice): void {
    if (header.part === undefined) {
      this.#message(header, decodeBody(header.id, body, header.version, header.encryption), device);
      return;
    }
    const { memory, metrics, config } = this.#services;
    if (!memory.messages.take(body.length)) {
      metrics.add('droppedParts');
      this.#reply(header, Result.failed);
      return;
    }
    // JT/T 1078-2016 4.1 wants every part acknowledged; in JT/T 808 it is allowed.
    this.#reply(header, Result.ok);
    this.#reassembler ??= new Reassembler({ ...defaultLimits, bytes: config.options.limits.frameBytes });
    const before = this.#reassembler.held.bytes;
    const result = this.#reassembler.add(header, body, performance.now());
    memory.messages.free(body.length - (this.#reassembler.held.bytes - before));
    if (result.status !== 'complete') return;
    const whole = decodeBody(header.id, result.body, header.version, header.encryption);
    device.message(whole, { ...header, serial: result.firstSerial }, () => {});
  }

  #message(header: Header, message: Message, device: ConnectedDevice): void {
    device.message(message, header, (result) => this.#reply(header, result));
  }

  #reply(header: Header, result: number): void {
    this.answer('platformReply', { replySerial: header.serial, replyId: header.id, result });
  }
}

/** A copy that lives as long as the connection, so not from Node's pool: six bytes of that keep 64 KiB alive. */
function keep(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

const protocolOf = (header: Terminal, register: Register | undefined): '2011' | '2013' | '2019' =>
  header.version === 2019 ? '2019' : register?.layout === 2011 ? '2011' : '2013';
