import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../../../containers/ingest/src/jt808/decoder.ts';
import {
  type MessageName,
  decodeBody,
  encodeFrames,
} from '../../../../../containers/ingest/src/jt808/messages/registry.ts';
import { serials } from '../../../../../containers/ingest/src/jt808/subpackage.ts';
import { makeSign } from '../../../../../containers/ingest/src/jt808/subiao/sign.ts';
import {
  decodeAttachmentList,
  decodeUploadCommand,
  encodeAttachmentList,
  encodeAttachmentReply,
  encodeUploadCommand,
} from '../../../../../containers/ingest/src/jt808/subiao/upload.ts';
import { captures, hex, vector, why } from '../support.ts';

const sign = makeSign({ region: 'guangdong', terminalId: 'T7', time: '261120081500', sequence: 1, attachments: 1 });

describe('attachment lists', () => {
  const list = { terminalId: 'T7', sign, alarmNo: 'n'.repeat(32), infoType: 0, files: [{ name: 'a.jpg', size: 5 }] };

  it('are read in every layout, whatever the 808 version, by what fits', () => {
    for (const region of ['jiangsu', 'guangdong', 'heilongjiang', 'hunan', 'sichuan'] as const) {
      const here = makeSign({ ...sign, region });
      const value = { ...list, sign: here, terminalId: region === 'heilongjiang' ? '' : 'T7' };
      const read = decodeAttachmentList(encodeAttachmentList(value));
      expect(read).toEqual(value);
      expect(read?.sign.raw).toEqual(here.raw);
    }
  });

  it('with a name that cannot be printed, or bytes left over, are none', () => {
    expect(
      decodeAttachmentList(encodeAttachmentList({ ...list, files: [{ name: 'a\u0001', size: 5 }] })),
    ).toBeUndefined();
    expect(decodeAttachmentList(Buffer.concat([encodeAttachmentList(list), hex('00')]))).toBeUndefined();
  });
});

describe('the upload command', () => {
  it('sends the sign back byte for byte', () => {
    // Reserved bytes that are not 00, and a terminal id padded on the left.
    const odd = { ...sign, raw: hex(`${'00'.repeat(28)}54372611200815000101beef`) };
    const bytes = encodeUploadCommand({ host: '192.0.2.1', tcpPort: 1, udpPort: 0, sign: odd, alarmNo: 'x' });
    expect(bytes.includes(odd.raw)).toBe(true);
    expect(decodeUploadCommand(bytes)).toMatchObject({ sign: odd, alarmNo: 'x', reserved: '00'.repeat(16) });
  });
});

describe('0x9212', () => {
  it('fits one frame, however much is missing and however long the name', () => {
    const missing = Array.from({ length: 300 }, (_, n) => ({ offset: n * 2, length: 1 }));
    const body = encodeAttachmentReply({ name: 'n'.repeat(300), type: 0, missing });
    expect(body.length).toBeLessThanOrEqual(1023);
    expect(decodeBody(0x9212, body, 2013)).toMatchObject({ value: { missing: missing.slice(0, 95) } });
  });
});

describe.skipIf(!captures)(`replies in the vectors${why}`, () => {
  const replies: [string, string, MessageName, object][] = [
    ['subiao-1210-2013', 'reply', 'platformReply', { replyId: 0x1210, result: 0 }],
    ['subiao-1211-2019-b', 'reply', 'platformReply', { replyId: 0x1211, result: 0 }],
    ['subiao-1212-2013', 'reply_complete', 'attachmentReply', { missing: [] }],
    ['subiao-1212-2013', 'reply_retransmit_100_200', 'attachmentReply', { missing: [{ offset: 100, length: 200 }] }],
  ];
  it.each(replies)('%s: %s', (name, key, reply, fields) => {
    const { hex: wire, expected } = vector(name);
    let frames: Buffer[] = [];
    new FrameDecoder((header, body) => {
      const message = decodeBody(header.id, body, header.version);
      const base = message.name === 'attachmentEnd' ? message.value : {};
      frames = encodeFrames(header, reply, { replySerial: header.serial, ...base, ...fields } as never, serials());
    }).push(hex(wire));
    expect(frames.map((frame) => frame.toString('hex'))).toEqual([
      (expected['decoded'] as Record<string, string>)[key],
    ]);
  });
});
