/** What devices need of the API's rights: a simulated one, watched, asked and cut into a clip. */
import { expect } from 'vitest';
import type { Client } from '../../local/client.ts';
import { startDevices } from '../../local/device/simulator.ts';
import type { Ready } from '../../local/stack.ts';

const ID = '13900000077';
const SESSION = 'a-session-of-the-iam-test';

/** `admin` manages, `uploader` watches and makes the clip. Every function of both stages is called. */
export async function useDevices(ready: Ready, admin: Client, uploader: Client): Promise<void> {
  const { host, control } = ready.devices!;
  const devices = await startDevices({
    host,
    control,
    firstId: ID,
    channels: 2,
    locationSeconds: 1,
    ffmpegFolder: ready.ffmpegFolder,
  });
  const params = { id: ID };
  try {
    const unknown = async () => (await admin.call('GET /api/devices/unknown')).devices.map(({ id }) => id);
    await expect.poll(unknown, { timeout: 120_000 }).toContain(ID);
    const channels = [
      { number: 1, name: 'Road', live: 'always' },
      { number: 2, name: 'Cabin', live: 'on-demand' },
    ];
    await admin.call('POST /api/devices', { body: { id: ID, channels, viewers: ['uma'] } });
    await admin.call('PATCH /api/devices/{id}', { params, body: { name: 'Bus' } });
    await expect
      .poll(async () => (await uploader.call('GET /api/devices/{id}', { params })).streams['1']?.state, {
        timeout: 120_000,
      })
      .toBe('live');
    expect((await uploader.call('GET /api/devices')).devices.map(({ id }) => id)).toEqual([ID]);

    // On demand: asked for, watched, let go.
    const state = () =>
      uploader.call('GET /api/play/live/{id}/{channel}/state', {
        params: { ...params, channel: '2' },
        query: { session: SESSION },
      });
    await expect.poll(async () => (await state()).state, { timeout: 120_000, interval: 1000 }).toBe('live');
    const bye = `/api/play/live/${ID}/2/goodbye?session=${SESSION}`;
    expect((await uploader.fetch('POST', bye)).status).toBe(204);

    const { url } = await uploader.call('POST /api/devices/{id}/tokens', { params, body: { channel: 1 } });
    const expanded = await (await fetch(`${ready.url}${url}&expand=1`)).text();
    const media = await fetch(new URL(/^(?!#)\S+$/m.exec(expanded)![0], ready.url));
    const segment = /^(?!#)\S+$/m.exec(await media.text())![0];
    expect((await fetch(new URL(segment, ready.url))).status).toBe(200);

    const now = Date.now();
    const stretch = { from: new Date(now - 600_000).toISOString(), to: new Date(now + 60_000).toISOString() };
    const recorded = async () =>
      (await uploader.call('GET /api/devices/{id}/recordings', { params, query: { channel: '1', ...stretch } }))
        .recordings;
    await expect.poll(async () => (await recorded()).length, { timeout: 120_000 }).toBeGreaterThan(0);
    const query = new URLSearchParams(stretch).toString();
    expect((await uploader.fetch('GET', `/api/play/live/${ID}/1/main.m3u8?${query}`)).status).toBe(200);
    expect((await uploader.fetch('GET', `/api/devices/${ID}/positions?${query}`)).status).toBe(200);
    await uploader.call('GET /api/devices/{id}/alarms', { params, query: stretch });

    // The task keeps them with their place in the inbox, and says of the one that began when it was over.
    const [vehicle] = devices.devices;
    expect(vehicle!.hold('sos', true)).toBe(true);
    const inbox = async () => (await uploader.call('GET /api/alarms', { query: { device: ID } })).alarms;
    await expect.poll(async () => (await inbox())[0]?.type, { timeout: 120_000 }).toBe('sos');
    expect(vehicle!.hold('sos', false)).toBe(true);
    await expect.poll(async () => (await inbox())[0]?.endedAt, { timeout: 120_000 }).toBeDefined();
    const { time, id: alarm } = (await inbox())[0]!;
    expect((await uploader.call('GET /api/alarms/count', {})).count).toBeGreaterThan(0);
    const body = { alarms: [{ device: ID, time, id: alarm }] };
    expect(await uploader.call('POST /api/alarms/acknowledge', { body })).toEqual({ acknowledged: 1 });

    const { requestId } = await uploader.call('POST /api/devices/{id}/commands', {
      params,
      body: { type: 'list-recordings', channel: 0, stream: 'any', ...stretch },
    });
    const answer = () =>
      uploader.call('GET /api/devices/{id}/commands/{requestId}', { params: { ...params, requestId } });
    await expect.poll(async () => (await answer()).status, { timeout: 120_000 }).toBe('done');

    const clip = await uploader.call('POST /api/devices/{id}/clips', { params, body: { channel: 1, ...stretch } });
    await uploader.ready(clip.id);
    const track = await uploader.call('GET /api/videos/{id}/positions', { params: { id: clip.id } });
    expect(track.features.length).toBeGreaterThan(0);

    await admin.call('DELETE /api/devices/unknown/{id}', { params });
    await admin.call('DELETE /api/devices/{id}', { params });
  } finally {
    await devices.close();
  }
}
