/** The second flow's steps: a simulated device through the load balancer, its position, its pictures. */
import { randomInt } from 'node:crypto';
import type { Client } from '../client.ts';
import { startDevices, type Simulation } from '../device/simulator.ts';
import type { Context } from './context.ts';
import { openManifest, playAll, type Pass } from './playing.ts';
import { until } from './until.ts';

const CHANNEL = 1;
/** Files of the live playlist that are there before it counts as live. */
const FILES = 4;

export interface OnAir {
  readonly id: string;
  /** Throws unless its pictures are still coming. */
  readonly check: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function putOnAir(run: Context, client: Client, ffmpegFolder: string): Promise<OnAir> {
  const id = `139${randomInt(10_000_000, 100_000_000)}`;
  await client.call('POST /api/devices', {
    body: { id, name: 'Smoke', channels: [{ number: CHANNEL, name: 'Front', live: 'always' }] },
  });
  const { host, control } = run.deployed.devices;
  const simulation: Simulation = await startDevices({ host, control, firstId: id, locationSeconds: 2, ffmpegFolder });
  const seconds = run.where.patienceMinutes * 60;
  try {
    const device = () => client.call('GET /api/devices/{id}', { params: { id } });
    const online = async () => ((await device()).online ? true : undefined);
    await until('device online', seconds, run.signal, online);
    run.step(`device ${id} registered and online at ${host}:${control}`);
    const { lat, lon } = await until(
      'position of the device',
      seconds,
      run.signal,
      async () => (await device()).position,
    );
    run.step(`it is at ${lat.toFixed(4)}, ${lon.toFixed(4)}`);

    const path = `/api/play/live/${id}/${CHANNEL}/main.m3u8`;
    const live = () => openManifest(client, path, 'url');
    const found = await until('live stream', seconds, run.signal, async () => {
      const { playlists, pass } = await live();
      return (await segmentsOf(playlists[0]!, pass)) >= FILES ? { playlists, pass } : undefined;
    });
    const { files, bytes } = await playAll(found.playlists, found.pass);
    run.step(
      `its stream plays: ${files} files, ${(bytes / 1e6).toFixed(1)} MB; 403 without a signature or with a bent one`,
    );
    run.settle('balancer', `online, and media on ${simulation.stats.streaming} connection`);
    return {
      id,
      check: async () => {
        const before = await segmentAt(found.playlists[0]!, found.pass);
        await until('new segment of the stream', seconds, run.signal, async () =>
          (await segmentAt(found.playlists[0]!, found.pass)) === before ? undefined : true,
        );
      },
      close: () => simulation.close(),
    };
  } catch (error) {
    await simulation.close();
    throw error;
  }
}

const textOf = async (playlist: string, { query }: Pass): Promise<string> =>
  (await fetch(`${playlist}?${query}`)).text();
const segmentsOf = async (playlist: string, pass: Pass) =>
  [...(await textOf(playlist, pass)).matchAll(/^#EXTINF/gm)].length;
/** Name of the newest segment. */
const segmentAt = async (playlist: string, pass: Pass) =>
  [...(await textOf(playlist, pass)).matchAll(/^(?!#)([^\s?]+)/gm)].at(-1)?.[1];
