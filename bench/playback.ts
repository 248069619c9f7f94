/** `npm run bench:playback`: what a play start costs, beside the design that signs every address of every playlist. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { readConfig } from '../lib/config.ts';
import { FOR_NODE } from '../lib/constructs/for-node.ts';
import { PRICED } from '../lib/contract/prices.ts';
import { RENEWED_SECONDS } from '../lib/contract/session.ts';
import { quantile } from './ingest/figures.ts';
import { pinning, pinOthers, Program } from './ingest/pinned.ts';
import { ID, OWNER, SEGMENT_SECONDS } from './playback/film.ts';
import type { Measurement } from './playback/measured.ts';
import { dollarsOf, type Costs, type Dollars } from './playback/price.ts';
import { ask, type Asked, type Plan } from './playback/viewers.ts';
import { atLeast, atMost, machine, round, sayBars, table, type Bar } from './report.ts';

const HELP = `npm run bench:playback -- [--calls 2000] [--viewers 1000]

Measures the manifest function on one core, warm: requests a second, CPU of a request, bytes of its answer, for videos of 1
minute and 4 hours; beside it the usual design, a function that reads the shared playlists and signs every address in them
(RSA-2048 and ECDSA P-256). Then what 1,000 viewers ask a function for in an hour, of a film and live, and what that costs.
Prints tables and, as the last line, JSON; exits 1 when a bar does not hold.

  --calls    requests of each measurement (the usual design gets fewer where each takes seconds)
  --viewers  simulated viewers

The function runs as it is bundled for Lambda, in a process pinned to a core of its own; DynamoDB, S3 and Secrets Manager are
stand-ins in another process, by plain http. The usual design is spared what ours does beside: the right and the record.`;

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '2000' },
    viewers: { type: 'string', default: '1000' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const calls = whole('calls', 100, 100_000);
const viewers = whole('viewers', 1, 100_000);

/** Of the video, minutes. */
const LENGTHS = [1, 240] as const;
const SIDE_BY_SIDE = 8;
/** Seconds that a measurement of the usual design may take, about. */
const PATIENCE = 12;

const file = (name: string): string => fileURLToPath(new URL(`./playback/${name}`, import.meta.url));
const { playback, live, auth } = readConfig((key) =>
  key === 'env' ? 'bench' : key === 'environments' ? { bench: {} } : undefined,
);

const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-playback-'));
const cases: object[] = [];
const rows: (string | number)[][] = [
  ['design', 'video', 'requests/s', 'CPU p50 ms', 'CPU p99 ms', 'wall p99 ms', 'kB'],
];
const bars: Bar[] = [];
const begin = new Map<string, Measurement>();
pinOthers();
const world = new Program(file('world.ts'));
let measured: Program | undefined;
try {
  const bundle = join(folder, 'handler.mjs');
  await build({
    ...FOR_NODE,
    sourcemap: false,
    entryPoints: [fileURLToPath(new URL('../lambdas/playback/handler.ts', import.meta.url))],
    outfile: bundle,
  });
  const url = await world.ask<string>({ do: 'open', minutes: 1 });
  measured = new Program(file('measured.ts'), { measured: true, env: { ...environment(url), HANDLER: bundle } });
  const token = await mint(measured);
  for (const minutes of LENGTHS) {
    await world.ask({ do: 'open', minutes });
    await world.ask({ do: 'take' });
    const ours = await measured.ask<Measurement>({ do: 'ours', event: manifest(token), calls, side: SIDE_BY_SIDE });
    const asked = await world.ask<Record<string, number>>({ do: 'take' });
    say('Sluice', minutes, ours, { asked });
    for (const algorithm of ['rsa', 'ecdsa'] as const) {
      const trial = await measured.ask<Measurement>({ do: 'perUrl', algorithm, minutes, calls: 3 });
      const few = Math.max(3, Math.min(calls, Math.floor((PATIENCE * 3) / trial.cpuSeconds)));
      const found = await measured.ask<Measurement>({ do: 'perUrl', algorithm, minutes, calls: few });
      say(`each address, ${algorithm === 'rsa' ? 'RSA-2048' : 'ECDSA P-256'}`, minutes, found);
    }
  }
} finally {
  await measured?.end();
  await world.end();
  await rm(folder, { recursive: true, force: true });
}

const [ours, perUrl] = [begin.get('Sluice 240')!, begin.get('each address, RSA-2048 240')!];
for (const minutes of LENGTHS)
  bars.push(
    atMost(`p99 of a request's CPU, ${minutes} min`, quantile(begin.get(`Sluice ${minutes}`)!.cpu, 0.99), 'ms', 10),
  );
bars.push(atLeast('requests a second over the usual design (RSA), 4 hours', rate(ours) / rate(perUrl), 'x', 20));

const plans: Record<string, Omit<Plan, 'design' | 'viewers' | 'hours' | 'signatureHours'>> = {
  film: {},
  live: {
    live: {
      segmentSeconds: live.segmentSeconds,
      signatureMinutes: live.onDemandMinutes,
      playlistCacheSeconds: Math.max(1, Math.floor(live.segmentSeconds / 2)),
    },
  },
};
const hourRows: (string | number)[][] = [
  ['a viewer-hour', 'design', 'to a function', 'of them renewals', 'edge alone', '$ pay as you go', '$ flat rate'],
];
for (const [what, plan] of Object.entries(plans)) {
  for (const design of ['ours', 'perUrl'] as const) {
    const asked = ask({ ...plan, design, viewers, hours: 1, signatureHours: RENEWED_SECONDS / 3600 });
    const dollars = dollarsOf(
      asked,
      viewers,
      costsOf(design, plan.live === undefined ? 3600 / SEGMENT_SECONDS : live.playlistSeconds / live.segmentSeconds),
    );
    hour(what, design, asked, dollars);
    if (design === 'ours' && what === 'live') {
      bars.push(atMost('live: requests to a function, a viewer-hour, beside renewals', asked.first / viewers, '', 2));
      bars.push(atMost('live: renewals, a viewer-hour', asked.renewals / viewers, '', 12));
    }
  }
}

