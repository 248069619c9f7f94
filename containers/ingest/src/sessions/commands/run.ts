/** What a command from the API makes a device do, and what is answered. */
import type { answerReason } from '../../../../../lib/contract/commands.ts';
import { MAX_RECORDINGS, type AnswerRow, type Command } from '../../../../../lib/contract/commands.ts';
import type { z } from 'zod';
import type { ShootReply } from '../../jt808/messages/multimedia.ts';
import type { Recording as DeviceRecording, RecordingList } from '../../jt808/messages/recordings.ts';
import { OPEN_TIME, bcdToUtc, utcToBcd } from '../../jt808/time.ts';
import { namesInForce } from '../alarms/detect.ts';
import type { CommandResult } from '../control/commander.ts';
import type { Services } from '../../services.ts';
import type { Keeper } from '../../streams/keeper.ts';
import type { DevicePort } from '../port.ts';
import type { Answer } from '../../cloud/fleet.ts';
import type { Streams } from '../../streams/streams.ts';

type Reason = z.infer<typeof answerReason>;
type Of<T extends Command['type']> = Extract<Command, { type: T }>;

/** 0x9201, 0x9205: 1 main, 2 sub, unlike 0x9101. */
const STREAMS = { any: 0, main: 1, sub: 2 } as const;
const STREAM_NAMES = ['any', 'main', 'sub'] as const;
const STORAGE_NAMES = ['any', 'main', 'backup'] as const;
const MEDIA_NAMES = ['audio-video', 'audio', 'video', 'any'] as const;
/** How fast to play, as 0x9201 numbers it. */
const SPEEDS: Readonly<Record<number, number>> = { 1: 1, 2: 2, 4: 3, 8: 4, 16: 5 };
const CONTROLS = { resume: 0, pause: 1, end: 2, seek: 5 } as const;
/** Milliseconds a device has to list its recordings: many parts over a slow link. */
const LIST_MS = 60_000;

/** A device that can be told what to do. */
export interface Commanded extends DevicePort {
  readonly keeper: Pick<Keeper, 'start' | 'stop' | 'renew'>;
  /** Ends its connection. */
  finish(): void;
}

export interface RunParts {
  readonly services: Pick<Services, 'fleet' | 'host' | 'config' | 'outbox'>;
  readonly streams: Pick<Streams, 'full' | 'isConnected' | 'ofDevice'>;
}

/** Undefined: there is nothing to answer. */
export async function runCommand(
  command: Command,
  device: Commanded,
  { services, streams }: RunParts,
): Promise<Answer | undefined> {
  const { keeper } = device;
  switch (command.type) {
    case 'start':
      if (streams.full && !streams.isConnected(device.id, command.channel)) return failed('busy');
      return answerTo(await keeper.start(command.channel, command.stream, command.requestId));
    case 'stop':
      return answerTo(await keeper.stop(command.channel));
    case 'list-recordings':
      return list(command, device);
    case 'play':
      return play(command, device, services);
    case 'control-playback':
      return answerTo(
        await device.commander.send('controlPlayback', {
          channel: command.channel,
          control: CONTROLS[command.action],
          speed: 0,
          position: command.to === undefined ? OPEN_TIME : utcToBcd(Date.parse(command.to), device.zone()),
        }),
      );
    case 'snapshot':
      return snapshot(command, device);
    case 'refresh':
      await keeper.renew();
      break;
    case 'disconnect':
      for (const stream of streams.ofDevice(device.id)) void stream.close();
      device.finish();
      break;
  }
  return undefined;
}

export const failed = (reason: Reason): Answer => ({ status: 'failed', reason });

export function answerTo(result: CommandResult): Answer {
  switch (result.status) {
    case 'accepted':
      return { status: 'done' };
    case 'refused':
      // 3 is "unsupported" (JT/T 808-2019 table 6).
      return failed(result.result === 3 ? 'unsupported' : 'refused');
    case 'gone':
      return failed('not-here');
    default:
      return failed(result.status);
  }
}

async function list({ channel, from, to, stream }: Of<'list-recordings'>, device: DevicePort): Promise<Answer> {
  const result = await device.commander.send(
    'listRecordings',
    {
      channel,
      start: utcToBcd(Date.parse(from), device.zone()),
      end: utcToBcd(Date.parse(to), device.zone()),
      alarm: 0,
      videoAlarm: 0,
      avType: 3,
      stream: STREAMS[stream],
      storage: 0,
    },
    { answer: 'recordingList', timeoutMs: LIST_MS },
  );
  if (result.status !== 'accepted') return answerTo(result);
  const { items, total } = result.value as RecordingList;
  const recordings = items.flatMap((item) => recordingOf(item, device.zone())).slice(0, MAX_RECORDINGS);
  return { status: 'done', recordings, ...(total > recordings.length && { total }) };
}

type Listed = NonNullable<AnswerRow['recordings']>[number];

/** Nothing where the device gave no dates. */
function recordingOf(item: DeviceRecording, zone: number): Listed[] {
  const from = bcdToUtc(item.start, zone, Date.now());
  const to = bcdToUtc(item.end, zone, Date.now());
  if (from === undefined || to === undefined) return [];
  return [
    {
      channel: item.channel,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      stream: STREAM_NAMES[item.stream] ?? 'any',
      storage: STORAGE_NAMES[item.storage] ?? 'any',
      media: MEDIA_NAMES[item.avType] ?? 'any',
      alarms: namesInForce({ alarm: item.alarm, video: item.videoAlarm }),
      bytes: item.size,
    },
  ];
}

async function play(
  { channel, from, to, speed, requestId }: Of<'play'>,
  device: DevicePort,
  { fleet, host, config, outbox }: RunParts['services'],
): Promise<Answer> {
  const { startSeconds, announce } = config.options;
  // Before the device is asked: its pictures may come before its answer does, and to another task.
  await fleet.expectPlayback({ requestId, device: device.id, channel, from, to, speed }, startSeconds + 30);
  const result = await device.commander.send(
    'startPlayback',
    {
      host: await host.get(),
      tcpPort: announce.media,
      udpPort: 0,
      channel,
      avType: 0,
      stream: STREAMS.any,
      storage: 0,
      mode: speed === 1 ? 0 : 1,
      speed: speed === 1 ? 0 : (SPEEDS[speed] ?? 0),
      start: utcToBcd(Date.parse(from), device.zone()),
      end: utcToBcd(Date.parse(to), device.zone()),
    },
    // By the standard 0x1205 answers; devices send the general reply, too or alone.
    { answer: 'recordingList', orReply: true },
  );
  if (result.status !== 'accepted') {
    outbox.put(`playback ${device.id} ${channel}`, () =>
      fleet.playbackTaken({ device: device.id, channel, requestId }),
    );
  }
  return answerTo(result);
}

async function snapshot({ channel }: Of<'snapshot'>, device: DevicePort): Promise<Answer> {
  const picture = {
    channel,
    command: 1,
    seconds: 0,
    save: false,
    resolution: 8,
    quality: 5,
    brightness: 128,
    contrast: 64,
    saturation: 64,
    chroma: 128,
  };
  // By the standard 0x0805 answers; there are devices that send the general reply instead.
  const expects = { answer: 'shootReply', orReply: true } as const;
  const result = await device.commander.send('shoot', picture, expects);
  // JT/T 808-2019 table 84: 1 failed, 2 the channel is not supported.
  const said = result.status === 'accepted' ? (result.value as ShootReply | undefined)?.result : undefined;
  if (said === undefined || said === 0) return answerTo(result);
  return failed(said === 2 ? 'unsupported' : 'refused');
}
