/**
 * The live screens as people use them, in Chromium, on the running stack with simulated vehicles: wall, map, device.
 * What the wall's test has the vehicles record, gap and alarm included, is what the later tests look at.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import type { Simulation } from '../../../local/device/simulator.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { comeNear, openBrowser, openPage, playerState, seriousFindings } from './open.ts';
import { moving, pixelsOf, videosOf } from './pictures.ts';
import { LONG_NAME, register, ROAD, simulate, slow } from './vehicles.ts';

const stack = await runningStack();
const ada = new Client(stack.url, stack.users.find(({ name }) => name === 'ada')!.token);

const LORRY = '13900000201';
const TANKER = '13900000202';
const STRANGER = '13900000203';

let browser: Browser;
let lorry: Simulation;
let tanker: Simulation;
let stranger: Simulation | undefined;
let isRecorded = false;
const videos: string[] = [];

/** Without it the later tests say so at once instead of waiting for it. */
const recorded = () => {
  if (!isRecorded) throw new Error("the wall's test left no recording with a gap and no alarm");
};

beforeAll(async () => {
  await register(ada, {
    id: LORRY,
    name: LONG_NAME,
    channels: [ROAD, { number: 2, name: 'Load', live: 'always' }],
    timeZone: 'Asia/Kolkata',
  });
  await register(ada, { id: TANKER, name: 'Tanker 5', channels: [ROAD] });
  await ada.fetch('DELETE', `/api/devices/${STRANGER}`);
  await ada.fetch('DELETE', `/api/devices/unknown/${STRANGER}`);
  [lorry, tanker, browser] = await Promise.all([
    simulate(stack, LORRY, { zoneMinutes: 330 }),
    simulate(stack, TANKER, { channels: 1 }),
    openBrowser(),
  ]);
});
afterAll(async () => {
  await browser.close();
  await Promise.all([lorry.close(), tanker.close(), stranger?.close()]);
  for (const id of [LORRY, TANKER, STRANGER]) await ada.fetch('DELETE', `/api/devices/${id}`);
  for (const id of videos) await ada.fetch('DELETE', `/api/videos/${id}?now=true`);
});

const openAs = async (path: string) => {
  const opened = await openPage(browser);
  await signIn(opened.page, stack.url, 'ada', path);
  return opened;
};
/** States of the files of the lorry's latest alarm, which it sends while the wall is looked at. */
const alarmFiles = async () => {
  const [from, to] = [-3_600_000, 60_000].map((by) => new Date(Date.now() + by).toISOString());
  const { alarms } = await ada.call('GET /api/devices/{id}/alarms', {
    params: { id: LORRY },
    query: { from: from!, to: to! },
  });
  return alarms[0]?.files.map(({ state }) => state);
};
/** Of its first channel, in the last hour. */
const recordingsOf = async (id: string) => {
  const [from, to] = [-3_600_000, 60_000].map((by) => new Date(Date.now() + by).toISOString());
  const query = { channel: '1', from: from!, to: to! };
  return (await ada.call('GET /api/devices/{id}/recordings', { params: { id }, query })).recordings;
};
const liveTiles = (page: Page) => page.locator('article[data-phase="live"]').count();

