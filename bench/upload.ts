/** `npm run bench:upload`: what an upload costs the API, beside a server that takes the bytes itself. */
import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Calls } from './upload/api.ts';
import { startCloud, type Cloud } from './upload/cloud.ts';
import { Measured, type Usage } from './upload/measured.ts';

const HELP = `npm run bench:upload -- [--gib 10] [--part-mib 16] [--mbit 100] [--server-gib 1]

Prints the API's CPU seconds per GiB of one upload: create, sign every part, list, complete. Beside it a server that
receives the bytes, hashes them (SHA-256) and writes them to a file. Exits 1 when the API needs more than 0.1 CPU-s/GiB.

  --gib         size of the upload in GiB (default 10)
  --part-mib    size of a part in MiB (default 16)
  --mbit        speed of the uploader in Mbit/s (default 100)
  --server-gib  GiB really sent to the comparison server; its figure is per GiB (default 1)

How it is measured: the upload Lambda, bundled as it is deployed, runs in a process of its own, is handed HTTP API
events, and works with the AWS SDK against the local engine. Its CPU (user and system) is counted from the start
of the process: one cold start is in it. Parts are signed one after the other without waiting for their bytes, but the
clock by which the Lambda decides to read the upload's record again moves on as at --mbit: the slower, the more reads. A second run
has it read for every part.
A part's bytes go straight to S3 and cost the API nothing, so 64 bytes are sent
for each part; a proxy before the engine writes the wanted part size into S3's list of parts, or the API would refuse
parts under 5 MiB. AWS is reached by TLS and the engine by plain http: TLS is in neither figure.`;

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const BAR = 0.1;

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '10' },
    'part-mib': { type: 'string', default: '16' },
    mbit: { type: 'string', default: '100' },
    'server-gib': { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const gib = positive('gib');
const partBytes = positive('part-mib') * MiB;
const parts = Math.ceil((gib * GiB) / partBytes);
if (partBytes < 5 * MiB || parts > 10_000) throw new RangeError('S3 takes parts of 5 MiB or more, and 10,000 at most');

/** What one part takes to send. */
const partMs = (partBytes * 8) / (positive('mbit') * 1000);
/** So long that the Lambda reads the record again for every part. */
const SLOW_MS = 60_000;

const scratch = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
try {
  const bundle = await bundleHandler();
  const cloud = await startCloud(partBytes);
  let api: ApiResult;
  let slow: ApiResult;
  try {
    api = await measureApi('Sluice, upload API', bundle, cloud, partMs);
    slow = await measureApi('Sluice, upload API, slowest link', bundle, cloud, SLOW_MS);
  } finally {
    await cloud.close();
  }
  const server = await measureServer(positive('server-gib'));
  const [cpu] = cpus();
  const machine = { cpu: cpu?.model, cores: cpus().length, memoryGiB: round(totalmem() / GiB), node: process.version };
  const bar = {
    name: `the API's CPU per GiB uploaded at ${values.mbit} Mbit/s`,
    value: api.cpuSecondsPerGiB,
    unit: 'CPU-s/GiB',
    bar: BAR,
    holds: api.cpuSecondsPerGiB <= BAR,
  };

  console.log(`${gib} GiB in ${parts} parts of ${partBytes / MiB} MiB, sent at ${values.mbit} Mbit/s\n`);
  for (const one of [api, slow, server])
    console.log(
      `${one.name.padEnd(34)} ${one.cpuSecondsPerGiB.toFixed(4)} CPU-s/GiB, ${one.maxRssMiB} MiB at most  (${one.detail})`,
    );
  console.log(
    `\nthe API needs 1/${Math.round(server.cpuSecondsPerGiB / api.cpuSecondsPerGiB)} of it; bar ${BAR} CPU-s/GiB: ${bar.holds ? 'holds' : 'DOES NOT HOLD'}`,
  );
  console.log(JSON.stringify({ bench: 'upload', machine, cases: [api, slow, server], bars: [bar] }));
  process.exitCode = bar.holds ? 0 : 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function bundleHandler(): Promise<string> {
  const bundle = join(scratch, 'handler.mjs');
  // As lib/constructs/function.ts has CDK bundle it.
  await build({
    entryPoints: [fileURLToPath(new URL('../lambdas/upload/handler.ts', import.meta.url))],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  return bundle;
}

type ApiResult = Awaited<ReturnType<typeof measureApi>>;
async function measureApi(name: string, bundle: string, cloud: Cloud, stepMs: number) {
  const api = new Measured(new URL('./upload/api.ts', import.meta.url), [bundle], {
    ...cloud.env,
    GROUPS_CLAIM: 'groups',
    UPLOAD_LIMITS: JSON.stringify({
      maxBytes: Math.ceil(gib) * GiB,
      types: ['video/*'],
      maxInFlight: 20,
      urlSeconds: 3600,
      expireSeconds: 86_400,
    }),
  });
  try {
    const started = await api.usage();
    let calls = 0;
    const callEach = async <T>(routeKey: string, events: readonly object[]): Promise<T[]> => {
      const token = { iss: 'https://issuer.example', sub: 'bench', groups: ['uploader'] };
      const authorization = `Bearer e30.${Buffer.from(JSON.stringify(token)).toString('base64url')}.c2ln`;
      const claims = { ...token, groups: '[uploader]' };
      const texts = events.map((event) =>
        JSON.stringify({
          version: '2.0',
          routeKey,
          headers: { authorization, host: 'api.example', 'content-type': 'application/json', accept: '*/*' },
          requestContext: { requestId: String(calls++), authorizer: { jwt: { claims } } },
          isBase64Encoded: false,
          ...event,
        }),
      );
      return (await api.ask<string[]>({ events: texts, stepMs } satisfies Calls)).map((text) => {
        const { statusCode, body } = JSON.parse(text) as { statusCode: number; body: string };
        if (statusCode !== 200) throw new Error(`${routeKey}: ${statusCode} ${body}`);
        return JSON.parse(body) as T;
      });
    };
    const call = async <T>(routeKey: string, event: object): Promise<T> => (await callEach<T>(routeKey, [event]))[0]!;
    const path = '/api/s3/multipart';
    const { uploadId, key } = await call<{ uploadId: string; key: string }>(`POST ${path}`, {
      body: JSON.stringify({
        filename: 'bench.mp4',
        type: 'video/mp4',
        metadata: { name: 'bench.mp4', size: parts * partBytes },
      }),
    });
    const queryStringParameters = { key };
    const signed = await callEach<{ url: string }>(
      `GET ${path}/{uploadId}/{partNumber}`,
      Array.from({ length: parts }, (_, index) => ({
        queryStringParameters,
        pathParameters: { uploadId, partNumber: String(index + 1) },
      })),
    );
    const sent: { PartNumber: number; ETag: string }[] = [];
    for (const [index, { url }] of signed.entries()) {
      const answer = await fetch(url, { method: 'PUT', body: `${index}`.padEnd(64, '.') });
      if (!answer.ok) throw new Error(`part ${index + 1}: ${answer.status} ${await answer.text()}`);
      sent.push({ PartNumber: index + 1, ETag: (answer.headers.get('etag') ?? '').replaceAll('"', '') });
    }
    const rest = { queryStringParameters, pathParameters: { uploadId } };
    const listed = await call<{ Size: number }[]>(`GET ${path}/{uploadId}`, rest);
    if (listed.length !== parts || listed.some(({ Size }) => Size !== partBytes))
      throw new Error('the list of parts is not the one expected');
    await call(`POST ${path}/{uploadId}/complete`, { ...rest, body: JSON.stringify({ parts: sent }) });
    const used = await api.usage();
    return {
      ...result(name, used, gib),
      startCpuSeconds: round(started.cpuSeconds),
      cpuMsPerCall: round(((used.cpuSeconds - started.cpuSeconds) / calls) * 1000),
      calls,
      detail: `${calls} calls, ${round(used.cpuSeconds)} CPU-s in all, ${round(started.cpuSeconds)} of it one cold start`,
    };
  } finally {
    api.end();
  }
}

async function measureServer(amount: number) {
  const server = new Measured(new URL('./upload/server.ts', import.meta.url), [scratch], {});
  try {
    const port = await server.ask<number>('port');
    const part = Buffer.alloc(partBytes, 'sluice');
    const count = Math.ceil((amount * GiB) / partBytes);
    for (let sent = 0; sent < count; sent++) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'PUT', body: part });
      if ((await answer.text()).length !== 64) throw new Error('the comparison server failed');
    }
    return {
      ...result('a server that takes the bytes', await server.usage(), (count * partBytes) / GiB),
      calls: count,
      detail: `${amount} GiB really sent, hashed and written to a file`,
    };
  } finally {
    server.end();
  }
}

function result(name: string, { cpuSeconds, maxRssMiB }: Usage, gibs: number) {
  return {
    name,
    cpuSecondsPerGiB: round(cpuSeconds / gibs),
    cpuSeconds: round(cpuSeconds),
    maxRssMiB: Math.round(maxRssMiB),
  };
}

function positive(name: 'gib' | 'part-mib' | 'mbit' | 'server-gib'): number {
  const value = Number(values[name]);
  if (!(value > 0)) throw new RangeError(`--${name} must be a number above 0`);
  return value;
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
