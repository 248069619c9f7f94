/**
 * One device's session over a control connection. Who it is and whether it may stay is decided here; what its messages
 * mean, in device.ts. Nothing is awaited for a message of a device that is known: thousands a second pass through.
 */
import { randomBytes } from 'node:crypto';
import type { DeviceRecord } from '../../../../../lib/contract/device.ts';
import type { Header, Terminal } from '../../jt808/header.ts';
import { Result } from '../../jt808/messages/general.ts';
import {
  decodeBody,
  encodeFrames,
  type Message,
  type MessageInput,
  type MessageName,
} from '../../jt808/messages/registry.ts';
import { RegisterResult, type Register } from '../../jt808/messages/register.ts';
import { serials } from '../../jt808/subpackage.ts';
import type { Closing } from '../../common/metrics.ts';
import type { Services } from '../../services.ts';
import type { Streams } from '../../streams/streams.ts';
import { Parts } from '../parts.ts';
import { admission, sameText, wish } from './admission.ts';
import { Commander } from './commander.ts';
import { ConnectedDevice, type ControlLink } from './device.ts';

/** Most messages and bytes that wait while a device is looked up; no honest device sends more. */
const WAITING_MESSAGES = 64;
const WAITING_BYTES = 128 * 1024;

interface Whole {
  readonly message: Message;
  readonly header: Header;
  /** Sends 0x8001 with a result. */
  readonly reply: (result: number) => void;
}

interface Waiting {
  readonly header: Header;
  readonly body: Buffer;
}

/** What a session is over: connection.ts. */
export interface ControlLine {
  readonly address: string;
  /** Where it comes from. */
  readonly network: string;
  /** Milliseconds of silence that end a session. */
  readonly idleMs: number;
  /** Others speak over it, too. */
  readonly isShared: boolean;
  /** A device was let in. */
  known(session: ControlSession): void;
  write(frames: readonly Buffer[]): void;
  /** Ends a session, and the connection, where it is its only one: at once, or (`finish`) when it has read what was answered. */
  leave(session: ControlSession, why: Closing | 'finish'): void;
  /** Ends a session that was refused and told so; the connection, unless somebody else speaks over it. */
  refused(session: ControlSession, why: 'unknown' | 'auth'): void;
  /** Lets it read what was answered, then ends it and all sessions over it. */
  hangUp(): void;
  account(): void;
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
  readonly identity: string;
  readonly #services: Services;
  readonly #parts: SessionParts;
  readonly #line: ControlLine;
  readonly #messages: Parts;
  readonly #nextSerial = serials();
  #terminal: Terminal | undefined;
  /** Set while its record is being asked for. */
  #waiting: Waiting[] | undefined;
  #waitingBytes = 0;
  #record: DeviceRecord | undefined;
  #registered: Register | undefined;
  #device: ConnectedDevice | undefined;
  #commander: Commander | undefined;
  #heardAt = performance.now();
  #ended = false;

  constructor(parts: SessionParts, line: ControlLine, identity: string) {
    this.#services = parts.services;
    this.#parts = parts;
    this.#line = line;
    this.identity = identity;
    const { memory, config } = parts.services;
    this.#messages = new Parts(memory.messages, config.options.limits.frameBytes);
  }

  /** Undefined until the device was let in. */
  get device(): ConnectedDevice | undefined {
    return this.#device;
  }

  get network(): string {
    return this.#line.network;
  }

