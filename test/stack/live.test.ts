/** The second flow on the running stack: real sockets in, live HLS out through the edge, under the same entitlement. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Parser } from 'm3u8-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../../local/client.ts';
import { startDevices, type Simulation } from '../../local/device/simulator.ts';
import { decodeErrors } from '../support/media.ts';
import { play } from '../support/playback.ts';
import { runningStack } from '../stack.ts';

const stack = await runningStack();
const as = (name: string) => new Client(stack.url, stack.users.find((user) => user.name === name)!.token);
const ada = as('ada');
const vera = as('vera');
const uma = as('uma');
const nobody = new Client(stack.url);
const devices = stack.devices!;
const ID = '13900000001';
const channels = [
  { number: 1, name: 'Road', live: 'always' },
  { number: 2, name: 'Cabin', live: 'on-demand' },
];
const slow = { timeout: 90_000, interval: 250 };
let folder: string;
let simulation: Simulation | undefined;

const simulate = (firstId: string, more: object = {}) =>
  startDevices({
    host: devices.host,
    control: devices.control,
    firstId,
    channels: 2,
    locationSeconds: 1,
    ffmpegFolder: stack.ffmpegFolder,
    ...more,
  });
const device = (id = ID) => ada.call('GET /api/devices/{id}', { params: { id } });
const manifest = (client: Client, channel = 1, query = '') =>
  client.fetch('GET', `/api/play/live/${ID}/${channel}/main.m3u8${query}`);

/** The media playlist behind a manifest that is live, with what signs its files. */
async function livePlaylist(client: Client, channel = 1, query = '') {
  const answer = await manifest(client, channel, query);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  const auth = /NAME="auth",VALUE="([^"]+)"/.exec(text)![1]!;
  const url = new URL(/^(?!#)(\S+?)\?/m.exec(text)![1]!, stack.url).href;
  const playlist = await (await fetch(`${url}?${auth}`)).text();
  const files = [...playlist.matchAll(/URI="([^"?]+)|^(?!#)(\S+?)\?/gm)].map(
    (match) => new URL(match[1] ?? match[2]!, url).href,
  );
  return { url, auth, playlist, files };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-live-'));
});
afterAll(async () => {
  await simulation?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a device', () => {
  it('is refused while unknown, shows up for adoption, and comes online once adopted', async () => {
    simulation = await simulate(ID);
    await expect
      .poll(async () => (await ada.call('GET /api/devices/unknown')).devices.map(({ id }) => id), slow)
      .toContain(ID);
    await ada.call('POST /api/devices', { body: { id: ID, name: 'Adopted', channels, viewers: ['vera'] } });
    await expect.poll(async () => (await device()).online, slow).toBe(true);
    const unknown = async () => (await ada.call('GET /api/devices/unknown')).devices.map(({ id }) => id);
    await expect.poll(unknown, slow).not.toContain(ID);
  });

  it('is seen by admins and its viewers, changed by admins only', async () => {
    expect((await vera.fetch('GET', `/api/devices/${ID}`)).status).toBe(200);
    expect((await uma.fetch('GET', `/api/devices/${ID}`)).status).toBe(404);
    expect((await vera.fetch('PATCH', `/api/devices/${ID}`, { name: 'mine' })).status).toBe(403);
    expect((await nobody.fetch('GET', `/api/devices/${ID}`)).status).toBe(401);
  });

  it('tells where it is, now and over time', async () => {
    await expect.poll(async () => (await device()).position?.lat, slow).toBeGreaterThan(0);
    const query = {
      from: new Date(Date.now() - 600_000).toISOString(),
      to: new Date(Date.now() + 60_000).toISOString(),
    };
    const search = new URLSearchParams(query).toString();
    await expect
      .poll(
        async () =>
          ((await (await ada.fetch('GET', `/api/devices/${ID}/positions?${search}`)).json()) as { features: unknown[] })
            .features.length,
        { ...slow, interval: 1000 },
      )
      .toBeGreaterThan(0);
  });
});

