/** The platform that runs, or one of our own; and a vehicle on it whose camera sends stamped pictures. */
import { readFile } from 'node:fs/promises';
import { Client } from '../../local/client.ts';
import type { Preset } from '../../local/device/clip.ts';
import { startDevices } from '../../local/device/simulator.ts';
import { stampedClip } from '../../local/device/stamped.ts';
import { startLocal, type Ready } from '../../local/stack.ts';
import { wait } from '../ingest/figures.ts';
import type { Source } from './latency.ts';

/** With keyframes as far apart as segments are long, which is what devices are set to. */
export const PRESET: Preset = { width: 1024, height: 576, frameRate: 25, kbitPerSecond: 1000, gop: 50 };
/** A loop's length, seconds: nothing is later than that. */
const LOOP = 48;
const DEVICE = '13900000901';
const CHANNEL = 1;

export interface Platform extends Ready {
  readonly close: () => Promise<void>;
}

/** `readyFile` of a running `npm start`; without one a stack is started, and ended with `close`. */
export async function platform(readyFile: string | undefined, log: (line: string) => void): Promise<Platform> {
  if (readyFile !== undefined) {
    const ready = JSON.parse(await readFile(readyFile, 'utf8')) as Ready;
    return { ...ready, close: async () => {} };
  }
  const stack = await startLocal({ port: 0, log });
  return { ...(await stack.ready()), close: stack.close };
}

export interface Vehicle {
  readonly id: string;
  readonly channel: number;
  readonly admin: Client;
  readonly source: () => Source;
  readonly close: () => Promise<void>;
}

/** Registered, online and live: four segments are in its playlist. */
export async function startVehicle({ url, users, devices, ffmpegFolder }: Ready): Promise<Vehicle> {
  if (devices === undefined) throw new Error('the platform that runs takes no devices');
  const clip = await stampedClip(PRESET, LOOP, ffmpegFolder);
  const admin = new Client(url, users.find(({ groups }) => groups.includes('admin'))!.token);
  const id = DEVICE;
  await admin.fetch('DELETE', `/api/devices/${id}`);
  const channels = [{ number: CHANNEL, name: 'Stamped', live: 'always' }];
  await admin.call('POST /api/devices', { body: { id, name: 'Glass to glass', channels } });
  const { host, control } = devices;
  const simulation = await startDevices({ host, control, firstId: id, video: clip, ffmpegFolder });
  const close = async () => {
    await simulation.close();
    await admin.fetch('DELETE', `/api/devices/${id}`);
  };
  try {
    const path = `/api/play/live/${id}/${CHANNEL}/live.m3u8`;
    for (const deadline = Date.now() + 60_000; ; await wait(0.5)) {
      const answer = await admin.fetch('GET', path);
      const text = await answer.text();
      if (answer.ok && text.split('#EXTINF').length > 4) break;
      if (Date.now() > deadline) throw new Error(`the vehicle is not live: ${answer.status} ${text.slice(0, 300)}`);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const source = () => ({
    began: simulation.devices[0]!.loopBegan(CHANNEL) ?? Number.NaN,
    interval: 1000 / PRESET.frameRate,
    duration: LOOP * 1000,
  });
  return { id, channel: CHANNEL, admin, source, close };
}
