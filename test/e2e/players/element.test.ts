/** `<sluice-player>` on pages of others, in a browser without the internet: what it plays by, and what it tells the page. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import * as backend from '../../../docs/examples/mint-token.ts';
import { Client } from '../../../local/client.ts';
import { runningStack } from '../../stack.ts';
import { makeVideo } from '../../support/media.ts';
import { playerState, seriousFindings } from '../console/open.ts';
import { alertOf, FRIEND, look, openSites, STRANGER, time, title, type Sites } from './sites.ts';

/** Long enough that a player has not all of it in its buffers. */
const SECONDS = 150;
const POLL = { timeout: 90_000 };

const stack = await runningStack();
const as = (wanted: string) => new Client(stack.url, stack.users.find(({ name }) => name === wanted)!.token);
const [uma, ada] = [as('uma'), as('ada')];
let sites: Sites;
let folder: string;
let id: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-element-'));
  const film = join(folder, 'harbour.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: SECONDS, size: '320x180' });
  id = await uma.upload(film, { name: 'harbour.mp4', metadata: { visibility: 'entitled' } });
  await uma.ready(id);
  sites = await openSites();
}, 300_000);
afterAll(async () => {
  await sites?.close();
  await uma.fetch('DELETE', `/api/videos/${id}?now=true`);
  await rm(folder, { recursive: true, force: true });
});

const link = async (body: object = {}) => uma.call('POST /api/videos/{id}/links', { params: { id }, body });

