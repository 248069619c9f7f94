/** What players report on the running stack, from the address that a manifest names to what the API answers of it. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Client } from '../../local/client.ts';
import { runningStack } from '../stack.ts';
import { makeVideo } from '../support/media.ts';

const stack = await runningStack();
const uma = new Client(stack.url, stack.users.find(({ name }) => name === 'uma')!.token);

const ERASE = fileURLToPath(new URL('../../local/commands/erase.ts', import.meta.url));

/** Until the answer has what was reported. */
const SOON = { timeout: 60_000, interval: 250 };

it('what is watched is seen within seconds, once however often it was sent, and whichever language its player speaks', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-insight-'));
  try {
    const file = join(folder, 'a.mp4');
    await makeVideo(stack.ffmpegFolder, file, { seconds: 8, size: '320x180' });
    const id = await uma.upload(file, { name: 'a.mp4' });
    await uma.ready(id);
    const addresses = await Promise.all(
      ['main.m3u8', 'manifest.mpd'].map(async (name) => {
        const manifest = await uma.fetch('GET', `/api/play/${id}/${name}`);
        const address = manifest.headers.get('sluice-events')!;
        if (name === 'main.m3u8')
          expect(await manifest.text()).toContain(`#EXT-X-SESSION-DATA:DATA-ID="io.sluice.events",VALUE="${address}"`);
        return address;
      }),
    );
    const now = Date.now();
    const ours = JSON.stringify({
      sequence: 0,
      now,
      events: [
        { type: 'start', at: now },
        { type: 'first-frame', at: now, startup: 600 },
        { type: 'heartbeat', at: now, watched: [[0, 6]], again: [[2, 4]], rendition: '180p', kbps: 300 },
        { type: 'stall', at: now, lasted: 1500 },
      ],
    });
    // As a player of another page does, without a preflight; and twice, as one does that got no answer.
    const send = (address: string, body: string, type: string) =>
      fetch(address, { method: 'POST', body, headers: { 'content-type': type, origin: 'https://page.example' } });
    const answers = [
      await send(addresses[0]!, ours, 'text/plain;charset=UTF-8'),
      await send(addresses[0]!, ours, 'text/plain;charset=UTF-8'),
      await send(
        addresses[1]!,
        [`e=ps,sn=0,sta=p,pt=0,msd=900,ts=${now - 4000},v=2`, `br=(300;v),e=t,sn=1,sta=p,pt=4000,ts=${now},v=2`].join(
          '\n',
        ),
        'application/cmcd',
      ),
    ];
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect(answers.map(({ headers }) => headers.get('access-control-allow-origin'))).toEqual(['*', '*', '*']);
    expect((await send(`${addresses[0]!.slice(0, -1)}!`, ours, 'text/plain')).status).toBe(401);

    const insight = () => uma.call('GET /api/videos/{id}/insight', { params: { id } });
    const totals = { plays: 2, views: 2, viewers: 1, watchSeconds: 12, againSeconds: 2, stalls: 1 };
    await expect.poll(async () => (await insight()).totals, SOON).toMatchObject(totals);
    console.log(`reports were counted after ${Date.now() - now} ms`);
    const watched = async () => (await insight()).heatmap.watched.slice(0, 8);
    await expect.poll(watched, SOON).toEqual([2, 2, 3, 3, 1, 1, 0, 0]);
    const counted = await insight();
    await sleep(6000);
    expect(await insight()).toEqual(counted);

    // And found again where somebody asks to be taken out of it, in the table as the platform itself has filled it.
    const ready = join(folder, 'ready.json');
    await writeFile(ready, JSON.stringify(stack));
    const found = spawnSync(process.execPath, [ERASE, '--subject', 'uma', '--ready-file', ready], { encoding: 'utf8' });
    expect(found).toMatchObject({ status: 1, stderr: '' });
    expect(found.stdout).toMatch(
      /^pseudonym: \S+\ncounted: [1-9]\d* rows? holds? 32 bits of a hash of it\nraw events: /,
    );
    expect(found.stdout).toMatch(/Nothing was erased: say --go for that\.\n$/);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 120_000);