  get commander(): Commander {
    this.#commander ??= new Commander({
      terminal: () => this.#terminal!,
      nextSerial: this.#nextSerial,
      write: (frames) => this.#line.write(frames),
      spacing: 1000 / this.#services.config.options.limits.commandsPerSecond,
    });
    return this.#commander;
  }

  /** It is over. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting = undefined;
    this.#services.memory.messages.free(this.#waitingBytes);
    this.#waitingBytes = 0;
    this.#commander?.close();
    this.#messages.end();
    if (this.#device === undefined) return;
    this.#device.left(!this.#parts.sessions.left(this.#device.id, this));
  }

  account(): void {
    this.#line.account();
  }

  /** A newer connection of the same device is there, here or at another task. */
  replaced(): void {
    this.close('replaced');
  }

  close(why: Closing): void {
    this.#line.leave(this, why);
  }

  /** Something of ours failed over this connection: it ends, and no other. */
  fault(error: unknown): void {
    this.#services.log.failure('connection', error);
    this.close('fault');
  }

  /** Lets it read what was answered, then ends. */
  finish(): void {
    this.#line.leave(this, 'finish');
  }

  /** The same, for whoever else speaks over its connection, too. */
  hangUp(): void {
    this.#line.hangUp();
  }

  /** Call it once a second. */
  tick(now: number): void {
    this.#commander?.tick(now);
    this.#device?.tick(now);
    this.#seeToParts(now);
    // The others keep a connection alive that this one has left.
    if (this.#line.isShared && now - this.#heardAt >= this.#line.idleMs) this.close('idle');
  }

  #seeToParts(now: number): void {
    const due = this.#messages.due(now);
    for (const { id, body, firstSerial } of due.whole) {
      const header = {
        ...this.#terminal!,
        id,
        serial: firstSerial,
        encryption: 0,
        bodyStart: 0,
        bodyLength: body.length,
      };
      // Its parts have had their answers.
      this.#device?.message(decodeBody(id, body, header.version), header, () => {});
    }
    for (const { id, firstSerial, missing, first } of due.missing) {
      if (id === 0x0801 && first !== undefined && first.length >= 4) {
        this.answer('mediaReply', { mediaId: first.readUInt32BE(0), missing });
      } else {
        this.answer('platformRetransmit', { firstSerial, indices: missing });
      }
    }
  }

  /** Sends an answer; answers are not paced as commands are. */
  answer<N extends MessageName>(name: N, value: MessageInput<N>): void {
    if (this.#terminal !== undefined) this.#line.write(encodeFrames(this.#terminal, name, value, this.#nextSerial));
  }

  /** Its last frame had the very phone field of this one. */
  isOf(header: Header): boolean {
    return !this.#ended && this.#terminal?.phone.equals(header.phone) === true;
  }

  /** `body` and the header's phone are good only during the call. */
  frame(header: Header, body: Buffer): void {
    if (this.#ended) return;
    this.#heardAt = performance.now();
    // A terminal that changes to the other header is still the same one.
    if (!this.isOf(header)) this.#terminal = { ...header, phone: keep(header.phone) };
    if (this.#device !== undefined) {
      this.#known(header, body, this.#device);
      return;
    }
    const isFull = (this.#waiting?.length ?? 0) >= WAITING_MESSAGES || this.#waitingBytes + body.length > WAITING_BYTES;
    if (isFull || !this.#services.memory.messages.take(body.length)) {
      this.close('flood');
      return;
    }
    this.#waitingBytes += body.length;
    const kept = { header: { ...header, phone: this.#terminal!.phone }, body: Buffer.from(body) };
    if (this.#waiting !== undefined) {
      this.#waiting.push(kept);
      return;
    }
    this.#waiting = [kept];
    this.#ask().catch((error: unknown) => this.fault(error));
  }

  /** Looks the device up, then goes through what it has said meanwhile. */
  async #ask(): Promise<void> {
    try {
      this.#record ??= await this.#services.registry.arriving(this.identity);
    } catch (error) {
      this.#services.log.failure('device-lookup', error);
      this.close('fault');
      return;
    }
    while (this.#waiting !== undefined && this.#waiting.length > 0) {
      const { header, body } = this.#waiting.shift()!;
      this.#waitingBytes -= body.length;
      this.#services.memory.messages.free(body.length);
      if (this.#ended) return;
      if (this.#device !== undefined) this.#known(header, body, this.#device);
      else if (!(await this.#stranger(header, body))) return;
    }
    this.#waiting = undefined;
  }

  /** A message of a device that has not been let in. False: it was refused. */
  async #stranger(header: Header, body: Buffer): Promise<boolean> {
    if (this.#record === undefined) {
      this.#refuse(header, decodeBody(header.id, body, header.version, header.encryption), 'unknown');
      return false;
    }
    const whole = this.#whole(header, body);
    if (whole === undefined) return true;
    const { message } = whole;
    const verdict = admission(message, this.#record, this.#services.config.options);
    if (verdict === 'refuse') {
      this.#refuse(whole.header, message, 'auth');
      return false;
    }
    if (message.name === 'register') {
      this.#registered = message.value;
      await this.#register(whole.header, this.#record);
    } else if (verdict === 'wait') {
      whole.reply(Result.ok);
    } else {
      if (!this.#services.rates.connections.take(this.#record.id)) {
        this.close('flood');
        return false;
      }
      if (message.name === 'authenticate') this.#noteCode(this.#record, message.value.authCode);
      this.#letIn(this.#record, header);
      this.#device!.message(message, whole.header, whole.reply);
    }
    return true;
  }

  #refuse(header: Header, message: Message, why: 'unknown' | 'auth'): void {
    const { metrics, unknown, log, events, rates } = this.#services;
    metrics.refuse(why);
    log.trouble(`refused-${why}`, this.identity);
    if (message.name === 'register') {
      this.answer('registerReply', { replySerial: header.serial, result: RegisterResult.noTerminal });
    } else {
      this.#reply(header, Result.failed);
    }
    this.#line.refused(this, why);
    if (why === 'auth') {
      if (!rates.refusals.take(this.identity)) return;
      events.publish({ device: this.identity, type: 'refused', reason: 'It did not send the code it was given.' });
      return;
    }
    const about = message.name === 'register' ? { plate: message.value.plate, model: message.value.model } : {};
    const protocol = protocolOf(header, message.name === 'register' ? message.value : undefined);
    unknown.record({ id: this.identity, address: this.#line.address, why: wish(message), protocol, ...about });
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
    this.#line.known(this);
    const { services, streams } = this.#parts;
    const protocol = protocolOf(header, this.#registered);
    this.#device = new ConnectedDevice({ services, streams, link: this, record, protocol });
    this.#parts.sessions.take(record.id, this);
    this.#device.arrived();
  }

  #known(header: Header, body: Buffer, device: ConnectedDevice): void {
    const whole = this.#whole(header, body);
    if (whole !== undefined) device.message(whole.message, whole.header, whole.reply);
  }

  /** The message that this frame is, or completes. A part has its answer at once, the message then has none. */
  #whole(header: Header, body: Buffer): Whole | undefined {
    const { id, version, encryption } = header;
    if (header.part === undefined) {
      const reply = (result: number) => this.#reply(header, result);
      return { message: decodeBody(id, body, version, encryption), header, reply };
    }
    const result = this.#messages.add(header, body, performance.now());
    if (result === undefined) this.#services.metrics.add('droppedParts');
    // JT/T 1078-2016 4.1 wants every part acknowledged; in JT/T 808 it is allowed.
    this.#reply(header, result === undefined || result.status === 'rejected' ? Result.failed : Result.ok);
    if (result?.status !== 'complete') return undefined;
    const message = decodeBody(id, result.body, version, encryption);
    return { message, header: { ...header, serial: result.firstSerial }, reply: () => {} };
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
