/** A second language and captions, in Chromium: players offer them, and they are heard and shown where they belong. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { BROWSER } from '../../support/browser.ts';
import { comeNear, openPage, seriousFindings } from '../console/open.ts';
import { servePages } from './serve.ts';

const POLL = { timeout: 60_000 };
const SRT = '1\n00:00:03,000 --> 00:00:05,000\nGrüße von hier\n\n2\n00:00:13,500 --> 00:00:15,000\nund später\n';

const stack = await runningStack();
const ada = new Client(stack.url, stack.users.find(({ name }) => name === 'ada')!.token);
let browser: Browser;
let pages: Awaited<ReturnType<typeof servePages>>;
let folder: string;
let id = '';
let song = '';

/** Twenty seconds with two sound tracks: English, and German an octave higher. */
async function bilingual(path: string): Promise<void> {
  const sine = (hertz: number) => ['-f', 'lavfi', '-i', `sine=frequency=${hertz}:sample_rate=48000:duration=20`];
  const args = [
    ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25:duration=20'],
    [sine(440), sine(880), ['-map', '0', '-map', '1', '-map', '2', '-c:a', 'aac']].flat(),
    ['-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=ger', '-g', '25', '-pix_fmt', 'yuv420p'],
    ['-c:v', 'libx264', '-preset', 'ultrafast', path],
  ];
  await promisify(execFile)(join(stack.ffmpegFolder, 'ffmpeg'), args.flat());
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-tracks-'));
  const clip = join(folder, 'two.mp4');
  await bilingual(clip);
  id = await ada.upload(clip, { name: 'two.mp4', metadata: { visibility: 'private' } });
  await ada.ready(id);
  await ada.call('POST /api/videos/{id}/texts', { params: { id }, body: { text: SRT, language: 'de' } });
  const sound = join(folder, 'song.m4a');
  const tone = [
    ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=13'],
    ['-f', 'lavfi', '-i', 'testsrc2=size=320x320:rate=1:duration=1', '-map', '0', '-map', '1', '-c:a', 'aac'],
    ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-frames:v', '1', '-disposition:v', 'attached_pic', '-f', 'mp4'],
  ].flat();
  await promisify(execFile)(join(stack.ffmpegFolder, 'ffmpeg'), ['-v', 'error', '-nostdin', ...tone, sound]);
  song = await ada.upload(sound, { name: 'song.m4a', type: 'audio/mp4', metadata: { visibility: 'private' } });
  const heard = await ada.ready(song);
  expect(heard).toMatchObject({ width: null, height: null, renditions: [{ kind: 'audio', name: 'main' }] });
  // Its cover is its poster.
  const poster = await fetch(new URL(heard.posterUrl!, stack.url));
  expect([poster.status, poster.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  pages = await servePages();
  browser = await chromium.launch(BROWSER);
});
afterAll(async () => {
  await browser?.close();
  pages?.close();
  for (const one of [id, song])
    if (one !== '') await ada.call('DELETE /api/videos/{id}', { params: { id: one }, query: { now: 'true' } });
  await rm(folder, { recursive: true, force: true });
});

/** What each player is asked in its own words, within its page. */
const players = {
  'hls.js': {
    query: {},
    languages: 'player.audioTracks.map(({ lang }) => lang).join()',
    chooseSound: 'player.audioTrack = 1',
    chooseText: 'player.subtitleTrack = 0',
    chosen: 'player.audioTracks[player.audioTrack].name',
    cues: "[...document.querySelector('video').textTracks].flatMap(({ cues }) => [...(cues ?? [])])",
  },
  shaka: {
    query: {},
    languages: 'player.getAudioTracks().map(({ language }) => language).join()',
    chooseSound: "player.selectAudioTrack(player.getAudioTracks().find(({ language }) => language === 'de'))",
    chooseText: 'player.selectTextTrack(player.getTextTracks()[0])',
    chosen: 'player.getAudioTracks().find(({ active }) => active).label',
    cues: "[...document.querySelector('video').textTracks].flatMap(({ cues }) => [...(cues ?? [])])",
  },
  'video.js': {
    query: { expand: '1' },
    languages: 'Array.from(player.audioTracks(), ({ language }) => language).join()',
    chooseSound: 'player.audioTracks()[1].enabled = true',
    chooseText: "Array.from(player.textTracks()).find(({ kind }) => kind === 'subtitles').mode = 'showing'",
    chosen: 'Array.from(player.audioTracks()).find(({ enabled }) => enabled).label',
    cues: "Array.from(player.textTracks()).filter(({ kind }) => kind === 'subtitles').flatMap(({ cues }) => Array.from(cues ?? []))",
  },
} as const;

const ask = (page: Page, expression: string): Promise<unknown> => page.evaluate(`Promise.resolve(${expression})`);

/** What a player that stands says, and what it has. */
const STATE = `(() => {
  const { paused, playbackRate, readyState, seeking, buffered } = document.querySelector('video');
  const ranges = Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
  const info = typeof player === 'object' && player.getBufferedInfo ? player.getBufferedInfo() : null;
  return { problems, paused, playbackRate, readyState, seeking, ranges, info };
})()`;

/**
 * Plays at twice the speed until `time`; who waits for data at speed 0, as Shaka does, is left to it. What has ended would begin
 * again if it were told to play.
 */
async function playUntil(page: Page, time: number): Promise<void> {
  for (const deadline = Date.now() + 60_000; ;) {
    const now = (await ask(
      page,
      "(() => { const video = document.querySelector('video'); if (video.playbackRate === 1) video.playbackRate = 2; if (!video.ended) video.play().catch(() => {}); return video.currentTime; })()",
    )) as number;
    if (now >= time) return;
    if (Date.now() > deadline)
      throw new Error(`stands at ${now} s, not ${time}: ${JSON.stringify(await ask(page, STATE))}`);
    await page.waitForTimeout(200);
  }
}

// Players wait for what they play, and the server does: several at a time, each on a page of its own.
describe.concurrent.each(Object.entries(players))('%s', (name, player) => {
  it('plays the second language, and shows captions at their moment', async ({ expect: own }) => {
    const { token } = await ada.call('POST /api/videos/{id}/tokens', { params: { id }, body: {} });
    const context = await browser.newContext();
    const page = await context.newPage();
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(new URL(request.url()).pathname));
    await page.goto(`${pages.url}/players/${name}.html`);
    // When the first picture is shown, on the player's own clock: what is said of it counts from there.
    await page.evaluate(
      "document.querySelector('video').requestVideoFrameCallback((_, { mediaTime }) => { window.firstFrame = mediaTime; })",
    );
    const query = new URLSearchParams({ token, ...player.query });
    await page.evaluate(`start(${JSON.stringify(`${stack.url}/api/play/${id}/main.m3u8?${query}`)})`);
    await own.poll(() => ask(page, player.languages), POLL).toBe('en,de');
    // Before it plays: a busy machine would leave the first ones out.
    await own.poll(() => ask(page, 'window.firstFrame !== undefined'), POLL).toBe(true);
    await playUntil(page, 1);
    await ask(page, player.chooseText);
    await ask(page, player.chooseSound);
    await playUntil(page, 8);
    await own.poll(() => ask(page, player.chosen), POLL).toBe('Deutsch');
    await own.poll(() => asked.some((path) => path.includes('/audio/main2/')), POLL).toBe(true);
    await own.poll(() => ask(page, `${player.cues}.length`), POLL).toBeGreaterThan(0);
    const first = (await ask(page, 'window.firstFrame')) as number;
    const cues = (await ask(
      page,
      `${player.cues}.map(({ startTime, endTime, text }) => [startTime, endTime, text])`,
    )) as [number, number, string][];
    const cue = cues.find(([, , text]) => text.includes('Grüße'))!;
    expect(Math.abs(cue[0] - first - 3)).toBeLessThan(0.05);
    expect(Math.abs(cue[1] - first - 5)).toBeLessThan(0.05);
    await playUntil(page, 14);
    await own
      .poll(async () => JSON.stringify(await ask(page, `${player.cues}.map(({ text }) => text)`)), POLL)
      .toContain('und später');
    expect(await ask(page, 'problems')).toEqual([]);
    await context.close();
  });
});

