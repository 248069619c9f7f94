/**
 * One running stack for all tests that need one. `SLUICE_READY_FILE` naming the file of a running `npm start` uses that
 * stack; otherwise one is started when the first test asks for it, and ended with the tests.
 */
import { subscribe } from 'node:diagnostics_channel';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLocal, type LocalStack, type Ready } from '../local/stack.ts';
import { Secrets } from './support/leaks.ts';

/** Lets a test see the end of what usually takes longer. */
const SHORT = { 'live.onDemandMinutes': '1', 'live.idleStopSeconds': '5', 'slicing.keySegments': '1' };

/** Sources are pulled from servers that tests run on this machine; without it they would be refused. */
const LOCAL = { 'upload.pullPrivate': 'true' };

/** Of the process that runs the tests: answers 202 while the stack starts, then what its ready file would hold. */
const ADDRESS = 'SLUICE_TEST_STACK';

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  // Two projects of tests ask for it (vitest.config.ts): it is one stack, which ends when both have.
  if (process.env['SLUICE_READY_FILE'] !== undefined || process.env[ADDRESS] !== undefined) return undefined;
  let starting: Promise<LocalStack> | undefined;
  let answer = { status: 202, body: '' };
  const lines: string[] = [];
  const secrets = new Secrets();
  let taskLog: string | undefined;
  const start = async () => {
    // Edge and issuer are of this process: whatever anybody gets in by is seen here.
    subscribe('http.server.request.start', (message) => {
      const { url, headers } = (message as { readonly request: IncomingMessage }).request;
      secrets.addRequest(url ?? '', headers);
    });
    starting = startLocal({ port: 0, context: { ...SHORT, ...LOCAL }, log: (line) => void lines.push(line) });
    try {
      taskLog = (await starting).ingest?.logFile;
      answer = { status: 200, body: JSON.stringify(await (await starting).ready()) };
    } catch (error) {
      answer = { status: 500, body: String(error) };
    }
  };
  const server = createServer(({ url }, response) => {
    if (starting === undefined) void start();
    if (url === SEEN) {
      const seen: Seen = { lines, taskLog, secrets: [...secrets.all] };
      response.end(JSON.stringify(seen));
    } else response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env[ADDRESS] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return async () => {
    server.close();
    await starting?.then((stack) => stack.close()).catch(() => {});
  };
}

const SEEN = '/seen';

/** Of the whole run, until now. */
export interface Seen {
  /** What start and edge said. */
  readonly lines: readonly string[];
  /** File of the ingest task's log. */
  readonly taskLog?: string | undefined;
  /** Whatever somebody came with. */
  readonly secrets: readonly string[];
}

/** Undefined where the stack is not ours: then nobody has looked. */
export async function seenOfStack(): Promise<Seen | undefined> {
  const address = process.env[ADDRESS];
  return address === undefined ? undefined : ((await (await fetch(address + SEEN)).json()) as Seen);
}

/** The running stack, as its ready file describes it. Await it at the top of a file, where no timeout counts. */
export async function runningStack(): Promise<Ready> {
  const file = process.env['SLUICE_READY_FILE'];
  if (file !== undefined) return JSON.parse(await readFile(file, 'utf8')) as Ready;
  const address = process.env[ADDRESS];
  if (address === undefined) throw new Error('no stack is running: start these tests through `npm test -- stack`');
  for (;;) {
    const response = await fetch(address);
    if (response.status === 200) return (await response.json()) as Ready;
    if (response.status !== 202) throw new Error(`the stack did not start: ${await response.text()}`);
    await response.body?.cancel();
    await sleep(500);
  }
}
