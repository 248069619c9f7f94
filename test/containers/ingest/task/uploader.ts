/** What a device does with an alarm that has files: reports it, lists them, sends them in ranges. */
import type { MessageValue } from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import { encodeRawHeader } from '../../../../containers/ingest/src/jt808/subiao/raw.ts';
import { makeSign, type AlarmSign, type Region } from '../../../../containers/ingest/src/jt808/subiao/sign.ts';
import { utcToBcd } from '../../../../containers/ingest/src/jt808/time.ts';
import { random } from '../jt808/support.ts';
import { until } from './cloud.ts';
import { TestDevice, ZONE, locationAt } from './device.ts';

export interface File {
  readonly name: string;
  readonly type: number;
  readonly data: Buffer;
}

export const bytes = (size: number, head: string, seed: number): Buffer => {
  const next = random(seed);
  const data = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) data.writeUInt32LE(Math.floor(next() * 2 ** 32), Math.min(at, size - 4));
  Buffer.from(head, 'hex').copy(data);
  return data;
};
export const JPEG = 'ffd8ffe0';
export const MP4 = '000000186674797069736f6d';

/** Reports an alarm and answers what 0x9208 asks for it. */
export async function raise(device: TestDevice, region: Region, sequence: number, attachments: number) {
  const at = Math.floor(Date.now() / 1000) * 1000 - 60_000;
  const sign = makeSign({ region, terminalId: 'T000123', time: utcToBcd(at, ZONE), sequence, attachments });
  const before = device.seen('uploadAttachments').length;
  const place = {
    speedKmh: 50,
    altitude: 4,
    latE6: 31_000_000,
    lonE6: 121_000_000,
    time: utcToBcd(at, ZONE),
    vehicleStatus: 1,
  };
  const alarm = {
    item: 0x65,
    alarmId: sequence,
    flag: 0,
    type: 2,
    level: 1,
    fatigue: 3,
    reserved: '00000000',
    sign,
    ...place,
  } as const;
  device.send('location', locationAt(at, { items: { alarms: [alarm] } }));
  return { sign, asked: await device.wait('uploadAttachments', before + 1), at };
}

export class Uploader extends TestDevice {
  #sign: AlarmSign | undefined;

  list(sign: AlarmSign, alarmNo: string, files: readonly File[], infoType = 0): Promise<number> {
    this.#sign = sign;
    const listed = files.map(({ name, data }) => ({ name, size: data.length }));
    return this.replyTo(this.send('attachmentList', { terminalId: 'T000123', sign, alarmNo, infoType, files: listed }));
  }

  begin({ name, type, data }: File): Promise<number> {
    return this.replyTo(this.send('attachmentBegin', { name, type, size: data.length }));
  }

  range({ name, data }: File, from: number, to: number): void {
    const layout = this.#sign?.region === 'heilongjiang' ? 'prefixed' : 'fixed';
    for (let at = from; at < to; at += 65_536) {
      const piece = data.subarray(at, Math.min(to, at + 65_536));
      this.socket.write(Buffer.concat([encodeRawHeader(name, at, piece.length, layout), piece]));
    }
  }

  /** Says that it has been sent; false when that is refused. */
  async isTaken({ name, type, data }: File): Promise<boolean> {
    const before = this.seen('attachmentReply').length;
    const serial = this.send('attachmentEnd', { name, type, size: data.length });
    const answered = () => {
      const taken = this.seen('attachmentReply')[before];
      if (taken !== undefined) return taken.missing.length === 0;
      return this.seen('platformReply').some(({ replySerial }) => replySerial === serial) ? false : undefined;
    };
    return (await until('an answer to the end of a file', answered, (answer) => answer !== undefined))!;
  }

  async finish({ name, type, data }: File): Promise<MessageValue<'attachmentReply'>> {
    const before = this.seen('attachmentReply').length;
    this.send('attachmentEnd', { name, type, size: data.length });
    return this.wait('attachmentReply', before + 1);
  }
}