/** By DASH, in each player's own words. */
const dashPlayers = {
  // Where its own choice of quality changes the picture together with the sound, Shaka now and then asks for no picture again.
  shaka: { ...players.shaka, chooseSound: `(player.configure('abr.enabled', false), ${players.shaka.chooseSound})` },
  'dash.js': {
    languages: "player.getTracksFor('audio').map(({ lang }) => lang).join()",
    texts: "player.getTracksFor('text').map(({ lang }) => lang).join()",
    chooseSound: "player.setCurrentTrack(player.getTracksFor('audio').find(({ lang }) => lang === 'de'))",
    chooseText: '(player.setTextTrack(0), player.enableText(true))',
    chosen: "player.getCurrentTrackFor('audio').labels[0].text",
    cues: players.shaka.cues,
  },
} as const;

describe.concurrent.each(Object.entries(dashPlayers))('%s, DASH', (name, player) => {
  it('lists both languages and the captions, plays the second, and shows captions at their moment', async ({
    expect: own,
  }) => {
    const { token } = await ada.call('POST /api/videos/{id}/tokens', { params: { id }, body: {} });
    const context = await browser.newContext();
    const page = await context.newPage();
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(new URL(request.url()).pathname));
    await page.goto(`${pages.url}/players/${name}.html`);
    await page.evaluate(`start(${JSON.stringify(`${stack.url}/api/play/${id}/manifest.mpd?token=${token}`)})`);
    await own.poll(() => ask(page, player.languages).catch(() => ''), POLL).toBe('en,de');
    const texts = 'texts' in player ? player.texts : 'player.getTextTracks().map(({ language }) => language).join()';
    await own.poll(() => ask(page, texts).catch(() => ''), POLL).toBe('de');
    await playUntil(page, 1);
    await ask(page, player.chooseText);
    await ask(page, player.chooseSound);
    await playUntil(page, 8);
    await own.poll(() => ask(page, player.chosen), POLL).toBe('Deutsch');
    await own.poll(() => asked.some((path) => path.includes('/audio/main2/')), POLL).toBe(true);
    const cue = async () =>
      (
        (await ask(page, `${player.cues}.map(({ startTime, endTime, text }) => [startTime, endTime, text])`)) as [
          number,
          number,
          string,
        ][]
      ).find(([, , text]) => text.includes('Grüße'));
    await own.poll(cue, POLL).toBeDefined();
    const [from, to] = (await cue())!;
    expect(Math.abs(from - 3)).toBeLessThan(0.05);
    expect(Math.abs(to - 5)).toBeLessThan(0.05);
    expect(await ask(page, 'problems')).toEqual([]);
    await context.close();
  });
});

