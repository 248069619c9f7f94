/** Any number of simulated devices in one process. Generated video and files are made once and shared by all. */
import { phoneBytes } from '../../containers/ingest/src/jt808/identity.ts';
import type { LocationFields } from '../../containers/ingest/src/jt808/messages/location.ts';
import type { Region } from '../../containers/ingest/src/jt808/subiao/sign.ts';
import { ALARM_KINDS, FileType, stateFile, type AttachedFile } from './alarm.ts';
import { Cameras } from './cameras.ts';
import { readCapture } from './capture.ts';
import { loadClip, presets, type Clip, type PresetName } from './clip.ts';
import { Device } from './device.ts';
import { noFaults, random } from './faults.ts';
import { bareH264, loadIncident, loadPicture } from './materials.ts';
import { createRoute } from './route.ts';
import type { DeviceHandle, DeviceOptions } from './settings.ts';
import { newStats, type Stats } from './stats.ts';
import { clipTrack, type Sound, type Track } from './track.ts';

export interface Simulation {
  readonly devices: readonly DeviceHandle[];
  readonly stats: Readonly<Stats>;
  /** Closes every connection and ends every timer. */
  close(): Promise<void>;
}

const DEFAULT_CENTRE = [31.2304, 121.4737] as const;
const FIRST_ID = '13800000001';
/** Devices set out one after the other: milliseconds between them. */
const STAGGER = 5;

/** Resolves when all of them have been told to connect. @throws ClipError, LayerError or ProcessError when no video can be made. */
export async function startDevices(options: DeviceOptions): Promise<Simulation> {
  const { count = 1, channels = 1, alarmSeconds = 0, seed = 1, log = () => undefined } = options;
  const stats = newStats();
  const tracks = await loadTracks(options);
  const alarmFiles = await loadFiles(options);
  const picture = await loadPicture(options.ffmpegFolder);
  const next = random(seed);
  const numbers = Array.from({ length: channels }, (_, i) => i + 1);
  const shared = { stats, picture, alarmFiles, numbers, log, random: next, track: tracks.of };
  const devices = Array.from({ length: count }, (_, i) => makeDevice(options, shared, i));
  const timers = devices.map((device, i) => setTimeout(() => device.connect(), i * STAGGER));
  const { reconnectSeconds = 0 } = options.faults ?? {};
  const every = (seconds: number, act: (device: Device) => void) => {
    if (seconds > 0) timers.push(setInterval(() => devices.forEach(act), seconds * 1000));
  };
  every(reconnectSeconds, (device) => device.reconnect());
  every(alarmSeconds, (device) => device.alarm(ALARM_KINDS[Math.floor(next() * ALARM_KINDS.length)]!));
  return {
    devices: devices.map((device) => handle(device, (video) => tracks.load(video))),
    stats,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(devices.map((device) => device.stop()));
    },
  };
}

interface Shared {
  readonly stats: Stats;
  readonly picture: Buffer;
  readonly alarmFiles: (location: LocationFields) => readonly AttachedFile[];
  readonly numbers: readonly number[];
  readonly log: (line: string) => void;
  readonly random: () => number;
  readonly track: (stream: number, channel: number) => Track;
}

/** Digits of the device `index` places after the first. */
export const idOf = (firstId: string, index: number): string => String(BigInt(firstId) + BigInt(index));

