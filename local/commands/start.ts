/** `npm start`: the whole platform on this machine, with one video through it. */
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { isCountry } from '../../lib/contract/country.ts';
import { demo, DemoError } from '../demo.ts';
import { demoFleet, startFleet, type Fleet } from '../fleet.ts';
import { USERS } from '../issuer.ts';
import { startLocal, type LocalStack } from '../stack.ts';

const HELP = `npm start -- [options]

Starts the platform on this machine: AWS engine, issuer, the deployed stack, edge, console, and the ingest task with two
simulated vehicles; sends one generated video through it; stays up until Ctrl-C.

  --no-demo           start only, send no video
  --demo-only         stop after the video has played
  --port N            port of the console and API (default 8080); the issuer takes the next one
  -c OPTION=VALUE     an option of docs/configuration.md, as for cdk; several may be given
  --country CODE      where everybody is who watches, e.g. DE; without it nobody knows
  --ready-file PATH   once everything is up, write {"url","api","issuer","engine","devices","users"} there as JSON
  --help              this text

AWS_ENDPOINT_URL      use that engine (LocalStack or compatible) instead of starting one
SLUICE_CACHE          where downloads and builds are kept (default ~/.cache/sluice)`;

const started = Date.now();
const seconds = () => `${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s`;
const step = (line: string) => process.stdout.write(`${clear()}${seconds()}  ${line}\n`);
const clear = () => (process.stdout.isTTY ? '\r\u001B[K' : '');
/** Passing news: shown on a terminal, left out of a log. */
const progress = (line: string) =>
  void (process.stdout.isTTY && process.stdout.write(`${clear()}${seconds()}  ${line} …`));

function options() {
  try {
    const { values } = parseArgs({
      options: {
        'no-demo': { type: 'boolean' },
        'demo-only': { type: 'boolean' },
        port: { type: 'string', default: '8080' },
        'ready-file': { type: 'string' },
        country: { type: 'string' },
        context: { type: 'string', short: 'c', multiple: true, default: [] },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65534)
      throw new Error(`--port: ${values.port} is not a port (1 to 65534)`);
    if (values.country !== undefined && !isCountry(values.country))
      throw new Error(`--country: ${values.country} is not two capital letters, as in DE`);
    if (values['no-demo'] && values['demo-only']) throw new Error('--no-demo and --demo-only exclude each other');
    const context = Object.fromEntries(
      values.context.map((one) => {
        const at = one.indexOf('=');
        if (at < 1) throw new Error(`-c ${one}: write -c option=value`);
        return [one.slice(0, at), one.slice(at + 1)];
      }),
    );
    return { ...values, port, context };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}\n`);
    return process.exit(2);
  }
}

async function main(): Promise<number> {
  const { port, help, 'no-demo': noDemo, 'demo-only': demoOnly, 'ready-file': readyFile, context, country } = options();
  if (help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  for (const wanted of [port, port + 1]) {
    if (!(await isFree(wanted))) {
      process.stderr.write(
        `Port ${wanted} is taken. Stop what listens there, or choose another: npm start -- --port ${port + 10}\n`,
      );
      return 1;
    }
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  // A launcher that was killed outright cannot pass a signal on.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && stop.abort(), 1000).unref();
  const stopped = new Promise<'stopped'>((resolve) => stop.signal.addEventListener('abort', () => resolve('stopped')));

  let stack: LocalStack | undefined;
  let fleet: Fleet | undefined;
  try {
    stack = await startLocal({ port, context, country: () => country, log: step, signal: stop.signal });
    step(`up: ${stack.url}`);
    if (readyFile !== undefined) {
      await writeFile(`${readyFile}.part`, `${JSON.stringify(await stack.ready(), null, 2)}\n`);
      await rename(`${readyFile}.part`, readyFile);
    }
    if (stack.ingest) fleet = await startFleet(stack);
    if (!noDemo) {
      try {
        if (fleet) await Promise.race([demoFleet(stack, fleet, step), stopped]);
        const done = await Promise.race([demo(stack, step, progress), stopped]);
        if (done !== 'stopped') step(`plays at ${stack.url}/v/${done}`);
      } catch (error) {
        if (demoOnly || stop.signal.aborted || !(error instanceof DemoError)) throw error;
        step(`what was to be shown did not work: ${error.message}; the platform stays up`);
      }
    }
    if (demoOnly || stop.signal.aborted) return stop.signal.aborted ? 130 : 0;
    process.stdout.write(
      `\nConsole  ${stack.url}\nAPI      ${stack.url}/api/openapi.json\nSign in  as ${USERS.map((user) => user.name).join(', ')} (any password)\nCtrl-C stops everything.\n`,
    );
    await stopped;
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    process.stderr.write(`\n${(error as Error).stack ?? String(error)}\n`);
    if (stack) process.stderr.write(`\nThe engine's last lines:\n${stack.engine.recentLog().slice(-4000)}\n`);
    return 1;
  } finally {
    await fleet?.close();
    await stack?.close();
    step('stopped');
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

process.exit(await main());
