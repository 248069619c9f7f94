/**
 * One attachment connection (T/JSATL 12-2017 4.6): the device lists the files of an alarm, sends them, and is told what is
 * missing until nothing is. A file is acknowledged only when it is in its bucket. Only files of an alarm that is kept are
 * taken, from the device that reported it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AlarmFile } from '../../../../../lib/contract/device.ts';
import type { Header } from '../../jt808/header.ts';
import { phoneIdentity } from '../../jt808/identity.ts';
import { Result } from '../../jt808/messages/general.ts';
import { decodeBody, encodeFrames, type MessageInput, type MessageName } from '../../jt808/messages/registry.ts';
import { serials } from '../../jt808/subpackage.ts';
import { Mux } from '../../jt808/subiao/mux.ts';
import { keptName } from '../../jt808/subiao/names.ts';
import { rawLayoutOf } from '../../jt808/subiao/raw.ts';
import type { AttachmentFile, AttachmentList } from '../../jt808/subiao/upload.ts';
import { parseAlarmNumber } from '../alarms/detect.ts';
import { comesFromIt } from '../../streams/policy.ts';
import { networkOf, type Connection } from '../../net/gate.ts';
import type { Services } from '../../services.ts';
import { Budget } from '../../common/memory.ts';
import { Parts } from '../parts.ts';
import { PART_BYTES } from './file.ts';
import { OverLimit, Taken } from './keep.ts';
import { addToList, Refused } from './list.ts';
import { FileReceiver, type About } from './receiver.ts';
import { Transfer, type Alarm } from './transfer.ts';

/** Bytes of one connection's parts in memory. */
const CONNECTION_BYTES = 4 * PART_BYTES;
/** Bytes of a list in parts: of 255 files whose names are as long as they may be. */
const LIST_BYTES = 128 * 1024;
/** Bytes asked for once more of a file that is kept and could not be noted. */
const AGAIN_BYTES = 1024;
/** Parts on their way to S3 beyond which the device is made to wait. */
const MOST_SENDING = 2;
/** Alarms whose files may come in between one another; of older ones, what is not finished is given up. */
const MOST_TRANSFERS = 3;

export class AttachmentSession {
  readonly #services: Services;
  readonly #connection: Connection;
  readonly #mux: Mux;
  readonly #budget: Budget;
  readonly #messages: Parts;
  readonly #nextSerial = serials();
  /** Of the alarms that were listed, the last one last. */
  #transfers: Transfer[] = [];
  #refusedBytes = 0;
  #ended = false;

