/** What a device answers when the platform asks, and what it does then. */
import type { Header } from '../../containers/ingest/src/jt808/header.ts';
import { Result } from '../../containers/ingest/src/jt808/messages/general.ts';
import {
  ParameterId,
  numberParameter,
  parameterValue,
  textParameter,
  type Parameter,
} from '../../containers/ingest/src/jt808/messages/parameters.ts';
import type { LocationFields } from '../../containers/ingest/src/jt808/messages/location.ts';
import type { Message } from '../../containers/ingest/src/jt808/messages/registry.ts';
import type { Shoot } from '../../containers/ingest/src/jt808/messages/multimedia.ts';
import type { StartPlayback } from '../../containers/ingest/src/jt808/messages/recordings.ts';
import { bcdToUtc } from '../../containers/ingest/src/jt808/time.ts';
import type { UploadCommand } from '../../containers/ingest/src/jt808/subiao/upload.ts';
import { PayloadType } from '../../containers/ingest/src/jt1078/packet.ts';
import type { AttachedFile, RaisedAlarm } from './alarm.ts';
import { sendAttachments } from './attachments.ts';
import type { Cameras } from './cameras.ts';
import { LineError, type Line } from './line.ts';
import { plateOf } from './login.ts';
import { listRecordings, recorded, stretch } from './recordings.ts';
import type { DeviceSettings } from './settings.ts';
import { G711_BYTES } from './sound.ts';

/** What answering needs of a device. */
export interface AnsweringDevice {
  readonly settings: DeviceSettings;
  readonly cameras: Cameras;
  /** By the hexadecimal digits of their sign. */
  readonly alarms: ReadonlyMap<string, RaisedAlarm>;
  /** Serial of part 1 of a picture's 0x0801, by media id. */
  readonly pictures: Map<number, number>;
  readonly terminalId: string;
  /** The control connection, while there is one. */
  readonly line: Line | undefined;
  heartbeatSeconds: number;
  locationSeconds: number;
  /** Aborted when the device is stopped. */
  readonly signal: AbortSignal;
  /** Where it is now, as 0x0200 says it. */
  location(): LocationFields;
}

const MAX_PICTURES = 4;

/** Sends the answer of `device` to `message`, and begins what it asks for. */
export function answer(device: AnsweringDevice, message: Message, header: Header): void {
  const { line, cameras, settings } = device;
  if (line === undefined) return;
  const replySerial = header.serial;
  const reply = (result: number) => void line.send('terminalReply', { replySerial, replyId: header.id, result });
  switch (message.name) {
    case 'startLive': {
      const { channel, dataType, stream, host, tcpPort } = message.value;
      // Talk, broadcast and transparent data: this device has neither loudspeaker nor serial port.
      if (dataType > 1) return reply(Result.unsupported);
      if (!cameras.has(channel)) return reply(Result.failed);
      reply(Result.ok);
      return cameras.start(channel, settings.media ?? { host, port: tcpPort }, stream, dataType);
    }
    case 'controlLive': {
      const { channel, command, closeType, stream } = message.value;
      return reply(cameras.control(channel, command, closeType, stream) ? Result.ok : Result.failed);
    }
    case 'listRecordings': {
      const items = listRecordings(settings.archive, message.value, Date.now());
      return void line.send('recordingList', { replySerial, total: items.length, items });
    }
    case 'startPlayback':
      return play(device, message.value, replySerial, reply);
    case 'controlPlayback': {
      const { channel, control, speed, position } = message.value;
      const at = bcdToUtc(position, settings.zoneMinutes, Date.now());
      return reply(cameras.controlPlayback(channel, control, speed, at) ? Result.ok : Result.failed);
    }
    case 'uploadAttachments':
      return upload(device, message.value, reply);
    case 'shoot':
      return shoot(device, message.value, replySerial);
    case 'locationQuery':
      return void line.send('locationReply', { replySerial, location: device.location() });
    case 'avAttributesQuery':
      return void line.send('avAttributes', attributes(settings.archive.channels.length));
    case 'queryAllParameters':
      return void line.send('parametersReply', { replySerial, parameters: parameters(device) });
    case 'queryParameters': {
      const { ids } = message.value;
      const wanted = parameters(device).filter(({ id }) => ids.includes(id));
      return void line.send('parametersReply', { replySerial, parameters: wanted });
    }
    case 'setParameters':
      for (const parameter of message.value.parameters) setParameter(device, parameter);
      return reply(Result.ok);
    case 'platformRetransmit':
      return line.resend(message.value.firstSerial, message.value.indices);
    case 'mediaReply':
      return line.resend(device.pictures.get(message.value.mediaId) ?? -1, message.value.missing ?? []);
    case 'liveStatus':
      return reply(Result.ok);
    case 'timeReply':
    case 'attachmentReply':
      return undefined;
    case 'malformed':
      return reply(Result.bad);
    default:
      return reply(Result.unsupported);
  }
}

