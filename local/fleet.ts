/** Two simulated vehicles for the local run, registered and connected; and what the demonstration checks of them. */
import type { ResponseOf } from '../lib/contract/api.ts';
import { Client, ClientError } from './client.ts';
import { startDevices, type Simulation } from './device/simulator.ts';
import type { LocalStack } from './stack.ts';

const FIRST = '13800000001';
const NAMES = ['Van 1', 'Van 2'];
const CHANNEL = 1;

export class FleetError extends Error {
  override name = 'FleetError';
}

export interface Fleet {
  readonly ids: readonly string[];
  readonly startedAt: number;
  readonly close: () => Promise<void>;
}

/** Registers both (again, without harm) and lets them drive. */
export async function startFleet(stack: LocalStack): Promise<Fleet> {
  if (!stack.ingest) throw new FleetError('the configuration has no live part');
  const admin = new Client(stack.url, (await stack.ready()).users[0]!.token);
  const ids = NAMES.map((_, index) => String(Number(FIRST) + index));
  for (const [index, id] of ids.entries()) {
    const channels = [
      { number: CHANNEL, name: 'Road ahead', live: 'always', sound: true },
      { number: 2, name: 'Cabin', live: 'on-demand' },
    ];
    const answer = await admin.fetch('POST', '/api/devices', { id, name: NAMES[index], channels, viewers: ['vera'] });
    // An engine that outlived the last run still has them.
    if (!answer.ok && answer.status !== 409)
      throw new FleetError(`device ${id}: ${answer.status} ${await answer.text()}`);
  }
  const { host, control } = stack.ingest;
  const startedAt = Date.now();
  const simulation: Simulation = await startDevices({
    host,
    control,
    count: ids.length,
    firstId: FIRST,
    channels: 2,
    locationSeconds: 2,
    ffmpegFolder: stack.ffmpegFolder,
  });
  return { ids, startedAt, close: () => simulation.close() };
}

/** Both online, live pictures in a playlist, and a clip of them that plays. Throws when anything is not as it should be. */
export async function demoFleet(
  stack: LocalStack,
  { ids, startedAt }: Fleet,
  step: (line: string) => void,
): Promise<void> {
  const client = new Client(stack.url, (await stack.ready()).users[0]!.token);
  await until('both devices online', 30, async () => {
    const { devices } = await client.call('GET /api/devices');
    return devices.filter((device) => ids.includes(device.id) && device.online).length === ids.length || undefined;
  });
  step(`two devices online after ${since(startedAt)}`);
  const playlist = await until('a live playlist', 30, () => livePlaylist(client, ids[0]!));
  step(`first live segment after ${since(startedAt)}`);
  const lags = await publishLags(playlist, 3);
  const lag = lags.reduce((sum, one) => sum + one, 0) / lags.length;
  step(`a segment is in the playlist ${lag.toFixed(2)} s after its last picture was filmed (mean of ${lags.length})`);

  const recorded = await until('eight seconds of recording', 30, async () => {
    const segments = await readSegments(playlist);
    return segments.length >= 4 ? segments : undefined;
  });
  const from = new Date(recorded[0]!.start).toISOString();
  const to = new Date(recorded[2]!.end).toISOString();
  const clip: ResponseOf<'GET /api/videos/{id}'> = await client.call('POST /api/devices/{id}/clips', {
    params: { id: ids[0]! },
    body: { channel: CHANNEL, from, to, title: 'Clip of Van 1' },
  });
  const video = await client.ready(clip.id, () => {}, 3);
  const played = await client.fetch('GET', `/api/play/${clip.id}/main.m3u8`);
  if (!played.ok) throw new FleetError(`the clip was answered with ${played.status}`);
  step(`exported a clip of ${video.duration?.toFixed(1)} s; it plays at ${stack.url}/v/${clip.id}`);
}

const since = (start: number) => `${((Date.now() - start) / 1000).toFixed(1)} s`;

/** Signed address of the channel's live media playlist, once it is live. */
async function livePlaylist(client: Client, id: string): Promise<string | undefined> {
  const answer = await client.fetch('GET', `/api/play/live/${id}/${CHANNEL}/main.m3u8`);
  const text = await answer.text();
  if (answer.status === 409) return undefined;
  if (!answer.ok) throw new ClientError(`live: ${answer.status} ${text.slice(0, 300)}`, answer.status, text);
  const auth = /NAME="auth",VALUE="([^"]+)"/.exec(text)?.[1];
  const path = /^(?!#)(\S+?)\?/m.exec(text)?.[1];
  return auth === undefined || path === undefined ? undefined : `${new URL(path, client.url).href}?${auth}`;
}

interface LiveSegment {
  readonly name: string;
  /** Milliseconds since the epoch, by the device's clock. */
  readonly start: number;
  readonly end: number;
}

async function readSegments(playlist: string): Promise<LiveSegment[]> {
  const answer = await fetch(playlist);
  if (!answer.ok) throw new FleetError(`the live playlist was answered with ${answer.status}`);
  const segments: LiveSegment[] = [];
  let at = 0;
  let duration = 0;
  for (const line of (await answer.text()).split('\n')) {
    if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) at = Date.parse(line.slice(25));
    else if (line.startsWith('#EXTINF:')) duration = Number.parseFloat(line.slice(8)) * 1000;
    else if (line !== '' && !line.startsWith('#')) {
      segments.push({ name: line, start: at, end: at + duration });
      at += duration;
    }
  }
  return segments;
}

/** Seconds from the end of a segment to the moment it is first seen in the playlist, of the next `count` segments. */
async function publishLags(playlist: string, count: number): Promise<number[]> {
  const known = new Set((await readSegments(playlist)).map(({ name }) => name));
  const lags: number[] = [];
  await until(`${count} more segments`, 30, async () => {
    for (const { name, end } of await readSegments(playlist)) {
      if (known.has(name)) continue;
      known.add(name);
      lags.push((Date.now() - end) / 1000);
    }
    return lags.length >= count || undefined;
  });
  return lags;
}

async function until<T>(what: string, seconds: number, look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new FleetError(`no ${what} within ${seconds} s`);
}
