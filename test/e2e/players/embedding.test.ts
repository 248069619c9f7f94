/**
 * Our player in a frame on pages of others, which have hosts of their own, in a browser without the internet: it plays where it
 * may, says in words why not where it may not, and a pasted address unfolds to it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { runningStack } from '../../stack.ts';
import { makeVideo } from '../../support/media.ts';
import { seriousFindings } from '../console/open.ts';
import { haltsOf, hears, outliveSignatures, previewAt } from '../console/player.ts';
import { alertOf, FRIEND, frameOn, look, openSites, STRANGER, time, title, type Sites } from './sites.ts';

const SRT = '1\n00:00:00,000 --> 00:02:20,000\nGrüße vom Hafen\n';
/** Long enough that a player has not all of it in its buffers. */
const SECONDS = 150;
const POLL = { timeout: 90_000 };

const stack = await runningStack();
const as = (wanted: string) => new Client(stack.url, stack.users.find(({ name }) => name === wanted)!.token);
const uma = as('uma');
let sites: Sites;
let folder: string;
let id: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-embedding-'));
  const film = join(folder, 'harbour.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: SECONDS, size: '320x180' });
  id = await uma.upload(film, { name: 'harbour.mp4', metadata: { visibility: 'entitled', name: 'Harbour & "quay"' } });
  await uma.ready(id);
  await uma.call('POST /api/videos/{id}/texts', { params: { id }, body: { text: SRT, language: 'de' } });
  // A place that she was let into before, and did not leave, counts for minutes more.
  await as('vera').call('DELETE /api/sessions/{subject}', { params: { subject: 'vera' } });
  sites = await openSites();
}, 300_000);
afterAll(async () => {
  await sites?.close();
  await uma.fetch('DELETE', `/api/videos/${id}?now=true`);
  await rm(folder, { recursive: true, force: true });
});

const link = async (body: object = {}) => uma.call('POST /api/videos/{id}/links', { params: { id }, body });
const iframe = (token: string, more = '', attributes = '') =>
  `<iframe src="${stack.url}/embed/${id}?token=${token}${more}" title="Harbour" width="640" height="360" allow="autoplay; fullscreen" ${attributes}></iframe>`;

