/** Every player by every way to sign, in Chromium: it plays past a segment's end and seeks, or it is known not to. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyIdOf } from '../../../lambdas/shared/content-key.ts';
import { Client } from '../../../local/client.ts';
import { runningStack } from '../../stack.ts';
import { BROWSER } from '../../support/browser.ts';
import { makeVideo } from '../../support/media.ts';
import { openPlayer, PAST_A_BOUNDARY, playUntil, run, state, watch, type Opened, type Seen } from './playing.ts';
import { servePages } from './serve.ts';

/** Seconds; segments are 6 s, so the clip has three full ones and a rest. */
const LENGTH = 20;
const POLL = { timeout: 60_000 };

const ways = {
  'EXT-X-DEFINE': {},
  'expand=1': { expand: '1' },
  'cookies=1': { cookies: '1' },
  'cookies=1&expand=1': { cookies: '1', expand: '1' },
} as const;
type Way = keyof typeof ways;

/** By DASH, from the same segments. */
const dashWays = { 'manifest.mpd': {}, 'manifest.mpd?cookies=1': { cookies: '1' } } as const;
type DashWay = keyof typeof dashWays;
const DASH_PLAYERS = ['dash.js', 'shaka'];

/** docs/players.md says the same; a test below compares. */
const plays: Record<string, Record<Way, boolean>> = {
  'hls.js': { 'EXT-X-DEFINE': true, 'expand=1': true, 'cookies=1': true, 'cookies=1&expand=1': true },
  shaka: { 'EXT-X-DEFINE': true, 'expand=1': true, 'cookies=1': true, 'cookies=1&expand=1': true },
  native: { 'EXT-X-DEFINE': true, 'expand=1': true, 'cookies=1': true, 'cookies=1&expand=1': true },
  'video.js': { 'EXT-X-DEFINE': false, 'expand=1': true, 'cookies=1': false, 'cookies=1&expand=1': true },
};

const stack = await runningStack();
const uma = new Client(stack.url, stack.users.find(({ name }) => name === 'uma')!.token);
let browser: Browser;
let pages: Awaited<ReturnType<typeof servePages>>;
let folder: string;
let id: string;
/** The same film, its segments encrypted, each with a key of its own. */
let encrypted: string;
/** The same film, its samples encrypted, with one key by licence. */
let licensed: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-players-'));
  const clip = join(folder, 'clip.mp4');
  await makeVideo(stack.ffmpegFolder, clip, { seconds: LENGTH, size: '640x360' });
  id = await uma.upload(clip, { name: 'clip.mp4', metadata: { visibility: 'private' } });
  encrypted = await uma.upload(clip, { name: 'keys.mp4', metadata: { visibility: 'private', encryption: 'aes-128' } });
  licensed = await uma.upload(clip, { name: 'licence.mp4', metadata: { visibility: 'private', encryption: 'cbcs' } });
  for (const one of [id, encrypted, licensed]) await uma.ready(one);
  pages = await servePages();
  browser = await chromium.launch(BROWSER);
});
afterAll(async () => {
  await browser?.close();
  pages?.close();
  for (const one of [id, encrypted, licensed])
    await uma.call('DELETE /api/videos/{id}', { params: { id: one }, query: { now: 'true' } });
  await rm(folder, { recursive: true, force: true });
});

/** A player's page with the manifest of a video of uma's, by a token of hers. */
async function open(player: string, way: Way | DashWay, video = id): Promise<Opened> {
  const { token } = await uma.call('POST /api/videos/{id}/tokens', { params: { id: video }, body: {} });
  const options = { ...ways, ...dashWays }[way];
  const name = way in dashWays ? 'manifest.mpd' : 'main.m3u8';
  const manifest = `${stack.url}/api/play/${video}/${name}?${new URLSearchParams({ token, ...options })}`;
  return openPlayer(browser, 'cookies' in options ? stack.url : pages.url, player, manifest);
}