  constructor(services: Services, connection: Connection) {
    this.#services = services;
    this.#connection = connection;
    this.#budget = new Budget(CONNECTION_BYTES, services.memory.files);
    this.#messages = new Parts(services.memory.messages, LIST_BYTES);
    this.#mux = new Mux({
      onFrame: (header, body) => this.#frame(header, body),
      onData: (header, offset, data) => this.#data(header.name, offset, data),
    });
    this.#mux.raw.announced = (name) => this.#of(name)?.sizes.has(name) === true;
  }

  push(chunk: Buffer): void {
    this.#mux.push(chunk);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { metrics, log } = this.#services;
    metrics.add('resyncs', this.#mux.stats.resyncs);
    if (this.#refusedBytes > 0)
      log.trouble('attachment-bytes-refused', this.#connection.address, String(this.#refusedBytes));
    this.#messages.end();
    for (const transfer of this.#transfers) transfer.abandon();
  }

  #frame(header: Header, body: Buffer): void {
    this.#services.metrics.counts.messages += 1;
    const kept = { ...header, phone: Buffer.from(header.phone) };
    const whole = header.part === undefined ? body : this.#whole(kept, body);
    if (whole === undefined) return;
    const message = decodeBody(header.id, whole, header.version, header.encryption);
    switch (message.name) {
      case 'attachmentList':
        this.#begin(kept, message.value);
        return;
      case 'attachmentBegin':
        this.#accept(kept, message.value);
        return;
      case 'attachmentEnd':
        this.#finish(kept, message.value).catch((error: unknown) => this.#fault(error));
        return;
      case 'heartbeat':
        this.#reply(kept, Result.ok);
        return;
      default:
        this.#services.metrics.add('unknownMessages');
        this.#reply(kept, Result.unsupported);
    }
  }

  /** What a part completes, which is answered as a whole; other parts are answered here. */
  #whole(header: Header, body: Buffer): Buffer | undefined {
    const result = this.#messages.add(header, body, performance.now());
    if (result?.status === 'complete') return result.body;
    if (result === undefined) this.#services.metrics.add('droppedParts');
    this.#reply(header, result === undefined || result.status === 'rejected' ? Result.failed : Result.ok);
    return undefined;
  }

  #begin(header: Header, list: AttachmentList): void {
    this.#mux.raw.layout = rawLayoutOf(list.sign.region);
    const known = this.#transfers.find(({ alarmNo }) => alarmNo === list.alarmNo);
    const transfer = known ?? new Transfer(list.alarmNo);
    this.#transfers = [...this.#transfers.filter((one) => one !== known), transfer];
    if (this.#transfers.length > MOST_TRANSFERS) this.#transfers.shift()!.abandon();
    for (const { name, size } of list.files) transfer.sizes.set(name, size);
    const alarm = this.#find(header, list, transfer);
    transfer.alarm = alarm;
    alarm
      .then(
        () => this.#reply(header, Result.ok),
        (error: unknown) => {
          if (error instanceof Refused) this.#services.metrics.refuse('attachment');
          this.#services.log.failure('attachment-list', error);
          this.#reply(header, Result.failed);
          this.#connection.socket.end();
        },
      )
      .catch((error: unknown) => this.#fault(error));
  }

  async #find(header: Header, list: AttachmentList, transfer: Transfer): Promise<Alarm> {
    const { registry, unknown, rates } = this.#services;
    const identity = phoneIdentity(header.phone);
    const record = await registry.get(identity);
    if (record === undefined) {
      unknown.record({ id: identity, address: this.#connection.address, why: 'attachment' });
      throw new Refused(`${identity} is not registered`);
    }
    const { options } = this.#services.config;
    const network = networkOf(this.#connection.address);
    const comes = comesFromIt(record, network, options);
    if (!comes && !comesFromIt((await registry.fresh(record.id)) ?? record, network, options))
      throw new Refused('from elsewhere than its device');
    if (!rates.lists.take(record.id)) throw new Refused('too many lists in a minute');
    const number = parseAlarmNumber(list.alarmNo);
    if (number === undefined) throw new Refused('not a number we gave');
    const key = { device: record.id, ...number };
    const most = options.limits.attachmentBytes;
    if (list.files.some(({ size }) => size > most)) throw new Refused(`a file of more than ${most} bytes`);
    const { alarm, taken } = await addToList(this.#services, record, key, list);
    for (const name of taken.refused) transfer.refused.add(name);
    transfer.listed = taken.files;
    this.#connection.known = true;
    return { record, alarm, key };
  }

  /** What a file is of: its name tells, where a device has listed several alarms. Of two that list it, the later. */
  #of(name: string): Transfer | undefined {
    return this.#transfers.findLast(({ sizes }) => sizes.has(name)) ?? this.#transfers.at(-1);
  }

  /** Ready to take this file's data; undefined when it was not announced, or not as large, or is there already. */
  #open(transfer: Transfer, name: string, size?: number): FileReceiver | undefined {
    const { alarm, files, sizes, refused } = transfer;
    const announced = sizes.get(name);
    if (announced === undefined || alarm === undefined || this.#ended || refused.has(name)) return undefined;
    const known = files.get(name);
    if (known !== undefined && (size === undefined || size === known.incoming.size)) return known;
    const bytes = size ?? announced;
    if (bytes > announced || transfer.entry(name)?.state === 'complete') return undefined;
    if (known !== undefined && !transfer.mayResize(name)) return undefined;
    known?.abandon();
    const about = alarm.then(({ record, alarm: of, key }): About => {
      if (refused.has(name)) throw new Refused(`${name} is more than it may have kept`);
      return { record, alarm: of, key, number: transfer.number(name) };
    });
    about.catch(() => {});
    const file = new FileReceiver(this.#services, name, bytes, this.#budget, about);
    files.set(name, file);
    return file;
  }

  /** 0x1211. What is refused is refused by its name: the device need not send it. */
  #accept(header: Header, { name, size }: AttachmentFile): void {
    const transfer = this.#of(name);
    if (transfer === undefined) {
      this.#reply(header, Result.failed);
      return;
    }
    // At once: its data may be on its way.
    this.#open(transfer, name, size);
    const answer = () => {
      const isThere = transfer.entry(name)?.state === 'complete';
      const isTaken = this.#open(transfer, name, size) !== undefined;
      this.#reply(header, isThere || isTaken ? Result.ok : Result.failed);
    };
    (transfer.alarm ?? Promise.resolve())
      .catch(() => {})
      .then(answer)
      .catch((error: unknown) => this.#fault(error));
  }

  #data(name: string, offset: number, data: Buffer): void {
    const transfer = this.#of(name);
    const file = transfer && this.#open(transfer, name);
    if (file?.incoming.write(offset, data) !== true) this.#refusedBytes += data.length;
    if (file !== undefined && file.waiting > MOST_SENDING) this.#pause(file);
  }

  /** Lets the device wait until S3 has caught up. */
  #pause(file: FileReceiver): void {
    const { socket } = this.#connection;
    if (socket.isPaused()) return;
    socket.pause();
    const timer = setInterval(() => {
      if (!this.#ended && file.waiting > MOST_SENDING) return;
      clearInterval(timer);
      if (!socket.destroyed) socket.resume();
    }, 50);
  }

  async #finish(header: Header, { name, type, size }: AttachmentFile): Promise<void> {
    const transfer = this.#of(name);
    if (transfer === undefined) {
      this.#reply(header, Result.failed);
      return;
    }
    await transfer.alarm?.catch(() => {});
    // It came whole before. A device that missed our answer sends it again, which must make no second file.
    const entry = transfer.entry(name);
    if (entry?.state === 'complete' && entry.bytes === size) {
      this.#answer(header, 'attachmentReply', { name, type, missing: [] });
      return;
    }
    const file = this.#open(transfer, name, size);
    if (file === undefined) {
      this.#reply(header, Result.failed);
      return;
    }
    const missing = file.incoming.missing();
    if (missing.length > 0) {
      this.#answer(header, 'attachmentReply', { name, type, missing });
      return;
    }
    const { metrics, log } = this.#services;
    let kept: AlarmFile | undefined;
    try {
      // An empty file has nothing to keep, and nothing to ask for again.
      kept = size > 0 ? await file.keep() : emptyFile(name);
      await this.#note(transfer, name, kept);
      metrics.add('attachments');
      this.#answer(header, 'attachmentReply', { name, type, missing: [] });
    } catch (error) {
      log.failure('attachment', error);
      metrics.add('failedAttachments');
      if (error instanceof OverLimit) {
        transfer.refused.add(name);
        const failed: AlarmFile = { ...emptyFile(name), bytes: size, reason: error.message };
        await this.#note(transfer, name, failed).catch(() => {});
        this.#reply(header, Result.failed);
        return;
      }
      if (error instanceof Taken) {
        this.#reply(header, Result.failed);
        return;
      }
      // What was not kept is asked for again as a whole; of what only could not be noted, a little, so that its end is said again.
      if (kept === undefined) transfer.files.delete(name);
      const length = kept === undefined ? size : Math.min(size, AGAIN_BYTES);
      this.#answer(header, 'attachmentReply', { name, type, missing: [{ offset: 0, length }] });
    }
  }

  async #note(transfer: Transfer, name: string, file: AlarmFile): Promise<void> {
    const { alarm, key } = await transfer.alarm!;
    const { alarms, events } = this.#services;
    // Not before it is written: what is listed as complete is acknowledged when its end is said again.
    const number = transfer.number(name);
    if (!(await alarms.file(key, number, file))) {
      const there = (await alarms.read(key))?.files[number - 1];
      if (there?.name !== file.name) throw new Error(`${name} is not in the alarm's list any more`);
      transfer.listed[number - 1] = there;
      // By this very write, its answer lost; else another connection has kept it, and told of it.
      if (!isDeepStrictEqual(there, file)) {
        if (there.bytes !== file.bytes) throw new Taken(`${name} is there, and is another`);
        return;
      }
    }
    transfer.listed[number - 1] = file;
    if (file.state !== 'complete') return;
    const { id, kind, type, level, phase } = alarm;
    events.publish({
      device: key.device,
      type: 'attachment',
      alarm: { id, kind, type, phase, ...(level !== undefined && { level }) },
      file,
    });
  }

  /** Something of ours failed over this connection: it ends, and no other. */
  #fault(error: unknown): void {
    this.#services.log.failure('connection', error);
    this.#connection.close('fault');
  }

  #reply(header: Header, result: number): void {
    this.#answer(header, 'platformReply', { replySerial: header.serial, replyId: header.id, result });
  }

  #answer<N extends MessageName>(header: Header, name: N, value: MessageInput<N>): void {
    const { socket } = this.#connection;
    if (!socket.writable) return;
    for (const frame of encodeFrames(header, name, value, this.#nextSerial)) socket.write(frame);
  }
}

const emptyFile = (name: string): AlarmFile => ({ name: keptName(name), kind: 'data', bytes: 0, state: 'failed' });
