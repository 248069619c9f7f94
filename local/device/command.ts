/** The command line of the simulator: its words, units and bounds. */
import { parseArgs } from 'node:util';
import { layouts } from '../../containers/ingest/src/jt808/subiao/sign.ts';
import { CLOCKS } from './clock.ts';
import { presets, type PresetName } from './clip.ts';
import type { Endpoint } from './link.ts';
import type { DeviceOptions } from './settings.ts';

export class UsageError extends Error {
  override name = 'UsageError';
}

export type Command =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'replay';
      readonly file: string;
      readonly host: string;
      readonly port: number;
      readonly speed: number | 'max';
    }
  | {
      readonly kind: 'devices';
      readonly options: DeviceOptions;
      /** A capture file to show instead of generated video. */
      readonly capture: string | undefined;
      /** Undefined: until it is stopped. */
      readonly seconds: number | undefined;
      readonly quiet: boolean;
    };

const SOUNDS = ['g711a', 'aac', 'none'] as const;

export const HELP = `npm run device -- [options]

Simulates vehicle cameras: JT/T 808 control connections, JT/T 1078 video with sound, positions along a route, Su Biao
alarms with files. Prints what happens until Ctrl-C, then its figures as one line of JSON.

Where
  --host NAME             platform (default 127.0.0.1)
  --control PORT          its JT/T 808 port (default 10808)
  --media HOST:PORT       send media there, whatever the platform says
  --attachments HOST:PORT send files of alarms there, whatever the platform says
  --tls                   TLS on all connections
  --from A,B,…            source addresses, taken in turn
Which
  --count N               devices (default 1); ids count up from --id
  --id DIGITS             the first one's phone number (default 13800000001)
  --protocol 2013|2019    generation of JT/T 808 (default 2013)
  --sim 6|10              bytes of the SIM in media packets (default 6 for 2013, 10 for 2019)
  --channels N            cameras of each device, 1 to 32 (default 1)
  --zone MINUTES          its clock ahead of UTC (default 480)
  --clock ${CLOCKS.join('|')}   what media timestamps count (default utc)
What
  --video NAME            ${Object.keys(presets).join(', ')} (default cif); --sub-video for the sub stream (default qcif)
  --sound ${SOUNDS.join('|')}  (default g711a)
  --burst                 one write per frame instead of one per packet
  --push                  stream every channel without being asked; needs --media
  --multiplex             all channels of a device on one media connection
  --capture FILE          show a capture's packets instead of generated video
  --heartbeat S           seconds (default 30)
  --location S            seconds from one position to the next (default 10)
  --alarm S               a Su Biao alarm with three files every S seconds
  --region NAME           ${layouts.map(({ region }) => region).join(', ')}
  --recorded MIN          minutes of recordings it says it has (default 60)
Faults (chances are 0 to 1)
  --loss P                packets and pieces of files never sent
  --garbage P             random bytes before a packet or frame
  --bad-checksum P        control frames with a wrong checksum
  --reconnect S           all connections break every S seconds
  --stuck-clock           media timestamps stand still
  --slow KBIT             what a media or file connection carries at most, kbit/s
  --fragment BYTES        largest single write
  --kill-mid-segment      each stream is reset once, in the middle of a frame of its second GOP
Replay
  --replay FILE           send a capture of media packets to --media, byte for byte, and end
  --speed X|max           times as fast as recorded (default 1); max does not wait
Other
  --seconds S             end after S seconds
  --seed N                decides routes and chances (default 1)
  --quiet                 print the figures only
  --help                  this text

Video is generated once with ffmpeg and kept in the cache folder (SLUICE_CACHE, default ~/.cache/sluice).`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** @throws UsageError that names the option. */
export function parseCommand(args: readonly string[]): Command {
  const v = words(args);
  if (v.help) return { kind: 'help' };
  const host = v.host ?? '127.0.0.1';
  const media = v.media === undefined ? undefined : endpoint('media', v.media);
  if (v.replay !== undefined) {
    if (media === undefined) throw new UsageError('--replay needs --media HOST:PORT');
    const speed = v.speed === 'max' ? 'max' : number('speed', v.speed, 0.01, 1000, 1);
    return { kind: 'replay', file: v.replay, ...media, speed };
  }
  if (v.push && media === undefined) throw new UsageError('--push needs --media HOST:PORT');
  const version = Number(oneOf('protocol', v.protocol ?? '2013', ['2013', '2019'])) as 2013 | 2019;
  const id = v.id ?? '13800000001';
  if (!/^\d{1,20}$/.test(id)) throw new UsageError('--id must be 1 to 20 digits');
  const options: DeviceOptions = {
    host,
    control: whole('control', v.control, 1, 65_535, 10_808),
    ...(media && { media }),
    ...(v.attachments !== undefined && { attachments: endpoint('attachments', v.attachments) }),
    count: whole('count', v.count, 1, 100_000, 1),
    firstId: id,
    version,
    ...(v.sim !== undefined && { simBytes: Number(oneOf('sim', v.sim, ['6', '10'])) as 6 | 10 }),
    channels: whole('channels', v.channels, 1, 32, 1),
    video: oneOf('video', v.video ?? 'cif', Object.keys(presets) as PresetName[]),
    subVideo: oneOf('sub-video', v['sub-video'] ?? 'qcif', Object.keys(presets) as PresetName[]),
    sound: oneOf('sound', v.sound ?? 'g711a', SOUNDS),
    burst: v.burst ?? false,
    push: v.push ?? false,
    multiplex: v.multiplex ?? false,
    heartbeatSeconds: number('heartbeat', v.heartbeat, 0.1, 86_400, 30),
    locationSeconds: number('location', v.location, 0.1, 86_400, 10),
    alarmSeconds: number('alarm', v.alarm, 0, 86_400, 0),
    ...(v.region !== undefined && {
      region: oneOf(
        'region',
        v.region,
        layouts.map(({ region }) => region),
      ),
    }),
    zoneMinutes: whole('zone', v.zone, -1440, 1440, 480),
    clock: oneOf('clock', v.clock ?? 'utc', CLOCKS),
    recordedMinutes: whole('recorded', v.recorded, 0, 100_000, 60),
    faults: {
      loss: number('loss', v.loss, 0, 1, 0),
      garbage: number('garbage', v.garbage, 0, 1, 0),
      badChecksum: number('bad-checksum', v['bad-checksum'], 0, 1, 0),
      reconnectSeconds: number('reconnect', v.reconnect, 0, 86_400, 0),
      stuckClock: v['stuck-clock'] ?? false,
      slowKbit: number('slow', v.slow, 0, 1e6, 0),
      fragment: whole('fragment', v.fragment, 0, 65_535, 0),
      killMidSegment: v['kill-mid-segment'] ?? false,
    },
    ...(v.from !== undefined && { localAddresses: v.from.split(',') }),
    tls: v.tls ?? false,
    seed: whole('seed', v.seed, 0, 2 ** 32 - 1, 1),
  };
  const seconds = v.seconds === undefined ? undefined : number('seconds', v.seconds, 0.1, 2e6, 0);
  return { kind: 'devices', options, capture: v.capture, seconds, quiet: v.quiet ?? false };
}