console.log(`${machine().cpu}, one core${pinning ? '' : ' (NOT pinned: no taskset)'}, warm\n`);
console.log(table(rows));
console.log(`\n${viewers} simulated viewers; prices of ${PRICED}, bytes not in them\n`);
console.log(table(hourRows));
console.log(`\n${sayBars(bars)}`);
console.log(JSON.stringify({ bench: 'playback', machine: machine(), cases, bars }));
process.exit(bars.every(({ holds }) => holds) ? 0 : 1);

function say(name: string, minutes: number, found: Measurement, more: object = {}): void {
  begin.set(`${name} ${minutes}`, found);
  const [p50, p99] = [quantile(found.cpu, 0.5), quantile(found.cpu, 0.99)];
  const wall = quantile(found.wall, 0.99);
  const kB = found.bytes / 1000;
  rows.push([
    name,
    minutes === 1 ? '1 min' : '4 h',
    round(rate(found), 2),
    round(p50, 2),
    round(p99, 2),
    round(wall, 2),
    round(kB, 1),
  ]);
  cases.push({
    name,
    minutes,
    perSecond: round(rate(found), 3),
    cpuMs: { p50, p99 },
    wallMs: { p99: wall },
    bytes: found.bytes,
    calls: found.calls,
    ...more,
  });
}

function hour(what: string, design: Plan['design'], asked: Asked, dollars: Dollars): void {
  const each = (value: number) => round(value / viewers, 2);
  const { first, playlists, renewals, edge } = asked;
  const name = design === 'ours' ? 'Sluice' : 'each address, RSA-2048';
  hourRows.push([
    what,
    name,
    each(first + playlists + renewals),
    each(renewals),
    each(edge),
    dollars.payAsYouGo.toFixed(6),
    dollars.flatRate.toFixed(6),
  ]);
  cases.push({
    name,
    hour: what,
    asked: Object.fromEntries(Object.entries(asked).map(([key, value]) => [key, each(value)])),
    dollars,
  });
}

/** Requests that one core answers in a second. */
function rate({ calls: answered, cpuSeconds }: Measurement): number {
  return answered / cpuSeconds;
}

/** `addresses`: of a media playlist. */
function costsOf(design: Plan['design'], addresses: number): Costs {
  if (design === 'ours') {
    const seconds = 1 / rate(begin.get('Sluice 1')!);
    // The record and the rights; the session. Of the edge's store, the four things that may have been revoked.
    return { firstSeconds: seconds, nextSeconds: seconds, reads: 2, writes: 1, edgeReads: 4 };
  }
  const long = 2 * ((LENGTHS[1] * 60) / SEGMENT_SECONDS + 1);
  const seconds = 1 / rate(begin.get(`each address, RSA-2048 ${LENGTHS[1]}`)!) / long;
  return { firstSeconds: seconds, nextSeconds: seconds * addresses, reads: 1, writes: 0, edgeReads: 0 };
}

function environment(url: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    POWERTOOLS_LOG_LEVEL: 'WARN',
    ISSUER: url,
    AUDIENCE: 'console',
    GROUPS_CLAIM: auth.groupsClaim,
    SIGNATURE_HOURS: String(playback.signatureHours),
    TOKEN_MINUTES: String(playback.tokenMinutes),
    VIDEOS_TABLE: 'videos',
    ENTITLEMENTS_TABLE: 'entitlements',
    DEVICES_TABLE: 'devices',
    SESSIONS_TABLE: 'sessions',
    REVOCATIONS_TABLE: 'revocations',
    MEDIA_BUCKET: 'media',
    SIGNING_SECRET: 'secret',
    PUBLIC_URL: 'https://video.example',
  };
}

/** A playback token of the owner, as the API mints it. */
async function mint(program: Program): Promise<string> {
  // API Gateway has verified the token; the function reads its claims.
  const claims = { iss: 'https://issuer.example', sub: OWNER };
  const authorization = `Bearer e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
  const { body } = await program.ask<{ body: string }>({
    do: 'once',
    event: {
      routeKey: 'POST /api/videos/{id}/tokens',
      pathParameters: { id: ID },
      headers: { authorization },
      body: '{}',
      requestContext: { requestId: 'bench', authorizer: { jwt: { claims } } },
    },
  });
  return (JSON.parse(body) as { token: string }).token;
}

function manifest(token: string): object {
  return {
    routeKey: 'GET /api/play/{id}/main.m3u8',
    pathParameters: { id: ID },
    queryStringParameters: { token },
    headers: {},
    requestContext: { requestId: 'bench', http: { method: 'GET', sourceIp: '192.0.2.1' } },
  };
}

function whole(name: 'calls' | 'viewers', least: number, most: number): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RangeError(`--${name} is a whole number from ${least} to ${most}`);
  return value;
}
