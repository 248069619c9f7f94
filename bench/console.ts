/** `npm run bench:console`: how long each screen of the console keeps a slow processor busy before it is at rest. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from '../local/client.ts';
import { makeVideo } from '../test/support/media.ts';
import { sessionOf, settle, type Settled } from './console/settle.ts';
import { platform, startVehicle, type Platform, type Vehicle } from './glass/platform.ts';
import { openBrowser } from './glass/watch.ts';
import { atMost, machine, round, sayBars, table } from './report.ts';

const HELP = `npm run bench:console -- [--ready-file PATH] [--slower 4] [--times 3]

Opens library, video, live wall, device and map in Chromium, each in a new profile, on a processor made slower, and measures when
the last task longer than 50 ms ends before five quiet seconds: from the beginning of the navigation. Prints a table and, as
the last line, JSON; exits 1 when a screen takes more than 2 s.

  --ready-file  use the platform of a running \`npm start -- --ready-file PATH\` (default: SLUICE_READY_FILE, else one is
                started for the measurement)
  --slower      times slower than this machine
  --times       openings of each screen; the median counts`;

/** ms. */
const BAR = 2_000;

const { values } = parseArgs({
  options: {
    'ready-file': { type: 'string' },
    slower: { type: 'string', default: '4' },
    times: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const [slower, times] = [Number(values.slower), Number(values.times)];
if (!(slower >= 1 && slower <= 20)) throw new RangeError('--slower is 1 to 20');
if (!(Number.isInteger(times) && times >= 1 && times <= 20)) throw new RangeError('--times is 1 to 20');

const log = (line: string): void => console.error(line);
const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-console-'));
const browser = await openBrowser();
const cases: (Settled & { readonly screen: string })[] = [];
let running: Platform | undefined;
let vehicle: Vehicle | undefined;
let video: string | undefined;
try {
  running = await platform(values['ready-file'] ?? process.env['SLUICE_READY_FILE'], log);
  const { url, users, ffmpegFolder } = running;
  const { name, token } = users.find(({ groups }) => groups.includes('admin'))!;
  vehicle = await startVehicle(running);
  const admin = new Client(url, token);
  const film = join(folder, 'film.mp4');
  await makeVideo(ffmpegFolder, film, { seconds: 30, size: '640x360' });
  video = await admin.upload(film, { name: 'film.mp4' });
  await admin.ready(video);
  const session = await sessionOf(browser, url, name);
  const screens = {
    library: '/',
    video: `/v/${video}`,
    live: `/live?show=${vehicle.id}.${vehicle.channel}`,
    device: `/d/${vehicle.id}`,
    map: '/map',
  };
  for (const [screen, path] of Object.entries(screens)) {
    const all: Settled[] = [];
    for (let i = 0; i < times; i += 1) all.push(await settle(browser, { url, path, session, slower }));
    const median = all.toSorted((a, b) => a.rest - b.rest)[Math.floor(times / 2)]!;
    log(`${screen}: ${all.map(({ rest }) => `${round(rest / 1000, 2)} s`).join(', ')}`);
    cases.push({ screen, ...median });
  }
} finally {
  if (video !== undefined) await vehicle?.admin.fetch('DELETE', `/api/videos/${video}?now=true`);
  await browser.close();
  await vehicle?.close();
  await running?.close();
  await rm(folder, { recursive: true, force: true });
}
const bars = cases.map(({ screen, rest }) => atMost(`${screen} at rest`, round(rest), 'ms', BAR));
console.log(`a processor ${slower} times slower than ${machine().cpu}\n`);
console.log(
  table([
    ['screen', 'at rest ms', 'long tasks', 'longest ms', 'blocked ms'],
    ...cases.map(({ screen, rest, tasks, longest, blocked }) => [
      screen,
      round(rest),
      tasks,
      round(longest),
      round(blocked),
    ]),
  ]),
);
console.log(`\n${sayBars(bars)}`);
console.log(JSON.stringify({ bench: 'console', machine: machine(), cases, bars }));
process.exit(bars.every(({ holds }) => holds) ? 0 : 1);