function words(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        host: text,
        control: text,
        media: text,
        attachments: text,
        tls: flag,
        from: text,
        count: text,
        id: text,
        protocol: text,
        sim: text,
        channels: text,
        zone: text,
        clock: text,
        video: text,
        'sub-video': text,
        sound: text,
        burst: flag,
        push: flag,
        multiplex: flag,
        capture: text,
        heartbeat: text,
        location: text,
        alarm: text,
        region: text,
        recorded: text,
        loss: text,
        garbage: text,
        'bad-checksum': text,
        reconnect: text,
        'stuck-clock': flag,
        slow: text,
        fragment: text,
        'kill-mid-segment': flag,
        replay: text,
        speed: text,
        seconds: text,
        seed: text,
        quiet: flag,
        help: { ...flag, short: 'h' },
      },
    }).values;
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

function number(name: string, value: string | undefined, least: number, most: number, fallback: number): number {
  if (value === undefined) return fallback;
  const parsed = value.trim() === '' ? Number.NaN : Number(value);
  if (!(parsed >= least && parsed <= most)) throw new UsageError(`--${name} must be ${least} to ${most}: ${value}`);
  return parsed;
}

function whole(name: string, value: string | undefined, least: number, most: number, fallback: number): number {
  const parsed = number(name, value, least, most, fallback);
  if (!Number.isInteger(parsed)) throw new UsageError(`--${name} must be a whole number: ${value}`);
  return parsed;
}

function oneOf<const T extends string>(name: string, value: string, known: readonly T[]): T {
  const found = known.find((candidate) => candidate === value);
  if (found === undefined) throw new UsageError(`--${name} must be one of ${known.join(', ')}: ${value}`);
  return found;
}

function endpoint(name: string, value: string): Endpoint {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) throw new UsageError(`--${name} must be HOST:PORT: ${value}`);
  return { host: match[1] ?? match[2]!, port };
}