describe('while they drive', () => {
  it.concurrent('the wall shows moving pictures of several channels at once, says what does not come, and shows it again', async ({
    expect,
  }) => {
    const { page, faults, close } = await openAs(`/live?show=${LORRY}.1_${LORRY}.2_${TANKER}.1`);
    const tile = (name: string) => page.getByRole('article', { name });
    await expect.poll(() => liveTiles(page), slow).toBe(3);
    await expect.poll(() => moving(page), slow).toEqual([true, true, true]);
    expect(lorry.devices[0]!.alarm('forward-collision')).toBe(true);
    const shown = await videosOf(page);
    expect(shown[0]!.picture, 'two cameras of one vehicle').not.toBe(shown[1]!.picture);
    await tile(`${LONG_NAME}, Load`)
      .getByText(/^Live, \d+ s behind$/)
      .waitFor();
    await tile('Tanker 5, Road ahead').getByText(/km\/h/).waitFor();

    // Sound is on one at a time.
    const muted = async () => (await videosOf(page)).map(({ isMuted }) => isMuted);
    expect(await muted()).toEqual([true, true, true]);
    await page.getByRole('button', { name: `Sound of ${LONG_NAME}, Load` }).click();
    await expect.poll(muted, slow).toEqual([true, false, true]);
    await tile('Tanker 5, Road ahead').getByRole('link').first().focus();
    await page.keyboard.press('m');
    await expect.poll(muted, slow).toEqual([true, true, false]);

    // In a low and narrow window the last one is far below: after a moment nothing of it is fetched any more.
    await page.setViewportSize({ width: 390, height: 300 });
    await page.evaluate(() => (globalThis as unknown as { scrollTo: (x: number, y: number) => void }).scrollTo(0, 0));
    await expect.poll(() => tile('Tanker 5, Road ahead').getAttribute('data-phase'), slow).toBe('idle');
    const fetched: string[] = [];
    page.on('request', (request) => fetched.push(new URL(request.url()).pathname));
    const ofLorry = () => fetched.filter((path) => path.startsWith(`/live/${LORRY}/1/`)).length;
    await expect.poll(ofLorry, slow).toBeGreaterThan(2);
    // Its goodbye may still have been on the way.
    expect(fetched.filter((path) => path.includes(TANKER) && !path.endsWith('/goodbye'))).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 800 });
    await expect.poll(() => liveTiles(page), slow).toBe(3);
    await tile('Tanker 5, Road ahead').getByRole('link').first().focus();
    await page.keyboard.press('Delete');
    await expect.poll(() => page.locator('article').count(), slow).toBe(2);
    const listed = () => new URL(page.url()).searchParams.get('show');
    await expect.poll(listed, slow).toBe(`${LORRY}.1_${LORRY}.2`);

    await expect.poll(alarmFiles, slow).toEqual(['complete', 'complete', 'complete']);
    await lorry.close();
    const gone = tile(`${LONG_NAME}, Road ahead`);
    await gone.getByText(/^Offline since /).waitFor(slow);
    await gone.getByText('The device is not connected. It is shown as soon as it comes back.').waitFor();
    await gone.getByRole('link', { name: 'What it recorded' }).waitFor();
    lorry = await simulate(stack, LORRY, { zoneMinutes: 330 });
    await expect.poll(() => liveTiles(page), slow).toBe(2);
    await expect.poll(() => moving(page), slow).toEqual([true, true]);
    isRecorded = true;
    expect(faults).toEqual([]);
    await close();
  });

  it.concurrent('an unknown device is adopted with one click and comes online; it is changed, and deleted after the word is typed', async ({
    expect,
  }) => {
    stranger = await simulate(stack, STRANGER, { channels: 1 });
    const isUnknown = async () => {
      const { devices } = await ada.call('GET /api/devices/unknown');
      return devices.some(({ id }) => id === STRANGER);
    };
    await expect.poll(isUnknown, slow).toBe(true);
    const { page, faults, close } = await openAs('/map');
    const adopt = page
      .getByRole('listitem')
      .filter({ hasText: STRANGER })
      .getByRole('button', { name: /^Adopt / });
    await adopt.click();
    const device = () => ada.call('GET /api/devices/{id}', { params: { id: STRANGER } });
    await expect.poll(async () => (await device()).online, slow).toBe(true);
    // It is chosen on the map, and nobody needs to load the page again.
    await expect.poll(() => new URL(page.url()).searchParams.get('device'), slow).toBe(STRANGER);
    const chosen = page.locator('li[data-chosen="true"]');
    await chosen.getByText(/^(Moving, \d+ km\/h|Standing)$/).waitFor(slow);
    await expect.poll(() => adopt.count(), slow).toBe(0);

    await chosen.getByRole('link', { name: 'Open' }).click();
    await page.getByRole('button', { name: 'Settings' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Bus 9');
    await dialog.getByRole('button', { name: 'Add a channel' }).click();
    await dialog.getByRole('textbox', { name: 'Name of channel 2' }).fill('');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('A name', { exact: true }).waitFor();
    await dialog.getByRole('textbox', { name: 'Name of channel 2' }).fill('Doors');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Bus 9', exact: true }).waitFor();
    expect(await device()).toMatchObject({ name: 'Bus 9', channels: [{ number: 1 }, { number: 2, name: 'Doors' }] });

    await page.getByRole('button', { name: 'Settings' }).click();
    const remove = dialog.getByRole('button', { name: 'Delete device' });
    expect(await remove.isDisabled()).toBe(true);
    await dialog.getByRole('textbox', { name: /Type “delete”/ }).fill('delete');
    await remove.click();
    await page.waitForURL(`${stack.url}/map`);
    expect((await ada.fetch('GET', `/api/devices/${STRANGER}`)).status).toBe(404);
    await page.goto(`${stack.url}/d/${STRANGER}`);
    await page.getByText('No such device').waitFor();
    await stranger.close();

    // And registered by hand, with the leading zeros that its own menu shows.
    await page.goto(`${stack.url}/map`);
    await page.getByRole('button', { name: 'Register' }).click();
    await dialog.getByRole('textbox', { name: /Terminal phone number/ }).fill(`0${STRANGER}`);
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Bus 10');
    await dialog.getByRole('button', { name: 'Register' }).click();
    await page.locator('li[data-chosen="true"]').getByText('Never seen').waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it.concurrent('the map shows where they are as they move, and the way of one, and asks nobody else for anything', async ({
    expect,
  }) => {
    const { page, faults, close } = await openAs('/');
    const elsewhere: string[] = [];
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (origin !== stack.url && protocol !== 'blob:' && protocol !== 'data:') elsewhere.push(request.url());
    });
    await page.goto(`${stack.url}/map?q=139000002`);
    const canvas = page.getByRole('application', { name: 'Map of the devices' });
    const row = page.getByRole('button', { name: 'Tanker 5' });
    await row.getByText(/^(Moving, \d+ km\/h|Standing)$/).waitFor(slow);
    await canvas.waitFor();
    const way = () => pixelsOf(page, canvas, [109, 165, 178]);
    const before = await way();

    await row.click();
    await page
      .getByText(/heading |ignition on/)
      .first()
      .waitFor();
    // A line four pixels wide where it went in the last hour, and the ring of who is chosen.
    await expect.poll(way, slow).toBeGreaterThan(before + 100);
    const place = page.getByText(/^\d+\.\d{5}, \d+\.\d{5}$/);
    const [said, drawn] = [await place.innerText(), await canvas.screenshot()];
    await expect.poll(() => place.innerText(), slow).not.toBe(said);
    await expect.poll(async () => drawn.equals(await canvas.screenshot()), slow).toBe(false);
    await page.getByRole('button', { name: 'Follow' }).click();
    await page.getByRole('button', { name: 'Following', pressed: true }).waitFor();
    await page.keyboard.press('/');
    await page.locator('#main input[type="search"]:focus').waitFor();
    expect(elsewhere).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  it.concurrent('gives a clip of a stretch and says how far it is until it plays; and addresses that play elsewhere', async ({
    expect,
  }) => {
    // A page that opens before anything is recorded stands at another moment.
    await expect.poll(() => recordingsOf(TANKER), slow).not.toEqual([]);
    const { page, faults, close } = await openAs(`/d/${TANKER}`);
    // An address of the live stream and one of the recording, each for whoever has it.
    await page.getByRole('button', { name: 'Share' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Make address' }).click();
    const address = dialog.getByRole('group', { name: 'Stream address' });
    const live = await address.innerText();
    const answer = await fetch(live);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('#EXT-X-STREAM-INF');
    expect((await fetch(live.replace(/\?.*/, ''))).status, 'without its token').toBe(401);
    expect((await fetch(live.replace(`/${TANKER}/`, `/${LORRY}/`))).status, 'of another device').toBe(401);
    await dialog.getByText(/^Recorded, /).click();
    await expect.poll(() => address.innerText(), slow).toContain('from=');
    expect(await (await fetch(await address.innerText())).text()).toContain('#EXT-X-ENDLIST');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Clip', exact: true }).click();
    const form = page.getByRole('form', { name: 'Make a clip' });
    await form.getByText(/of which .* are recorded\.$/).waitFor();
    // From and to are chosen by hand: the other way round there is nothing to make.
    const [from, to] = [form.getByLabel('From'), form.getByLabel('To')];
    const [begin, end] = [await from.inputValue(), await to.inputValue()];
    await to.fill(begin);
    await form.getByText('The end must come after the beginning.').waitFor();
    expect(await form.getByRole('button', { name: 'Make clip' }).isDisabled()).toBe(true);
    await to.fill(end);
    await form.getByLabel('Title').fill('What happened');
    await form.getByRole('button', { name: 'Make clip' }).click();
    await form.getByText(/Putting the segments together|is being sliced|can be played/).waitFor();
    await form.getByRole('link', { name: 'Play the clip' }).click(slow);
    await page.waitForURL(/\/v\/[a-z0-9]{20}$/);
    videos.push(page.url().slice(-20));
    await page.getByRole('heading', { name: 'What happened' }).waitFor();
    await comeNear(page);
    await expect.poll(async () => (await playerState(page)).length, slow).toBeGreaterThan(2);
    await page.getByRole('tab', { name: 'Details' }).click();
    await page.getByLabel('Map of where it was filmed').waitFor(slow);
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();

    // Everybody may watch it now, and who may not see the device is told so much.
    const id = videos.at(-1)!;
    await ada.call('PATCH /api/videos/{id}', { params: { id }, body: { visibility: 'public' } });
    const other = await openPage(browser);
    await signIn(other.page, stack.url, 'uma', `/v/${id}?tab=details`);
    await other.page.getByRole('heading', { name: 'What happened', level: 1 }).waitFor();
    await other.page.getByRole('heading', { name: 'Source' }).waitFor();
    expect(await other.page.getByText('Where it was filmed').count()).toBe(0);
    expect(await other.page.content()).not.toContain(TANKER);
    await other.close();
  });

  it.concurrent('lists what a device holds itself, and fetches it', async ({ expect }) => {
    const { page, faults, close } = await openAs(`/d/${TANKER}`);
    await page.getByRole('button', { name: 'Ask what it has' }).click();
    const held = page.getByRole('list', { name: 'Recordings on the device' }).getByRole('listitem');
    await held.first().waitFor(slow);
    // Five minutes each, of the hour that it keeps.
    expect(await held.count()).toBeGreaterThanOrEqual(11);
    // Not the oldest: every five minutes the device forgets one.
    const one = held.nth(1);
    await one.getByRole('button', { name: /^Fetch / }).click();
    const progress = one.getByRole('progressbar');
    await progress.waitFor(slow);
    const part = () => progress.evaluate((bar) => (bar as unknown as { value: number }).value);
    // What is less than a hundredth is not worth a word.
    await expect.poll(part, slow).toBeGreaterThan(0.01);
    await one.getByRole('button', { name: 'Stop' }).click();
    await progress.waitFor({ state: 'detached' });
    await one.getByText(/% here$/).waitFor(slow);
    expect(faults).toEqual([]);
    await close();
  });
});

describe('what they filmed', () => {
  it.concurrent('a device plays back by time, over the gap it shows', async ({ expect }) => {
    recorded();
    const { page, faults, close } = await openAs(`/d/${LORRY}`);
    const slider = page.getByRole('slider', { name: 'Moment' });
    const clock = () => slider.getAttribute('aria-valuetext');
    const playing = async () => (await moving(page))[0];
    await page.getByRole('heading', { name: LONG_NAME }).waitFor();
    await page.getByText(/^(Moving, \d+ km\/h|Standing)$/).waitFor();
    // Its clock is half an hour off the reader's.
    await page.getByText(/\d.* there$/).waitFor();
    await page.getByText(/recorded, \d+ gaps?, the longest \d/).waitFor(slow);

    // Home is the first recording's beginning, where the map goes, too.
    const map = page.getByRole('application');
    await map.waitFor();
    const last = await map.screenshot();
    await slider.focus();
    await page.keyboard.press('Home');
    await expect.poll(clock, slow).toMatch(/, recorded$/);
    await page.keyboard.press('k');
    await expect.poll(playing, slow).toBe(true);
    await expect.poll(async () => last.equals(await map.screenshot()), slow).toBe(false);
    const begun = await clock();
    await expect.poll(clock, slow).not.toBe(begun);
    await page.keyboard.press('k');
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();

    // Into the middle of the longest gap, and on where it ends.
    const bars = await page
      .locator('[data-chosen="true"] > span')
      .evaluateAll((all) =>
        all.map((bar) =>
          (
            bar as unknown as { getBoundingClientRect: () => { x: number; right: number; y: number; height: number } }
          ).getBoundingClientRect(),
        ),
      );
    const gaps = bars.slice(1).map(({ x }, i) => ({ x: (bars[i]!.right + x) / 2, width: x - bars[i]!.right }));
    const { x } = gaps.toSorted((a, b) => b.width - a.width)[0]!;
    await page.mouse.click(x, bars[0]!.y + bars[0]!.height / 2);
    await expect.poll(clock, slow).toMatch(/, nothing recorded$/);
    await page.getByText(/^Nothing recorded at /).waitFor();
    await page.getByRole('button', { name: /^From / }).click();
    await expect.poll(clock, slow).toMatch(/, recorded$/);
    await page.keyboard.press('k');
    await expect.poll(playing, slow).toBe(true);
    await page.keyboard.press('k');

    // By the time itself: what is typed is where it goes, and what the address says.
    const field = page.getByLabel('Time', { exact: true });
    const time = await field.inputValue();
    await page.keyboard.press('ArrowLeft');
    await field.fill(time);
    await expect.poll(() => page.locator('output').innerText(), slow).toContain(time.slice(3));
    await expect.poll(() => Number(new URL(page.url()).searchParams.get('at')), slow).toBeGreaterThan(0);
    await page.getByRole('link', { name: 'Go live' }).waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it.concurrent('a device has its alarms with their files: the picture and the video open', async ({ expect }) => {
    recorded();
    const { page, faults, close } = await openAs(`/d/${LORRY}`);
    const alarm = page
      .getByRole('listitem')
      .filter({ has: page.getByRole('button', { name: /^Forward collision/ }) })
      .first();
    const files = alarm.getByRole('list', { name: 'Files of Forward collision' });
    await files.getByRole('link', { name: /^Video/ }).waitFor(slow);
    await alarm.getByRole('button').click();
    await expect.poll(() => alarm.getAttribute('data-near'), slow).toBe('true');
    const [picture] = await Promise.all([
      page.context().waitForEvent('page'),
      files.getByRole('link', { name: /^Picture/ }).click(),
    ]);
    await picture.waitForLoadState();
    const width = picture
      .locator('img')
      .evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth);
    expect(await width).toBe(640);
    await picture.close();
    const data = files.getByRole('link', { name: /^Vehicle data/ });
    expect((await fetch(stack.url + (await data.getAttribute('href'))!)).status).toBe(200);

    // Also where the code of its page takes longer than the address waits for what was chosen before.
    let late = 0;
    await page.route(/\/VideoPage-[^/]*\.js$/, async (route) => {
      late += 1;
      await sleep(2000);
      await route.continue();
    });
    await alarm.getByRole('button').click();
    await files.getByRole('link', { name: /^Video/ }).click();
    await page.waitForURL(/\/v\/[a-z0-9]{20}$/);
    videos.push(page.url().slice(-20));
    const main = page.getByRole('main');
    const start = main.getByRole('button', { name: /^Play / });
    await expect.poll(async () => ((await start.count()) > 0 ? 'a player' : main.innerText()), slow).toBe('a player');
    expect(late).toBe(1);
    expect(page.url()).toMatch(/\/v\/[a-z0-9]{20}$/);
    await start.click();
    await expect.poll(async () => (await playerState(page)).length, slow).toBeGreaterThan(4);
    await page.goBack();
    await page.getByRole('heading', { name: LONG_NAME }).waitFor();
    expect(faults).toEqual([]);
    await close();
  });
});