/** 0x1205 with what there is of the stretch, then the stretch itself. */
function play(
  device: AnsweringDevice,
  asked: StartPlayback,
  replySerial: number,
  reply: (result: number) => void,
): void {
  const { settings, cameras, line } = device;
  const now = Date.now();
  const within = stretch(asked, settings.zoneMinutes, now);
  const found = within && recorded(settings.archive, within, now);
  // Backwards is beyond this device; so is a single frame.
  if (asked.mode === 2 || asked.mode === 4) return reply(Result.unsupported);
  if (!cameras.has(asked.channel) || asked.avType === 1) return reply(Result.failed);
  reply(Result.ok);
  const filter = { ...asked, alarm: 0, videoAlarm: 0, storage: 0, stream: asked.stream || 1 };
  const items = listRecordings(settings.archive, filter, now);
  line?.send('recordingList', { replySerial, total: items.length, items });
  if (found === undefined) return;
  const endpoint = settings.media ?? { host: asked.host, port: asked.tcpPort };
  const speed = asked.mode === 1 || asked.mode === 3 ? asked.speed : 1;
  cameras.play(asked.channel, endpoint, asked.stream === 2 ? 1 : 0, found.from, found.to, speed);
}

function upload(device: AnsweringDevice, command: UploadCommand, reply: (result: number) => void): void {
  const { settings, terminalId } = device;
  const alarm = device.alarms.get(command.sign.raw.toString('hex'));
  if (alarm === undefined) return reply(Result.failed);
  reply(Result.ok);
  const { terminal, faults, stats, random, link, log, id, receipts } = settings;
  const endpoint = settings.attachments ?? { host: command.host, port: command.tcpPort };
  // What is wrong with the link is the link's; what is wrong with frames stays on the control connection.
  const line = { terminal, stats, random, faults: { ...faults, garbage: 0, badChecksum: 0 } };
  const { slowKbit, fragment } = faults;
  const confirmed = (name: string, file: AttachedFile) => receipts?.filed(id, alarm, name, file);
  const order = { endpoint, terminalId, alarm, alarmNo: command.alarmNo, signal: device.signal, confirmed };
  sendAttachments(order, { ...line, link: { ...link, slowKbit, fragment } })
    .then(() => log(`${id} has sent ${alarm.files.length} files of alarm ${command.alarmNo}`))
    .catch((error: unknown) => {
      if (!(error instanceof LineError)) throw error;
      log(`${id} could not send the files of alarm ${command.alarmNo}: ${error.message}`);
    });
}

let nextMediaId = 1;

/** 0x0805, then every picture as 0x0801, in parts. */
function shoot(device: AnsweringDevice, { channel, command, save }: Shoot, replySerial: number): void {
  const { line, settings } = device;
  if (line === undefined) return;
  const result = !device.cameras.has(channel) ? 2 : command === 0 || command > 0x7fff ? 1 : 0;
  const mediaIds = Array.from({ length: result === 0 ? Math.min(command, MAX_PICTURES) : 0 }, () => nextMediaId++);
  line.send('shootReply', { replySerial, result, mediaIds });
  if (save) return;
  for (const mediaId of mediaIds) {
    const about = { mediaId, type: 0, format: 0, event: 0, channel };
    device.pictures.set(
      mediaId,
      line.send('mediaData', { ...about, location: device.location(), data: settings.picture }),
    );
    if (device.pictures.size > MAX_PICTURES) device.pictures.delete(device.pictures.keys().next().value!);
  }
}

const attributes = (channels: number) => ({
  audioCodec: PayloadType.g711a,
  audioChannels: 1,
  sampleRate: 0,
  sampleBits: 1,
  audioFrameBytes: G711_BYTES,
  audioOutput: false,
  videoCodec: PayloadType.h264,
  maxAudioChannels: channels,
  maxVideoChannels: channels,
});

function parameters(device: AnsweringDevice): Parameter[] {
  const { endpoint } = device.settings;
  return [
    numberParameter(ParameterId.heartbeatSeconds, device.heartbeatSeconds),
    textParameter(ParameterId.serverAddress, endpoint.host),
    numberParameter(ParameterId.serverPort, endpoint.port),
    numberParameter(ParameterId.reportIntervalSeconds, device.locationSeconds),
    textParameter(ParameterId.plate, plateOf(device.settings.id)),
  ];
}

/** Intervals count from now on (a heartbeat's from the next connection); everything else is only said to be taken. */
function setParameter(device: AnsweringDevice, parameter: Parameter): void {
  const value = parameterValue(parameter);
  if (typeof value !== 'number' || value < 1) return;
  if (parameter.id === ParameterId.heartbeatSeconds) device.heartbeatSeconds = value;
  if (parameter.id === ParameterId.reportIntervalSeconds) device.locationSeconds = value;
}