describe.concurrent('sound alone', () => {
  it.each(Object.entries(players))('plays in %s, to its end', async (name, player) => {
    const { token } = await ada.call('POST /api/videos/{id}/tokens', { params: { id: song }, body: {} });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${pages.url}/players/${name}.html`);
    const query = new URLSearchParams({ token, ...player.query });
    await page.evaluate(`start(${JSON.stringify(`${stack.url}/api/play/${song}/main.m3u8?${query}`)})`);
    await playUntil(page, 1);
    await ask(page, "(document.querySelector('video').currentTime = 9)");
    await playUntil(page, 12.9);
    expect(await ask(page, "document.querySelector('video').webkitAudioDecodedByteCount")).toBeGreaterThan(0);
    expect(await ask(page, 'problems')).toEqual([]);
    await context.close();
  });
});

/** Label of the captions on show, and of the sound that is heard, in the console's player. */
const chosenIn = (page: Page) =>
  page.locator('hls-video').evaluate((element) => {
    const { textTracks, api } = element as unknown as {
      textTracks: Iterable<{ mode: string; label: string }>;
      api: { audioTrack: number; audioTracks: { name: string }[] };
    };
    const text = [...textTracks].find(({ mode }) => mode === 'showing')?.label;
    return [text, api.audioTracks[api.audioTrack]?.name];
  });

describe('the console', () => {
  it('takes an .srt, offers it at once, and plays on where it was; language and name can be changed', async () => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', `/v/${id}?tab=details`);
    const captions = page.getByRole('list', { name: 'Captions' });
    await captions.getByText('Deutsch').waitFor();
    await comeNear(page);
    await page
      .locator('hls-video')
      .evaluate((element) => void ((element as unknown as { currentTime: number }).currentTime = 7));

    // Windows-1252, as many a program writes it.
    const buffer = Buffer.from(SRT.replace('Grüße von hier', 'Déjà vu'), 'latin1');
    await page
      .locator('input[type=file][accept=".srt,.vtt"]')
      .setInputFiles({ name: 'a.fr.srt', mimeType: '', buffer });
    await page.getByRole('button', { name: 'Add captions' }).click();
    await captions.getByText('Français').waitFor();
    const menu = page.locator('media-captions-menu');
    // When it has it: a menu that is open while it gets another list closes.
    await menu.getByRole('menuitemradio', { name: /Français/, includeHidden: true }).waitFor({ state: 'attached' });
    await page.locator('media-captions-menu-button').click();
    await menu.getByRole('menuitemradio', { name: /Français/ }).click();
    const shown = () =>
      page.locator('hls-video').evaluate((element) => {
        const { textTracks, currentTime } = element as unknown as {
          textTracks: Iterable<{ mode: string; label: string; cues: Iterable<{ text: string }> | null }>;
          currentTime: number;
        };
        const track = [...textTracks].find(({ mode }) => mode === 'showing');
        return [track?.label, [...(track?.cues ?? [])][0]?.text, Math.round(currentTime)].join(' ');
      });
    await expect.poll(shown, POLL).toBe('Français Déjà vu 7');

    await page.locator('media-audio-track-menu-button').click();
    await page.locator('media-audio-track-menu').getByRole('menuitemradio', { name: 'Deutsch' }).click();
    const sound = () =>
      page.locator('hls-video').evaluate((element) => {
        const { audioTracks } = element as unknown as { audioTracks: Iterable<{ enabled: boolean; label: string }> };
        return [...audioTracks].find(({ enabled }) => enabled)?.label;
      });
    await expect.poll(sound, POLL).toBe('Deutsch');

    await captions.getByRole('button', { name: 'Edit Français' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Québécois');
    await page.getByRole('combobox', { name: 'Language' }).selectOption('pt-BR');
    await page.getByRole('button', { name: 'Save' }).click();
    await captions.getByText('Québécois').waitFor();
    await captions.getByText('pt-BR').waitFor();

    const bad = Buffer.from('1\n00:00:01,000 --> 00:00:02,000\na\n\n2\nno times\n');
    await page
      .locator('input[type=file][accept=".srt,.vtt"]')
      .setInputFiles({ name: 'b.srt', mimeType: '', buffer: bad });
    await page.getByRole('combobox', { name: 'Language' }).selectOption('en');
    await page.getByRole('button', { name: 'Add captions' }).click();
    await page.getByRole('alert').getByText('line 6').waitFor();
    expect(await seriousFindings(page)).toEqual([]);

    await captions.getByRole('button', { name: 'Remove Québécois' }).click();
    await captions.getByText('Québécois').waitFor({ state: 'detached' });
    const { texts } = await ada.call('GET /api/videos/{id}', { params: { id } });
    expect(texts).toMatchObject([{ label: 'Deutsch' }]);
    expect(faults).toEqual([]);
    await close();
  });

  it('keeps what somebody chooses while a newer playlist is on its way', async () => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', `/v/${id}?tab=details`);
    const captions = page.getByRole('list', { name: 'Captions' });
    await captions.getByText('Deutsch').waitFor();
    await comeNear(page);
    const texts = page.locator('media-captions-menu');
    const sounds = page.locator('media-audio-track-menu');
    await texts.getByRole('menuitemradio', { name: /Deutsch/, includeHidden: true }).waitFor({ state: 'attached' });
    await expect.poll(() => chosenIn(page), POLL).toEqual([undefined, 'English']);

    let letGo = () => {};
    const isLet = new Promise<void>((resolve) => (letGo = resolve));
    let isHeld = false;
    await page.route('**/main.m3u8*', async (route) => {
      isHeld = true;
      await isLet;
      await route.continue();
    });
    const buffer = Buffer.from(SRT);
    await page
      .locator('input[type=file][accept=".srt,.vtt"]')
      .setInputFiles({ name: 'a.fr.srt', mimeType: '', buffer });
    await page.getByRole('button', { name: 'Add captions' }).click();
    await captions.getByText('Français').waitFor();
    await expect.poll(() => isHeld, POLL).toBe(true);
    for (const [menu, name] of [
      ['captions', /Deutsch/],
      ['audio-track', 'Deutsch'],
    ] as const) {
      await page.locator(`media-${menu}-menu-button`).click();
      await page.locator(`media-${menu}-menu`).getByRole('menuitemradio', { name }).click();
    }
    await expect.poll(() => chosenIn(page), POLL).toEqual(['Deutsch', 'Deutsch']);
    letGo();
    await texts.getByRole('menuitemradio', { name: /Français/, includeHidden: true }).waitFor({ state: 'attached' });
    await expect.poll(() => chosenIn(page), POLL).toEqual(['Deutsch', 'Deutsch']);
    await sounds
      .getByRole('menuitemradio', { name: 'Deutsch', checked: true, includeHidden: true })
      .waitFor({ state: 'attached' });

    await captions.getByRole('button', { name: 'Remove Français' }).click();
    await captions.getByText('Français').waitFor({ state: 'detached' });
    expect(faults).toEqual([]);
    await close();
  });
});
