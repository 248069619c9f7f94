/** `npm run bench:events`: what reports of players cost, from the call that takes them to what is counted, beside a write for each event. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { FOR_NODE } from '../lib/constructs/for-node.ts';
import { configSchema } from '../lib/config.ts';
import type { Report } from '../lib/contract/player-events.ts';
import { PRICED } from '../lib/contract/prices.ts';
import type { Post } from './events/measured.ts';
import { eachOf, oursOf, type Used } from './events/price.ts';
import { chance, simulate, videoNumber } from './events/viewers.ts';
import type { Written } from './events/world.ts';
import { pinning, pinOthers, Program } from './ingest/pinned.ts';
import { atLeast, atMost, machine, round, sayBars, table } from './report.ts';

const HELP = `npm run bench:events -- [--viewers 10000] [--videos 100] [--minutes 5]

Measures the functions of insight on one core, bundled as for Lambda: posts through the one that takes them, and through the
one that counts, of viewers who each post once a minute, with six heartbeats, a stall or a jump now and then; DynamoDB's calls and write
units; and what a million viewer-hours of it cost. Beside it, in the same run, the same posts with a write for each event.
Prints tables and, as the last line, JSON; exits 1 when a bar does not hold.

  --viewers  who watch at a time
  --videos   that they watch
  --minutes  of their watching, half an hour into the hour in which they began`;

const { values } = parseArgs({
  options: {
    viewers: { type: 'string', default: '10000' },
    videos: { type: 'string', default: '100' },
    minutes: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const [viewers, videos, minutes] = [values.viewers, values.videos, values.minutes].map(Number) as [
  number,
  number,
  number,
];
/** Minutes that one watches before somebody else does. */
const STAY = 10;
const SECONDS = 1200;
/** Executions that a flush is split among at random: as many as there may be at a time. */
const EXECUTIONS = 2;
const FLUSH = configSchema.shape.insight.parse(undefined).flushSeconds;
/** Posts of a million viewer-hours. */
const POSTS = 60e6;
const HOUR = Math.floor(Date.now() / 3_600_000) * 3600 - 3600;
/** From when on is measured: what began before stands in the rows already. */
const FROM = HOUR + 1800;

interface Sent {
  readonly at: number;
  readonly report: Report;
}

/** All that is sent from the hour's beginning to the end of what is measured, by when. */
function sentOf(): Sent[] {
  const sent: Sent[] = [];
  const random = chance(11);
  const until = FROM + minutes * 60;
  let number = 0;
  for (let seat = 0; seat < viewers; seat += 1) {
    // Each seat is somebody else's after ten minutes.
    for (let began = HOUR + Math.floor(random() * STAY * 60); began < until; began += STAY * 60) {
      const what = videoNumber(Math.floor(random() * videos));
      for (const report of simulate({ number: number++, what, began, posts: STAY, seconds: SECONDS }).reports)
        if (report.receivedAt < until * 1000) sent.push({ at: report.receivedAt / 1000, report });
    }
  }
  return sent.toSorted((a, b) => a.at - b.at);
}

/** What is counted together. */
function flushesOf(sent: readonly Sent[]): Report[][][] {
  const random = chance(12);
  const flushes: Report[][][] = [];
  for (const { at, report } of sent) {
    const flush = (flushes[Math.floor((at - HOUR) / FLUSH)] ??= Array.from({ length: EXECUTIONS }, () => []));
    flush[Math.floor(random() * EXECUTIONS)]!.push(report);
  }
  return flushes.filter((flush) => flush !== undefined);
}

const isHeartbeat = ({ type }: { readonly type: string }) => type === 'heartbeat';
const eventsOf = (reports: readonly Report[]) => reports.flatMap(({ units }) => units.flatMap(({ events }) => events));
const postOf = ({ what, session, units }: Report): Post => {
  const now = Date.now();
  const events = units[0]!.events.map((event) => ({ ...event, at: now }));
  return { what, session, body: JSON.stringify({ sequence: units[0]!.sequence, now, events }) };
};