describe('live pictures', () => {
  it('are published as segments that decode without a word, with sound, for whoever may watch', async () => {
    await expect.poll(async () => (await manifest(vera)).status, slow).toBe(200);
    await expect.poll(async () => (await livePlaylist(vera)).files.length, slow).toBeGreaterThanOrEqual(4);
    const { files, auth, playlist } = await livePlaylist(vera);
    const parser = new Parser();
    parser.push(playlist);
    parser.end();
    expect(parser.manifest.endList).not.toBe(true);
    const bytes: Buffer[] = [];
    for (const file of files) {
      expect((await fetch(file)).status, file).toBe(403);
      const answer = await fetch(`${file}?${auth}`);
      expect(answer.status, file).toBe(200);
      bytes.push(Buffer.from(await answer.arrayBuffer()));
    }
    const file = join(folder, 'live.mp4');
    await writeFile(file, Buffer.concat(bytes));
    expect(await decodeErrors(stack.ffmpegFolder, file)).toBe('');
    expect(playlist).toContain('#EXT-X-PROGRAM-DATE-TIME:');
  });

  it('are refused to others', async () => {
    expect((await manifest(uma)).status).toBe(404);
    expect((await manifest(nobody)).status).toBe(401);
  });

  it('are as high as a grant says at most, live and recorded, by what the task wrote of them', async () => {
    const { height } = (await device()).streams['1']!;
    const now = Date.now();
    const past = new URLSearchParams({ from: new Date(now - 60_000).toISOString(), to: new Date(now).toISOString() });
    const to = { resource: `device:${ID}`, subject: 'person:uma' };
    for (const [maxHeight, status] of [
      [height!, 200],
      [height! - 1, 403],
    ] as const) {
      const grant = await ada.call('POST /api/entitlements', { body: { ...to, maxHeight } });
      const recorded = await manifest(uma, 1, `?${past}`);
      const reloaded = await uma.fetch('GET', `/api/play/live/${ID}/1/live.m3u8`);
      expect([(await manifest(uma)).status, recorded.status, reloaded.status]).toEqual([status, status, status]);
      // The edge takes them by their names.
      if (status === 200) {
        const { files, auth } = await livePlaylist(uma);
        expect(files.length).toBeGreaterThan(1);
        for (const file of files) expect((await fetch(`${file}?${auth}`)).status, file).toBe(200);
      }
      await ada.call('DELETE /api/entitlements/{grant}', { params: { grant: grant.id } });
    }
    expect((await manifest(uma)).status).toBe(404);
  });

  it('start on demand when somebody asks', async () => {
    const first = await manifest(vera, 2);
    expect(first.status).toBe(409);
    expect(await first.json()).toMatchObject({ code: 'not-live', state: 'starting' });
    await expect.poll(async () => (await manifest(vera, 2)).status, slow).toBe(200);
  });

  it("can be gone back to, and made into a video of one's own", async () => {
    await expect.poll(async () => (await livePlaylist(ada)).files.length, slow).toBeGreaterThanOrEqual(5);
    const { playlist } = await livePlaylist(ada);
    const start = Date.parse(/#EXT-X-PROGRAM-DATE-TIME:(\S+)/.exec(playlist)![1]!);
    const stretch = { from: new Date(start).toISOString(), to: new Date(start + 6000).toISOString() };
    const back = await manifest(ada, 1, `?${new URLSearchParams(stretch).toString()}`);
    const text = await back.text();
    expect(back.status, text).toBe(200);
    const parser = new Parser();
    parser.push(text);
    parser.end();
    expect(parser.manifest.endList).toBe(true);
    const seconds = parser.manifest.segments.reduce((sum, { duration }) => sum + duration, 0);
    expect(seconds).toBeGreaterThanOrEqual(5.9);
    const clip = await ada.call('POST /api/devices/{id}/clips', {
      params: { id: ID },
      body: { channel: 1, ...stretch, title: 'Evidence' },
    });
    const video = await ada.ready(clip.id);
    expect(video).toMatchObject({ title: 'Evidence', status: 'ready' });
    expect(video.duration).toBeGreaterThan(3);

    // Public, it is pictures for everybody, and places for who may see the device.
    const id = clip.id;
    await ada.call('PATCH /api/videos/{id}', { params: { id }, body: { visibility: 'public' } });
    const { auth, renditions } = await play(nobody, id);
    expect((await fetch(`${renditions[0]!.files[0]!}?${auth}`)).status).toBe(200);
    const [inside] = /^\/vod\/[^/]+\/s\/[^/]+\//.exec(new URL(renditions[0]!.url).pathname)!;
    for (const path of [
      `${inside}positions.geojson`,
      `/vod/${id}/positions.geojson`,
      `/tracks/${id}/positions.geojson`,
    ]) {
      const answer = await fetch(`${stack.url}${path}?${auth}`);
      expect([path, (await answer.text()).includes('FeatureCollection')]).toEqual([path, false]);
    }
    const positions = async (who: Client) => (await who.fetch('GET', `/api/videos/${id}/positions`)).status;
    expect(await Promise.all([ada, vera, uma, nobody].map(positions))).toEqual([200, 200, 403, 401]);
    const shown = await uma.call('GET /api/videos/{id}', { params: { id } });
    expect(JSON.stringify(shown)).not.toContain(ID);
    await ada.fetch('DELETE', `/api/videos/${id}?now=true`);
  });

  it('go on in the same playlist after the device came back, with a discontinuity', async () => {
    const before = await livePlaylist(ada);
    // Each look is another session, whose addresses are its own.
    const name = (file: string) => file.split('/').at(-1);
    const last = name(before.files.at(-1)!)!;
    await simulation!.close();
    await expect.poll(async () => (await device()).online, slow).toBe(false);
    simulation = await simulate(ID);
    await expect
      .poll(async () => {
        const answer = await manifest(ada);
        if (!answer.ok) return 0;
        const files = (await livePlaylist(ada)).files.map(name);
        return files.indexOf(last) === -1 ? 0 : files.length - 1 - files.indexOf(last);
      }, slow)
      .toBeGreaterThanOrEqual(2);
    const { playlist } = await livePlaylist(ada);
    const after = playlist.slice(playlist.indexOf(last));
    expect(after).toContain('#EXT-X-DISCONTINUITY');
  });
});
