/** `npm run bench:slicing:model`: how soon a video would play and what it would cost in the cloud, by its length. */
import { parseArgs } from 'node:util';
import { readConfig } from '../lib/config.ts';
import { concurrencyOf } from '../lib/concurrency.ts';
import { normalizedMinutes } from '../lambdas/slicing/prices.ts';
import { PRICES } from '../lib/contract/prices.ts';
import { atMost, machine, round, sayBars, table } from './report.ts';
import { committed, readCosts } from './slicing/measured.ts';
import { simulate, type Outcome, type Scenario } from './slicing/model.ts';
import { BUNNY_SECONDS, MEDIACONVERT_SHARE, muxSeconds, PARAMETERS } from './slicing/parameters.ts';
import { planFilm } from './slicing/plan-film.ts';
import { film } from './slicing/synthetic.ts';

const HELP = `npm run bench:slicing:model -- [--measured FILE] [--functions 500] [--architecture arm64]

Simulates a video's way through the cloud, from the answer to the call that completes its upload: planned by the real planner,
its functions as long as bench:slicing measured them. Prints every parameter with its source, tables, and, as the last line,
JSON; exits 1 when a bar does not hold. Nothing was measured on AWS.

  --measured      output of npm run bench:slicing (default: what is committed)
  --functions     that one video may have at a time
  --architecture  arm64 or x86_64`;

const { values } = parseArgs({
  options: {
    measured: { type: 'string' },
    functions: { type: 'string', default: '500' },
    architecture: { type: 'string', default: 'arm64' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const functions = Number(values.functions);
if (!(Number.isInteger(functions) && functions >= 1)) throw new RangeError('--functions is a whole number from 1 on');
const config = readConfig((key) => (key === 'environments' ? { dev: {} } : undefined), {
  architecture: values.architecture,
});
const { preset } = config.slicing;
const costs = values.measured === undefined ? committed(preset) : await readCosts(values.measured, preset);
const run = (scenario: Omit<Scenario, 'film'>, minutes: number): Outcome =>
  simulate({ film: film(minutes * 60), ...scenario }, { config, costs });

const LENGTHS = [1, 5, 20, 60, 120, 480, 1440];
const WAYS = {
  copied: { copied: true, ladder: 'upload', functions },
  encoded: { copied: false, ladder: 'upload', functions },
  'first-play': { copied: true, ladder: 'first-play', functions },
} as const satisfies Record<string, Omit<Scenario, 'film'>>;
const SMALL = concurrencyOf({ account: 10 });
/** What a deployment in an account of 1000 gives a film that is alone; several share it. */
const LARGE = concurrencyOf({ account: 1000 }).reserved!;

const cases = LENGTHS.flatMap((minutes) => [
  ...Object.entries(WAYS).map(([way, scenario]) => ({ minutes, way, ...run(scenario, minutes) })),
  { minutes, way: 'account of 10', ...run({ ...WAYS.copied, functions: SMALL.chunks }, minutes) },
  { minutes, way: 'account of 1000', ...run({ ...WAYS.copied, functions: LARGE }, minutes) },
  { minutes, way: 'account of 1000, encoded', ...run({ ...WAYS.encoded, functions: LARGE }, minutes) },
]);

const FILM = 120;
const outcome = (name: keyof typeof WAYS): Outcome =>
  cases.find(({ minutes, way }) => minutes === FILM && way === name)!;
const [copied, encoded, unplayed] = [outcome('copied'), outcome('encoded'), outcome('first-play')];
const { plan } = planFilm(film(FILM * 60), false, 'upload', config);
const mediaconvert =
  (plan.video.reduce((sum, rung) => sum + normalizedMinutes(rung, FILM * 60), normalizedMinutes(null, FILM * 60)) *
    PRICES.normalizedMinute.dollars) /
  FILM;
const at = `two hours of 1080p at ${functions} functions`;
const deployed = (way: string): Outcome => cases.find((one) => one.minutes === FILM && one.way === way)!;
const bars = [
  atMost(`${at}, copied: playable`, copied.playable, 's', 5),
  atMost(`${at}, copied: ready`, copied.ready, 's', 30),
  atMost(`${at}, nothing copied: ready`, encoded.ready, 's', 45),
  atMost('two hours of 1080p alone in an account of 1000, copied: ready', deployed('account of 1000').ready, 's', 30),
  atMost(
    'two hours of 1080p alone in an account of 1000, nothing copied: ready',
    deployed('account of 1000, encoded').ready,
    's',
    45,
  ),
  atMost('a source minute, top copied', copied.dollars / FILM, 'dollars', 0.0025),
  atMost('a source minute, fully encoded', encoded.dollars / FILM, 'dollars', 0.005),
  atMost("a source minute, fully encoded, over MediaConvert's", encoded.dollars / FILM / mediaconvert, '', 1 / 8),
  atMost('a source minute, first-play, never played', unplayed.dollars / FILM, 'dollars', 0.001),
];

console.log('What the model takes for granted:\n');
console.log(
  table([
    ['parameter', 'value', ''],
    ...Object.entries(PARAMETERS).map(([name, { value, unit }]) => [name, value, unit]),
    ...Object.entries(costs).map(([name, value]) => [name, value, 'CPU-s, measured']),
  ]),
);
console.log();
for (const [name, { source }] of Object.entries(PARAMETERS)) console.log(`  ${name}: ${source}`);
console.log(`\n1080p30 H.264 of 6 Mbit/s, ${functions} functions at a time, ${config.architecture}, x264 ${preset}:\n`);
const seconds = (value: number) => (value < 100 ? value.toFixed(1) : round(value));
console.log(
  table([
    [
      'minutes',
      'way',
      'tasks',
      'playable, s',
      'ready, s',
      'nine of ten, s',
      'dollars',
      'a source minute',
      'kept a month',
    ],
    ...cases.map((one) => [
      one.minutes,
      one.way,
      one.chunks,
      seconds(one.playable),
      seconds(one.ready),
      seconds(one.nineOfTen),
      one.dollars.toFixed(4),
      (one.dollars / one.minutes).toFixed(5),
      one.monthlyDollars.toFixed(4),
    ]),
  ]),
);
console.log('\nPublished by others, seconds until it can be played:\n');
console.log(
  table([
    ['minutes', 'Mux, median, standard input', 'Bunny', 'half the duration (MediaConvert)'],
    ...LENGTHS.map((minutes) => [minutes, muxSeconds(minutes), BUNNY_SECONDS, minutes * 60 * MEDIACONVERT_SHARE]),
  ]),
);
console.log(`\nMediaConvert, the same ladder: ${mediaconvert.toFixed(4)} dollars a source minute\n`);
console.log(sayBars(bars));
console.log(JSON.stringify({ bench: 'slicing-model', machine: machine(), cases, bars }));
process.exitCode = bars.every(({ holds }) => holds) ? 0 : 1;