const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-events-'));
pinOthers();
const world = new Program(fileURLToPath(new URL('events/world.ts', import.meta.url)));
let measured: Program | undefined;
try {
  const entries = { EVENTS: 'events', COUNT: 'count', SPREAD: 'spread' };
  const env: Record<string, string> = {};
  for (const [variable, name] of Object.entries(entries)) {
    env[variable] = join(folder, `${name}.mjs`);
    const entry = fileURLToPath(new URL(`../lambdas/insight/${name}.ts`, import.meta.url));
    await build({ ...FOR_NODE, sourcemap: false, entryPoints: [entry], outfile: env[variable] });
  }
  const url = await world.ask<string>({ do: 'open' });
  measured = new Program(fileURLToPath(new URL('events/measured.ts', import.meta.url)), {
    measured: true,
    env: {
      ...env,
      AWS_ENDPOINT_URL: url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      HEATMAPS_TABLE: 'heatmaps',
      POSTS_QUEUE: `${url}/1/posts`,
      COUNTS_QUEUE: `${url}/1/counts`,
      CONSUMER_QUEUES: JSON.stringify([`${url}/1/counts`]),
      PUBLIC_URL: 'https://video.example',
    },
  });
  const ask = async (message: object) => (await measured!.ask<{ cpuSeconds: number }>(message)).cpuSeconds;
  const written = async () => await world.ask<Written>({ do: 'take' });

  const sent = sentOf();
  const before = sent.filter(({ at }) => at < FROM);
  const reports = sent.filter(({ at }) => at >= FROM).map(({ report }) => report);
  const some = reports.slice(0, 4000);
  const events = eventsOf(reports);
  const perPost = events.length / reports.length;
  const heartbeats = events.filter(isHeartbeat).length;

  const takeSeconds = (await ask({ do: 'take', posts: some.map(postOf), side: 8 })) / some.length;
  const eachSeconds = (await ask({ do: 'each', posts: some.slice(0, 1000).map(postOf), side: 8 })) / 1000;
  await written();
  const spreadSeconds = (await ask({ do: 'spread', reports: some })) / some.length;
  const bundles = (await written()).messages / some.length;
  for (const flush of flushesOf(before)) await ask({ do: 'count', flushes: [flush] });
  await written();
  let countSeconds = 0;
  for (const flush of flushesOf(sent.slice(before.length)))
    countSeconds += await ask({ do: 'count', flushes: [flush] });
  const counted = await written();
  const used: Used = {
    takeSeconds,
    spreadSeconds,
    countSeconds: countSeconds / reports.length,
    writeUnits: counted.writeUnits / reports.length,
    readUnits: counted.readUnits / reports.length,
    events: perPost,
    bundles,
  };
  const ours = oursOf(used, POSTS);
  const each = eachOf({ takeSeconds: eachSeconds, events: perPost }, POSTS);
  /** Where not even posts are gathered: each event is a request of its own, and a write. */
  const alone = eachOf({ takeSeconds: eachSeconds / perPost, events: 1 }, POSTS * perPost);
  const sum = ({ requests, handling }: typeof ours) => requests + handling;

  const rate = (cpu: number) => round(perPost / cpu);
  console.log(`${machine().cpu}, one core${pinning ? '' : ' (NOT pinned: no taskset)'}, warm`);
  console.log(
    `${viewers} viewers on ${videos} videos, ${reports.length} posts with ${events.length} events, counted every ${FLUSH} s\n`,
  );
  console.log(
    table([
      ['of one core', 'events/s', 'CPU µs a post'],
      ['taken', rate(takeSeconds), round(takeSeconds * 1e6)],
      ['spread', rate(spreadSeconds), round(spreadSeconds * 1e6)],
      ['counted', rate(used.countSeconds), round(used.countSeconds * 1e6)],
      ['each event written', rate(eachSeconds), round(eachSeconds * 1e6)],
    ]),
  );
  const perThousand = (counted.writes / events.length) * 1000;
  console.log(
    `\n${counted.writes} writes (${counted.refused} of them in vain), ${round(perThousand, 1)} of a thousand events, ${round(counted.writeUnits / counted.writes, 1)} units each; ${round(heartbeats / counted.writes, 1)} heartbeats a write\n`,
  );
  const row = (name: string, dollars: typeof ours, posts = POSTS) => [
    name,
    round(dollars.requests, 1),
    round(dollars.handling, 1),
    round(sum(dollars), 1),
    round((sum(dollars) / (POSTS * perPost)) * 1e6, 3),
    round(sum(dollars) / 1000, 3),
    round(posts / 1e6),
  ];
  console.log(`a million viewer-hours, $ by prices of ${PRICED}\n`);
  console.log(
    table([
      ['design', 'requests', 'behind them', 'together', 'a million events', 'a thousand viewer-hours', 'M requests'],
      row('Sluice', ours),
      row('the same posts, a write for each event', each),
      row('a request and a write for each event', alone, POSTS * perPost),
    ]),
  );
  const bars = [
    atLeast('heartbeats of one write', heartbeats / counted.writes, '', 50),
    atMost('a million viewer-hours, requests included', sum(ours), '$', 200),
    atMost('of a write for each event, behind the request', ours.handling / each.handling, '', 0.25),
    atMost('of a request and a write for each event', sum(ours) / sum(alone), '', 0.25),
  ];
  console.log(`\n${sayBars(bars)}`);
  const cases = [{ used, ours, each, alone, counted, heartbeats, posts: reports.length, events: events.length }];
  console.log(JSON.stringify({ bench: 'events', machine: machine(), cases, bars }));
  process.exitCode = bars.every(({ holds }) => holds) ? 0 : 1;
} finally {
  await measured?.end();
  await world.end();
  await rm(folder, { recursive: true, force: true });
}
