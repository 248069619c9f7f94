/** `npm run bench:playable`: how long after its upload a video can be played, by its length, on the local platform. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from '../local/client.ts';
import { openBrowser } from './glass/watch.ts';
import { platform } from './glass/platform.ts';
import { measure, makeSource, type Measured } from './playable/measure.ts';
import { atMost, machine, round, sayBars, table } from './report.ts';

const HELP = `npm run bench:playable -- [--ready-file PATH] [--seconds 10,120,1200] [--times 3]

Uploads H.264 sources of 4 Mbit/s and measures, from the answer to the call that completes the upload: until the catalog says
playable, and until hls.js has decoded the first picture in Chromium. Prints a table and, as the last line, JSON; exits 1 when
the longest takes more than twice as long as the shortest to become playable.

  --ready-file  use the platform of a running \`npm start -- --ready-file PATH\` (default: SLUICE_READY_FILE, else one is
                started for the measurement)
  --seconds     lengths of the sources
  --times       uploads of each; the median counts`;

/** Over the shortest source's time, for the longest. */
const BAR = 2;

const { values } = parseArgs({
  options: {
    'ready-file': { type: 'string' },
    seconds: { type: 'string', default: '10,120,1200' },
    times: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const lengths = values.seconds.split(',').map(Number);
if (lengths.length < 2 || !lengths.every((seconds) => seconds >= 2 && seconds <= 7200))
  throw new RangeError('--seconds are two lengths or more of 2 to 7200');
const times = Number(values.times);
if (!(times >= 1 && times <= 20)) throw new RangeError('--times is 1 to 20');

const log = (line: string): void => console.error(line);
const started = machine();
const folder = await mkdtemp(join(tmpdir(), 'sluice-playable-'));
const browser = await openBrowser();
const running = await platform(values['ready-file'] ?? process.env['SLUICE_READY_FILE'], log);
const cases: (Measured & { seconds: number; bytes: number; each: Measured[] })[] = [];
try {
  const client = new Client(running.url, running.users[0]!.token);
  const sources = [];
  for (const seconds of lengths) {
    log(`making ${seconds} s of video`);
    sources.push({ seconds, path: await makeSource(folder, seconds, running.ffmpegFolder) });
  }
  // What a first video finds cold is nobody's length.
  await measure(browser, client, sources[0]!.path, log);
  for (const { seconds, path } of sources) {
    const each: Measured[] = [];
    for (let time = 0; time < times; time += 1) each.push(await measure(browser, client, path, log));
    const median = (of: (one: Measured) => number) => each.map(of).toSorted((a, b) => a - b)[Math.floor(times / 2)]!;
    cases.push({
      seconds,
      bytes: (await stat(path)).size,
      playable: median(({ playable }) => playable),
      firstPicture: median(({ firstPicture }) => firstPicture),
      each,
    });
  }
} finally {
  await browser.close();
  await running.close();
  await rm(folder, { recursive: true, force: true });
}

const [shortest, longest] = [cases[0]!, cases.at(-1)!];
const bars = [
  atMost(`playable, ${longest.seconds} s over ${shortest.seconds} s`, longest.playable / shortest.playable, '', BAR),
];
console.log(`${started.cpu}, ${started.cores} cores, Node ${started.node}; load before the run ${started.load}\n`);
console.log(
  table([
    ['source', 'MiB', 'playable, s', 'first picture, s'],
    ...cases.map(({ seconds, bytes, playable, firstPicture }) => [
      `${seconds} s`,
      round(bytes / 1024 ** 2, 1),
      playable.toFixed(2),
      firstPicture.toFixed(2),
    ]),
  ]),
);
console.log(`\n${sayBars(bars)}`);
console.log(JSON.stringify({ bench: 'playable', machine: started, cases, bars }));
process.exit(bars.every(({ holds }) => holds) ? 0 : 1);