describe.concurrent('in a frame', () => {
  it('plays on a page of an allowed site, with captions, pictures for scrubbing and keys, and nothing of another host', async ({
    expect,
  }) => {
    const { token } = await link({ sites: [sites.origin(FRIEND)] });
    const { page, faults, origins, close } = await sites.visit(FRIEND, iframe(token, '&muted=1&autoplay=1'));
    const frame = await frameOn(page);
    await expect.poll(() => time(frame), POLL).toBeGreaterThan(7);
    expect([...origins].toSorted()).toEqual([stack.url, sites.origin(FRIEND)].toSorted());
    const controller = frame.locator('media-controller');
    expect(await controller.getAttribute('aria-label')).toBe('Player: Harbour & "quay"');
    expect(await frame.title()).toBe('Harbour & "quay" · Sluice');

    const range = frame.locator('media-time-range');
    const [early, late] = [await previewAt(range, 20, SECONDS), await previewAt(range, 130, SECONDS)];
    expect(new URL(early.sheet).searchParams.has('Signature')).toBe(true);
    expect(`${early.sheet} ${early.place}`).not.toBe(`${late.sheet} ${late.place}`);

    await controller.focus();
    await page.keyboard.press('k');
    await expect.poll(async () => (await look(frame)).paused, POLL).toBe(true);
    expect(await seriousFindings(frame), 'the page for frames').toEqual([]);
    expect(await seriousFindings(page), 'a page with a frame').toEqual([]);
    await page.keyboard.press('5');
    await expect.poll(() => time(frame), POLL).toBeCloseTo(SECONDS / 2, 0);
    await page.keyboard.press('m');
    await expect.poll(async () => (await look(frame)).muted, POLL).toBe(false);
    await hears(frame, 'Captions: Deutsch', () => page.keyboard.press('c'));
    const cue = () =>
      frame.locator('hls-video').evaluate((element) => {
        const { textTracks } = element as unknown as {
          textTracks: Iterable<{ mode: string; activeCues: Iterable<{ text: string }> | null }>;
        };
        const showing = [...textTracks].find(({ mode }) => mode === 'showing');
        return [...(showing?.activeCues ?? [])].map(({ text }) => text);
      });
    await expect.poll(cue, POLL).toEqual(['Grüße vom Hafen']);
    await page.keyboard.press('k');
    await expect.poll(() => time(frame), POLL).toBeGreaterThan(SECONDS / 2 + 1);
    expect(faults).toEqual([]);
    await close();
  });

  it('begins where its address says, with the poster before it plays', async ({ expect }) => {
    const { token } = await link();
    const { page, faults, close } = await sites.visit(FRIEND, iframe(token, '&start=42.5'));
    const frame = await frameOn(page);
    await expect.poll(() => time(frame), POLL).toBeCloseTo(42.5, 1);
    const poster = frame.locator('media-poster-image');
    const shown = () =>
      poster.evaluate((element) => {
        const image = (element as unknown as { shadowRoot: ShadowRoot }).shadowRoot.querySelector('img')!;
        return image.complete && image.naturalWidth;
      });
    await expect.poll(shown, POLL).toBeGreaterThan(100);
    expect((await look(frame)).paused).toBe(true);
    expect(faults).toEqual([]);
    await close();
  });

  it('plays past the end of its first signature without a halt', async ({ expect }) => {
    const { token } = await link();
    let signatures!: Awaited<ReturnType<typeof outliveSignatures>>;
    const { page, faults, close } = await sites.visit(FRIEND, iframe(token, '&muted=1&autoplay=1'), async (of) => {
      signatures = await outliveSignatures(of);
    });
    const frame = await frameOn(page);
    await expect.poll(() => time(frame), POLL).toBeGreaterThan(2);
    const halts = await haltsOf(frame.locator('hls-video'));
    expect([...signatures.seen].map((policy) => Buffer.from(policy, 'base64').toString())).toHaveLength(1);
    await signatures.end(frame);
    await expect.poll(() => signatures.seen.size, POLL).toBe(2);
    const at = await time(frame);
    await expect.poll(() => time(frame), POLL).toBeGreaterThan(at + 5);
    expect([await halts(), signatures.refused, faults]).toEqual([[], [], []]);
    await close();
  });

  it('says on a page of another site that it is not for it, and is blocked by a page that hides whose it is', async ({
    expect,
  }) => {
    const { token } = await link({ sites: [sites.origin(FRIEND)] });
    const told = await sites.visit(STRANGER, iframe(token));
    const frame = await frameOn(told.page);
    await title(frame, 'Not for this page').waitFor();
    await alertOf(frame).getByText('This link does not play on this page.').waitFor();
    expect(await frame.locator('sluice-player').count()).toBe(0);
    expect(await seriousFindings(frame), 'a frame that is refused').toEqual([]);
    expect(told.faults).toEqual([]);
    await told.close();

    const hidden = await sites.visit(STRANGER, iframe(token, '', 'referrerpolicy="no-referrer"'));
    await expect.poll(async () => (await frameOn(hidden.page)).url(), POLL).toMatch(/^chrome-error:/);
    await expect.poll(() => hidden.faults.join(), POLL).toContain('frame-ancestors');
    await hidden.close();
  });

  it('is asked for by a plain <video> on another page in vain, whatever that page says of itself', async ({
    expect,
  }) => {
    const { token } = await link({ sites: [sites.origin(FRIEND)] });
    const src = `${stack.url}/api/play/${id}/main.m3u8?token=${token}`;
    const statusOn = async (host: string, body: string): Promise<number> => {
      let answered!: (status: number) => void;
      const status = new Promise<number>((resolve) => {
        answered = resolve;
      });
      const { close } = await sites.visit(host, body, async (page) => {
        // What the browser is told, of which a page is not told what is none of its business.
        const network = await page.context().newCDPSession(page);
        await network.send('Network.enable');
        // Either may be told first (Chrome DevTools Protocol, Network.responseReceivedExtraInfo).
        const asked = new Set<string>();
        const statuses = new Map<string, number>();
        const told = (requestId: string) => {
          const found = statuses.get(requestId);
          if (found !== undefined && asked.has(requestId)) answered(found);
        };
        network.on('Network.requestWillBeSent', ({ requestId, request }) => {
          if (request.url !== src) return;
          asked.add(requestId);
          told(requestId);
        });
        network.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => {
          statuses.set(requestId, statusCode);
          told(requestId);
        });
      });
      const found = await status;
      await close();
      return found;
    };
    // By the first one it is not said whose page it is but by a Referer, and with the meta element not even so.
    const [plain, named] = ['', 'crossorigin'].map((how) => `<video muted autoplay ${how} src="${src}"></video>`);
    const silent = '<meta name="referrer" content="no-referrer">';
    for (const body of [plain!, named!, `${silent}${named}`])
      expect([body, await statusOn(FRIEND, body)]).toEqual([body, 200]);
    for (const body of [plain!, named!, `${silent}${plain}`, `${silent}${named}`])
      expect([body, await statusOn(STRANGER, body)]).toEqual([body, 403]);
    expect(await statusOn(FRIEND, `${silent}${plain}`)).toBe(403);
  });

  it('stops within seconds when its link is ended, says why, and is given no byte more', async ({ expect }) => {
    const { id: name, token } = await link();
    const { page, close } = await sites.visit(FRIEND, iframe(token, '&muted=1&autoplay=1'));
    const frame = await frameOn(page);
    await expect.poll(() => time(frame), POLL).toBeGreaterThan(1);
    /** When each was asked for: when this process is told of the answer is its own matter. */
    const media: { readonly at: number; readonly status: number }[] = [];
    page.on('response', (answer) => {
      if (new URL(answer.url()).pathname.startsWith('/vod/'))
        media.push({ at: answer.request().timing().startTime, status: answer.status() });
    });
    const ended = Date.now();
    await uma.call('DELETE /api/videos/{id}/links/{link}', { params: { id, link: name } });
    // It is refused what it asks for next, wherever that is; and then asks why.
    await title(frame, 'This link was ended').waitFor(POLL);
    expect((await look(frame)).paused).toBe(true);
    expect(media.filter(({ at, status }) => status < 400 && at > ended + 10_000)).toEqual([]);
    await expect.poll(() => media.some(({ status }) => status === 403), POLL).toBe(true);
    // Nothing that is not for this.
    expect(await alertOf(frame).getByRole('button').count()).toBe(0);
    expect(await frame.getByLabel('Password').isVisible()).toBe(false);
    const again = await sites.visit(FRIEND, iframe(token));
    await title(await frameOn(again.page), 'This link was ended').waitFor();
    await close();
    await again.close();
  });

  it('asks for the password of a link that has one, and plays when it is typed', async ({ expect }) => {
    const { token } = await link({ password: 'two cranes' });
    const { page, faults, close } = await sites.visit(FRIEND, iframe(token, '&muted=1'));
    const frame = await frameOn(page);
    await title(frame, 'This video asks for a password').waitFor();
    expect(await seriousFindings(frame), 'a link with a password').toEqual([]);
    const field = frame.getByLabel('Password');
    await field.fill('three cranes');
    await field.press('Enter');
    await alertOf(frame).getByText('not the password').waitFor();
    await field.fill('two cranes');
    await frame.getByRole('button', { name: 'Watch' }).click();
    await expect.poll(() => time(frame), POLL).toBeGreaterThan(1);
    expect(faults).toEqual([]);
    await close();
  });

  it('tells a second device in words that as many watch as may', async ({ expect }) => {
    await uma.call('POST /api/entitlements', {
      body: { resource: `video:${id}`, subject: 'person:vera', maxSessions: 1 },
    });
    const { token } = await as('vera').call('POST /api/videos/{id}/tokens', { params: { id }, body: {} });
    const first = await sites.visit(FRIEND, iframe(token, '&muted=1&autoplay=1'));
    const playing = await frameOn(first.page);
    await expect.poll(() => time(playing), POLL).toBeGreaterThan(1);
    const second = await sites.visit(STRANGER, iframe(token, '&muted=1&autoplay=1'));
    const refused = await frameOn(second.page);
    await title(refused, 'Watching elsewhere already').waitFor();
    await alertOf(refused).getByText('You are watching elsewhere already').waitFor();
    expect((await look(refused)).currentTime).toBe(0);
    expect(await seriousFindings(refused), 'as many as may').toEqual([]);
    // Who leaves makes room.
    await first.page.goto('about:blank');
    const again = alertOf(refused).getByRole('button', { name: 'Try again' });
    const plays = async () => {
      // Its farewell may still be on its way.
      if (await again.isVisible()) await again.click({ timeout: 1000 }).catch(() => {});
      return time(refused);
    };
    await expect.poll(plays, { ...POLL, interval: 1000 }).toBeGreaterThan(1);
    await first.close();
    await second.close();
  });
});

