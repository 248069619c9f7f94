/**
 * The console's live wall as somebody watches it for more than a minute, in Chromium, on the running stack: a camera that
 * breaks off, changes and is set right is watched without a halt; and an on-demand stream goes on for as long as somebody
 * watches, and no longer. It takes almost three minutes.
 */
import type { Browser, BrowserContext, Page, Response } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { age, type Source } from '../../bench/glass/latency.ts';
import { Client } from '../../local/client.ts';
import type { Preset } from '../../local/device/clip.ts';
import { startDevices, type Simulation } from '../../local/device/simulator.ts';
import { stampedClip } from '../../local/device/stamped.ts';
import { signIn } from '../../local/sign-in.ts';
import { file } from '../e2e/players/serve.ts';
import { runningStack } from '../stack.ts';
import { BROWSER } from '../support/browser.ts';
import { heldIn, unexplained, watchProcess, type Held } from '../support/held.ts';
import { installProbe, longestStandstill, viewings, type Viewing } from '../support/viewing.ts';

const stack = await runningStack();
const ada = new Client(stack.url, stack.users.find(({ name }) => name === 'ada')!.token);

/** Its pictures carry numbers; it sends G.711. One that sends AAC. One that is watched on demand. */
const BUS = { id: '13900000301', name: 'Bus' };
const TRAM = { id: '13900000302', name: 'Tram' };
const TAXI = { id: '13900000303', name: 'Taxi' };
const WIDE: Preset = { width: 640, height: 360, frameRate: 15, kbitPerSecond: 400, gop: 30 };
const SMALL: Preset = { ...WIDE, width: 480, height: 270, kbitPerSecond: 250 };
/** A loop's length, seconds: nothing is later than that. */
const LOOP = 32;
/** Milliseconds that the camera's clock is set forward by. */
const JUMP = 90_000;
/**
 * Milliseconds: how late the next part may come of what shares its processors with players and cameras. What a stream does
 * wrong (a part that is missing, a time line that breaks) holds a player for longer, or makes it seek; `bench:glass` counts
 * what is shorter.
 */
const BRIEF = 250;
/** Seconds watched at least. */
const WATCHED = 60;
/** The players share the machine with everything they watch. */
const slow = { timeout: 60_000, interval: 250 };

let browser: Browser;
/** Signed in before anything is watched: three pages that load take the processors from those that play. */
let wallPage: Opened;
let demandPage: Opened;
let tokenPage: Opened;
let bus: Simulation;
let tram: Simulation;
let taxi: Simulation;
const machine = watchProcess();

interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
}

async function openPage(): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(slow.timeout);
  await installProbe(context);
  return { page: await context.newPage(), context };
}

/** What the tile or player called so has shown. */
async function viewing(page: Page, name = ''): Promise<Viewing> {
  const found = (await viewings(page)).find(({ label }) => label.startsWith(name));
  if (found === undefined) throw new Error(`no video of ${name} plays yet`);
  return found;
}
const later = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

beforeAll(async () => {
  const always = [{ number: 1, name: 'Road', live: 'always' }];
  const onDemand = [1, 2].map((number) => ({ number, name: `Camera ${number}`, live: 'on-demand' }));
  for (const device of [BUS, TRAM, TAXI]) {
    await ada.fetch('DELETE', `/api/devices/${device.id}`);
    await ada.call('POST /api/devices', { body: { ...device, channels: device === TAXI ? onDemand : always } });
  }
  const { ffmpegFolder } = stack;
  const { host, control } = stack.devices!;
  const common = { host, control, ffmpegFolder };
  const wide = await stampedClip(WIDE, LOOP, ffmpegFolder);
  [bus, tram, taxi, browser] = await Promise.all([
    startDevices({ ...common, firstId: BUS.id, video: wide }),
    startDevices({ ...common, firstId: TRAM.id, sound: 'aac' }),
    startDevices({ ...common, firstId: TAXI.id, channels: 2 }),
    chromium.launch(BROWSER),
  ]);
  tram.devices[0]!.sound(false);
  [wallPage, demandPage, tokenPage] = await Promise.all([openPage(), openPage(), openPage()]);
  for (const { page } of [wallPage, demandPage]) await signIn(page, stack.url, 'ada');
});
afterAll(async () => {
  machine.stop();
  await browser.close();
  await Promise.all([bus.close(), tram.close(), taxi.close()]);
  for (const { id } of [BUS, TRAM, TAXI]) await ada.fetch('DELETE', `/api/devices/${id}`);
});