describe.concurrent.each(Object.keys(plays))('%s', (player) => {
  const all = Object.keys(ways) as Way[];

  it.each(all.filter((way) => plays[player]![way]))('plays by %s, past a segment and after seeking', async (way) => {
    const { page, seen } = await open(player, way);
    await watch(page, seen, !('cookies' in ways[way]));
    // After the first manifest a view costs no Lambda call, unless its media playlists are made for it too.
    const calls = seen.filter(({ url }) => url.pathname.startsWith('/api/')).map(({ url }) => url.pathname);
    expect(calls.filter((path) => path.endsWith('/main.m3u8') && !path.endsWith('/audio/main.m3u8'))).toHaveLength(1);
    expect(calls.length > 1).toBe('expand' in ways[way]);
    await page.context().close();
  });

  it.for(all.filter((way) => !plays[player]![way]))(
    'does not play by %s: it asks for the variable by name',
    // Of several at a time, each polls with its own.
    async (way, { expect: own }) => {
      const { page, asked } = await open(player, way);
      // The edge's refusal has no CORS headers, so a page elsewhere sees no answer at all: the request tells.
      await own.poll(() => asked.some((url) => decodeURIComponent(url.search).includes('{$auth}')), POLL).toBe(true);
      await run(page);
      await page.waitForTimeout(2000);
      expect(await state(page)).toMatchObject({ time: 0, frames: 0 });
      await page.context().close();
    },
  );
});

describe.concurrent.each(DASH_PLAYERS)('%s, DASH', (player) => {
  it.each(Object.keys(dashWays) as DashWay[])('plays %s to its end, and asks the API once', async (way) => {
    const { page, seen } = await open(player, way);
    await watch(page, seen, !('cookies' in dashWays[way]));
    await playUntil(page, seen, LENGTH - 0.2);
    const calls = seen.filter(({ url }) => url.pathname.startsWith('/api/')).map(({ url }) => url.pathname);
    expect(calls).toEqual([`/api/play/${id}/manifest.mpd`]);
    await page.context().close();
  });
});