function makeDevice(options: DeviceOptions, shared: Shared, index: number): Device {
  const { version = 2013, zoneMinutes = 480, seed = 1, centre = DEFAULT_CENTRE } = options;
  const id = idOf(options.firstId ?? FIRST_ID, index);
  const faults = { ...noFaults, ...options.faults };
  const { stats, random, numbers: channels, track, log } = shared;
  const localAddress = options.localAddresses?.[index % options.localAddresses.length];
  const link = { localAddress, tls: options.tls };
  const cameras = new Cameras({
    sim: phoneBytes(id, track(0, 1).simBytes === 6 ? 2013 : 2019),
    channels,
    track,
    clock: options.clock ?? 'utc',
    zoneMinutes,
    multiplex: options.multiplex ?? false,
    media: { faults, burst: options.burst ?? false, localAddress, tls: options.tls, stats, random },
  });
  const [main, sub] = [options.video ?? 'cif', options.subVideo ?? 'qcif'];
  const settings = {
    id,
    endpoint: { host: options.host, port: options.control },
    media: options.media,
    attachments: options.attachments,
    terminal: { version, protocolVersion: version === 2019 ? 1 : 0, phone: phoneBytes(id, version) },
    push: options.push ?? false,
    region: regionOf(options),
    zoneMinutes,
    // Neighbours drive round loops of their own, a few hundred metres apart.
    route: createRoute(centre[0] + 0.004 * (index % 25), centre[1] + 0.006 * Math.floor(index / 25), seed + index),
    archive: {
      channels,
      zoneMinutes,
      reach: (options.recordedMinutes ?? 60) * 60_000,
      rate: [bytesPerSecond(main), presets[sub].kbitPerSecond * 125] as const,
    },
    picture: shared.picture,
    alarmFiles: shared.alarmFiles,
    faults,
    stats,
    random,
    link,
    log,
    receipts: options.receipts,
  };
  const seconds = { heartbeat: options.heartbeatSeconds ?? 30, location: options.locationSeconds ?? 10 };
  return new Device(settings, cameras, seconds);
}

const bytesPerSecond = (video: PresetName | Clip): number =>
  typeof video === 'string'
    ? presets[video].kbitPerSecond * 125
    : video.frames.reduce((sum, { data }) => sum + data.length, 0) / (video.duration / 1000);

const regionOf = ({ region, version = 2013 }: DeviceOptions): Region =>
  region ?? (version === 2019 ? 'guangdong' : 'jiangsu');

/** Tracks of both streams, one per view: four cameras show different things, the fifth what the first does. */
async function loadTracks(options: DeviceOptions) {
  const { channels = 1, version = 2013, sound = 'g711a', capture, ffmpegFolder } = options;
  const simBytes = options.simBytes ?? (version === 2019 ? 10 : 6);
  const views = Math.min(channels, 4);
  const load = async (video: PresetName | Clip): Promise<Track[]> => {
    const clips =
      typeof video === 'string'
        ? await Promise.all(Array.from({ length: views }, (_, view) => loadClip(video, view, ffmpegFolder)))
        : [video];
    return clips.map((clip) => clipTrack(clip, { simBytes, sound: soundOf(clip, sound) }));
  };
  if (capture) {
    const { track } = readCapture(capture);
    return { of: () => track, load };
  }
  const streams = [await load(options.video ?? 'cif'), await load(options.subVideo ?? 'qcif')];
  return { of: (stream: number, channel: number) => cameraOf(streams[stream === 1 ? 1 : 0]!, channel), load };
}

const cameraOf = (tracks: readonly Track[], channel: number): Track => tracks[(channel - 1) % tracks.length]!;

const soundOf = (clip: Clip, sound: Sound): Sound => (sound === 'aac' && clip.aac.length === 0 ? 'none' : sound);

/** A picture, a video and the vehicle's state: in Jiangsu's layout the video is bare H.264, elsewhere MP4. */
async function loadFiles(options: DeviceOptions): Promise<(location: LocationFields) => AttachedFile[]> {
  const { ffmpegFolder } = options;
  const picture = { type: FileType.picture, extension: 'jpg', data: await loadPicture(ffmpegFolder) };
  const bare = regionOf(options) === 'jiangsu';
  const data = bare ? bareH264(await loadClip('cif', 0, ffmpegFolder), 5000) : await loadIncident(ffmpegFolder);
  const video = { type: FileType.video, extension: bare ? 'h264' : 'mp4', data };
  return (location) => [picture, video, { type: FileType.other, extension: 'bin', data: stateFile(location, 10) }];
}

function handle(device: Device, load: (video: PresetName | Clip) => Promise<Track[]>): DeviceHandle {
  return {
    id: device.settings.id,
    get online() {
      return device.online;
    },
    get live() {
      return device.cameras.live;
    },
    alarm: (kind) => device.alarm(kind),
    hold: (name, isOn) => device.hold(name, isOn),
    reconnect: (away) => device.reconnect(away),
    jumpClock: (milliseconds) => device.cameras.jumpClock(milliseconds),
    sound: (on) => device.cameras.sound(on),
    async show(video) {
      const tracks = await load(video);
      device.cameras.show((_, channel) => cameraOf(tracks, channel));
    },
    loopBegan: (channel) => device.cameras.loopBegan(channel),
  };
}