/** Discontinuities that a channel's playlist has had since its stream began. */
async function discontinuities(id: string): Promise<number> {
  const text = await (await ada.fetch('GET', `/api/play/live/${id}/1/live.m3u8`)).text();
  const gone = Number(/#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)/.exec(text)![1]);
  return gone + (text.match(/^#EXT-X-DISCONTINUITY$/gm)?.length ?? 0);
}

describe.concurrent('watched for long', { timeout: 300_000 }, () => {
  it('the wall never halts while a camera breaks off, changes its picture, has its clock set and sound comes and goes', async ({
    expect,
  }) => {
    const camera = bus.devices[0]!;
    const runs: (Source & { readonly from: number })[] = [];
    /** Notes when pictures are due from now on, once that is another time than before. Answers milliseconds it was away. */
    const begun = async (): Promise<number> => {
      const from = Date.now();
      const [before, interval] = [runs.at(-1)?.began, 1000 / WIDE.frameRate];
      await expect.poll(() => camera.loopBegan(1), { ...slow, interval: 10 }).not.toBe(before);
      runs.push({ began: camera.loopBegan(1)!, interval, duration: LOOP * 1000, from });
      return Date.now() - from;
    };
    await begun();
    await expect.poll(() => discontinuities(BUS.id).catch(() => -1), slow).toBeGreaterThanOrEqual(0);
    const { page, context } = wallPage;
    await page.goto(`${stack.url}/live?show=${BUS.id}.1_${TRAM.id}.1`);
    await expect.poll(async () => (await viewings(page)).filter(({ shown }) => shown.length > 0).length, slow).toBe(2);
    const ofBus = () => viewing(page, BUS.name);
    const first = Math.max(...(await viewings(page)).map(({ shown }) => shown[0]!.at));
    await later(12);

    /** Whether pictures are seen that were sent since the latest change; a moment of it is enough. */
    const isSeen = async () => {
      const { shown } = await ofBus();
      const { from, ...source } = runs.at(-1)!;
      return shown.slice(-5).every(({ at, number }) => number !== undefined && at - age(at, number, source) > from);
    };
    let count = await discontinuities(BUS.id);
    const passed = async () => (await discontinuities(BUS.id)) === count + 1 && (await isSeen());

    camera.reconnect();
    const away = await begun();
    await expect.poll(passed, slow).toBe(true);

    count += 1;
    await camera.show(await stampedClip(SMALL, LOOP, stack.ffmpegFolder));
    await begun();
    await expect.poll(passed, slow).toBe(true);
    await expect.poll(async () => (await ofBus()).shown.at(-1)!.width, slow).toBe(SMALL.width);

    count += 1;
    /** Milliseconds from when the picture on show was taken, by its own clock, to now. */
    const behind = async () => {
      const { at, date } = (await ofBus()).samples.at(-1)!;
      return at - date!;
    };
    expect(await behind()).toSatisfy((ms: number) => ms > 1000 && ms < 15_000, 'a time of day near to now');
    camera.jumpClock(JUMP);
    await begun();
    await expect.poll(passed, slow).toBe(true);
    await expect.poll(behind, slow).toBeLessThan(15_000 - JUMP);
    expect(await behind()).toBeGreaterThan(1000 - JUMP);

    count += 1;
    /** Bytes of sound in the last two seconds: a tone, or the little that silence takes. Never nothing. */
    const heard = async (name: string) => {
      const { samples } = await viewing(page, name);
      const bytes = samples.at(-1)!.sound - samples.at(-20)!.sound;
      return bytes > 1000 ? 'a tone' : bytes > 0 ? 'silence' : 'nothing';
    };
    const both = async () => [await heard(BUS.name), await heard(TRAM.name)];
    await expect.poll(both, slow).toEqual(['a tone', 'silence']);
    camera.sound(false);
    tram.devices[0]!.sound(true);
    await expect.poll(both, slow).toEqual(['silence', 'a tone']);
    camera.sound(true);
    tram.devices[0]!.sound(false);
    await expect.poll(both, slow).toEqual(['a tone', 'silence']);
    expect(await discontinuities(BUS.id), 'sound comes and goes within the stream').toBe(count);

    await later(WATCHED - (Date.now() - first) / 1000);
    for (const name of [BUS.name, TRAM.name]) {
      const seen = await viewing(page, name);
      // Longer than it usually takes to come back, the camera was away for longer than a margin can bridge.
      const back = { at: runs[1]!.from + away, ms: away };
      const held: readonly Held[] = [...machine.held, ...heldIn(seen), ...(away > 1200 ? [back] : [])];
      const told = haltsTold(
        seen,
        unexplained(halts(seen), held),
        runs.map(({ from }) => from),
      );
      expect(told, `${name}: halts; held up: ${JSON.stringify(held)}`).toEqual([]);
      expect(seen.errors.filter((error) => error.endsWith('(fatal)'))).toEqual([]);
      expect(seen.shown.at(-1)!.media - seen.shown[0]!.media).toBeGreaterThan(WATCHED * 0.8);
    }
    const { shown } = await ofBus();
    expect(shown.filter(({ number }) => number === undefined).length, 'broken pictures').toBeLessThan(5);
    expect(new Set(shown.map(({ width }) => width))).toEqual(new Set([WIDE.width, SMALL.width]));
    await context.close();
  });

  it('an on-demand stream begins when asked for, goes on by renewed signatures, and ends with its viewer', async ({
    expect,
    skip,
  }) => {
    const camera = taxi.devices[0]!;
    await expect
      .poll(async () => (await ada.call('GET /api/devices/{id}', { params: { id: TAXI.id } })).online, slow)
      .toBe(true);
    expect(camera.live).toEqual([]);

    const other = tokenPage;
    const meets = new Meetings(other.page, 2);
    await watchByToken(other.page);
    const { page, context } = demandPage;
    const of = new Meetings(page, 1);
    await page.goto(`${stack.url}/live?show=${TAXI.id}.1&grid=1`);
    for (const one of [page, other.page]) {
      await expect.poll(async () => (await viewings(one))[0]?.shown.length ?? 0, slow).toBeGreaterThan(0);
    }
    expect(camera.live.toSorted()).toEqual([1, 2]);
    expect(of.states[0]!.state).toBe('starting');

    const { query: signature, expiresAt } = of.states.find((one) => one.signature !== undefined)!.signature!;
    const lifetime = (Date.parse(expiresAt) - Date.now()) / 1000;
    skip(lifetime > 120, `signatures last ${lifetime} s on this stack: the rest needs one with live.onDemandMinutes 1`);
    // Renewed in time, and the one before is good for nothing after its end.
    await expect.poll(() => of.queries.size, { ...slow, timeout: lifetime * 1000 }).toBe(2);
    await later((Date.parse(expiresAt) - Date.now()) / 1000 + 2);
    const playlist = `${stack.url}/live/${TAXI.id}/1/live.m3u8`;
    expect((await fetch(`${playlist}?${signature}`)).status).toBe(403);
    const ended = Date.now();
    const { media } = (await viewing(page)).shown.at(-1)!;
    await expect.poll(async () => (await viewing(page)).shown.at(-1)!.media, slow).toBeGreaterThan(media + 6);
    expect(of.manifests, 'nothing was loaded anew').toEqual([200]);
    expect(of.refused).toEqual([]);
    const seen = await viewing(page);
    expect(unexplained(halts(seen), [...machine.held, ...heldIn(seen)])).toEqual([]);

    // A player that renews nothing was refused, asked for the manifest again, and goes on.
    await expect.poll(() => meets.refused, slow).toContain(403);
    // Once more at least: what its player gets no further by for another reason, it begins anew for, too.
    await expect.poll(() => meets.manifests.filter((status) => status === 200).length, slow).toBeGreaterThanOrEqual(2);
    await expect.poll(async () => (await viewing(other.page)).shown.at(-1)!.at, slow).toBeGreaterThan(ended + 2000);

    // Its page gone, nobody watches the first camera any more; the second has its viewer still.
    await page.goto('about:blank');
    // A renewal that was on its way as the page went holds the stream until that signature's end.
    await expect.poll(() => camera.live, { ...slow, timeout: 150_000 }).toEqual([2]);
    await Promise.all([context.close(), other.context.close()]);
  });
});

/**
 * Epoch milliseconds at which a video waited, went somewhere else or stood still, `settled` milliseconds after its first
 * picture; what comes within a second belongs to starting. A `waiting` event comes when the next picture is not there yet,
 * and may be over before it is due: it counts where the position did stop, by ten looks a second, for longer than `BRIEF`.
 */
function halts(seen: Viewing, settled = 1000): number[] {
  const from = seen.shown[0]!.at + settled;
  const still = seen.samples.filter(({ at }, i) => {
    const before = seen.samples[i - 10];
    return before !== undefined && before.at > from && longestStandstill(seen, before.at, at) > 900;
  });
  const stopped = seen.waits.filter((at) => longestStandstill(seen, at - 200, at + 1000) > BRIEF);
  return [...stopped, ...seen.seeks, ...still.map(({ at }) => at)].filter((at) => at > from);
}

interface State {
  readonly state: string;
  readonly signature?: { readonly query: string; readonly expiresAt: string };
}

/** What a page was answered about one channel of the taxi. */
class Meetings {
  readonly states: State[] = [];
  /** Statuses of manifests, and those of media that were no success. */
  readonly manifests: number[] = [];
  readonly refused: number[] = [];
  /** That media were asked for with. */
  readonly queries = new Set<string>();

  constructor(page: Page, channel: number) {
    const [api, media] = [`/api/play/live/${TAXI.id}/${channel}/`, `/live/${TAXI.id}/${channel}/`];
    page.on('response', (response: Response) => {
      const { pathname, search } = new URL(response.url());
      if (pathname === `${api}state`) void response.json().then((state: State) => this.states.push(state));
      else if (pathname === `${api}main.m3u8`) this.manifests.push(response.status());
      else if (pathname.startsWith(media)) {
        this.queries.add(search);
        if (!response.ok()) this.refused.push(response.status());
      }
    });
  }
}

/** A page with nothing but hls.js on the second camera, which begins anew with the manifest whenever it gets no further. */
async function watchByToken(page: Page): Promise<void> {
  await page.route(`${stack.url}/players/**`, async (route) => {
    const found = await file(new URL(route.request().url()).pathname);
    await route.fulfill(found ?? { status: 404 });
  });
  const { url } = await ada.call('POST /api/devices/{id}/tokens', { params: { id: TAXI.id }, body: { channel: 2 } });
  await page.goto(`${stack.url}/players/hls.js.html`);
  await page.evaluate((address) => {
    const { Hls } = globalThis as unknown as { Hls: typeof import('hls.js').default };
    const video = document.querySelector('video')!;
    // With nothing left of the player that was refused: whether that one goes on from its old pictures is not what is looked at.
    const begin = () => {
      const hls = new Hls();
      hls.on(Hls.Events.ERROR, (_, { fatal }) => {
        if (!fatal) return;
        hls.destroy();
        setTimeout(begin, 1000);
      });
      hls.loadSource(address);
      hls.attachMedia(video);
      video.play().catch(() => {});
    };
    begin();
  }, new URL(url, stack.url).href);
}

/** What a halt was, how long after which run of pictures was due it came, and what the player had around it. */
function haltsTold(seen: Viewing, moments: readonly number[], runs: readonly number[]): string[] {
  return moments.map((at) => {
    const kind = seen.waits.includes(at) ? 'wait' : seen.seeks.includes(at) ? 'seek' : 'standstill';
    const run = runs.findLastIndex((from) => from <= at);
    const around = seen.samples
      .filter((sample) => Math.abs(sample.at - at) < 1000)
      .map(({ at: then, time, ahead, rate, ready }) =>
        [then - at, time.toFixed(2), ahead.toFixed(2), rate, ready].join(' '),
      );
    const still = longestStandstill(seen, at - 1000, at + 1000);
    return `${kind} ${at - runs[run]!} ms into run ${run}, still for ${still} ms: ${around.join('; ')}`;
  });
}