describe.concurrent('a video whose segments are encrypted (aes-128)', () => {
  it.for([
    ['hls.js', 'EXT-X-DEFINE'],
    ['hls.js', 'cookies=1'],
    ['shaka', 'EXT-X-DEFINE'],
    ['video.js', 'expand=1'],
  ] as const)(
    'plays in %s by %s, each key from the edge, inside the ticket',
    async ([player, way], { expect: own }) => {
      const { page, seen } = await open(player, way, encrypted);
      await watch(page, seen, !('cookies' in ways[way]));
      const keys = seen.filter(({ url }) => url.pathname.endsWith('.key'));
      // Of picture and sound, past a segment and after seeking.
      const asked = new Set(keys.map(({ url }) => url.pathname.split('/').slice(-3).join('/')));
      for (const kind of ['video', 'audio'])
        own([...asked].filter((path) => path.startsWith(`${kind}/`)).length).toBeGreaterThan(1);
      const ticket = /^\/vod\/[a-z0-9]{20}\/s\/[^/]+\//.exec(keys[0]!.url.pathname)![0];
      for (const { url, cacheControl } of keys)
        own([url.pathname.startsWith(ticket), cacheControl]).toEqual([true, 'no-store']);
      // Without the ticket, without the signature, and by the signature in another ticket.
      const [{ url }] = keys as [Seen];
      const bare = url.pathname.replace(/\/s\/[^/]+\//, '/');
      const other = url.pathname.replace(/\/s\/.{20}/, '/s/0aaaaaaAAAAAAAAAAAAA');
      for (const address of [`${bare}${url.search}`, url.pathname, `${other}${url.search}`])
        own((await fetch(`${stack.url}${address}`)).status).toBe(403);
      await page.context().close();
    },
  );
});

describe.concurrent('a video whose samples are encrypted (cbcs)', () => {
  it.for([
    ['hls.js', 'EXT-X-DEFINE'],
    ['hls.js', 'expand=1'],
    ['hls.js', 'cookies=1'],
    ['shaka', 'manifest.mpd'],
    ['dash.js', 'manifest.mpd'],
  ] as const)('plays in %s by %s, by a licence of this session', async ([player, way], { expect: own }) => {
    const { page, seen } = await open(player, way, licensed);
    await watch(page, seen, !('cookies' in { ...ways, ...dashWays }[way]));
    const licences = seen.filter(({ url }) => url.pathname.endsWith('/licence'));
    own(licences.length).toBeGreaterThan(0);
    own(new Set(licences.map(({ cacheControl }) => cacheControl))).toEqual(new Set(['no-store']));
    own(await page.evaluate(`document.querySelector('video').mediaKeys !== null`)).toBe(true);
    await page.context().close();
  });

  it('plays in the frame for pages of others', async ({ expect: own }) => {
    const { token } = await uma.call('POST /api/videos/{id}/tokens', { params: { id: licensed }, body: {} });
    const page = await browser.newPage();
    const licences: number[] = [];
    page.on('response', (answer) => {
      if (new URL(answer.url()).pathname.endsWith('/licence')) licences.push(answer.status());
    });
    await page.goto(`${stack.url}/embed/${licensed}?token=${token}&muted=1&autoplay=1`);
    const time = () => page.evaluate<number>(`document.querySelector('sluice-player')?.currentTime ?? 0`);
    await own.poll(time, { timeout: 90_000 }).toBeGreaterThan(PAST_A_BOUNDARY);
    own(licences).toContain(200);
    await page.close();
  });

  it('gives no licence to whom its session was ended', async ({ expect: own }) => {
    const answer = await uma.fetch('GET', `/api/play/${licensed}/main.m3u8`);
    const query = /NAME="licence",VALUE="([^"]+)"/.exec(await answer.text())![1]!;
    const ask = (video = licensed) =>
      fetch(`${stack.url}/api/play/${video}/licence?${query}`, {
        method: 'POST',
        body: JSON.stringify({ kids: [keyIdOf(licensed, 1).toString('base64url')], type: 'temporary' }),
      });
    const given = await ask();
    own([given.status, await given.json()]).toEqual([200, { keys: [own.anything()], type: 'temporary' }]);
    own((await ask(id)).status).toBe(401);
    const session = (decodeJwt(query.slice('token='.length)) as { tkt: string }).tkt.split('.')[0]!;
    const end = () => uma.call('DELETE /api/videos/{id}/sessions/{session}', { params: { id: licensed, session } });
    // The list of who watches is a moment behind.
    await own.poll(async () => (await end(), (await ask()).status), { timeout: 60_000 }).toBe(410);
  });
});

it('HEAD of a manifest is answered through the edge, with a length and no body', async () => {
  for (const name of ['main.m3u8', 'manifest.mpd', 'video/360p.m3u8', 'storyboard.vtt']) {
    const head = await uma.fetch('HEAD', `/api/play/${id}/${name}`);
    const get = await uma.fetch('GET', `/api/play/${id}/${name}`);
    expect([name, head.status, head.headers.get('content-type')]).toEqual([name, 200, get.headers.get('content-type')]);
    expect(await head.text()).toBe('');
    expect((await get.text()).length).toBeGreaterThan(100);
  }
});

it('is what docs/players.md says', async () => {
  const text = await readFile(new URL('../../../docs/players.md', import.meta.url), 'utf8');
  const rows = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const header = rows.find((cells) => cells[1] === 'player')!;
  const dash = rows.find((cells) => cells[1] === 'DASH player')!;
  for (const player of DASH_PLAYERS) {
    const row = rows.slice(rows.indexOf(dash)).find(([, name]) => name?.toLowerCase().startsWith(player))!;
    for (const way of Object.keys(dashWays))
      expect([player, way, row[dash.indexOf(`\`${way}\``)]]).toEqual([player, way, 'plays']);
  }
  for (const [player, cells] of Object.entries(plays)) {
    const row = rows.find(([, name]) => name?.toLowerCase().startsWith(player))!;
    for (const [way, works] of Object.entries(cells)) {
      const cell = row[header.indexOf(`\`${way}\``)];
      expect(`${player} ${way}: ${cell}`).toBe(`${player} ${way}: ${works ? 'plays' : 'no'}`);
    }
  }
});
