/** Sends the files of an alarm over a connection of its own (T/JSATL 12-2017 4.6): 0x1210, per file 0x1211, data, 0x1212. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../../containers/ingest/src/jt808/messages/registry.ts';
import { encodeRawHeader, rawLayoutOf } from '../../containers/ingest/src/jt808/subiao/raw.ts';
import type { Range } from '../../containers/ingest/src/jt808/subiao/upload.ts';
import { fileName, type AttachedFile, type RaisedAlarm } from './alarm.ts';
import { Line, LineError, type LineSettings } from './line.ts';
import type { Endpoint } from './link.ts';

/** Bytes of data in one raw frame: the standard's default. */
const PIECE = 64 * 1024;
/** Times a file's missing ranges are sent before the connection is given up. */
const ROUNDS = 50;
const ATTEMPTS = 5;

export interface UploadOrder {
  readonly endpoint: Endpoint;
  readonly terminalId: string;
  readonly alarm: RaisedAlarm;
  /** The platform's name for it. */
  readonly alarmNo: string;
  /** Aborted: the connection is dropped and no other one is made. */
  readonly signal: AbortSignal;
  /** A file was confirmed. */
  readonly confirmed?: (name: string, file: AttachedFile) => void;
}

interface Outgoing {
  readonly name: string;
  readonly file: AttachedFile;
}

/** Ends when every file was confirmed. @throws LineError after several attempts. */
export async function sendAttachments(order: UploadOrder, settings: LineSettings): Promise<void> {
  const { alarm, alarmNo } = order;
  const unsent = new Set<Outgoing>(
    alarm.files.map((file, i) => ({ file, name: fileName(file, alarm.code, i, alarmNo) })),
  );
  for (let attempt = 0; unsent.size > 0; attempt += 1) {
    try {
      await session(order, settings, unsent, attempt > 0);
    } catch (error) {
      if (!(error instanceof LineError) || attempt + 1 >= ATTEMPTS || order.signal.aborted) throw error;
      await sleep(500 * 2 ** attempt);
    }
  }
}

/** One connection; takes what was confirmed out of `unsent`. */
async function session(
  { endpoint, terminalId, alarm, alarmNo, signal, confirmed }: UploadOrder,
  settings: LineSettings,
  unsent: Set<Outgoing>,
  again: boolean,
): Promise<void> {
  const line = await openLine(endpoint, settings);
  const drop = () => line.link.kill();
  signal.addEventListener('abort', drop);
  if (signal.aborted) drop();
  try {
    const files = [...unsent].map(({ name, file }) => ({ name, size: file.data.length }));
    const { sign } = alarm;
    await accepted(line.ask('attachmentList', { terminalId, sign, alarmNo, infoType: again ? 1 : 0, files }));
    for (const outgoing of unsent) {
      await sendFile(line, outgoing, alarm, settings);
      unsent.delete(outgoing);
      settings.stats.filesSent += 1;
      confirmed?.(outgoing.name, outgoing.file);
    }
  } finally {
    signal.removeEventListener('abort', drop);
    line.end();
  }
}

async function sendFile(
  line: Line,
  { name, file }: Outgoing,
  alarm: RaisedAlarm,
  { faults, random, stats }: LineSettings,
): Promise<void> {
  const about = { name, type: file.type, size: file.data.length };
  const layout = rawLayoutOf(alarm.sign.region);
  await accepted(line.ask('attachmentBegin', about));
  let ranges: readonly Range[] = [{ offset: 0, length: file.data.length }];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { offset, length } of ranges) {
      for (let at = offset; at < offset + length; at += PIECE) {
        if (faults.loss > 0 && random() < faults.loss) {
          stats.lost += 1;
          continue;
        }
        const data = file.data.subarray(at, Math.min(at + PIECE, offset + length));
        line.raw(encodeRawHeader(name, at, data.length, layout), data);
      }
    }
    line.send('attachmentEnd', about);
    const reply = await line.expect((message) => message.name === 'attachmentReply' && message.value.name === name);
    ranges = reply.name === 'attachmentReply' ? reply.value.missing : [];
    if (ranges.length === 0) return;
    stats.rangesResent += ranges.length;
  }
  throw new LineError(`the platform has asked ${ROUNDS} times for more of ${name}`);
}

async function accepted(reply: Promise<Message>): Promise<void> {
  const message = await reply;
  if (message.name === 'platformReply' && message.value.result === 0) return;
  throw new LineError(`the platform has refused: ${message.name}`);
}

function openLine(endpoint: Endpoint, settings: LineSettings): Promise<Line> {
  return new Promise((resolve, reject) => {
    const line = new Line(endpoint, settings, {
      onOpen: () => resolve(line),
      onMessage: () => undefined,
      onClose: () => reject(new LineError(`no connection to ${endpoint.host}:${endpoint.port}`)),
    });
  });
}
