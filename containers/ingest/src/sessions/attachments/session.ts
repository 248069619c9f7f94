/**
 * One attachment connection (T/JSATL 12-2017 4.6): the device lists the files of an alarm, sends them, and is told what is
 * missing until nothing is. A file is acknowledged only when it is in its bucket. Only files of an alarm that is kept are
 * taken, from the device that reported it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AlarmFile, AlarmRecord, DeviceRecord } from '../../../../../lib/contract/device.ts';
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
import type { AlarmKey } from '../../cloud/alarms.ts';
import { comesFromIt } from '../../streams/policy.ts';
import { networkOf, type Connection } from '../../net/gate.ts';
import type { Services } from '../../services.ts';
import { Budget } from '../../common/memory.ts';
import { sleep } from '../../common/time.ts';
import { Parts } from '../parts.ts';
import { PART_BYTES } from './file.ts';
import { OverLimit, Taken } from './keep.ts';
import { giveBackFiles, takeList, type TakenList } from './list.ts';
import { FileReceiver, type About } from './receiver.ts';

/** One alarm's files on their way. */
class Transfer {
  readonly alarmNo: string;
  /** Set when it was listed. */
  alarm: Promise<Alarm> | undefined;
  readonly files = new Map<string, FileReceiver>();
  /** Bytes, by the names its device gives them. */
  readonly sizes = new Map<string, number>();
  /** Names that are not taken. */
  readonly refused = new Set<string>();
  /** How often a file was begun anew because its device named another size, by name. */
  readonly #resized = new Map<string, number>();
  /** All files of the alarm, by position. */
  listed: AlarmFile[] = [];

  constructor(alarmNo: string) {
    this.alarmNo = alarmNo;
  }

  /** From 1. */
  number(name: string): number {
    const kept = keptName(name);
    return this.listed.findIndex((file) => file.name === kept) + 1;
  }

  entry(name: string): AlarmFile | undefined {
    return this.listed[this.number(name) - 1];
  }

  /** Whether it may be begun anew with another size. */
  mayResize(name: string): boolean {
    const times = (this.#resized.get(name) ?? 0) + 1;
    if (times > MOST_RESIZED) return false;
    this.#resized.set(name, times);
    return true;
  }

  abandon(): void {
    for (const file of this.files.values()) file.abandon();
  }
}

interface Alarm {
  readonly record: DeviceRecord;
  readonly alarm: AlarmRecord;
  readonly key: AlarmKey;
}

class Refused extends Error {
  override name = 'Refused';
}

/** Bytes of one connection's parts in memory. */
const CONNECTION_BYTES = 4 * PART_BYTES;
/** Bytes of a list in parts: of 255 files whose names are as long as they may be. */
const LIST_BYTES = 128 * 1024;
/** Bytes asked for once more of a file that is kept and could not be noted. */
const AGAIN_BYTES = 1024;
/** Parts on their way to S3 beyond which the device is made to wait. */
const MOST_SENDING = 2;
/** Times a list is read because another task changed it, and milliseconds between them at most. */
const MOST_LISTING = 8;
const LISTING_PAUSE = 100;
/** Sizes a device may name for one listed file beside the first: each begins it anew. */
const MOST_RESIZED = 2;

export class AttachmentSession {
  readonly #services: Services;
  readonly #connection: Connection;
  readonly #mux: Mux;
  readonly #budget: Budget;
  readonly #messages: Parts;
  readonly #nextSerial = serials();
  /** Of the alarm that was listed last. */
  #transfer = new Transfer('');
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
    this.#mux.raw.announced = (name) => this.#transfer.sizes.has(name);
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
    this.#transfer.abandon();
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
    if (this.#transfer.alarmNo !== list.alarmNo) {
      this.#transfer.abandon();
      this.#transfer = new Transfer(list.alarmNo);
    }
    const transfer = this.#transfer;
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
    const { alarm, taken } = await this.#services.alarms.inTurn(key, () => this.#take(record, key, list));
    for (const name of taken.refused) transfer.refused.add(name);
    transfer.listed = taken.files;
    this.#connection.known = true;
    return { record, alarm, key };
  }

  /** Adds to the alarm's list, which other tasks add to as well: what they have added since it was read is read again. */
  async #take(record: DeviceRecord, key: AlarmKey, list: AttachmentList) {
    for (let tries = 0; tries < MOST_LISTING; tries += 1) {
      const alarm = await this.#services.alarms.read(key);
      if (alarm === undefined) throw new Refused('no such alarm');
      const taken = await takeList(this.#services, record, alarm, list);
      if (!taken.changed || (await this.#isWritten(key, alarm, taken))) return { alarm, taken };
      await sleep(Math.random() * LISTING_PAUSE);
    }
    throw new Error('its list changes all the time');
  }

  /** False: it was changed since it was read, and nothing of `taken` counts. */
  async #isWritten(key: AlarmKey, { files: before }: AlarmRecord, taken: TakenList): Promise<boolean> {
    const { alarms } = this.#services;
    const write = alarms.files(key, taken.files, before);
    if (await write.catch(() => false)) return true;
    // Written all the same, its answer lost: then it is counted once.
    const written = await alarms.read(key).catch(() => undefined);
    if (isDeepStrictEqual(written?.files, taken.files)) return true;
    await giveBackFiles(this.#services, key.device, taken.counted);
    return write;
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
    const transfer = this.#transfer;
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
    const file = this.#open(this.#transfer, name);
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
    const transfer = this.#transfer;
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