describe('a pasted address', () => {
  /** Attributes of all elements of this name, by a browser's own parser. */
  const parsed = (page: Page, text: string, type: string, names: string) =>
    page.evaluate(
      ([source, as, wanted]) => {
        interface Node {
          readonly tagName: string;
          readonly textContent: string;
          readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
        }
        const { DOMParser } = globalThis as unknown as {
          DOMParser: new () => {
            parseFromString(text: string, type: string): { querySelectorAll(of: string): Iterable<Node> };
          };
        };
        const found = [...new DOMParser().parseFromString(source!, as!).querySelectorAll(wanted!)];
        return found.map(({ tagName, textContent, attributes }) => ({
          name: tagName,
          text: textContent,
          of: Object.fromEntries([...attributes].map(({ name, value }) => [name, value])),
        }));
      },
      [text, type, names],
    );

  it('unfolds by Open Graph and by oEmbed, as JSON and as XML, and what it unfolds to plays', async () => {
    await uma.call('PATCH /api/videos/{id}', {
      params: { id },
      body: { visibility: 'public', description: 'Two cranes.' },
    });
    const { page, close } = await sites.visit(FRIEND, '');
    // A program: it follows, and does not say that somebody navigates.
    const answer = await fetch(`${stack.url}/v/${id}`, {
      headers: { 'user-agent': 'Unfolder/1.0', accept: 'text/html' },
    });
    expect([answer.status, answer.url]).toEqual([200, `${stack.url}/embed/${id}`]);
    const html = await answer.text();
    const meta = Object.fromEntries(
      (await parsed(page, html, 'text/html', 'meta')).map(({ of }) => [
        of['property'] ?? of['name'] ?? '',
        of['content'],
      ]),
    );
    expect(meta).toMatchObject({
      'og:title': 'Harbour & "quay"',
      'og:description': 'Two cranes.',
      'og:video': `${stack.url}/embed/${id}`,
      'og:video:width': '320',
      'twitter:card': 'player',
      'twitter:player': `${stack.url}/embed/${id}`,
    });
    const picture = await fetch(meta['og:image']!);
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/jpeg']);

    const links = await parsed(page, html, 'text/html', 'link[rel=alternate]');
    const address = (type: string) => links.find(({ of }) => of['type'] === type)!.of['href']!;
    const json = await fetch(`${address('application/json+oembed')}&maxwidth=200`);
    const said = (await json.json()) as Record<string, string | number>;
    expect(said).toMatchObject({ type: 'video', title: 'Harbour & "quay"', width: 200, height: 112 });
    const xml = await fetch(`${address('text/xml+oembed')}&maxwidth=200`);
    expect([xml.status, xml.headers.get('content-type')]).toEqual([200, 'text/xml; charset=utf-8']);
    const elements = await parsed(page, await xml.text(), 'application/xml', 'oembed > *');
    expect(Object.fromEntries(elements.map(({ name, text }) => [name, text]))).toEqual(
      Object.fromEntries(Object.entries(said).map(([name, value]) => [name, String(value)])),
    );
    await close();

    const unfolded = await sites.visit(STRANGER, said['html'] as string);
    const frame = await frameOn(unfolded.page);
    await frame.locator('media-play-button').click();
    await expect.poll(() => time(frame), POLL).toBeGreaterThan(1);
    expect(unfolded.faults).toEqual([]);
    await unfolded.close();
  });
});
