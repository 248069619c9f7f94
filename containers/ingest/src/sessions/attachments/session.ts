/**
 * One attachment connection (T/JSATL 12-2017 4.6): the device lists the files of an alarm, sends them, and is told what is
 * missing until nothing is. A file is acknowledged only when it is in its bucket. Only files of an alarm that is kept are
 * taken, from the device that reported it.
 */
import type { AlarmFile, AlarmRecord, DeviceRecord } from '../../../../../lib/contract/device.ts';
import type { Header } from '../../jt808/header.ts';
import { phoneIdentity } from '../../jt808/identity.ts';
import { Result } from '../../jt808/messages/general.ts';
import { decodeBody, encodeFrames, type MessageInput, type MessageName } from '../../jt808/messages/registry.ts';
import { serials } from '../../jt808/subpackage.ts';
import { Mux } from '../../jt808/subiao/mux.ts';
import { safeFileName } from '../../jt808/subiao/names.ts';
import { rawLayoutOf } from '../../jt808/subiao/raw.ts';
import type { AttachmentFile, AttachmentList } from '../../jt808/subiao/upload.ts';
import { parseAlarmNumber } from '../alarms/detect.ts';
import type { AlarmKey } from '../../cloud/alarms.ts';
import { comesFromIt } from '../../streams/policy.ts';
import { networkOf, type Connection } from '../../net/gate.ts';
import type { Services } from '../../services.ts';
import { Budget } from '../../common/memory.ts';
import { PART_BYTES } from './file.ts';
import { announcedKind } from './kinds.ts';
import { FileReceiver, type About } from './receiver.ts';

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
/** Files of one alarm. */
const MOST_FILES = 255;
/** Bytes asked for once more of a file that is kept and could not be noted. */
const AGAIN_BYTES = 1024;
/** Parts on their way to S3 beyond which the device is made to wait. */
const MOST_SENDING = 2;

export class AttachmentSession {
  readonly #services: Services;
  readonly #connection: Connection;
  readonly #mux: Mux;
  readonly #budget: Budget;
  readonly #files = new Map<string, FileReceiver>();
  readonly #sizes = new Map<string, number>();
  readonly #nextSerial = serials();
  #alarm: Promise<Alarm> | undefined;
  /** All files of the alarm, by position; written as a whole. */
  #listed: AlarmFile[] = [];
  #refusedBytes = 0;
  #ended = false;

  constructor(services: Services, connection: Connection) {
    this.#services = services;
    this.#connection = connection;
    this.#budget = new Budget(CONNECTION_BYTES, services.memory.files);
    this.#mux = new Mux({
      onFrame: (header, body) => this.#frame(header, body),
      onData: (header, offset, data) => this.#data(header.name, offset, data),
    });
    this.#mux.raw.announced = (name) => this.#sizes.has(name);
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
    for (const file of this.#files.values()) file.abandon();
  }

  #frame(header: Header, body: Buffer): void {
    this.#services.metrics.counts.messages += 1;
    const message = decodeBody(header.id, body, header.version, header.encryption);
    const kept = { ...header, phone: Buffer.from(header.phone) };
    switch (message.name) {
      case 'attachmentList':
        this.#begin(kept, message.value);
        return;
      case 'attachmentBegin':
        this.#open(message.value.name, message.value.size);
        this.#reply(kept, Result.ok);
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

  #begin(header: Header, list: AttachmentList): void {
    this.#mux.raw.layout = rawLayoutOf(list.sign.region);
    for (const { name, size } of list.files) this.#sizes.set(name, size);
    const alarm = this.#find(header, list);
    this.#alarm = alarm;
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

  async #find(header: Header, list: AttachmentList): Promise<Alarm> {
    const { registry, alarms, unknown } = this.#services;
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
    const number = parseAlarmNumber(list.alarmNo);
    if (number === undefined) throw new Refused('not a number we gave');
    const key = { device: record.id, ...number };
    const alarm = await alarms.read(key);
    if (alarm === undefined) throw new Refused('no such alarm');
    const most = options.limits.attachmentBytes;
    this.#listed = merge(alarm.files, list);
    if (this.#listed.length > MOST_FILES) throw new Refused(`more than ${MOST_FILES} files`);
    if (list.files.some(({ size }) => size > most)) throw new Refused(`a file of more than ${most} bytes`);
    await alarms.files(key, this.#listed);
    this.#connection.known = true;
    return { record, alarm, key };
  }

  /** Ready to take this file's data; undefined when it was not announced. */
  #open(name: string, size?: number): FileReceiver | undefined {
    const known = this.#files.get(name);
    const announced = this.#sizes.get(name);
    if (known !== undefined && (size === undefined || size === known.incoming.size)) return known;
    if (announced === undefined || this.#alarm === undefined || this.#ended) return undefined;
    const bytes = size ?? announced;
    if (this.#isKept(name, bytes)) return undefined;
    if (bytes > this.#services.config.options.limits.attachmentBytes) return undefined;
    known?.abandon();
    const about = this.#alarm.then(({ record, alarm }): About => ({ record, alarm, number: this.#number(name) }));
    about.catch(() => {});
    const file = new FileReceiver(this.#services, name, bytes, this.#budget, about);
    this.#files.set(name, file);
    return file;
  }

  /** It came whole before. A device that missed our answer sends it again, which must make no second file. */
  #isKept(name: string, size: number): boolean {
    const file = this.#listed[this.#number(name) - 1];
    return file?.state === 'complete' && file.bytes === size;
  }

  #data(name: string, offset: number, data: Buffer): void {
    const file = this.#open(name);
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
    await this.#alarm?.catch(() => {});
    if (this.#isKept(name, size)) {
      this.#answer(header, 'attachmentReply', { name, type, missing: [] });
      return;
    }
    const file = this.#open(name, size);
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
      await this.#note(name, kept);
      metrics.add('attachments');
      this.#answer(header, 'attachmentReply', { name, type, missing: [] });
    } catch (error) {
      log.failure('attachment', error);
      metrics.add('failedAttachments');
      // What was not kept is asked for again as a whole; of what only could not be noted, a little, so that its end is said again.
      if (kept === undefined) this.#files.delete(name);
      const length = kept === undefined ? size : Math.min(size, AGAIN_BYTES);
      this.#answer(header, 'attachmentReply', { name, type, missing: [{ offset: 0, length }] });
    }
  }

  #number(name: string): number {
    const safe = safeFileName(name);
    return this.#listed.findIndex((file) => file.name === safe) + 1;
  }

  async #note(name: string, file: AlarmFile): Promise<void> {
    const { alarm, key } = await this.#alarm!;
    const { alarms, events } = this.#services;
    // Not before it is written: what is listed as complete is acknowledged when its end is said again.
    const number = this.#number(name);
    await alarms.file(key, number, file);
    this.#listed[number - 1] = file;
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

const emptyFile = (name: string): AlarmFile => ({ name: safeFileName(name), kind: 'data', bytes: 0, state: 'failed' });

/** Files known already stay as they are; new ones are expected. */
function merge(known: readonly AlarmFile[], { files }: AttachmentList): AlarmFile[] {
  const merged = [...known];
  for (const { name, size } of files) {
    const file: AlarmFile = {
      name: safeFileName(name),
      kind: announcedKind(Number.parseInt(name, 10)),
      bytes: size,
      state: 'expected',
    };
    const at = merged.findIndex((other) => other.name === file.name);
    if (at < 0) merged.push(file);
    else if (at >= 0 && merged[at]!.state !== 'complete') merged[at] = file;
  }
  return merged;
}