describe.concurrent('<sluice-player> on a page of others', () => {
  const element = (attributes: string) =>
    `<script type="module" src="${stack.url}/player/sluice-player.js"></script>
    <style>sluice-player { width: 640px }</style>
    <sluice-player ${attributes}></sluice-player>
    <script>
      window.heard = [];
      for (const type of ['ready', 'playing', 'renewed', 'refused'])
        document.querySelector('sluice-player').addEventListener(type, ({ detail }) => window.heard.push([type, detail ?? null]));
    </script>`;
  const heard = (page: Page) => page.evaluate<[string, Record<string, unknown> | null][]>('window.heard');

  it("plays by a token that a customer's backend signed, and tells the page what it does", async ({ expect }) => {
    const key = await backend.makeKey();
    const { kid } = await ada.call('POST /api/keys', { body: { name: 'embedding', jwk: backend.publicHalf(key) } });
    const token = await backend.mintToken(key, id, 'customer-7');
    const { page, faults, origins, close } = await sites.visit(
      FRIEND,
      element(`video="${id}" token="${token}" muted autoplay`),
    );
    await expect.poll(() => time(page), POLL).toBeGreaterThan(7);
    expect([...origins].toSorted()).toEqual([stack.url, sites.origin(FRIEND)].toSorted());
    const said = await heard(page);
    expect(said.find(([type]) => type === 'ready')![1]).toMatchObject({ width: 320, height: 180 });
    expect(said.map(([type]) => type)).not.toContain('refused');
    // Keys count in it, and nowhere else on a page of somebody else's.
    await page.keyboard.press('k');
    expect((await look(page)).paused).toBe(false);
    await page.locator('media-controller').focus();
    await page.keyboard.press('k');
    await expect.poll(async () => (await look(page)).paused, POLL).toBe(true);
    expect(await seriousFindings(page), 'a page with the element').toEqual([]);
    expect(faults).toEqual([]);
    await close();
    await ada.call('DELETE /api/keys/{kid}', { params: { kid } });
    const late = await sites.visit(FRIEND, element(`video="${id}" token="${token}"`));
    await title(late.page, 'This link is not for this video').waitFor();
    const last = async () => (await heard(late.page)).at(-1);
    await expect.poll(last, POLL).toMatchObject(['refused', { code: 'invalid-token', status: 401 }]);
    await late.close();
  });

  it('begins once with all that it is given at once, in the page or since, also where it is moved meanwhile', async ({
    expect,
  }) => {
    const { token } = await link();
    const { token: other } = await link();
    const begun: string[] = [];
    const { page, faults, close } = await sites.visit(
      FRIEND,
      element(`video="${id}" token="${token}" heading="Harbour" muted autoplay`),
      async (of) => {
        of.on('request', (request) => {
          const { pathname, searchParams } = new URL(request.url());
          if (/^\/api\/play\/[^/]+\/(about|main\.m3u8)$/.test(pathname))
            begun.push(`${pathname.split('/').at(-1)} by ${searchParams.get('token') === token ? 'one' : 'the other'}`);
        });
      },
    );
    await expect.poll(() => time(page), POLL).toBeGreaterThan(0);
    expect(begun.toSorted()).toEqual(['about by one', 'main.m3u8 by one']);
    begun.length = 0;
    await page.locator('sluice-player').evaluate(
      (player, [src, given]) => {
        const element = player as unknown as {
          setAttribute: (name: string, value: string) => void;
          removeAttribute: (name: string) => void;
          ownerDocument: { body: { append: (what: unknown) => void } };
        };
        element.setAttribute('token', given!);
        element.setAttribute('src', src!);
        element.ownerDocument.body.append(element);
        element.setAttribute('heading', 'Quay');
      },
      [`${stack.url}/v/${id}?token=${other}`, other],
    );
    await expect.poll(() => begun.toSorted(), POLL).toEqual(['about by the other', 'main.m3u8 by the other']);
    await expect.poll(() => time(page), POLL).toBeGreaterThan(0);
    expect(await page.locator('media-controller').getAttribute('aria-label')).toBe('Player: Quay');
    expect(begun).toHaveLength(2);
    expect(faults).toEqual([]);
    await close();
  });

  it('is counted where it plays, with what nobody said of themselves', async ({ expect }) => {
    const film = join(folder, 'counted.mp4');
    await makeVideo(stack.ffmpegFolder, film, { seconds: 30, size: '320x180' });
    const video = await uma.upload(film, { name: 'counted.mp4', metadata: { visibility: 'public' } });
    await uma.ready(video);
    const { page, close } = await sites.visit(FRIEND, element(`src="${stack.url}/v/${video}" muted autoplay`));
    await expect.poll(() => time(page), POLL).toBeGreaterThan(3);
    const insight = () => uma.call('GET /api/videos/{id}/insight', { params: { id: video } });
    await expect.poll(async () => (await insight()).heatmap.watched[1], { ...POLL, interval: 250 }).toBe(1);
    await close();
    expect((await insight()).totals).toMatchObject({ plays: 1, views: 1, viewers: 1, failed: 0 });
    await uma.call('DELETE /api/videos/{id}', { params: { id: video } });
  });

  it('plays when it is told to before it has a source, and not when it was told to stop since', async ({ expect }) => {
    const { token } = await link();
    const told = (what: string) => `${element(`src="${stack.url}/v/${id}?token=${token}" muted`)}
      <script>customElements.whenDefined('sluice-player').then(() => {
        const player = document.querySelector('sluice-player');
        ${what}
      })</script>`;
    const plays = await sites.visit(FRIEND, told('player.play().catch(() => {});'));
    await expect.poll(() => time(plays.page), POLL).toBeGreaterThan(1);
    const stands = await sites.visit(FRIEND, told('player.play().catch(() => {}); player.pause();'));
    await expect.poll(async () => (await heard(stands.page)).map(([type]) => type), POLL).toContain('ready');
    // As far as the other one has come in the meantime, it would be, too.
    const from = await time(plays.page);
    await expect.poll(() => time(plays.page), POLL).toBeGreaterThan(from + 2);
    expect(await look(stands.page)).toMatchObject({ currentTime: 0, paused: true });
    for (const { faults, close } of [plays, stands]) {
      expect(faults).toEqual([]);
      await close();
    }
  });

  // Of the edge's refusals a page elsewhere is not even told that they are some.
  it('stops when its link is ended, and says why', async ({ expect }) => {
    const { id: name, token } = await link();
    const { page, close } = await sites.visit(
      FRIEND,
      element(`src="${stack.url}/v/${id}?token=${token}" muted autoplay`),
    );
    await expect.poll(() => time(page), POLL).toBeGreaterThan(1);
    await uma.call('DELETE /api/videos/{id}/links/{link}', { params: { id, link: name } });
    await title(page, 'This link was ended').waitFor(POLL);
    expect((await look(page)).paused).toBe(true);
    const last = async () => (await heard(page)).at(-1);
    await expect.poll(last, POLL).toMatchObject(['refused', { code: 'link-ended', status: 401 }]);
    await close();
  });

  it('goes on by itself when the network is back, and says meanwhile what it waits for', async ({ expect }) => {
    const { token } = await link();
    const { page, close } = await sites.visit(
      FRIEND,
      element(`src="${stack.url}/v/${id}?token=${token}" muted autoplay`),
    );
    await expect.poll(() => time(page), POLL).toBeGreaterThan(1);
    // Enough is there for what it plays on without a network.
    await expect.poll(async () => (await playerState(page)).ahead, POLL).toBeGreaterThan(20);
    await page.context().setOffline(true);
    const before = await time(page);
    await expect.poll(() => time(page), POLL).toBeGreaterThan(before + 3);
    expect(await alertOf(page).count(), 'over a picture that moves').toBe(0);
    await page.locator('sluice-player').evaluate((player) => {
      (player as unknown as { currentTime: number }).currentTime = 140;
    });
    await title(page, 'The video could not be fetched.').waitFor(POLL);
    await page.context().setOffline(false);
    await expect.poll(() => time(page), POLL).toBeGreaterThan(141);
    await expect.poll(() => alertOf(page).count(), POLL).toBe(0);
    expect((await heard(page)).map(([type]) => type)).not.toContain('refused');
    await close();
  });

  it('says on a page of another site that it is not for it', async ({ expect }) => {
    const { token } = await link({ sites: [sites.origin(FRIEND)] });
    const allowed = await sites.visit(FRIEND, element(`src="${stack.url}/v/${id}?token=${token}" muted autoplay`));
    await expect.poll(() => time(allowed.page), POLL).toBeGreaterThan(1);
    await allowed.close();
    const refused = await sites.visit(STRANGER, element(`src="${stack.url}/v/${id}?token=${token}" muted autoplay`));
    await title(refused.page, 'Not for this page').waitFor();
    await expect
      .poll(() => heard(refused.page), POLL)
      .toMatchObject([['refused', { code: 'site-refused', status: 403 }]]);
    expect(await time(refused.page)).toBe(0);
    await refused.close();
  });
});
